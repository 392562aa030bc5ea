# SPDX-License-Identifier: Apache-2.0
"""Train the small GraspVLA: all networks of its chain in one step, or one part of it alone, to a checkpoint."""

# SPDX-License-Identifier: Apache-2.0
"""Train the small GraspVLA: samples from datasets, one stage of its chain after the other, a checkpoint."""

# SPDX-License-Identifier: Apache-2.0
"""GraspVLA in a size that trains and runs on two cores: the same chain of boxes, proprioception, grasp and actions."""

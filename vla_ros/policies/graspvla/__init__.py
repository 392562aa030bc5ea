# SPDX-License-Identifier: Apache-2.0
"""GraspVLA: boxes, proprioception, grasp pose, then a flow-matched chunk (Deng et al. 2025); one folder a size."""

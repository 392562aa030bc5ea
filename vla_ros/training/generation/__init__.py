# SPDX-License-Identifier: Apache-2.0
"""Synthetic demonstrations of the grasping task, after GraspVLA's section 3 and Appendix C."""

# SPDX-License-Identifier: Apache-2.0
"""The filters of GraspVLA, Fig. 13: their designs, what they answer, what that proves, and the picture of it."""

# SPDX-License-Identifier: Apache-2.0
"""What the follower moves: arms, joints without a tool, grippers, suction, a base."""

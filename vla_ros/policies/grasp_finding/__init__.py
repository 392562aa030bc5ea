# SPDX-License-Identifier: Apache-2.0
"""Where and how to grasp a thing that has been chosen, found in calibrated views: for families whose chain has it."""

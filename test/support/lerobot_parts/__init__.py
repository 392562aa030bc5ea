# SPDX-License-Identifier: Apache-2.0
"""LeRobot's files, rules and processes, without lerobot."""

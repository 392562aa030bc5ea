# SPDX-License-Identifier: Apache-2.0
"""What is meant where nothing is named: the one place that says which robot, contract and settings of generation."""

DEFAULT_ROBOT = "franka"
DEFAULT_CONTRACT = "franka_grasp"  # of config/contracts
DEFAULT_GENERATION = "franka_grasp"  # of config/generate
# [m] of a table's height that a job does not say: the robot's controller's configuration does
TABLE_AS_CONFIGURED = -10.0

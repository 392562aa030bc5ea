# SPDX-License-Identifier: Apache-2.0
"""The policies by name, and the one that is meant when nobody says. Light to import: a command line needs no more."""

POLICIES = ("geometric", "graspvla")
LEARNED = ("graspvla",)  # those with a checkpoint
DEFAULT_POLICY = "graspvla"  # of `vla launch franka_grasp`, the policy node and `vla eval`

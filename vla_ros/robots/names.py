# SPDX-License-Identifier: Apache-2.0
"""The robot that is meant where none is named: the one place that says which."""

DEFAULT_ROBOT = "franka"

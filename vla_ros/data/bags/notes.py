# SPDX-License-Identifier: Apache-2.0
"""What a recorder notes about a bag beside its messages: keys of rosbag2's custom data."""

from __future__ import annotations

JOB = "job"  # what ran
ROBOT = "robot"  # its name in config/robots
CONTRACT = "contract"  # what the recording is to serve, as JSON
NAMESPACE = "namespace"  # in which the contract's topics are

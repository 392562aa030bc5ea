# SPDX-License-Identifier: Apache-2.0
"""What the topics of a robot's groups are called, relative to its namespace."""

from __future__ import annotations

from vla_ros.robots.embodiment import Embodiment


def seal_topic(cup: str) -> str:
    """Return the topic that says whether a cup holds something: a JointState named like it, at 1 where it does."""
    return f"{cup}/seal"


def commanded_pose_topic(robot: Embodiment, arm: str) -> str:
    """Return the topic of an arm's commanded pose; with one arm alone it is not named."""
    return "control/commanded_pose" if len(robot.arms) == 1 else f"control/{arm}/commanded_pose"


def external_wrench_topic(arm: str) -> str:
    """Name the topic of what a sensor at an arm's hand measures from outside."""
    return f"{arm}/external_wrench"

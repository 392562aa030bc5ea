# SPDX-License-Identifier: Apache-2.0
"""The two-armed test robot as the operator's page is told of it, without inertia in the server's own process."""

from __future__ import annotations

import dataclasses

from robot_rigs.small_robot import SmallRobot
from robot_rigs.two_armed_robot import pair

from vla_ros.robots.looking import looking
from vla_ros.teleop.announcements import ArmDescription, CameraDescription, RobotDescription, State
from vla_ros.teleop.protocol import Hands


class PairOnPage(SmallRobot):
    """A gripper in the left hand, a cup in the right one; base, lift and head."""

    def __init__(self) -> None:
        super().__init__(("left", "right"), pair().cameras, base=True)
        self.gripper = {"left": 0.09, "right": 0.0}
        self.sealed: bool | None = None  # what the cup says

    def describe(self) -> tuple[RobotDescription, tuple[CameraDescription, ...]]:
        robot = pair()
        arms = []
        for arm in robot.arms:
            (tool,) = robot.tools_of(arm.name)
            arms.append(ArmDescription(arm.name, arm.name, tool.width_max, tool.kind))
        has_base, has_lift, has_head = robot.base is not None, robot.lift is not None, looking(robot) is not None
        _, cameras = super().describe()
        return RobotDescription(robot.name, tuple(arms), has_base, has_lift, False, has_head), cameras

    def state(self) -> State:
        said = super().state()
        right = dataclasses.replace(said.arms["right"], opening=None, sealed=self.sealed)
        return dataclasses.replace(said, arms={**said.arms, "right": right})

    def hands(self, hands: Hands, arrival: float) -> None:
        super().hands(hands, arrival)
        cup = hands.hands.get("right")
        if cup is not None and cup.clutch:
            self.gripper["right"] = float(cup.gripper > 0.5)

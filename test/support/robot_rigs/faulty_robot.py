# SPDX-License-Identifier: Apache-2.0
"""A robot that faults under its operator's hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from robot_rigs.small_robot import SmallRobot
from vla_ros.teleop.announcements import CameraDescription, RobotDescription, State
from vla_ros.teleop.protocol import Hands
from vla_ros.teleop.simulated_hand.habits import Habits

FAULT = "fault: a joint is commanded 4.3 times its acceleration limit"


DOWN = (1.0, 0.0, 0.0, 0.0)


QUICK = Habits(speed=0.6, pause_s=(0.0, 0.02))


class FaultyRobot(SmallRobot):
    """Its clutch held for `faults_after` packets it faults, as often as `faults` says; then it is well."""

    def __init__(self, faults: int = 0, faults_after: int = 20, what: str = "fault") -> None:
        super().__init__()
        self.source = "teleop"
        self._left, self._after, self._what, self._clutched = faults, faults_after, what, 0

    def describe(self) -> tuple[RobotDescription, tuple[CameraDescription, ...]]:
        robot, cameras = super().describe()
        return dataclasses.replace(robot, name="franka"), cameras

    def state(self) -> State:
        state = super().state()
        return dataclasses.replace(state, mode="teleop") if state.enabled and self.source != "hold" else state

    def hands(self, hands: Hands, arrival: float) -> None:
        super().hands(hands, arrival)
        self._clutched += hands.hands["right"].clutch
        if self._left and self._clutched > self._after:
            self._left, self._clutched = self._left - 1, 0
            if self._what == "fault":
                self.held = FAULT
            else:
                self.emergency_stop(True)

    async def command(self, name: str, arguments: Mapping[str, Any]) -> Any:
        before, result = self.source, await super().command(name, arguments)
        if name in ("enable", "hold"):  # enabling takes nothing
            self.source = "hold" if "hold" in (name, before) else ""
        return result

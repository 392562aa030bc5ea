# SPDX-License-Identifier: Apache-2.0
"""The simulated arm's controllers, with the manners of ros2_control's.

The last command stays in force. A command with a value that is not finite is dropped. A command of the wrong length
deactivates its controller until it is switched on again; a deactivated effort controller commands zero effort, the
others leave the arm where it was commanded last.
"""

from __future__ import annotations

import numpy as np

from vla_ros.nodes.sim.delay_line import DelayLine
from vla_ros.sim.world import World

EFFORT, POSITION, POSE, GRIPPER = "effort", "position", "pose", "gripper"
HOLD = "arm"  # holds the arm where it was switched on; takes no commands here


class SimulatedControllers:
    """What drives one arm, what holds it, of which one is active, and the position controller of its gripper."""

    def __init__(self, world: World, delay: float = 0.0, jitter: float = 0.0, driving: str = EFFORT) -> None:
        """Delay every command by `delay` [s] plus up to `jitter` [s] of simulated time; `driving` drives the arm."""
        arm, gripper = world.embodiment.arms[0], world.embodiment.grippers[0]
        self.world, self.driving = world, driving
        self.active = {driving, GRIPPER}  # until the first command the world holds its position
        self._sizes = {EFFORT: len(arm.joints), POSITION: len(arm.joints), POSE: 7, GRIPPER: 1}
        self._fingers = len(gripper.joints)
        self._command_time: float | None = None  # [s] of the last command to the arm; None while nobody drives it
        self._lines: dict[str, DelayLine[np.ndarray]] = {
            name: DelayLine(delay, jitter, seed) for seed, name in enumerate(self._sizes)
        }

    def receive(self, controller: str, values: np.ndarray) -> str:
        """Take a command off the wire; return a complaint, or nothing."""
        if controller not in self.active:
            return ""
        size = self._sizes[controller]
        if len(values) != size:
            self._deactivate(controller)
            return f"{controller} command has {len(values)} values for {size} joints: controller deactivated"
        if not np.isfinite(values).all():
            return f"{controller} command is not finite: dropped"
        if controller == self.driving:
            self._command_time = self.world.time
        self._lines[controller].push(self.world.time, values)
        return ""

    @property
    def command_age(self) -> float:
        """Return the simulated time since the last command to the arm [s]; 0 while nobody drives it."""
        return 0.0 if self._command_time is None else self.world.time - self._command_time

    def apply(self) -> None:
        """Hand the commands that have arrived to the world."""
        time = self.world.time
        effort = self._lines[EFFORT].pop_due(time)
        if effort is not None:
            self.world.command_effort(effort)
        position = self._lines[POSITION].pop_due(time)
        if position is not None:
            self.world.command_position(position, stream=True)
        pose = self._lines[POSE].pop_due(time)
        if pose is not None:
            self.world.command_pose(pose)
        finger = self._lines[GRIPPER].pop_due(time)
        if finger is not None:
            self.world.command_gripper(float(finger[0]) * self._fingers)

    def hold(self, wanted: bool) -> None:
        """Hold the present position, or hand the arm back to what drives it."""
        self._lines[self.driving].clear()
        self._command_time = None
        if wanted:
            self.active = (self.active - {self.driving}) | {HOLD}
            self.world.command_position(self.world.q)
        else:
            self.active = (self.active - {HOLD}) | {self.driving, GRIPPER}

    def _deactivate(self, controller: str) -> None:
        self.active = self.active - {controller}
        self._lines[controller].clear()
        if controller == self.driving:
            self._command_time = None
        if controller == EFFORT:
            self.world.command_effort(np.zeros(self._sizes[EFFORT]))

# SPDX-License-Identifier: Apache-2.0
"""The robot's side of ros2_control's topic hardware: joint commands by name in, as JointStateTopicSystem sends them.

An interface that no controller commands is NaN, and keeps its last value when its controller is switched off: nothing
in a message says which interface is meant. The effort controller leaves exact zeros behind, the trajectory controller
the last position it held. So the arm is driven by effort while any effort is not zero; it goes to a position when that
is a new one and the efforts are zero; and a position that was already there when the efforts died is never gone to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vla_ros.nodes.sim.controllers import EFFORT, GRIPPER, POSITION
from vla_ros.nodes.sim.delay_line import DelayLine
from vla_ros.sim.world import World


class TopicHardware:
    """Take joint commands for one arm and its gripper; the last one stays in force, whoever falls silent."""

    def __init__(self, world: World, delay: float = 0.0, jitter: float = 0.0, driving: str = EFFORT) -> None:
        """Delay every command by `delay` [s] plus up to `jitter` [s] of simulated time.

        Where `driving` is positions the arm takes all of them as a stream: nothing says which controller sends one.
        """
        arm, gripper = world.embodiment.arms[0], world.embodiment.grippers[0]
        self.world, self._streams = world, driving == POSITION
        self.mode = POSITION  # until the first torque the world holds its position
        self._arm, self._finger = arm.joints, gripper.joints[0]
        self._fingers = len(gripper.joints)
        self._accepted = {EFFORT: set(arm.joints), POSITION: {*arm.joints, self._finger}}
        self._position: np.ndarray | None = None  # (N,) [rad] the last that was commanded, in force or not
        self._lines: dict[str, DelayLine[np.ndarray]] = {
            name: DelayLine(delay, jitter, seed) for seed, name in enumerate((EFFORT, POSITION, GRIPPER))
        }

    @property
    def active(self) -> set[str]:
        """Name what drives the robot now."""
        return {self.mode, GRIPPER}

    @property
    def command_age(self) -> float:
        """Return 0: ros2_control repeats itself or is silent, and neither says anything about control."""
        return 0.0

    def receive(self, names: Sequence[str], position: Sequence[float], effort: Sequence[float]) -> str:
        """Take a command off the wire; return a complaint, or nothing."""
        complaints: list[str] = []
        positions = self._by_joint(POSITION, names, position, complaints)
        efforts = self._by_joint(EFFORT, names, effort, complaints)
        self._drive_arm(self._vector(positions), self._vector(efforts))
        if np.isfinite(positions.get(self._finger, np.nan)):
            self._lines[GRIPPER].push(self.world.time, np.array([positions[self._finger]]))
        return complaints[0] if complaints else ""

    def apply(self) -> None:
        """Hand the commands that have arrived to the world."""
        time = self.world.time
        effort, position, finger = (self._lines[name].pop_due(time) for name in (EFFORT, POSITION, GRIPPER))
        if effort is not None:
            self.world.command_effort(effort)
        if position is not None:
            self.world.command_position(position, self._streams)
        if finger is not None:
            self.world.command_gripper(float(finger[0]) * self._fingers)

    def _drive_arm(self, position: np.ndarray | None, effort: np.ndarray | None) -> None:
        is_new = position is not None and (self._position is None or not np.array_equal(position, self._position))
        if effort is not None and effort.any():
            self._enter(EFFORT)
            self._lines[EFFORT].push(self.world.time, effort)
        elif position is not None and is_new:
            self._enter(POSITION)
            self._lines[POSITION].push(self.world.time, position)
        elif effort is not None and self.mode == EFFORT:
            self._lines[EFFORT].push(self.world.time, effort)
        if position is not None:
            self._position = position

    def _enter(self, mode: str) -> None:
        if mode != self.mode:
            self._lines[self.mode].clear()
            self.mode = mode

    def _by_joint(
        self, interface: str, names: Sequence[str], values: Sequence[float], complaints: list[str]
    ) -> dict[str, float]:
        """Match values with joints: one for each name, or only for the joints that have the interface."""
        if len(values) in (0, len(names)):
            return dict(zip(names, values, strict=False))
        taking = [name for name in names if name in self._accepted[interface]]
        if len(values) != len(taking):
            complaints.append(
                f"{interface} command has {len(values)} values for {len(names)} joints, {len(taking)} of which take "
                "one: dropped"
            )
            return {}
        return dict(zip(taking, values, strict=True))

    def _vector(self, values: Mapping[str, float]) -> np.ndarray | None:
        """Return the arm's values (N,) when each of them is there and finite: NaN means that nobody commands it."""
        vector = np.array([values.get(name, np.nan) for name in self._arm])
        return vector if np.isfinite(vector).all() else None

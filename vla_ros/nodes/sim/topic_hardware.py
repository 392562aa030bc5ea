# SPDX-License-Identifier: Apache-2.0
"""The robot's side of ros2_control's topic hardware: joint commands by name in, as JointStateTopicSystem sends them.

An interface that no controller commands is NaN, and keeps its last value when its controller is switched off: nothing
in a message says which interface is meant. The effort controller leaves exact zeros behind, the trajectory controller
the last position it held. So an arm is driven by effort while any effort is not zero; it goes to a position when that
is a new one and the efforts are zero; and a position that was already there when the efforts died is never gone to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from vla_ros.nodes.sim.controllers import DEPTH, EFFORT, POSITION, SUCTION, controller_name
from vla_ros.nodes.sim.delay_line import DelayLine
from vla_ros.robots.groups import ArmGroup
from vla_ros.sim.drives import ArmDrive
from vla_ros.sim.world import World

VELOCITY = "velocity"


class TopicHardware:
    """Take commands for arms, joint groups, grippers, cups and wheels; the last stays in force whoever is silent."""

    def __init__(
        self, world: World, delay: float = 0.0, jitter: float = 0.0, driving: Mapping[str, str] | None = None
    ) -> None:
        """Delay every command by `delay` [s] plus up to `jitter` [s] of simulated time.

        An arm whose `driving` is positions takes all of them as a stream: nothing says which controller sends one.
        """
        self.world, robot = world, world.embodiment
        wires = iter(range(1000))
        line: Callable[[], DelayLine[np.ndarray]] = lambda: DelayLine(delay, jitter, next(wires))  # noqa: E731
        kinds = driving or robot.command_modes()
        self.arms = {
            arm.name: _HardwareArm(arm, world.arms[arm.name], kinds[arm.name] == POSITION, line(), line())
            for arm in robot.arms
        }
        self._fingers = {gripper.joints[0]: (gripper.name, len(gripper.joints)) for gripper in robot.grippers}
        self._widths = {gripper.name: line() for gripper in robot.grippers}
        self._groups = {group.name: (group.joints, line()) for group in robot.joint_groups}
        takes: dict[str, Callable[[float], None]] = {}
        takes |= {controller_name(name, SUCTION): cup.command for name, cup in world.cups.items()}
        takes |= {controller_name(name, DEPTH): piston.command for name, piston in world.pistons.items()}
        self._parts = {name: (take, line()) for name, take in takes.items()}
        self._wheels, self._twists = robot.wheels, line()
        arm_joints = {joint for arm in robot.arms for joint in arm.joints}
        others = {joint for group in robot.joint_groups for joint in group.joints}
        efforts = {joint for arm in robot.arms if EFFORT in arm.command_modes for joint in arm.joints}
        self._accepted = {EFFORT: efforts, POSITION: {*arm_joints, *self._fingers, *others}}
        self._accepted[VELOCITY] = set() if robot.wheels is None else set(robot.wheels.joints)

    @property
    def active(self) -> set[str]:
        """Name what drives the robot now."""
        driven = {controller_name(name, arm.mode) for name, arm in self.arms.items()}
        driven |= {controller_name(name, POSITION) for name in (*self._widths, *self._groups)}
        driven |= set() if self._wheels is None else {controller_name(self._wheels.name, VELOCITY)}
        return driven | set(self._parts)

    @property
    def command_age(self) -> float:
        """Return 0: ros2_control repeats itself or is silent, and neither says anything about control."""
        return 0.0

    def receive(
        self,
        names: Sequence[str],
        position: Sequence[float],
        effort: Sequence[float],
        velocity: Sequence[float] = (),
    ) -> str:
        """Take a command off the wire; return a complaint, or nothing."""
        complaints: list[str] = []
        positions = self._by_joint(POSITION, names, position, complaints)
        efforts = self._by_joint(EFFORT, names, effort, complaints)
        velocities = self._by_joint(VELOCITY, names, velocity, complaints)
        time = self.world.time
        if self._wheels is not None:
            speeds = _vector(velocities, self._wheels.joints)
            if speeds is not None:
                self._twists.push(time, self._wheels.twist(speeds))
        for arm in self.arms.values():
            arm.receive(time, _vector(positions, arm.joints), _vector(efforts, arm.joints))
        for joint, (gripper, count) in self._fingers.items():
            width = positions.get(joint, np.nan) * count
            if np.isfinite(width):
                self._widths[gripper].push(time, np.array([width]))
        for joints, line in self._groups.values():
            wanted = _vector(positions, joints)
            if wanted is not None:
                line.push(time, wanted)
        return complaints[0] if complaints else ""

    def receive_part(self, name: str, values: np.ndarray) -> str:
        """Take what a cup's or a piston's controller is told, as <part>_<quantity>; return a complaint, or nothing.

        Joint commands cannot carry it.
        """
        if len(values) != 1 or not np.isfinite(values).all():
            return f"{name} command must be 1 finite number, got {values.tolist()}: dropped"
        self._parts[name][1].push(self.world.time, values.copy())
        return ""

    def apply(self) -> None:
        """Hand the commands that have arrived to the world."""
        time = self.world.time
        for arm in self.arms.values():
            arm.apply(time)
        for take, line in self._parts.values():
            value = line.pop_due(time)
            if value is not None:
                take(float(value[0]))
        for gripper, line in self._widths.items():
            width = line.pop_due(time)
            if width is not None:
                self.world.grippers[gripper].command(float(width[0]))
        for group, (_, line) in self._groups.items():
            wanted = line.pop_due(time)
            if wanted is not None:
                self.world.joint_groups[group].command(wanted)
        twist = self._twists.pop_due(time)
        if twist is not None and self.world.base is not None:
            self.world.base.command(
                twist
            )  # where nothing more is heard it stands still, as a base in its own mind does

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


class _HardwareArm:
    """One arm: which of its two interfaces is meant."""

    def __init__(
        self,
        arm: ArmGroup,
        drive: ArmDrive,
        streams: bool,
        efforts: DelayLine[np.ndarray],
        positions: DelayLine[np.ndarray],
    ) -> None:
        self.joints, self.mode = arm.joints, POSITION  # until the first torque the world holds its position
        self._drive, self._streams = drive, streams
        self._lines = {EFFORT: efforts, POSITION: positions}
        self._position: np.ndarray | None = None  # (N,) [rad] the last that was commanded, in force or not

    def receive(self, time: float, position: np.ndarray | None, effort: np.ndarray | None) -> None:
        is_new = position is not None and (self._position is None or not np.array_equal(position, self._position))
        if effort is not None and effort.any():
            self._enter(EFFORT)
            self._lines[EFFORT].push(time, effort)
        elif position is not None and is_new:
            self._enter(POSITION)
            self._lines[POSITION].push(time, position)
        elif effort is not None and self.mode == EFFORT:
            self._lines[EFFORT].push(time, effort)
        if position is not None:
            self._position = position

    def apply(self, time: float) -> None:
        effort, position = self._lines[EFFORT].pop_due(time), self._lines[POSITION].pop_due(time)
        if effort is not None:
            self._drive.command_effort(effort)
        if position is not None:
            self._drive.command_position(position, self._streams)

    def _enter(self, mode: str) -> None:
        if mode != self.mode:
            self._lines[self.mode].clear()
            self.mode = mode


def _vector(values: Mapping[str, float], joints: Sequence[str]) -> np.ndarray | None:
    """Return the values (N,) of joints when each is there and finite: NaN means that nobody commands it."""
    vector = np.array([values.get(name, np.nan) for name in joints])
    return vector if np.isfinite(vector).all() else None

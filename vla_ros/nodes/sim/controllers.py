# SPDX-License-Identifier: Apache-2.0
"""The simulated robot's controllers, with the manners of ros2_control's.

The last command stays in force. A command with a value that is not finite is dropped. A command of the wrong length
deactivates its controller until it is switched on again; a deactivated effort controller commands zero effort, the
others leave the joints where they were commanded last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from vla_ros.nodes.sim.delay_line import DelayLine
from vla_ros.sim.world import World

EFFORT, POSITION, POSE, SUCTION, DEPTH = "effort", "position", "pose", "suction", "depth"
HOLD = "arm"  # holds an arm where it was switched on; takes no commands here


@dataclass(frozen=True)
class SimulatedController:
    """One controller: whose it is, what it takes and where that goes."""

    group: str
    kind: str  # EFFORT | POSITION | POSE | SUCTION | DEPTH
    size: int  # values of a command
    apply: Callable[[np.ndarray], None]
    line: DelayLine[np.ndarray]
    share: float = 1.0  # of what it is told, of what the world wants: a finger's way and the opening


def controller_name(group: str, kind: str) -> str:
    """Return how the controller of a group is called, as its topic is before `_controller`."""
    return f"{group}_{kind}"


class SimulatedControllers:
    """What drives each arm or holds it, one of them active, and the controllers of grippers, cups and joints."""

    def __init__(
        self, world: World, delay: float = 0.0, jitter: float = 0.0, driving: Mapping[str, str] | None = None
    ) -> None:
        """Delay every command by `delay` [s] plus up to `jitter` [s] of simulated time.

        `driving` says by arm what drives it; None: what is usual.
        """
        self.world = world
        driving = driving or world.embodiment.command_modes()
        self._controllers: dict[str, SimulatedController] = {}
        self._wire = (delay, jitter)
        for arm in world.embodiment.arms:
            drive, size = world.arms[arm.name], len(arm.joints)
            self._add(arm.name, EFFORT, size, drive.command_effort)
            self._add(arm.name, POSITION, size, partial(drive.command_position, stream=True))
            self._add(arm.name, POSE, 7, drive.command_pose)
        for gripper in world.embodiment.grippers:
            fingers = world.grippers[gripper.name]
            self._add(gripper.name, POSITION, 1, partial(_one, fingers.command), float(len(gripper.joints)))
        for name, cup in world.cups.items():
            self._add(name, SUCTION, 1, partial(_one, cup.command))
        for name, piston in world.pistons.items():
            self._add(name, DEPTH, 1, partial(_one, piston.command))
        for group in world.embodiment.joint_groups:
            self._add(group.name, POSITION, len(group.joints), world.joint_groups[group.name].command)
        # Until the first command the world holds its position.
        self._arms = {arm: controller_name(arm, kind) for arm, kind in driving.items()}
        self._always = {name for name, one in self._controllers.items() if one.group not in driving}
        self.active = {*self._arms.values(), *self._always}
        self._command_times: dict[str, float] = {}  # [s] of the last command to an arm that somebody drives

    def receive(self, name: str, values: np.ndarray) -> str:
        """Take a command off the wire; return a complaint, or nothing."""
        if name not in self.active:
            return ""
        controller = self._controllers[name]
        if len(values) != controller.size:
            self._deactivate(name)
            return f"{name} command has {len(values)} values for {controller.size}: controller deactivated"
        values = np.array([controller.share * float(value) for value in values])
        if not np.isfinite(values).all():
            return f"{name} command is not finite: dropped"
        if name in self._arms.values():
            self._command_times[controller.group] = self.world.time
        controller.line.push(self.world.time, values)
        return ""

    @property
    def command_age(self) -> float:
        """Return the simulated time since an arm that is driven was last commanded [s]; 0 while nobody drives one."""
        return max((self.world.time - time for time in self._command_times.values()), default=0.0)

    def apply(self) -> None:
        """Hand the commands that have arrived to the world."""
        time = self.world.time
        for controller in self._controllers.values():
            values = controller.line.pop_due(time)
            if values is not None:
                controller.apply(values)

    def hold(self, wanted: bool) -> None:
        """Hold the arms' present positions, or hand them back to what drives them."""
        for name in self._arms.values():
            self._controllers[name].line.clear()
        self._command_times.clear()
        if wanted:
            self.active = {controller_name(arm, HOLD) for arm in self._arms} | (self.active & self._always)
            for arm in self._arms:
                self.world.arms[arm].command_position(self.world.arms[arm].q)
        else:
            self.active = {*self._arms.values(), *self._always}

    def _add(self, group: str, kind: str, size: int, apply: Callable[[np.ndarray], None], share: float = 1.0) -> None:
        line: DelayLine[np.ndarray] = DelayLine(*self._wire, seed=len(self._controllers))
        self._controllers[controller_name(group, kind)] = SimulatedController(group, kind, size, apply, line, share)

    def _deactivate(self, name: str) -> None:
        controller = self._controllers[name]
        self.active = self.active - {name}
        controller.line.clear()
        if name in self._arms.values():
            self._command_times.pop(controller.group, None)
        if controller.kind == EFFORT:
            controller.apply(np.zeros(controller.size))


def _one(command: Callable[[float], None], values: np.ndarray) -> None:
    command(float(values[0]))

# SPDX-License-Identifier: Apache-2.0
"""From the world to what a policy may see of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

import numpy as np

from vla_ros.policies.observation import CameraView, Observation, RobotState
from vla_ros.sim.world import World

HISTORY = 5  # older states kept, one a camera period


class CamerasNow(Mapping[str, CameraView]):
    """The cameras at one instant, each rendered when it is first looked at: a policy without eyes costs no frame."""

    def __init__(self, world: World, names: tuple[str, ...]) -> None:
        self._world, self._names, self._time = world, names, world.time
        self._views: dict[str, CameraView] = {}

    def __getitem__(self, name: str) -> CameraView:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._views:
            if self._world.time != self._time:
                raise RuntimeError(f"camera '{name}' was first looked at after the world had moved on")
            self._views[name] = self._world.observe_camera(name)
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Observer:
    """Make observations of a world, with the robot states of the last few camera periods."""

    def __init__(self, world: World, instruction: str, period: float) -> None:
        """Take the camera period [s]."""
        self._world, self._instruction, self._period = world, instruction, period
        self._states: deque[RobotState] = deque(maxlen=HISTORY)

    def remember(self) -> None:
        """Keep the present state when a camera period has passed since the last one."""
        if not self._states or self._world.time - self._states[-1].stamp >= self._period - 1e-9:
            self._states.append(self.state())

    def state(self) -> RobotState:
        """Return the measured state now."""
        world = self._world
        return RobotState(world.time, world.q, world.dq, world.T_base_ee, world.gripper_width)

    def observe(self, T_base_ee_commanded: np.ndarray, gripper_width_commanded: float) -> Observation:
        """Return an observation now, of a tool and a gripper [m] that are commanded so."""
        state = self.state()
        return Observation(
            stamp=state.stamp,
            instruction=self._instruction,
            cameras=CamerasNow(self._world, self._world.scene.camera_names),
            state=state,
            T_base_ee_commanded=T_base_ee_commanded.copy(),
            history=tuple(old for old in self._states if old.stamp < state.stamp),
            gripper_width_commanded=gripper_width_commanded,
        )

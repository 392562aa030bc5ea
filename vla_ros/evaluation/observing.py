# SPDX-License-Identifier: Apache-2.0
"""From the world to what a policy may see of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

import numpy as np

from controllers.progress import Progress
from vla_ros.policies.observation import (
    ArmState,
    BaseState,
    CameraView,
    EndEffectorState,
    JointGroupState,
    Observation,
    RobotState,
)
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
        poses = {name: world.tool_pose(name) for name in world.arms}
        return self._robot(poses, {name: gripper.width for name, gripper in world.grippers.items()})

    def observe(self, progress: Progress) -> Observation:
        """Return an observation now, of groups that are commanded as `progress` says."""
        state = self.state()
        poses = {name: arm.T_base_ee_commanded.copy() for name, arm in progress.arms.items()}
        widths = {name: progress.end_effectors.get(f"{name}/width") for name in self._world.grippers}
        return Observation(
            stamp=state.stamp,
            instruction=self._instruction,
            cameras=CamerasNow(self._world, self._world.scene.camera_names),
            state=state,
            commanded=self._robot(poses, {name: width for name, width in widths.items() if width is not None}),
            history=tuple(old for old in self._states if old.stamp < state.stamp),
        )

    def _robot(self, poses: Mapping[str, np.ndarray], widths: Mapping[str, float]) -> RobotState:
        """Return the groups as they are measured, with these tool poses and widths [m]."""
        world = self._world
        arms = {
            arm.name: ArmState(arm.joints, world.arms[arm.name].q, world.arms[arm.name].dq, poses[arm.name])
            for arm in world.embodiment.arms
        }
        joint_groups = {
            group.name: JointGroupState(
                group.joints, world.joint_groups[group.name].q, world.joint_groups[group.name].dq
            )
            for group in world.embodiment.joint_groups
        }
        end_effectors = {name: EndEffectorState(width) for name, width in widths.items()}
        base = None if world.base is None else BaseState(world.base.T_odom_base, world.base.twist)
        return RobotState(world.time, arms, end_effectors, joint_groups, base)

# SPDX-License-Identifier: Apache-2.0
"""From the world to what a policy may see of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

import numpy as np

from controllers.chunks.progress import Progress
from vla_ros.policies.needs import Needs
from vla_ros.policies.observation import (
    ArmState,
    BaseState,
    CameraView,
    EndEffectorState,
    JointGroupState,
    Observation,
    RobotState,
)
from vla_ros.policies.view_fitting import fitted
from vla_ros.sim.lockstep_world import LockstepWorld

HISTORY = 5  # states kept, one a camera period, where no more are needed


class CamerasNow(Mapping[str, CameraView]):
    """The cameras at one instant, each rendered when it is first looked at: a policy without eyes costs no frame."""

    def __init__(self, world: LockstepWorld, needs: Needs | None) -> None:
        """Show what is needed, under the names that it is needed by; without `needs` every camera of the scene."""
        self._world, self._needs, self._time = world, needs, world.time
        self._names = world.scene.camera_names if needs is None else tuple(need.name for need in needs.cameras)
        self._views: dict[str, CameraView] = {}

    def __getitem__(self, name: str) -> CameraView:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._views:
            if self._world.time != self._time:
                raise RuntimeError(f"camera '{name}' was first looked at after the world had moved on")
            self._views[name] = self._render(name)
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _render(self, name: str) -> CameraView:
        if self._needs is None:
            return self._world.observe_camera(name)
        need = next(need for need in self._needs.cameras if need.name == name)
        camera = self._needs.cameras_of(self._world.embodiment)[name]
        return fitted(self._world.observe_camera(camera.name, need.depth), need)


class Observer:
    """Make observations of a world, with the robot states of the last few camera periods."""

    def __init__(self, world: LockstepWorld, instruction: str, period: float, needs: Needs | None = None) -> None:
        """Take the camera period [s]; without `needs` everything is shown."""
        self._world, self._instruction, self._period, self._needs = world, instruction, period, needs
        wanted = 0 if needs is None else needs.older_states
        # The present one is among them.
        self._states: deque[RobotState] = deque(maxlen=wanted + 1 if wanted > HISTORY else HISTORY)
        histories = {} if needs is None else {need.name: need.history for need in needs.cameras if need.history}
        self._older = {name: deque[CameraView](maxlen=length + 1) for name, length in histories.items()}

    def instruct(self, instruction: str) -> None:
        """Show another instruction from now on; "": go on with the same."""
        self._instruction = instruction or self._instruction

    def remember(self) -> None:
        """Keep the present state when a camera period has passed since the last one."""
        if not self._states or self._world.time - self._states[-1].stamp >= self._period - 1e-9:
            self._states.append(self.state())
            if self._older:
                cameras = CamerasNow(self._world, self._needs)
                for name, views in self._older.items():
                    views.append(cameras[name])

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
            cameras=CamerasNow(self._world, self._needs),
            state=state,
            commanded=self._robot(poses, {name: width for name, width in widths.items() if width is not None}),
            history=tuple(old for old in self._states if old.stamp < state.stamp),
            camera_history=self.camera_history(state.stamp),
        )

    def camera_history(self, stamp: float) -> dict[str, tuple[CameraView, ...]]:
        """Return the views before `stamp` [s] of cameras that are needed with a history, oldest first."""
        found = {}
        for name, views in self._older.items():
            older = tuple(old for old in views if old.stamp < stamp)
            found[name] = older[-((views.maxlen or 1) - 1) :]
        return found

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
        for tool in world.embodiment.suction_tools:
            end_effectors[tool.name] = EndEffectorState(sealed={cup: world.cups[cup].sealed for cup in tool.cups})
        base = None if world.base is None else BaseState(world.base.T_odom_base, world.base.twist)
        return RobotState(world.time, arms, end_effectors, joint_groups, base)

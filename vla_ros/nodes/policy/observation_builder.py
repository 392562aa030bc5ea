# SPDX-License-Identifier: Apache-2.0
"""An Observation from what arrives at different times: images, joint states, commanded poses, odometry, words."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping

import numpy as np

from controllers.arm.model import ArmModel
from controllers.errors import VlaError
from vla_ros.nodes.policy.state_buffer import StateBuffer, held, rigid
from vla_ros.policies.needs import BASE, STATE_PERIOD_S, Needs, everything
from vla_ros.policies.observation import (
    ArmState,
    BaseState,
    CameraView,
    EndEffectorState,
    JointGroupState,
    Observation,
    RobotState,
)
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.groups import ArmGroup, EndEffectorGroup, JointGroup

COMMANDED_WITHIN_S = 0.1  # between an exposure and what was commanded then: it is said 50 times a second


class NotReady(VlaError):
    """What an observation needs has not arrived yet; the next exposure may do better."""


class ObservationBuilder:
    """Keep a second and more of the states that are needed; build the observation of an exposure."""

    def __init__(self, embodiment: Embodiment, skew_max: float, needs: Needs | None = None) -> None:
        """Allow `skew_max` [s] between an exposure and the nearest state; without `needs` all groups are known."""
        self.needs = needs = everything(embodiment) if needs is None else needs
        urdf, late = expand_urdf(embodiment), max(skew_max, COMMANDED_WITHIN_S)
        driven = [group for group in embodiment.driven_groups if needs.has(group.name)]
        grippers = [gripper for gripper in embodiment.grippers if needs.has(gripper.name)]
        arms = [arm for arm in embodiment.arms if needs.has(arm.name)]
        self._models = {arm.name: ArmModel(urdf, arm.joints, arm.tool_frame) for arm in arms}
        groups: list[ArmGroup | JointGroup | EndEffectorGroup] = [*driven, *grippers]
        named = tuple(joint for group in groups for joint in group.joints)
        carriers = (joint for model in self._models.values() for joint in model.mount.carriers)
        self.joints = tuple(dict.fromkeys((*named, *carriers)))  # in the order of `states`
        ends = np.cumsum([len(group.joints) for group in groups]).tolist()
        self._columns = {
            group.name: slice(end - len(group.joints), end) for group, end in zip(groups, ends, strict=True)
        }
        self._arms = {arm.name: arm.joints for arm in arms}
        self._carriers = {
            name: [self.joints.index(joint) for joint in model.mount.carriers] for name, model in self._models.items()
        }
        self._joint_groups = {group.name: group.joints for group in embodiment.joint_groups if needs.has(group.name)}
        self._grippers = [gripper.name for gripper in grippers]
        self.has_base = embodiment.base is not None and needs.has(BASE)
        self.states = StateBuffer(skew_max=skew_max)  # (2, N): position and velocity of `joints`
        self._poses = {arm: StateBuffer(skew_max=late, interpolate=rigid) for arm in self._arms}  # (4, 4)
        self._widths = {gripper: StateBuffer(skew_max=late, interpolate=held) for gripper in self._grippers}  # () [m]
        tools = [tool for tool in embodiment.suction_tools if needs.has(tool.name)]
        self._cups = {tool.name: tool.cups for tool in tools}
        self._seals = {cup: StateBuffer(skew_max=late, interpolate=held) for tool in tools for cup in tool.cups}  # ()
        self._T_odom_base = StateBuffer(skew_max=late, interpolate=rigid)  # (4, 4)
        self._twist = StateBuffer(skew_max=late)  # (3,) x, y [m/s], yaw [rad/s]

    @property
    def arms(self) -> tuple[str, ...]:
        """Name the arms whose state is needed."""
        return tuple(self._arms)

    @property
    def cups(self) -> tuple[str, ...]:
        """Name the cups whose state is needed."""
        return tuple(self._seals)

    def add_seal(self, cup: str, stamp: float, sealed: bool) -> None:
        """Take whether a cup holds something at `stamp` [s]."""
        self._seals[cup].add(stamp, np.array(sealed))

    def add_odometry(self, stamp: float, T_odom_base: np.ndarray, twist: np.ndarray) -> None:
        """Take where the base is at `stamp` [s], and its velocity (3,) in its own frame."""
        self._T_odom_base.add(stamp, T_odom_base)
        self._twist.add(stamp, twist)

    def add_commanded(self, arm: str, stamp: float, T_base_ee: np.ndarray) -> None:
        """Take the commanded pose (4, 4) of an arm at `stamp` [s]."""
        self._poses[arm].add(stamp, T_base_ee)

    def add_end_effectors(self, stamp: float, values: Mapping[str, float]) -> None:
        """Take what end effectors are commanded to at `stamp` [s], by channel."""
        for gripper, widths in self._widths.items():
            width = values.get(f"{gripper}/width")
            if width is not None:
                widths.add(stamp, np.array(width))

    def build(
        self,
        stamp: float,
        instruction: str,
        cameras: Mapping[str, CameraView],
        camera_history: Mapping[str, tuple[CameraView, ...]] | None = None,
    ) -> Observation:
        """Return the observation at the exposure `stamp` [s]. Raises NotReady when the state then is not known."""
        state = self._state(stamp)
        arms, end_effectors = dict(state.arms), {}
        for name, poses in self._poses.items():
            with contextlib.suppress(VlaError):  # where nobody commands it, it is where it is wanted
                arms[name] = dataclasses.replace(arms[name], T_base_ee=poses.at(stamp).copy())
        for name, widths in self._widths.items():
            with contextlib.suppress(VlaError):  # nobody commands the gripper, either
                end_effectors[name] = EndEffectorState(float(widths.at(stamp)))
        history = []
        for age in range(self.needs.older_states, 0, -1):
            with contextlib.suppress(VlaError):  # the first second has no past
                history.append(self._state(stamp - age * STATE_PERIOD_S))
        commanded = RobotState(stamp, arms, end_effectors, state.joint_groups, state.base)
        return Observation(stamp, instruction, cameras, state, commanded, tuple(history), camera_history or {})

    def _state(self, stamp: float) -> RobotState:
        position, velocity = self._joints_at(stamp)
        arms = {}
        for name, joints in self._arms.items():
            q, dq = position[self._columns[name]], velocity[self._columns[name]]
            model, carriers = self._models[name], self._carriers[name]
            model.mount.place(position[carriers])
            arms[name] = ArmState(joints, q, dq, np.array(model.forward(q)))
        tools = {name: EndEffectorState(float(position[self._columns[name]].sum())) for name in self._grippers}
        tools |= {tool: EndEffectorState(sealed=self._sealed(cups, stamp)) for tool, cups in self._cups.items()}
        joint_groups = {
            name: JointGroupState(joints, position[self._columns[name]], velocity[self._columns[name]])
            for name, joints in self._joint_groups.items()
        }
        return RobotState(stamp, arms, tools, joint_groups, self._base_at(stamp))

    def _sealed(self, cups: tuple[str, ...], stamp: float) -> dict[str, bool]:
        """Return what is known of cups; what nobody measures is not in it."""
        found = {}
        for cup in cups:
            with contextlib.suppress(VlaError):
                found[cup] = bool(self._seals[cup].at(stamp))
        return found

    def _joints_at(self, stamp: float) -> np.ndarray:
        """Return position and velocity (2, N) of `joints`."""
        if not self.joints:
            return np.zeros((2, 0))
        try:
            return self.states.at(stamp)
        except VlaError as error:
            raise NotReady(f"no joint states at {stamp:.3f} s: {error}") from None

    def _base_at(self, stamp: float) -> BaseState | None:
        if not self.has_base:
            return None
        try:
            return BaseState(self._T_odom_base.at(stamp), self._twist.at(stamp))
        except VlaError as error:
            raise NotReady(f"no odometry (odom) at {stamp:.3f} s: {error}") from None

# SPDX-License-Identifier: Apache-2.0
"""An Observation from what arrives at different times: images, joint states, commanded poses, words."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping

import numpy as np

from controllers.errors import VlaError
from controllers.model import ArmModel
from vla_ros.nodes.policy.state_buffer import StateBuffer, held, rigid
from vla_ros.policies.observation import (
    ArmState,
    CameraView,
    EndEffectorState,
    JointGroupState,
    Observation,
    RobotState,
)
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.groups import ArmGroup, EndEffectorGroup, JointGroup

HISTORY_PERIOD_S, HISTORY_STATES = 0.1, 5
COMMANDED_WITHIN_S = 0.1  # between an exposure and what was commanded then: it is said 50 times a second


class NotReady(VlaError):
    """What an observation needs has not arrived yet; the next exposure may do better."""


class ObservationBuilder:
    """Keep a second and more of states; build the observation of an exposure."""

    def __init__(self, embodiment: Embodiment, skew_max: float) -> None:
        """Allow `skew_max` [s] between an exposure and the nearest state."""
        urdf, late = expand_urdf(embodiment), max(skew_max, COMMANDED_WITHIN_S)
        self._models = {arm.name: ArmModel(urdf, arm.joints, arm.tool_frame) for arm in embodiment.arms}
        groups: list[ArmGroup | JointGroup | EndEffectorGroup] = [*embodiment.driven_groups, *embodiment.grippers]
        self.joints = tuple(joint for group in groups for joint in group.joints)  # in the order of `states`
        ends = np.cumsum([len(group.joints) for group in groups]).tolist()
        self._columns = {
            group.name: slice(end - len(group.joints), end) for group, end in zip(groups, ends, strict=True)
        }
        self._arms = {arm.name: arm.joints for arm in embodiment.arms}
        self._carriers = {
            name: [self.joints.index(joint) for joint in model.mount.carriers] for name, model in self._models.items()
        }
        self._joint_groups = {group.name: group.joints for group in embodiment.joint_groups}
        self._grippers = [gripper.name for gripper in embodiment.grippers]
        self.states = StateBuffer(skew_max=skew_max)  # (2, N): position and velocity of `joints`
        self._poses = {arm: StateBuffer(skew_max=late, interpolate=rigid) for arm in self._arms}  # (4, 4)
        self._widths = {gripper: StateBuffer(skew_max=late, interpolate=held) for gripper in self._grippers}  # () [m]

    def add_commanded(self, arm: str, stamp: float, T_base_ee: np.ndarray) -> None:
        """Take the commanded pose (4, 4) of an arm at `stamp` [s]."""
        self._poses[arm].add(stamp, T_base_ee)

    def add_end_effectors(self, stamp: float, values: Mapping[str, float]) -> None:
        """Take what end effectors are commanded to at `stamp` [s], by channel."""
        for gripper, widths in self._widths.items():
            width = values.get(f"{gripper}/width")
            if width is not None:
                widths.add(stamp, np.array(width))

    def build(self, stamp: float, instruction: str, cameras: Mapping[str, CameraView]) -> Observation:
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
        for age in range(HISTORY_STATES, 0, -1):
            with contextlib.suppress(VlaError):  # the first second has no past
                history.append(self._state(stamp - age * HISTORY_PERIOD_S))
        commanded = RobotState(stamp, arms, end_effectors, state.joint_groups)
        return Observation(stamp, instruction, cameras, state, commanded, tuple(history))

    def _state(self, stamp: float) -> RobotState:
        try:
            position, velocity = self.states.at(stamp)
        except VlaError as error:
            raise NotReady(f"no joint states at {stamp:.3f} s: {error}") from None
        arms = {}
        for name, joints in self._arms.items():
            q, dq = position[self._columns[name]], velocity[self._columns[name]]
            model, carriers = self._models[name], self._carriers[name]
            model.mount.place(position[carriers])
            arms[name] = ArmState(joints, q, dq, np.array(model.forward(q)))
        widths = {name: EndEffectorState(float(position[self._columns[name]].sum())) for name in self._grippers}
        joint_groups = {
            name: JointGroupState(joints, position[self._columns[name]], velocity[self._columns[name]])
            for name, joints in self._joint_groups.items()
        }
        return RobotState(stamp, arms, widths, joint_groups)

# SPDX-License-Identifier: Apache-2.0
"""An Observation from what arrives at different times: images, joint states, commanded poses, words."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import numpy as np

from controllers.errors import VlaError
from controllers.model import ArmModel
from vla_ros.nodes.policy.state_buffer import StateBuffer, held, rigid
from vla_ros.policies.observation import CameraView, Observation, RobotState
from vla_ros.robots.embodiment import Embodiment, expand_urdf

HISTORY_PERIOD_S, HISTORY_STATES = 0.1, 5


class NotReady(VlaError):
    """What an observation needs has not arrived yet; the next exposure may do better."""


class ObservationBuilder:
    """Keep a second and more of states; build the observation of an exposure."""

    def __init__(self, embodiment: Embodiment, skew_max: float) -> None:
        """Allow `skew_max` [s] between an exposure and the nearest state."""
        arm = embodiment.arms[0]
        self._n = len(arm.joints)
        self._model = ArmModel(expand_urdf(embodiment), arm.joints, arm.tool_frame)
        self.joints = StateBuffer(skew_max=skew_max)  # (2, N + fingers): position, velocity
        self.commanded = StateBuffer(skew_max=max(skew_max, 0.1), interpolate=rigid)  # (4, 4)
        self.width_commanded = StateBuffer(skew_max=max(skew_max, 0.1), interpolate=held)  # () [m]

    def build(self, stamp: float, instruction: str, cameras: Mapping[str, CameraView]) -> Observation:
        """Return the observation at the exposure `stamp` [s]. Raises NotReady when the state then is not known."""
        state = self._state(stamp)
        try:
            T_commanded = self.commanded.at(stamp)
        except VlaError:
            T_commanded = state.T_base_ee  # nobody commands the arm: it is where it is wanted
        width_commanded: float | None = None
        with contextlib.suppress(VlaError):  # nobody commands the gripper, either
            width_commanded = float(self.width_commanded.at(stamp))
        history = []
        for age in range(HISTORY_STATES, 0, -1):
            with contextlib.suppress(VlaError):  # the first second has no past
                history.append(self._state(stamp - age * HISTORY_PERIOD_S))
        return Observation(stamp, instruction, cameras, state, T_commanded.copy(), tuple(history), width_commanded)

    def _state(self, stamp: float) -> RobotState:
        try:
            position, velocity = self.joints.at(stamp)
        except VlaError as error:
            raise NotReady(f"no joint states at {stamp:.3f} s: {error}") from None
        q, dq, fingers = position[: self._n], velocity[: self._n], position[self._n :]
        return RobotState(stamp, q, dq, np.array(self._model.forward(q)), float(fingers.sum()))

# SPDX-License-Identifier: Apache-2.0
"""A teacher that plays a task's expert as it is: of tasks whose expert is none that grasps."""

from __future__ import annotations

import numpy as np

from controllers.chunks.chunk import ActionChunk
from vla_ros.objects.grasp import Grasp
from vla_ros.policies.actions.single_arm import SingleArmObservation
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.detection import Explaining
from vla_ros.policies.capabilities.refusals import HearsRefusals
from vla_ros.policies.observation import Observation
from vla_ros.training.generation.demonstrators.errors import FailureMode


class PlainDemonstrator:
    """Every action is worth imitating; no grasp lies ahead."""

    failure_mode = FailureMode.NONE
    valid = True
    closed = True
    options: tuple[Grasp, ...] = ()

    def __init__(self, expert: Policy) -> None:
        self._expert = expert

    def reset(self) -> None:
        """Begin an episode."""
        self._expert.reset()

    @property
    def explanation(self) -> str:
        """Return why there is nothing to do."""
        explaining = capability(self._expert, Explaining)
        return "" if explaining is None else explaining.explanation

    def chunk_refused(self, reason: str) -> None:
        """Tell the expert why control refused its last chunk."""
        hearing = capability(self._expert, HearsRefusals)
        if hearing is not None:
            hearing.chunk_refused(reason)

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the expert's next actions."""
        return self._expert.infer(observation)

    def grasp(self, observation: SingleArmObservation) -> tuple[np.ndarray, float]:
        """Return where the tool (4, 4) and its fingers [m] are."""
        return observation.T_base_ee_commanded, observation.state.gripper_width

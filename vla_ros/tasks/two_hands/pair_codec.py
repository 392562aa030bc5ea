# SPDX-License-Identifier: Apache-2.0
"""Chunks that move two arms and their grippers at once: tool poses and openings, absolute, a row a period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.rotations import from_matrix
from vla_ros.policies.action_codec import ActionCodec
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.observation import Observation
from vla_ros.policies.single_arm import HORIZON, PERIOD_S
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.grasping.motion import Step


class PairCodec:
    """Turn steps of several arms, each with a parallel gripper, into one chunk."""

    def __init__(self, embodiment: Embodiment, arms: Sequence[str], period: float = PERIOD_S, horizon: int = HORIZON):
        """Take the names of the arms. Raises ConfigError for one without a parallel gripper."""
        self.arms = tuple(arms)
        self.grippers = {arm: embodiment.gripper_on(arm).name for arm in arms}
        contract = ActionContract(arms=self.arms, grippers=tuple(self.grippers.values()), horizon=horizon)
        self._codec = ActionCodec(contract, embodiment.base_frame, period)
        self.period, self.horizon = period, horizon

    def chunk(
        self, observation: Observation, rows: Sequence[Mapping[str, Step]], status: TaskStatus, sequence: int
    ) -> ActionChunk:
        """Return the chunk of some rows, each of a step of every arm by its name."""
        targets = np.array(
            [
                [
                    *(number for arm in self.arms for number in _pose(row[arm].T_base_ee)),
                    *(row[arm].width for arm in self.arms),
                ]
                for row in rows
            ]
        )
        return self._codec.chunk_of_targets(observation, targets, status, sequence)

    def width(self, observation: Observation, arm: str) -> float:
        """Return the measured opening of an arm's gripper [m]."""
        width = observation.state.end_effectors[self.grippers[arm]].width
        return 0.0 if width is None else width


def _pose(T: np.ndarray) -> tuple[float, ...]:
    return (*T[:3, 3].tolist(), *(float(number) for number in from_matrix(T[:3, :3])))

# SPDX-License-Identifier: Apache-2.0
"""Chunks that move two arms and their grippers at once: joint positions and openings, absolute, a row a period.

By joints and not by tool poses: two short arms that meet pass near singularities, where no pose is followed in time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.actions.single_arm import HORIZON, PERIOD_S
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.grasping.motion import Step


@dataclass(frozen=True, eq=False)
class JointStep(Step):
    """A step with the joints by which the arm does it."""

    q: np.ndarray  # (N,) [rad]


class PairCodec:
    """Turn steps of several arms, each with a parallel gripper, into one chunk."""

    def __init__(
        self,
        embodiment: Embodiment,
        arms: Sequence[str],
        period: float = PERIOD_S,
        horizon: int = HORIZON,
        base: bool = False,
    ) -> None:
        """Take the arms by name; `base`: drive it too. Raises ConfigError for an arm without a parallel gripper."""
        self.arms = tuple(arms)
        self.grippers = {arm: embodiment.gripper_on(arm).name for arm in arms}
        joints = tuple(joint for arm in arms for joint in embodiment.arm(arm).joints)
        grippers = tuple(self.grippers.values())
        contract = ActionContract(joints=joints, grippers=grippers, base=base, horizon=horizon)
        self._codec = ActionCodec(contract, embodiment.base_frame, period)
        self.period, self.horizon = period, horizon

    def chunk(
        self,
        observation: Observation,
        rows: Sequence[Mapping[str, JointStep]],
        status: TaskStatus,
        sequence: int,
        driven: np.ndarray | None = None,
    ) -> ActionChunk:
        """Return the chunk of H rows, each of a step of every arm by its name.

        `driven` (H, 3): the base's velocity x, y [m/s], yaw [rad/s] in each, for a codec that drives it.
        """
        targets = np.array(
            [[*(q for arm in self.arms for q in row[arm].q), *(row[arm].width for arm in self.arms)] for row in rows]
        )
        if driven is not None:
            targets = np.column_stack([targets, driven])
        return self._codec.chunk_of_targets(observation, targets, status, sequence)

    def width(self, observation: Observation, arm: str) -> float:
        """Return the measured opening of an arm's gripper [m]."""
        width = observation.state.end_effectors[self.grippers[arm]].width
        return 0.0 if width is None else width

    def told(self, observation: Observation, arm: str) -> float:
        """Return the opening that an arm's gripper was told last [m], the measured one before."""
        told = observation.commanded.end_effectors.get(self.grippers[arm])
        return self.width(observation, arm) if told is None or told.width is None else told.width

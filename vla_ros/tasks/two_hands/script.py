# SPDX-License-Identifier: Apache-2.0
"""A policy that plays rows of steps for two arms, stage by stage; each stage is planned when the last one is over."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from controllers.arm.inverse_kinematics import pose_error, solve_ik
from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.policies.capabilities.refusals import Answer, Refusals
from vla_ros.policies.observation import Observation
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase
from vla_ros.sim.world import World
from vla_ros.tasks.two_hands.pair_codec import JointStep, PairCodec
from vla_ros.tasks.two_hands.ways import Row

HORIZON = 8  # rows in a chunk
TURN_METRES = 0.1  # [m/rad] how a turn counts beside a shift
ALIKE = 1e-3  # [m] between two rows that are one place


class RowPlayer:
    """Rows that are sent a chunk at a time, and which of them comes next."""

    def __init__(
        self, world: World, models: Mapping[str, ArmModel], arms: Sequence[str], motion: ExpertMotionConfig
    ) -> None:
        """`models` are the robot's arms by name, `arms` those that act."""
        self.world, self.models, self.motion = world, models, motion
        self.codec = PairCodec(world.embodiment, arms, motion.period)

    def reset(self) -> None:
        """Forget the episode."""
        self.explanation = ""  # why there is nothing to do, in words
        self._rows: list[Row] = []
        self._index = 0  # of the next row to send
        self._sent = 0  # rows in the last chunk
        self._stamp = -np.inf
        self._sequence = 0

    def _advance(self, observation: Observation) -> None:
        """Count the rows that have been executed since the last look."""
        elapsed = observation.stamp - self._stamp
        if np.isfinite(elapsed):
            self._index += self._done(observation, min(self._sent, round(elapsed / self.motion.period)))
        self._stamp, self._sent = observation.stamp, 0

    def _done(self, observation: Observation, due: int) -> int:
        """Return how many of the `due` next rows were done: all, by the clock."""
        return due

    def _here(self, observation: Observation) -> Row:
        """Return where the arms are told to be, fingers as they are told."""
        row = {}
        for arm in self.codec.arms:
            T, q = observation.commanded.arms[arm].T_base_ee, observation.state.arms[arm].q
            told = solve_ik(self.models[arm], T, q, q_rest=q, starts=1)
            width = self.codec.told(observation, arm)
            row[arm] = JointStep(T, width, MotionPhase.CARRY, q if told is None else told)
        return row


class TwoHandedScript(RowPlayer, ABC):
    """Send what is left of the rows, a chunk at a time; ask for the next stage where none are left."""

    def __init__(
        self, world: World, models: Mapping[str, ArmModel], arms: Sequence[str], motion: ExpertMotionConfig
    ) -> None:
        """`models` are the robot's arms by name, `arms` those that act."""
        super().__init__(world, models, arms, motion)
        self.codec = PairCodec(world.embodiment, arms, motion.period, HORIZON)

    def reset(self) -> None:
        """Forget the episode."""
        super().reset()
        self._stuck = False  # there was no way
        self._refusals = Refusals()

    @abstractmethod
    def _next_stage(self, observation: Observation) -> list[Row] | None:
        """Plan the rows of the next stage; empty where nothing is left to do, None where there is no way."""

    @abstractmethod
    def _plan_again(self, observation: Observation) -> list[Row] | None:
        """Plan the rows of the stage under way anew, from where the arms are; None where there is no way."""

    def _broken(self, observation: Observation) -> bool:
        """Say whether what the stage under way rests on no longer holds."""
        return False

    def chunk_refused(self, reason: str) -> None:
        """Take why control refused the last chunk: nothing of it is done."""
        self._sent = 0
        self._refusals.hear(reason)

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next rows, of the next stage where this one is over."""
        answer = self._refusals.answer()
        self._advance(observation)
        if self._stuck:  # nothing has changed that would make another plan a better one
            return self._chunk(observation, TaskStatus.INVALID)
        if answer is Answer.GIVE_UP:
            self.explanation = self._refusals.explanation
            return self._chunk(observation, TaskStatus.INVALID)
        again = answer is Answer.PLAN_AGAIN or (self._index < len(self._rows) and self._broken(observation))
        status = TaskStatus.ONGOING
        if again or self._index >= len(self._rows):
            rows = self._plan_again(observation) if again else self._next_stage(observation)
            if rows is None:
                status, self._stuck = TaskStatus.INVALID, True
            self._rows, self._index = rows or [], 0
        return self._chunk(observation, status)

    def _done(self, observation: Observation, due: int) -> int:
        """Return how many of the `due` next rows were done, by where the arms are told to be.

        Control lets progress wait where arms near each other: the rows that it has not come to are sent again.
        """
        rows = self._rows[max(0, self._index - 1) : self._index + due]
        if due <= 0 or not rows:
            return 0
        offsets = np.array([self._offset(observation, row) for row in rows])
        nearest = int(np.flatnonzero(offsets <= offsets.min() + ALIKE)[-1])
        return nearest if self._index else nearest + 1

    def _offset(self, observation: Observation, row: Row) -> float:
        """Return how far the arms are told to be from a row [m]."""
        errors = [pose_error(row[arm].T_base_ee, observation.commanded.arms[arm].T_base_ee) for arm in row]
        return sum(float(np.linalg.norm(error[:3]) + TURN_METRES * np.linalg.norm(error[3:])) for error in errors)

    def _chunk(self, observation: Observation, status: TaskStatus) -> ActionChunk:
        rows = self._rows[self._index : self._index + self.codec.horizon] or [self._here(observation)]
        rows = rows + [rows[-1]] * (self.codec.horizon - len(rows))
        self._sent = len(rows) if self._rows else 0
        self._sequence += 1
        return self.codec.chunk(observation, rows, status, self._sequence)

# SPDX-License-Identifier: Apache-2.0
"""The scripted expert: two hands pinch an edge near its ends, carry it over and lay it onto the edge opposite."""

from __future__ import annotations

import itertools

import numpy as np

from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.objects.garments import fold_in_half
from vla_ros.policies.observation import Observation
from vla_ros.policies.refusals import Answer, Refusals
from vla_ros.sim.world import World
from vla_ros.tasks.fold.carrying import FoldMotion, Lean, carry_over
from vla_ros.tasks.fold.measure import FoldMeasure
from vla_ros.tasks.fold.two_hands import Both, TwoArms
from vla_ros.tasks.two_hands.fingers import finger_corners


class FoldExpert:
    """Fold with both hands; when the garment is not folded then, once more from where it lies."""

    TRIES = 3

    def __init__(self, world: World, folded: float = 0.75, motion: FoldMotion | None = None) -> None:
        """`folded`: the progress with which it is content."""
        self.world, self.content, self.motion = world, folded, motion or FoldMotion()
        self.both = TwoArms(world.embodiment)
        (placed,) = world.scene.cloths
        self.garment, self.model = placed.name, placed.model
        self.measure = FoldMeasure.read(FoldMeasure.facts(placed.model))
        self.fold = fold_in_half(placed.model)
        self._corners = finger_corners(world, self.both.grippers[0].name)
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        self.explanation = ""  # why there is nothing to do, in words
        self._segments: list[list[Both]] = []
        self._sent: tuple[float, list[Both]] = (-np.inf, [])  # when the last chunk was, and its actions
        self._tries = self._sequence = 0
        self._refusals = Refusals()

    def chunk_refused(self, reason: str) -> None:
        """Take why control refused the last chunk: nothing of it is done."""
        self._sent = (np.inf, self._sent[1])
        self._refusals.hear(reason)

    def infer(self, observation: Observation) -> ActionChunk:
        """Return what is left of the present segment of the motion, else the next one."""
        (stamp, sent), answer = self._sent, self._refusals.answer()
        elapsed = max(0.0, observation.stamp - stamp) if sent else 0.0
        left = sent[round(elapsed / self.both.codec.period) :]
        status = TaskStatus.ONGOING
        if answer is Answer.PLAN_AGAIN:
            self._segments, left = [], []
        if answer is Answer.GIVE_UP:
            self.explanation, status = self._refusals.explanation, TaskStatus.INVALID
        elif not left:
            if not self._segments and self._tries < self.TRIES and not self._folded():
                self._segments = self._plan(observation)
                self._tries += 1
            if self._segments:
                left = self._segments.pop(0)
            else:
                left = [self._hold(observation)]
                status = TaskStatus.INVALID if self.explanation else TaskStatus.TERMINATED
        self._sent = (observation.stamp, left)
        self._sequence += 1
        rows = np.array([self.both.values(one) for one in left])
        return self.both.codec.chunk_of_targets(observation, rows, status, self._sequence)

    def _folded(self) -> bool:
        return self._tries > 0 and self.measure.folded(self.world.cloth_vertices(self.garment)) >= self.content

    def _hold(self, observation: Observation) -> Both:
        return Both(self._commanded(observation), self.both.width_max)

    def _commanded(self, observation: Observation) -> tuple[np.ndarray, ...]:
        return tuple(observation.commanded.arms[arm.name].T_base_ee for arm in self.both.arms)

    def _plan(self, observation: Observation) -> list[list[Both]]:
        """Return the motion, a segment a list; empty where the arms cannot do it."""
        state = observation.state
        start = [state.arms[arm.name].q for arm in self.both.arms]
        tools = self._commanded(observation)
        self.both.stand(self.world)
        taken, met = self._edges(self.world.cloth_vertices(self.garment))
        table, wide = self.world.scene.table.height, self.both.width_max
        for first, last in itertools.product(self.motion.tilts, repeat=2):
            leans = (Lean(first, table + self._tip(first)), Lean(last, table + self._tip(last)))
            segments = carry_over(tools, taken[:, :2], met[:, :2], leans, wide, self.motion)
            if self.both.follow([step for segment in segments for step in segment], start):
                self.explanation = ""
                return segments
        self.explanation = "the edge is out of reach"
        return []

    def _tip(self, tilt: float) -> float:
        """Return how far above the lowest point of the fingers the tool point is [m]."""
        x, z = self._corners[:, 0], self._corners[:, 2]
        return float((np.cos(tilt) * z + np.sin(tilt) * np.abs(x)).max())

    def _edges(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the edge that is taken (E, 3) and that on which it is laid.

        A T-shirt is taken by its hem: fingers that close at its shoulders fold the sleeves around themselves.
        """
        pairs = np.array(self.fold.edges)
        one, other = vertices[pairs[:, 0]], vertices[pairs[:, 1]]
        first = self.fold.along == 0 or one[:, 0].mean() < other[:, 0].mean()
        return (one, other) if first else (other, one)

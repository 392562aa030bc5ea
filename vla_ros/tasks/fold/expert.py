# SPDX-License-Identifier: Apache-2.0
"""The scripted expert: two hands pinch an edge near its ends, carry it over and lay it onto the edge opposite."""

from __future__ import annotations

import itertools

import numpy as np

from vla_ros.objects.garments import fold_in_half
from vla_ros.policies.observation import Observation
from vla_ros.sim.world import World
from vla_ros.tasks.fold.carrying import FoldMotion, carry_over
from vla_ros.tasks.fold.measure import FoldMeasure
from vla_ros.tasks.two_hands.hands import Both, Lean
from vla_ros.tasks.two_hands.segments import SegmentScript


class FoldExpert(SegmentScript):
    """Fold with both hands; when the garment is not folded then, once more from where it lies."""

    def __init__(self, world: World, folded: float = 0.75, motion: FoldMotion | None = None) -> None:
        """`folded`: the progress with which it is content."""
        super().__init__(world)
        self.content, self.motion = folded, motion or FoldMotion()
        (placed,) = world.scene.cloths
        self.garment, self.model = placed.name, placed.model
        self.measure = FoldMeasure.read(FoldMeasure.facts(placed.model))
        self.fold = fold_in_half(placed.model)

    def _enough(self) -> bool:
        return self.measure.folded(self.world.cloth_vertices(self.garment)) >= self.content

    def _motion(self, observation: Observation) -> list[list[Both]] | None:
        tools = self.commanded(observation)
        taken, met = self._edges(self.world.cloth_vertices(self.garment))
        table, wide = self.world.scene.table.height, self.both.width_max
        for swing, first, last in itertools.product((False, True), self.motion.tilts, self.motion.tilts):
            leans = (Lean(first, table + self.tip(first)), Lean(last, table + self.tip(last)))
            straight = carry_over(tools, taken[:, :2], met[:, :2], leans, wide, self.motion)
            segments = self.swinging(observation, straight, self.motion.come_s) if swing else straight
            if segments and self.can_follow(observation, segments):
                return segments
        self.explanation = "the edge is out of reach"
        return None

    def _edges(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the edge that is taken (E, 3) and that on which it is laid.

        A T-shirt is taken by its hem: fingers that close at its shoulders fold the sleeves around themselves.
        """
        pairs = np.array(self.fold.edges)
        one, other = vertices[pairs[:, 0]], vertices[pairs[:, 1]]
        first = self.fold.along == 0 or one[:, 0].mean() < other[:, 0].mean()
        return (one, other) if first else (other, one)

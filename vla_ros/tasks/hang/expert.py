# SPDX-License-Identifier: Apache-2.0
"""The scripted expert: two hands pinch the hem near its ends, lay it over the bar and draw it on until it hangs."""

from __future__ import annotations

import itertools

import numpy as np

from vla_ros.policies.observation import Observation
from vla_ros.sim.world import World
from vla_ros.tasks.hang.measure import HangMeasure
from vla_ros.tasks.hang.motion import HangMotion, hang_over
from vla_ros.tasks.two_hands.hands import Both, Lean
from vla_ros.tasks.two_hands.segments import SegmentScript


class HangExpert(SegmentScript):
    """Hang with both hands; when the garment is not over the bar then, once more from where it lies."""

    def __init__(self, world: World, motion: HangMotion | None = None) -> None:
        super().__init__(world)
        self.motion = motion or HangMotion()
        (placed,), (hanger,) = world.scene.cloths, world.scene.fixtures
        self.garment, model = placed.name, placed.model
        self.measure = HangMeasure.read(HangMeasure.facts(model, hanger))
        self._hem = [model.vertex[place] for place in model.grid if place[0] == 0]

    def _enough(self) -> bool:
        return self.measure.over(self.world.cloth_vertices(self.garment))

    def _motion(self, observation: Observation) -> list[list[Both]] | None:
        vertices = self.world.cloth_vertices(self.garment)
        hem, tools = vertices[self._hem, :2], self.commanded(observation)
        inwards = vertices[:, :2].mean(axis=0) - hem.mean(axis=0)
        inwards /= np.linalg.norm(inwards)
        table, bar, wide = self.world.scene.table.height, self.measure.bar, self.both.width_max
        for first, last in itertools.product(self.motion.tilts, repeat=2):
            leans = (Lean(first, table + self.tip(first)), Lean(last, float(bar.middle[2]) + self.tip(last)))
            segments = hang_over(tools, hem, inwards, bar, leans, wide, self.motion)
            if self.can_follow(observation, segments):
                return segments
        self.explanation = "hem or bar is out of reach"
        return None

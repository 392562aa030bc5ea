# SPDX-License-Identifier: Apache-2.0
"""The scripted expert of bins: candidates labelled with the truth, the best that the arm reaches carried out."""

from __future__ import annotations

import numpy as np

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk
from vla_ros.objects.totes import DESTINATION, SOURCE
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.surfaces import Surfaces
from vla_ros.policies.gam.criteria import criteria_of, merits
from vla_ros.policies.gam.perception.measured_points import NOTHING_MEASURED
from vla_ros.policies.gam.pick_motion import Pick, PickConfig, PickMotion
from vla_ros.policies.gam.picking import Picker
from vla_ros.policies.geometric.grasps.reachability import Reach
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import expand_urdf
from vla_ros.robots.tools.mounting import carried_tool
from vla_ros.sim.candidates.cup_contacts import cup_contacts
from vla_ros.sim.candidates.labels import label
from vla_ros.sim.candidates.samplers import draw
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.world import World
from vla_ros.tasks.bins.scenes import as_it_lies, floors, in_tote

_CANDIDATES, _DRAWN, _TRIES = 800, 4, 400


class PickExpert:
    """Pick the best of many candidates, in the mode that is asked for or the first that the tool knows."""

    def __init__(self, world: World, arm: ArmModel, mode: str = "") -> None:
        self.world = world
        self._floors = floors(world.scene)
        embodiment = world.embodiment
        self._arm = embodiment.arm_with(arm.joints)
        self.tool = carried_tool(embodiment)
        self.mode = mode or self.tool.modes[0]
        self.config = PickConfig()
        self.picker = Picker(self.tool, Reach(expand_urdf(embodiment), self._arm), self.config, _TRIES)
        self.motion = PickMotion(self.tool, self._arm.name, embodiment.base_frame, self.config)
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        self.explanation = ""
        self._tried = False
        self.motion.reset()

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next rows of the pick."""
        over = self._floors[SOURCE][2, 3] + self.config.over
        if not self._tried:
            self._tried = True
            self._choose(observation, over)
        return self.motion.next(observation, over)

    def _choose(self, observation: Observation, over: float) -> None:
        """Begin the best of what is drawn, and draw again where the arm reaches no success."""
        still = StillScene.of(in_tote(as_it_lies(self.world), SOURCE))
        rng = np.random.default_rng(self.world.scene.seed)
        T_over = self._floors[DESTINATION].copy()
        T_over[2, 3] = over
        q = observation.state.arms[self._arm.name].q
        nowhere = Surfaces(NOTHING_MEASURED)  # distances are known
        for _ in range(_DRAWN):
            candidates, objects = draw(still, self.tool, self.mode, _CANDIDATES, rng)
            ranked = self._ranked(still, candidates, objects)
            distances = None
            if self.tool.cups:
                distances = cup_contacts(still, self.tool, candidates.positions, candidates.rotations).seal.distance
            found = self.picker.first(candidates, ranked, self.mode, q, over, T_over, nowhere, distances)
            if found is not None:
                pick = self._placed(found[1], still, int(objects[found[0]]), over, q)
                self.motion.begin(pick, observation.stamp)
                return
        self.explanation = "no grasp found"

    def _ranked(self, still: StillScene, candidates: Candidates, objects: np.ndarray) -> list[int]:
        """Return the candidates that succeed, the best first."""
        labels = label(still, self.tool, self.mode, candidates, objects)
        criteria = criteria_of(self.mode)
        asked = ~np.isnan(labels.scores).all(axis=0)
        known = tuple(one for one, there in zip(criteria, asked, strict=True) if there)
        merit = np.array(merits(np.nan_to_num(labels.scores[:, asked]).tolist(), known))
        good = np.flatnonzero(labels.success)
        return [int(row) for row in good[np.argsort(-merit[good], kind="stable")]]

    def _placed(self, pick: Pick, still: StillScene, index: int, over: float, q: np.ndarray) -> Pick:
        """Return the pick of an object of the source, by its index, as it is to end: held over the destination."""
        return pick

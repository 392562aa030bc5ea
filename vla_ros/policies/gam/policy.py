# SPDX-License-Identifier: Apache-2.0
"""GAM as a policy: look into the tote, propose, score, take the best that the arm reaches, carry it across."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from controllers.chunks.chunk import ActionChunk
from controllers.errors import ConfigError
from vla_ros.objects.totes import SOURCE
from vla_ros.policies.capabilities.reasoning import Reasoning
from vla_ros.policies.capabilities.scored_candidates import ScoredCandidates
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.placement import height_map, held_points, placements
from vla_ros.policies.gam.analysis.surfaces import Surfaces
from vla_ros.policies.gam.analysis.way_in import cylinders_with_fingers, in_the_way, wall_points
from vla_ros.policies.gam.candidate_boxes import candidate_boxes, instance_box
from vla_ros.policies.gam.candidate_poses import matrix_of, moved
from vla_ros.policies.gam.config import SceneTokens
from vla_ros.policies.gam.criteria import merits, ranking
from vla_ros.policies.gam.observed_scene import ObservedScene
from vla_ros.policies.gam.perception.bin_view import BinObservation, observe_bins
from vla_ros.policies.gam.perception.still_frames import StillFrames
from vla_ros.policies.gam.perception.tote_fit import NoToteError
from vla_ros.policies.gam.pick_motion import Pick, PickMotion, PickPhase, open_fingers
from vla_ros.policies.gam.picking import Picker
from vla_ros.policies.gam.prompts import PLACE
from vla_ros.policies.gam.proposal import Proposal
from vla_ros.policies.gam.proposing import Proposer
from vla_ros.policies.gam.settings import ACTOR, ANALYSIS, RANDOM, GamSettings
from vla_ros.policies.geometric.grasps.reachability import Reach
from vla_ros.policies.observation import CameraView, Observation
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.tools.description import PINCH
from vla_ros.robots.tools.mounting import carried_tool

if TYPE_CHECKING:
    from vla_ros.policies.gam.networks.network import GamNetwork

_LOOKED = object()  # the end of a look
_WALLED = 3  # points of a wall that stand where the tool comes: fewer are no collision


class GamPolicy:
    """One arm and the tool that it carries. Raises ConfigError for a mode that the tool does not know."""

    def __init__(self, network: GamNetwork | None, robot: Embodiment, settings: GamSettings) -> None:
        """Take the weights, or None where the settings ask them for nothing."""
        self.settings, self._network = settings, network
        self.tool, self._arm = carried_tool(robot), robot.only_arm
        self.mode = settings.mode_of(self.tool)
        if network is not None and len(self.tool.names) > network.sizes.elements:
            raise ConfigError(
                f"tool '{self.tool.name}' has {len(self.tool.names)} cups and fingers: these weights have room for "
                f"{network.sizes.elements}"
            )
        self._picker = Picker(self.tool, Reach(expand_urdf(robot), self._arm), settings.pick)
        self._motion = PickMotion(self.tool, self._arm.name, robot.base_frame, settings.pick)
        self._criteria = settings.criteria(self.mode)
        self._proposer = Proposer(self.tool, self.mode, settings, network)
        scene = SceneTokens() if network is None else network.sizes.scene
        self._picture = scene.height, scene.width  # [px]
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        self.explanation = ""
        self.scored: ScoredCandidates | None = None
        self.seen: BinObservation | None = None
        self.reasoning: Reasoning | None = None  # of the last look
        self._begun: tuple[Proposal, int] | None = None  # of whose candidates which it began
        self._features: np.ndarray | None = None
        self._attempts = 0
        self._frames = StillFrames()
        self._looking: Iterator[None] | None = None
        self._over: float | None = None
        self._motion.reset()

    @property
    def features(self) -> np.ndarray | None:
        """Return what the critic thinks of the candidate that was begun (D,) (FeatureProvider); asked of it once."""
        if self._features is None and self._begun is not None:
            self._features = self._proposer.features(*self._begun)
        return self._features

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next rows; if nothing is under way and there are tries left, a look first.

        It takes several inferences, during which the arm stays where it is.
        """
        again = self._motion.phase in (PickPhase.IDLE, PickPhase.MISSED)
        if self._looking is None and again and self._attempts < self.settings.attempts:
            self._frames.add(observation.cameras)
            if len(self._frames) < self.settings.frames:
                return self._motion.wait(observation)
            self._attempts += 1
            self._looking = self._look(replace(observation, cameras=self._frames.averaged()))
            self._frames.clear()
        if self._looking is not None:
            if next(self._looking, _LOOKED) is not _LOOKED:
                return self._motion.wait(observation)
            self._looking = None
        over = observation.commanded.arms[self._arm.name].T_base_ee[2, 3] if self._over is None else self._over
        return self._motion.next(observation, over)

    def _look(self, observation: Observation) -> Iterator[None]:
        """Begin a pick of what is seen; yields between pieces: a chunk of the whole look came too late."""
        # Those of an earlier look say nothing of this one.
        self.explanation, self.scored, self.reasoning = "", None, None
        self._begun = self._features = None
        try:
            self.seen = seen = observe_bins(observation.cameras, self.settings.totes, *self._picture)
        except NoToteError as error:
            self.explanation = str(error)
            return
        self._over = float(seen.T_base_source[2, 3]) + self.settings.pick.over
        instances = self._instances(seen)
        if not len(instances):
            self.explanation = "the tote is empty"
            return
        yield
        proposal = yield from self._proposer.propose(seen, instances, self._attempts)
        yield
        self._begin(proposal, seen, observation)

    def _begin(self, proposal: Proposal, seen: BinObservation, observation: Observation) -> None:
        """Begin with the best that the arm reaches."""
        scores = proposal.scores.tolist()
        T_over = seen.T_base_destination.copy()
        T_over[2, 3] = self._over
        q = observation.state.arms[self._arm.name].q
        ranked = ranking(scores, self._criteria)
        if self.settings.ranks == RANDOM:
            ranked = np.random.default_rng(self._attempts).permutation(len(scores)).tolist()
        walls = wall_points(seen.T_base_source, self.settings.totes.size)
        clear = in_the_way(walls, self.tool, self._as_it_comes(proposal.candidates)) < _WALLED
        ranked = [row for row in ranked if clear[row]]
        found = self._picker.first(
            proposal.candidates,
            ranked,
            self.mode,
            q,
            float(T_over[2, 3]),
            T_over,
            Surfaces(seen.measured),
            meant=proposal.instances,
        )
        self.scored = ScoredCandidates(
            proposal.candidates.positions,
            proposal.candidates.rotations,
            [one.name for one in self._criteria],
            proposal.scores,
            np.array(merits(scores, self._criteria)),
            None if found is None else found[0],
        )
        self.reasoning = self._reasoning(proposal, seen, observation.cameras[SOURCE], self.scored)
        if found is None:
            self.explanation = "no grasp found that keeps to the limits and is in reach"
            return
        self._begun = proposal, found[0]
        pick = self._placed(found[1], proposal, found[0], seen, q)
        self._motion.begin(pick, observation.stamp)

    def _as_it_comes(self, candidates: Candidates) -> Candidates:
        """Return candidates with fingers where they are on the way in: a cage's go out after the lift."""
        if self.mode == PINCH:
            return candidates
        nothing = np.full(len(candidates.positions), np.nan)
        return replace(candidates, widths=nothing, depths=nothing)

    def _placed(self, pick: Pick, proposal: Proposal, chosen: int, seen: BinObservation, q: np.ndarray) -> Pick:
        """Return the pick with where it is put down, where there is room that the arm reaches; else it is kept."""
        instance = int(proposal.instances[chosen])
        over = float(self._over or 0.0)
        if self.settings.places != ACTOR:
            pick = self._picker.put_down(pick, self._analysed(pick, seen, instance), over, q)
        if self.settings.places != ANALYSIS and pick.T_base_place is None:
            places = self._proposed(pick, proposal.candidates.active[chosen], seen, instance)
            pick = self._picker.put_down(pick, places, over, q)
        return pick

    def _analysed(self, pick: Pick, seen: BinObservation, instance: int) -> list[np.ndarray]:
        """Return poses of the tool (4, 4) at which it lets go, base frame, the best first."""
        T_tote_base = np.linalg.inv(seen.T_base_destination)
        own = seen.points @ T_tote_base[:3, :3].T + T_tote_base[:3, 3]
        size = self.settings.totes.size
        near = size.contains(own) & (own[:, 2] > -size.wall)
        held = held_points(seen.points, seen.instances, instance, pick.T_base_tool, seen.T_base_source)
        standing = cylinders_with_fingers(self.tool, *open_fingers(pick, self.tool))
        found = placements(held, T_tote_base @ pick.T_base_tool, height_map(own[near], size), size, standing)
        return [seen.T_base_destination @ one.T_tote_tool for one in found]

    def _proposed(self, pick: Pick, active: np.ndarray, seen: BinObservation, instance: int) -> list[np.ndarray]:
        """Return likewise what the network proposes of a pick, without what does not come down into the tote."""
        if self._network is None:
            return []
        from vla_ros.policies.gam.placing import acting, proposed_placements  # as above

        settings, T_base_tote = self.settings, seen.T_base_destination
        behind = acting(pick, active, self.tool)
        found = proposed_placements(
            self._network, ObservedScene.of(seen), instance, self.tool, behind, settings.criteria(PLACE),
            settings.placements, self._attempts,
        )  # fmt: skip
        own = moved(found, np.linalg.inv(T_base_tote)).positions
        comes = self._picker.can_come(found, PLACE, float(T_base_tote[2, 3]) + settings.pick.over)
        width, depth = (np.full(len(own), value) for value in open_fingers(pick, self.tool))
        walls = wall_points(T_base_tote, settings.totes.size)
        clear = in_the_way(walls, self.tool, replace(found, widths=width, depths=depth)) < _WALLED
        return [matrix_of(found, int(row)) for row in np.flatnonzero(comes & clear & settings.totes.size.contains(own))]

    def _reasoning(
        self, proposal: Proposal, seen: BinObservation, view: CameraView, scored: ScoredCandidates
    ) -> Reasoning:
        boxes: dict[str, np.ndarray] = {}
        T, chosen = None, scored.chosen
        if chosen is not None:
            boxes[SOURCE] = instance_box(seen.labels, int(proposal.instances[chosen]), seen.crop.first)
            T = matrix_of(proposal.candidates, chosen)
        return Reasoning(boxes, {SOURCE: candidate_boxes(scored, view)}, T, 0.0, {})

    def _instances(self, seen: BinObservation) -> list[int]:
        """Return the things that are proposed for: those whose surface is highest, of enough points."""
        numbers, counts = np.unique(seen.instances[seen.instances >= 0], return_counts=True)
        large = numbers[counts >= self.settings.smallest]
        heights = [float(np.median(seen.points[seen.instances == one, 2])) for one in large]
        order = np.argsort(heights)[::-1][: self.settings.instances]
        return [int(large[index]) for index in order]

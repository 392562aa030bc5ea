# SPDX-License-Identifier: Apache-2.0
"""The small GraspVLA as a policy: boxes, then proprioception, then the grasp, then a chunk of actions.

Progressive action generation (GraspVLA, section 4): each step of the chain is found once a chunk and conditions all
that come after it. What the episode has taught so far is remembered: where the object was, the grasp that is being
approached, when the fingers closed and which grasps held nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from vla_ros.policies.actions.single_arm import SingleArmCodec, SingleArmObservation
from vla_ros.policies.backbone.view_geometry import calibration_of
from vla_ros.policies.backbone.word_tokens import word_tokens
from vla_ros.policies.capabilities.reasoning import Reasoning
from vla_ros.policies.contract_checks import check_checkpoint
from vla_ros.policies.geometric.grasps.reachability import Reach, alike, between
from vla_ros.policies.grasp_finding.grasp_pose import nearest_flip
from vla_ros.policies.grasp_finding.grasp_search import arrived, find_grasp
from vla_ros.policies.graspvla.small.acting import ActingPolicy
from vla_ros.policies.graspvla.small.acting_rules import ActingRules
from vla_ros.policies.graspvla.small.blocked_hand import BlockedHand
from vla_ros.policies.graspvla.small.chain import chain_numbers
from vla_ros.policies.graspvla.small.checkpoint import load_networks
from vla_ros.policies.graspvla.small.checkpoint_config import read_config
from vla_ros.policies.graspvla.small.direct_policy import DirectPolicy
from vla_ros.policies.graspvla.small.grasp_turn import choose_turn
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.policies.graspvla.small.part_memory import PartMemory
from vla_ros.policies.graspvla.small.part_search import BY, split_part
from vla_ros.policies.graspvla.small.target_memory import TargetMemory
from vla_ros.policies.graspvla.small.target_search import FoundTarget, TargetSearch
from vla_ros.policies.graspvla.stage_clock import StageClock
from vla_ros.policies.observation import CameraView
from vla_ros.policies.weights_of_another_robot import on_robot
from vla_ros.robots.embodiment import Embodiment, expand_urdf

DEEPER = 0.003  # [m] than the grasp that was found: a hand that closes on an upper edge loses what it held
SMOOTH, SMOOTH_THERE = 0.5, 0.95  # of the last grasp kept when the next one is nearly the same; once the tool is there
SAME_PLACE, SAME_TURN = 0.02, 0.4  # [m], [rad]
PART_REACH = 0.04  # [m] from a part's middle within which it is grasped
COMMITTED, COMMITTED_FOR = 0.05, 3.0  # [m] from its grasp the hand hides what it takes; [s] that it goes through


class GraspVlaPolicy(ActingPolicy):
    """Grasp what the instruction names, from two colour views with their calibration. It never looks at depth."""

    def __init__(
        self,
        networks: SmallGraspVla,
        cameras: tuple[str, str],
        reach: Reach,
        codec: SingleArmCodec,
        opening_max: float,
        seed: int = 0,
        parts: bool = False,
        rules: ActingRules | None = None,
    ) -> None:
        """`opening_max` [m] is what the gripper opens to; `parts`: the networks know what "by its handle" means."""
        super().__init__(networks, cameras, codec, opening_max, seed, rules or ActingRules())
        self._reach, self._parts = reach, parts
        self._search = TargetSearch(networks.backbone)
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        super().reset()
        self._search.reset()
        self._words: tuple[str, np.ndarray] | None = None
        self._part: PartMemory | None = None  # of the object, where the words name one
        self._target = TargetMemory(self.rules.remember)
        self._grasp: tuple[np.ndarray, float] | None = None  # pose (4, 4), opening [m]
        self._near_since: float | None = None  # [s] when the hand came near its grasp
        self._failed: list[np.ndarray] = []  # poses (4, 4) of the tool that held nothing
        self._blocked: list[np.ndarray] = []  # grasps (4, 4) that the hand did not come to
        self._hand = BlockedHand()

    def reconsider(self) -> None:
        """Begin another attempt, in which what this one was after fits the words less (Reconsidering)."""
        place = self._target.place_before_taken(self._gripper.closing)
        rejected = [*self._search.rejected, *([] if place is None else [place])]
        self.reset()
        self._search.rejected = rejected

    def _decide(
        self, observation: SingleArmObservation, views: list[CameraView], clock: StageClock
    ) -> tuple[np.ndarray, Reasoning] | None:
        """Go through the chain; None while nothing in view fits the instruction."""
        pictures = [view.color for view in views]
        calibrations = [calibration_of(view) for view in views]
        with clock.stage("vision"):
            proposed = self._search.propose(pictures)
        with clock.stage("boxes"):
            found = self._find(observation, pictures, calibrations, proposed)
        if found is None:
            return None
        self._look_whether_blocked(observation)
        with clock.stage("grasp"):
            T_grasp, opening = self._choose_grasp(observation, pictures, calibrations, found)
        with clock.stage("flow"):
            if self._hand.goal is None:
                actions = self._act(observation, found, T_grasp, opening)
            else:
                anchor = self.codec.T_base_anchor(observation)[:3, 3]
                actions = self._hand.rise(anchor, self.codec.horizon, opening)
        return actions, Reasoning(
            boxes=dict(zip(self._cameras, found.boxes, strict=True)),
            candidates=dict(zip(self._cameras, found.candidates, strict=True)),
            T_base_grasp=T_grasp,
            opening=opening,
            stages_s=dict(clock.seconds),
        )

    @property
    def features(self) -> np.ndarray | None:
        """Return what compared things and words thought of what fits best, then what the expert thought, or zeros."""
        compared = self._search.compared
        if compared is None:
            return None
        acted = self._acted
        return np.concatenate(
            [compared, np.zeros(self.networks.sizes.expert_size, np.float32) if acted is None else acted]
        )

    # -- the steps of the chain --------------------------------------------------------------------------------------
    def _find(
        self, observation: SingleArmObservation, pictures: list, calibrations: list, proposed: list
    ) -> FoundTarget | None:
        instruction = observation.instruction
        if self._words is None or self._words[0] != instruction:
            plain, part = split_part(instruction)
            known = bool(part) and self._parts
            self._words = instruction, word_tokens(plain if known else instruction)
            self._part = PartMemory(word_tokens(BY + part)) if known else None
            self._target = TargetMemory(self.rules.remember)  # of another object
            self._failed, self._blocked = [], []
            self._grasp = self._near_since = None
        expected = self._target.expect(observation.state, self._gripper)
        found = self._search.find(pictures, calibrations, proposed, self._words[1], expected.place, expected.trust)
        believed = self._target.settle(found, expected, observation.state.T_base_ee[:3, 3], calibrations)
        if believed is None:
            seen = "nothing in reach is seen by both cameras" if found is None else "nothing in view fits"
            self.explanation = f"{seen}: '{instruction}'"
            return None
        if self._part is None:
            return believed
        return self._part.settle(self._search, pictures, calibrations, believed, observation.state, self._gripper)

    def _choose_grasp(
        self, observation: SingleArmObservation, pictures: list, calibrations: list, found: FoundTarget
    ) -> tuple[np.ndarray, float]:
        gripper = self._gripper
        if gripper.closing and gripper.T_base_closed is not None:
            return gripper.T_base_closed, self.opening_max if self._grasp is None else self._grasp[1]
        last = self._grasp
        if last is not None and self._commits(observation, last[0]):
            return last
        best = find_grasp(
            self.networks.grasp,
            pictures,
            calibrations,
            found.middle,
            observation.state.T_base_ee[:3, 3],
            self.opening_max,
            None if last is None else last[0][:3, 3],
            [*self._failed, *self._blocked] if self.rules.elsewhere else [],
            PART_REACH if self._part is not None else np.inf,
            found.boxes if self._part is None else None,
        )
        T, tool_commanded = np.eye(4), observation.T_base_ee_commanded
        if self.rules.turn:
            approached = None if last is None else last[0]
            T[:3, :3] = choose_turn(best, self._reach, tool_commanded, observation.state.q, approached)
        else:
            T[:3, :3] = nearest_flip(best.rotations[0], tool_commanded[:3, :3])
        T[:3, 3] = best.point - (0.0, 0.0, DEEPER * self.rules.deeper)
        opening = best.opening
        if self.rules.smooth and last is not None and alike(T, last[0], SAME_PLACE, SAME_TURN):
            tool = observation.state.T_base_ee[:3, 3]
            kept = SMOOTH + (SMOOTH_THERE - SMOOTH) * arrived(tool, last[0][:3, 3])
            T = between(T, last[0], kept)
            opening += kept * (last[1] - opening)
        self._grasp = T, opening
        return T, opening

    def _look_whether_blocked(self, observation: SingleArmObservation) -> None:
        """Where the hand stands on something, look for another grasp than the one it was on its way to."""
        blocked = self._hand.update(observation, self._gripper.closing)
        if not self.rules.rise:
            self._hand.goal = None
        elif blocked and self._grasp is not None:
            self._blocked.append(self._grasp[0])
            self._grasp = self._near_since = None

    def _commits(self, observation: SingleArmObservation, T_base_grasp: np.ndarray) -> bool:
        """Say whether the hand is so near its grasp that it goes through with it, whatever is seen past the fingers."""
        if not (self.rules.commit and alike(observation.state.T_base_ee, T_base_grasp, COMMITTED, SAME_TURN)):
            self._near_since = None
            return False
        if self._near_since is None:
            self._near_since = observation.stamp
        return observation.stamp - self._near_since < COMMITTED_FOR

    def _act(
        self, observation: SingleArmObservation, found: FoundTarget, T_grasp: np.ndarray, opening: float
    ) -> np.ndarray:
        numbers = chain_numbers(self._state(observation, found.middle, T_grasp, opening))
        actions = self._draw(self.networks.expert.encode(torch.from_numpy(numbers)[None]))
        actions[:, 6] = self._widths(actions[:, 6], opening)
        return actions

    def _has_closed(self) -> None:
        self._target.close()

    def _has_opened(self, observation: SingleArmObservation) -> None:
        self._target.open([*observation.history, observation.state])
        if self._gripper.T_base_closed is not None:
            self._failed.append(self._gripper.T_base_closed)
        self._grasp = self._near_since = None


def load_small_policy(folder: Path, embodiment: Embodiment, rules: ActingRules | None = None) -> ActingPolicy:
    """Return the policy of a checkpoint. Raises ConfigError when it is not for this robot, before weights are read."""
    config = on_robot(read_config(folder), embodiment)
    check_checkpoint(folder, config, embodiment)
    # Several threads fight with the control loop for two cores, and gain nothing on networks this small.
    torch.set_num_threads(1)
    networks = load_networks(folder, config)
    return small_policy(networks, config.views, embodiment, config.codec(), config.parts, rules)


def small_policy(
    networks: SmallGraspVla,
    cameras: tuple[str, str],
    embodiment: Embodiment,
    codec: SingleArmCodec | None = None,
    parts: bool = False,
    rules: ActingRules | None = None,
) -> ActingPolicy:
    """Return the policy of networks for a robot; they are frozen. `parts`: they know what "by its handle" means."""
    codec = codec or SingleArmCodec.of(embodiment, horizon=networks.sizes.horizon)
    opening_max = embodiment.gripper(codec.gripper).width_max
    if not networks.sizes.conditioning:
        return DirectPolicy(networks, cameras, codec, opening_max, rules=rules)
    arm = embodiment.arm(codec.arm)
    reach = Reach(expand_urdf(embodiment), arm)
    return GraspVlaPolicy(networks, cameras, reach, codec, opening_max, parts=parts, rules=rules)

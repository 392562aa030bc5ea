# SPDX-License-Identifier: Apache-2.0
"""The ablation without a progressive chain as a policy: from pictures, words and proprioception to actions at once."""

from __future__ import annotations

import numpy as np
import torch

from vla_ros.policies.actions.single_arm import SingleArmCodec, SingleArmObservation
from vla_ros.policies.backbone.proposals import small_pictures
from vla_ros.policies.backbone.view_geometry import calibration_of
from vla_ros.policies.backbone.word_tokens import word_tokens
from vla_ros.policies.capabilities.reasoning import Reasoning
from vla_ros.policies.grasp_finding.grasp_search import OPENING_MIN
from vla_ros.policies.graspvla.small.acting import ActingPolicy
from vla_ros.policies.graspvla.small.acting_rules import ActingRules
from vla_ros.policies.graspvla.small.chain import chain_numbers
from vla_ros.policies.graspvla.small.direct_expert import DirectExpert, lines_of_sight
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.policies.graspvla.stage_clock import StageClock
from vla_ros.policies.observation import CameraView


class DirectPolicy(ActingPolicy):
    """Act on what is seen and said at once. It finds nothing on the way, so it never says that nothing fits."""

    def __init__(
        self,
        networks: SmallGraspVla,
        cameras: tuple[str, str],
        codec: SingleArmCodec,
        opening_max: float,
        seed: int = 0,
        rules: ActingRules | None = None,
    ) -> None:
        """`opening_max` [m] is what the gripper opens to."""
        super().__init__(networks, cameras, codec, opening_max, seed, rules or ActingRules())
        self.reset()

    def _decide(
        self, observation: SingleArmObservation, views: list[CameraView], clock: StageClock
    ) -> tuple[np.ndarray, Reasoning]:
        with clock.stage("vision"):
            tokens = self._encode_observation(observation, views)
        with clock.stage("flow"):
            actions = self._draw(tokens)
        opening = float(np.clip(actions[:, 6].max(), OPENING_MIN, self.opening_max))
        actions[:, 6] = self._widths(actions[:, 6], opening)
        return actions, Reasoning({}, {}, None, 0.0, dict(clock.seconds))

    def _encode_observation(self, observation: SingleArmObservation, views: list[CameraView]) -> torch.Tensor:
        expert = self.networks.expert
        assert isinstance(expert, DirectExpert)
        T_tool = self.codec.T_base_anchor(observation)
        sights = [
            lines_of_sight(calibration_of(view), (view.color.shape[1], view.color.shape[0]), T_tool[:3, 3])
            for view in views
        ]
        seen, _, _ = expert.encode_observation(
            torch.from_numpy(small_pictures([view.color for view in views]))[None],
            torch.from_numpy(np.stack(sights))[None],
            torch.from_numpy(word_tokens(observation.instruction))[None],
        )
        # The chain is masked: any will do.
        numbers = chain_numbers(self._state(observation, T_tool[:3, 3], T_tool, self.opening_max))
        return torch.cat([expert.encode(torch.from_numpy(numbers)[None]), seen], dim=1)

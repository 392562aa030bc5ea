# SPDX-License-Identifier: Apache-2.0
"""The ablation without a progressive chain as a policy: from pictures, words and proprioception to actions at once."""

from __future__ import annotations

import time

import cv2
import numpy as np
import torch

from controllers.chunk import ActionChunk
from vla_ros.policies.actions import ActionSpecification
from vla_ros.policies.graspvla.small.acting import OPEN, ActingPolicy
from vla_ros.policies.graspvla.small.chain import chain_numbers, decided_widths
from vla_ros.policies.graspvla.small.direct_expert import DirectExpert, lines_of_sight
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.policies.graspvla.small.proposals import HEIGHT, WIDTH
from vla_ros.policies.graspvla.small.view_geometry import calibration_of
from vla_ros.policies.graspvla.small.word_tokens import word_tokens
from vla_ros.policies.graspvla.stage_clock import StageClock
from vla_ros.policies.observation import Observation
from vla_ros.policies.reasoning import Reasoning

LEAST_OPEN = 0.03  # [m] the narrowest opening that demonstrations have


class DirectPolicy(ActingPolicy):
    """Act on what is seen and said at once. It finds nothing on the way, so it never says that nothing fits."""

    def __init__(
        self,
        networks: SmallGraspVla,
        cameras: tuple[str, str],
        specification: ActionSpecification | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(networks, cameras, specification, seed)
        self.reset()

    @torch.inference_mode()
    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next chunk."""
        started = time.perf_counter()
        clock = StageClock(torch.device("cpu"))
        self._remember(observation)
        views = self._views(observation)
        self._sequence += 1
        with clock.stage("vision"):
            tokens = self._look(observation, views)
        with clock.stage("flow"):
            actions = self._draw(tokens)
        opening = float(np.clip(actions[:, 6].max(), LEAST_OPEN, OPEN))
        actions[:, 6] = decided_widths(actions[:, 6], opening, self._gripper.closing)
        self.reasoning = Reasoning({}, {}, None, 0.0, dict(clock.seconds))
        return self._send(observation, actions, time.perf_counter() - started)

    def _look(self, observation: Observation, views: list) -> torch.Tensor:
        expert = self.networks.expert
        assert isinstance(expert, DirectExpert)
        T_tool = self.specification.T_base_anchor(observation)
        small = [cv2.resize(view.color, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for view in views]
        sights = [
            lines_of_sight(calibration_of(view), (view.color.shape[1], view.color.shape[0]), T_tool[:3, 3])
            for view in views
        ]
        seen, _, _ = expert.look(
            torch.from_numpy(np.stack(small))[None],
            torch.from_numpy(np.stack(sights))[None],
            torch.from_numpy(word_tokens(observation.instruction))[None],
        )
        # The links of the chain are masked: any will do.
        numbers = chain_numbers(self._state(observation, T_tool[:3, 3], T_tool, OPEN))
        return torch.cat([expert.encode(torch.from_numpy(numbers)[None]), seen], dim=1)

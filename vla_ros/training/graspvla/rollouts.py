# SPDX-License-Identifier: Apache-2.0
"""Episodes of a policy while it is trained, in scenes that neither data nor evaluation holds."""

from __future__ import annotations

import copy
from functools import cached_property

import numpy as np
from torch import nn

from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EXPERT, EpisodeSettings
from vla_ros.policies.base import Policy
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.policies.graspvla.small.policy import small_policy
from vla_ros.policies.needs import Needs
from vla_ros.robots.embodiment import load_embodiment

SETS = ("distractor", "basic", "light", "height")  # in turn
FIRST = 2**39  # seed in the stream of generation: demonstrations begin at 0, grounding at 2**40


class RollOuts:
    """Let a policy act in the same scenes again and again."""

    def __init__(self, robot: str, needs: Needs, episodes: int) -> None:
        """`needs`: what the policy is shown."""
        self._robot, self._needs, self._episodes = robot, needs, episodes
        self._cameras = tuple(camera.name for camera in needs.cameras)

    def judge(self, networks: nn.Module) -> dict[str, float]:
        """Return how well the whole chain of these networks does."""
        assert isinstance(networks, SmallGraspVla)
        first, second = self._cameras
        # The policy freezes what it is given.
        policy = small_policy(copy.deepcopy(networks).cpu(), (first, second), load_embodiment(self._robot))
        return self.judge_policy(policy)

    def judge_policy(self, policy: Policy) -> dict[str, float]:
        """Return the rate of success, that of the right object being lifted first, and mean actions an episode."""
        episodes = []
        for number in range(self._episodes):
            runner = self._runners[number % len(SETS)]
            episodes.append(runner.run_scene(runner.scene(FIRST + number), policy, compare=False, needs=self._needs))
        return {
            "success": float(np.mean([episode.success for episode in episodes])),
            "right_object": float(np.mean([episode.first_lifted == episode.target for episode in episodes])),
            "actions": float(np.mean([episode.steps for episode in episodes])),
        }

    @cached_property
    def _runners(self) -> list[EpisodeRunner]:
        # The policy is handed over with each scene; the expert needs no checkpoint.
        settings = [EpisodeSettings(EXPERT, set_name=name, robot=self._robot, stream="generation") for name in SETS]
        return [EpisodeRunner(one, cameras=self._cameras) for one in settings]

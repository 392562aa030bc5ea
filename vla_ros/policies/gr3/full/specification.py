# SPDX-License-Identifier: Apache-2.0
"""The family `gr3_full`: GR-3 at the paper's size, for those who have weights (docs/gr3_full.md)."""

from __future__ import annotations

from dataclasses import dataclass

from vla_ros.policies.base import Policy
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.contract_checks import check_checkpoint, check_state
from vla_ros.policies.families.family import LearnedFamily
from vla_ros.policies.families.weights import Weights
from vla_ros.policies.gr3.full.config import KIND, FullConfig, read_full_config
from vla_ros.policies.needs import CameraNeed, Needs, groups_of

PACKAGES = ("torch", "safetensors", "tokenizers", "transformers")


@dataclass(frozen=True)
class FullWeights(Weights):
    """A checkpoint to serve, and on what."""

    device: str = "cpu"  # or cuda, cuda:1


class Specification(LearnedFamily):
    """A checkpoint of the full GR-3."""

    summary = "GR-3 at the paper's size: Qwen2.5-VL and an action diffusion transformer; bring your own weights"
    settings = FullWeights
    _weights: FullWeights
    packages, remedy = PACKAGES, "none are shipped, see docs/gr3_full.md"
    checkpoint_kind = KIND

    def check(self) -> None:
        """Raise ConfigError for a file that is missing, another robot, and a channel that this robot does not have."""
        self._config()

    def needs(self) -> Needs:
        """Return the checkpoint's views in colour, and the groups whose channels it reads or moves."""
        config = self._config()
        groups = groups_of((*config.state, *config.action.channels), self.choice.robot)
        return Needs(tuple(map(CameraNeed, config.cameras)), groups=groups)

    def gives(self) -> ActionContract:
        """Return the checkpoint's actions."""
        return self._config().action

    def load(self) -> Policy:
        """Return the policy on its device."""
        self._check_files()
        from vla_ros.policies.gr3.full.loading import load_full_policy

        return load_full_policy(self._weights.folder, self.choice.robot, self._weights.device)

    def _config(self) -> FullConfig:
        """Return what the checkpoint says of itself. Raises ConfigError when it cannot be served on this robot."""
        self._check_files()
        folder, robot = self._weights.folder, self.choice.robot
        config = read_full_config(folder)
        check_checkpoint(folder, config, robot)
        check_state(folder, config.state, robot)
        return config

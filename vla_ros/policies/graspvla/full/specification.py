# SPDX-License-Identifier: Apache-2.0
"""The family `graspvla_full`: GraspVLA at the paper's size, for those who have weights (docs/graspvla_full.md)."""

from __future__ import annotations

from dataclasses import dataclass

from vla_ros.policies.base import Policy
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.families.family import LearnedFamily
from vla_ros.policies.families.learning import Learning
from vla_ros.policies.families.weights import Weights
from vla_ros.policies.graspvla.full.config import FORMAT, FullConfig, read_full_config
from vla_ros.policies.needs import CameraNeed, Needs

PACKAGES = ("torch", "safetensors", "tokenizers", "transformers")


@dataclass(frozen=True)
class FullWeights(Weights):
    """A checkpoint to serve, and on what."""

    device: str = "cpu"  # or cuda, cuda:1


class Specification(LearnedFamily):
    """A checkpoint of the full GraspVLA."""

    summary = "GraspVLA at the paper's size: a vision-language model and a flow expert; bring your own weights"
    settings = FullWeights
    _weights: FullWeights
    packages, remedy = PACKAGES, "none are shipped, see docs/graspvla_full.md"
    checkpoint_kind = FORMAT
    finetune = Learning(
        "vla_ros.training.finetuning.full_learning:finetune_full_size", "graspvla_full", ("original", "boxes_only")
    )

    def check(self) -> None:
        """Raise ConfigError for a package or file that is missing, and for a config.json that cannot be used."""
        self._config()

    def needs(self) -> Needs:
        """Return the checkpoint's views, in colour alone, and the state as far back as it looks."""
        config = self._config()
        cameras = tuple(map(CameraNeed, config.cameras))
        return Needs(cameras, groups=(*config.action.arms, *config.action.grippers), history_s=config.history_s)

    def gives(self) -> ActionContract:
        """Return the checkpoint's actions."""
        return self._config().action

    def period(self) -> float:
        """Return the time between the checkpoint's actions [s]."""
        return self._config().period

    def load(self) -> Policy:
        """Return the policy on its device."""
        self._check_files()
        from vla_ros.policies.graspvla.full.loading import load_full_policy

        return load_full_policy(self._weights.folder, self.choice.robot, self._weights.device)

    def _config(self) -> FullConfig:
        self._check_files()
        return read_full_config(self._weights.folder)

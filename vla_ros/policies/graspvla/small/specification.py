# SPDX-License-Identifier: Apache-2.0
"""The family `graspvla`: GraspVLA's chain at a size that trains and runs on two cores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vla_ros.policies.backbone.checkpoint_config import PACKAGES
from vla_ros.policies.base import Policy
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.contract_checks import check_checkpoint
from vla_ros.policies.families.family import LearnedFamily
from vla_ros.policies.families.learning import EVALUATION, Learning
from vla_ros.policies.families.stored_views import stored_views
from vla_ros.policies.families.weights import Weights
from vla_ros.policies.graspvla.small.acting_rules import ActingRules
from vla_ros.policies.graspvla.small.checkpoint_config import KIND, CheckpointConfig, check_weights, read_config
from vla_ros.policies.needs import Needs
from vla_ros.policies.weights_of_another_robot import on_robot

HISTORY_S = 0.5  # [s] the target's memory reads all of it


@dataclass(frozen=True)
class SmallWeights(Weights):
    """What config/policies/graspvla.yaml says."""

    rules: ActingRules = field(default_factory=ActingRules)


def shown(cameras: Sequence[str], contract: str, groups: tuple[str, ...] | None = None) -> Needs:
    """Return what a network of these views of a contract is shown; `groups`: None, all that a robot has."""
    return Needs(stored_views(cameras, contract, calibration=True), groups, HISTORY_S)


class Specification(LearnedFamily):
    """A checkpoint of the small GraspVLA."""

    summary = "grasps what the words name, from two colour views: boxes, grasp and actions, one after the other"
    settings = SmallWeights
    _weights: SmallWeights
    packages, remedy = PACKAGES, "train it (vla train graspvla_small)"
    checkpoint_kind = KIND
    train = Learning("vla_ros.training.graspvla.learning:train_small", "graspvla_small", ("generate",))
    finetune = Learning(
        "vla_ros.training.finetuning.learning:finetune_small",
        "graspvla_small",
        ("original", "generate", "stages", "boxes_only", "label_anew", *EVALUATION),
    )

    def check(self) -> None:
        """Raise ConfigError for a package or file that is missing, and for a checkpoint of something else."""
        check_weights(self._weights.folder, self._config())

    def needs(self) -> Needs:
        """Return the two views of the checkpoint, with their calibration."""
        config = self._config()
        return shown(config.cameras, config.contract, (*config.action.arms, *config.action.grippers))

    def gives(self) -> ActionContract:
        """Return the checkpoint's actions."""
        return self._config().action

    def period(self) -> float:
        """Return the time between the checkpoint's actions [s]."""
        return self._config().period

    def load(self) -> Policy:
        """Return the policy."""
        self._check_files()
        from vla_ros.policies.graspvla.small.policy import load_small_policy

        return load_small_policy(self._weights.folder, self.choice.robot, self._weights.rules)

    def _config(self) -> CheckpointConfig:
        """Return what the checkpoint says of itself. Raises ConfigError when it cannot be served on this robot."""
        self._check_files()
        config = on_robot(read_config(self._weights.folder), self.choice.robot)
        check_checkpoint(self._weights.folder, config, self.choice.robot)
        return config

# SPDX-License-Identifier: Apache-2.0
"""The family `gr3`: the small GR-3, for two hands and a base."""

from __future__ import annotations

from pathlib import Path

from vla_ros.policies.action_transformer.config import ActingConfig
from vla_ros.policies.backbone.checkpoint_config import PACKAGES
from vla_ros.policies.base import Policy
from vla_ros.policies.families.contract_family import ContractFamily
from vla_ros.policies.families.learning import Learning
from vla_ros.policies.gr3.small.config import KIND, read_small_config


class Specification(ContractFamily):
    """A checkpoint of the small GR-3."""

    summary = "small GR-3: three views, words and the robot's state to both hands and the base; train it first"
    packages, remedy = PACKAGES, "none are shipped, train it (vla train gr3_small)"
    checkpoint_kind = KIND
    calibrated = True
    train = Learning("vla_ros.training.gr3.learning:train_gr3", "gr3_small", ("generate",))

    def load(self) -> Policy:
        """Return the policy."""
        self._check_files()
        from vla_ros.policies.gr3.small.checkpoint import load_small_gr3

        return load_small_gr3(self._weights.folder, self.choice.robot)

    def _read(self, folder: Path) -> ActingConfig:
        return read_small_config(folder).acting

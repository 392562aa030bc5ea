# SPDX-License-Identifier: Apache-2.0
"""The family `gear_vla`: the small GEAR-VLA, for two hands and their cameras."""

from __future__ import annotations

from pathlib import Path

from vla_ros.policies.action_transformer.config import ActingConfig
from vla_ros.policies.backbone.checkpoint_config import PACKAGES
from vla_ros.policies.base import Policy
from vla_ros.policies.families.contract_family import ContractFamily
from vla_ros.policies.families.learning import Learning
from vla_ros.policies.gear_vla.config import KIND, read_gear_vla_config


class Specification(ContractFamily):
    """A checkpoint of the small GEAR-VLA."""

    summary = "small GEAR-VLA: views, words and state to tokens of what will change, and from them to both hands"
    packages, remedy = PACKAGES, "none are shipped, train it (vla train gear_vla_small)"
    checkpoint_kind = KIND
    train = Learning("vla_ros.training.gear_vla.policy.learning:train_gear_vla", "gear_vla_small", ("generate",))

    def load(self) -> Policy:
        """Return the policy."""
        self._check_files()
        from vla_ros.policies.gear_vla.checkpoint import load_gear_vla

        return load_gear_vla(self._weights.folder, self.choice.robot)

    def _read(self, folder: Path) -> ActingConfig:
        return read_gear_vla_config(folder).acting

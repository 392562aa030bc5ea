# SPDX-License-Identifier: Apache-2.0
"""The family `act`: action chunking with transformers, a learned baseline that is trained on the same data."""

from __future__ import annotations

from pathlib import Path

from vla_ros.policies.act.config import KIND, ActConfig, read_act_config
from vla_ros.policies.backbone.checkpoint_config import PACKAGES
from vla_ros.policies.base import Policy
from vla_ros.policies.families.contract_family import ContractFamily
from vla_ros.policies.families.learning import Learning


class Specification(ContractFamily):
    """A checkpoint of ACT."""

    summary = "ACT: colour views, words and the robot's state to a chunk at once; train it first"
    packages, remedy = PACKAGES, "none are shipped, train it (vla train act_small)"
    checkpoint_kind = KIND
    train = Learning("vla_ros.training.act.learning:train_act", "act_small", ("generate",))

    def load(self) -> Policy:
        """Return the policy."""
        self._check_files()
        from vla_ros.policies.act.checkpoint import load_act

        return load_act(self._weights.folder, self.choice.robot)

    def _read(self, folder: Path) -> ActConfig:
        return read_act_config(folder)

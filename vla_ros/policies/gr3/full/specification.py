# SPDX-License-Identifier: Apache-2.0
"""The family `gr3_full`: GR-3 at the paper's size, for those who have weights (docs/gr3_full.md)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vla_ros.policies.base import Policy
from vla_ros.policies.families.contract_family import ContractFamily
from vla_ros.policies.families.weights import Weights
from vla_ros.policies.gr3.full.config import KIND, FullConfig, read_full_config

PACKAGES = ("torch", "safetensors", "tokenizers", "transformers")


@dataclass(frozen=True)
class FullWeights(Weights):
    """A checkpoint to serve, and on what."""

    device: str = "cpu"  # or cuda, cuda:1


class Specification(ContractFamily):
    """A checkpoint of the full GR-3."""

    summary = "GR-3 at the paper's size: Qwen2.5-VL and an action diffusion transformer; bring your own weights"
    settings = FullWeights
    _weights: FullWeights
    packages, remedy = PACKAGES, "none are shipped, see docs/gr3_full.md"
    checkpoint_kind = KIND

    def load(self) -> Policy:
        """Return the policy on its device."""
        self._check_files()
        from vla_ros.policies.gr3.full.loading import load_full_policy

        return load_full_policy(self._weights.folder, self.choice.robot, self._weights.device)

    def _read(self, folder: Path) -> FullConfig:
        return read_full_config(folder)

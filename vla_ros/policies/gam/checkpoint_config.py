# SPDX-License-Identifier: Apache-2.0
"""What config.json of a GAM checkpoint says. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from vla_ros.policies.families.checkpoint_config import check_version, read_checkpoint_config
from vla_ros.policies.gam.config import GamSizes

KIND, VERSION = "gam", 1
PACKAGES = ("torch", "safetensors", "wordllama", "tokenizers")


@dataclass(frozen=True)
class GamConfig:
    """Sizes of the network, and what it has learned from. Raises ConfigError for another kind or version."""

    sizes: GamSizes = field(default_factory=GamSizes)
    tools: tuple[str, ...] = ()  # that it was trained with
    modes: tuple[str, ...] = ()  # likewise
    kind: str = KIND
    version: int = VERSION

    def __post_init__(self) -> None:
        check_version(self.kind, self.version, KIND, VERSION)


def read_gam_config(folder: Path) -> GamConfig:
    """Read config.json of a checkpoint's folder. Raises ConfigError for one that is missing or damaged."""
    return read_checkpoint_config(GamConfig, folder, KIND, "a checkpoint of `vla train gam_small`")

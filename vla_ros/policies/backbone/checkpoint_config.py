# SPDX-License-Identifier: Apache-2.0
"""What config.json of a backbone says. Imports no PyTorch, so that it can be looked at before anything starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.policies.families.checkpoint_config import check_version, read_checkpoint_config
from vla_ros.policies.families.weights import check_layers

KIND, VERSION = "backbone", 1
PACKAGES = ("torch", "safetensors", "tokenizers", "wordllama")  # the last has wheels for Python 3.11 to 3.13 alone


@dataclass(frozen=True)
class BackboneSizes:
    """How large it is, and how many categories and colours it numbers. Raises ConfigError for what none can have."""

    categories: int
    colors: int
    width: int = 32  # of what proposes
    size: int = 128  # D, of what compares
    depth: int = 4
    trunk_width: float = 1.0  # of what looks closely
    crop: int = 64  # [px] of what it looks at

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0:
                raise ConfigError(f"{name} must be above 0, got {value}")
        check_layers(depth=self.depth)


@dataclass(frozen=True)
class BackboneConfig:
    """Everything but the weights. Raises ConfigError for another kind or version."""

    network: BackboneSizes
    training: dict[str, Any] = field(default_factory=dict)  # where it comes from
    kind: str = KIND
    version: int = VERSION

    def __post_init__(self) -> None:
        check_version(self.kind, self.version, KIND, VERSION)


def read_backbone_config(folder: Path) -> BackboneConfig:
    """Read config.json. Raises ConfigError for what is missing, unknown or out of range."""
    return read_checkpoint_config(BackboneConfig, folder, KIND, "a backbone, such as vla train backbone makes")

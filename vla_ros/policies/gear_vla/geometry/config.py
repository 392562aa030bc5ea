# SPDX-License-Identifier: Apache-2.0
"""Sizes of the geometry encoder. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError
from vla_ros.policies.families.checkpoint_config import check_version
from vla_ros.policies.families.weights import check_layers

KIND, VERSION = "geometry", 1
PACKAGES = ("torch", "safetensors")


@dataclass(frozen=True)
class GeometryConfig:
    """What VGGT is (Wang et al. 2025), for two cores. Raises ConfigError for sizes that no network can have."""

    size: int = 96  # G, numbers of a feature
    heads: int = 4
    feedforward: int = 192
    layers: int = 2  # pairs: attention within a view, then among all views
    width: int = 24  # channels of the first block that looks; doubled twice
    kind: str = KIND
    version: int = VERSION

    def __post_init__(self) -> None:
        check_version(self.kind, self.version, KIND, VERSION)
        for name in ("size", "heads", "feedforward", "layers", "width"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        check_layers(layers=self.layers)
        if self.size % 4 or self.size % self.heads:
            raise ConfigError(f"size must be a multiple of 4 and of heads ({self.heads}), got {self.size}")

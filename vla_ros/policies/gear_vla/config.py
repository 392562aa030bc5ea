# SPDX-License-Identifier: Apache-2.0
"""What config.json of a small GEAR-VLA says. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.action_transformer.config import ActingConfig
from vla_ros.policies.families.checkpoint_config import check_version, read_checkpoint_config
from vla_ros.policies.families.weights import check_layers
from vla_ros.policies.gear_vla.geometry.config import GeometryConfig

KIND, VERSION = "gear_vla", 1
LATENT_ACTIONS, EVERYTHING = READS = ("latent_actions", "everything")


@dataclass(frozen=True)
class GearVlaSizes:
    """How large the vision-language part is. Raises ConfigError for sizes that no network can have."""

    size: int = 128  # numbers of a token
    heads: int = 4
    feedforward: int = 384
    encoder_layers: int = 2  # over pictures, words and the state
    decoder_layers: int = 3  # over tokens of actions; the action transformer is as deep
    eye_width: int = 32  # channels of what looks, as the backbone that it comes from has them

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise ConfigError(f"{name} must be at least 1, got {value}")
        check_layers(encoder_layers=self.encoder_layers, decoder_layers=self.decoder_layers)
        if self.size % 4 or self.size % self.heads:
            raise ConfigError(f"size must be a multiple of 4 and of heads ({self.heads}), got {self.size}")


@dataclass(frozen=True)
class TokenSizes:
    """The tokens of actions that it says. Raises ConfigError for none."""

    latent_actions: int = 20  # L of a chunk: transitions of a second, times codes a transition
    latent_vocabulary: int = 16
    fast_vocabulary: int = 1024
    fast_most: int = 200  # FAST tokens of a chunk at most

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 1 <= value <= 100_000:
                raise ConfigError(f"{name} must be 1 to 100000, got {value}")


@dataclass(frozen=True)
class GearVlaConfig:
    """Everything but the weights. Raises ConfigError for what cannot be used."""

    acting: ActingConfig  # its first camera is the head's, the others are on the wrists
    network: GearVlaSizes = field(default_factory=GearVlaSizes)
    tokens: TokenSizes = field(default_factory=TokenSizes)
    reads: str = LATENT_ACTIONS  # what the action transformer reads beside the state
    geometry: GeometryConfig | None = None  # of what says where things are; None: it sees 2D features alone
    kind: str = KIND
    version: int = VERSION

    def __post_init__(self) -> None:
        check_version(self.kind, self.version, KIND, VERSION)
        if self.reads not in READS:
            raise ConfigError(unknown_name("reads", self.reads, READS))
        if self.acting.transformer.status:
            raise ConfigError("transformer.status is true: GEAR-VLA says no task status, give false")
        if self.acting.transformer.heads % self.network.heads:
            raise ConfigError(
                f"transformer.heads are {self.acting.transformer.heads}: take a multiple of the "
                f"{self.network.heads} heads that it reads"
            )


def read_gear_vla_config(folder: Path) -> GearVlaConfig:
    """Read config.json. Raises ConfigError for what is missing, unknown or out of range."""
    return read_checkpoint_config(GearVlaConfig, folder, KIND)

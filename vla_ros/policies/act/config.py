# SPDX-License-Identifier: Apache-2.0
"""What config.json of an ACT checkpoint says: what it sees, reads and makes, how large it is. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.families.checkpoint_config import check_version, read_checkpoint_config
from vla_ros.policies.families.weights import check_layers

KIND, VERSION = "act", 1


@dataclass(frozen=True)
class ActSizes:
    """How large the network is. Raises ConfigError for sizes that no network can have."""

    size: int = 192  # D, numbers of a token; paper: 512
    heads: int = 6  # paper: 8
    feedforward: int = 768  # paper: 3200
    encoder_layers: int = 3  # paper: 4
    decoder_layers: int = 2  # paper: 7, of which its code reads the first
    style_layers: int = 2  # of the CVAE's encoder; paper: 4
    latent: int = 32  # Z
    width: int = 32  # channels of the first block that looks; doubled twice
    dropout: float = 0.1

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name != "dropout" and value < 1:
                raise ConfigError(f"{name} must be at least 1, got {value}")
        check_layers(
            encoder_layers=self.encoder_layers, decoder_layers=self.decoder_layers, style_layers=self.style_layers
        )
        if self.size % 4 or self.size % self.heads:
            raise ConfigError(f"size must be a multiple of 4 and of heads ({self.heads}), got {self.size}")
        if not 0.0 <= self.dropout < 1.0:
            raise ConfigError(f"dropout must be at least 0 and below 1, got {self.dropout}")


@dataclass(frozen=True)
class ActConfig:
    """Everything but the weights. Raises ConfigError for what cannot be used."""

    robot: str
    contract: str  # name of config/contracts/<name>.yaml
    cameras: tuple[str, ...]  # in the order of the network's views
    state: tuple[str, ...]  # channels that it reads, in order
    state_statistics: Statistics
    action: ActionContract
    action_statistics: Statistics  # of the numbers of an action
    frame_id: str  # of the robot's base
    period: float  # [s] between actions
    network: ActSizes
    training: dict[str, Any] = field(default_factory=dict)  # where it comes from
    kind: str = KIND
    version: int = VERSION

    def __post_init__(self) -> None:
        check_version(self.kind, self.version, KIND, VERSION)
        if not self.cameras or not self.state:
            raise ConfigError("cameras and state name at least one each: without them nothing is seen or felt")
        self.state_statistics.check("state", len(self.state))
        self.action_statistics.check("action", self.codec().size)

    def codec(self) -> ActionCodec:
        """Return what turns its actions into chunks."""
        return ActionCodec(self.action, self.frame_id, self.period)


def read_act_config(folder: Path) -> ActConfig:
    """Read config.json. Raises ConfigError for what is missing, unknown or out of range."""
    return read_checkpoint_config(ActConfig, folder, KIND)

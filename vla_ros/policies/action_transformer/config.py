# SPDX-License-Identifier: Apache-2.0
"""What config.json of a checkpoint says of robot, state and actions. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from controllers.errors import ConfigError
from vla_ros.policies.action_transformer.sizes import ActionTransformerSizes
from vla_ros.policies.action_transformer.state_numbers import state_size
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.contract import ActionContract


@dataclass(frozen=True)
class ActingConfig:
    """Everything but what sees and reads. Raises ConfigError for what cannot be used."""

    robot: str
    contract: str  # name of config/contracts/<name>.yaml
    cameras: tuple[str, ...]  # in the order of the views: the head's first, then those on the wrists
    state: tuple[str, ...]  # channels that the state token is made of, in order
    state_statistics: Statistics  # of its numbers: state_numbers.py
    action: ActionContract
    action_statistics: Statistics  # of the numbers of an action, without the task status
    frame_id: str  # of the robot's base
    period: float  # [s] between actions
    transformer: ActionTransformerSizes = field(default_factory=ActionTransformerSizes)
    training: dict[str, Any] = field(default_factory=dict)  # where it comes from

    def __post_init__(self) -> None:
        if not self.cameras or len(set(self.cameras)) != len(self.cameras):
            raise ConfigError(f"cameras are {list(self.cameras)}: name at least one, each once")
        if not self.state:
            raise ConfigError("state names no channel: the action transformer has a token for it")
        self.state_statistics.check("state", state_size(self.state))
        self.action_statistics.check("action", self.codec().size)

    def codec(self) -> ActionCodec:
        """Return what turns its actions into chunks."""
        return ActionCodec(self.action, self.frame_id, self.period)

    @property
    def action_size(self) -> int:
        """Return the numbers that the flow carries: an action's and, unless it is left out, the task status."""
        return self.codec().size + self.transformer.status

# SPDX-License-Identifier: Apache-2.0
"""What config.json of a flow checkpoint says: which numbers it reads, which it makes. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.families.checkpoint_config import check_version, read_checkpoint_config
from vla_ros.policies.families.weights import check_layers

KIND, VERSION = "flow", 1


@dataclass(frozen=True)
class FlowConfig:
    """Everything but the weights. Raises ConfigError for what cannot be used."""

    robot: str
    state: tuple[str, ...]  # channels that condition it, in order
    state_statistics: Statistics
    action: ActionContract
    action_statistics: Statistics  # of the numbers of an action
    frame_id: str  # of the robot's base
    period: float  # [s] between actions
    width: int = 128
    depth: int = 3
    steps: int = 5  # Euler steps
    prefix_max: int = 0  # first actions that it can be given, for `chunking: {method: rtc_trained}`
    horizons: tuple[int, ...] = ()  # of a mixture, for `chunking: {method: consensus}`; none: the action's alone
    correction_width: int = 0  # of the network that corrects its chunks, for `chunking: {method: a2c2}`; 0: it has none
    waypoint_width: int = 0  # of the network of its waypoints, for `chunking: {method: hydra}`; 0: it has none
    kind: str = KIND
    version: int = VERSION

    def __post_init__(self) -> None:
        check_version(self.kind, self.version, KIND, VERSION)
        check_layers(depth=self.depth)
        if min(self.width, self.depth, self.steps) < 1 or not self.state:
            raise ConfigError("width, depth and steps must be >= 1, and state names at least one channel")
        if not 0 <= self.prefix_max < self.action.horizon or min(self.correction_width, self.waypoint_width) < 0:
            raise ConfigError(
                f"prefix_max must be 0 to below the horizon {self.action.horizon}, correction_width and "
                f"waypoint_width >= 0, got {self.prefix_max}, {self.correction_width} and {self.waypoint_width}"
            )
        check_horizons("flow", self.horizons)
        if self.horizons and self.horizons[-1] != self.action.horizon:
            raise ConfigError(f"horizons must end with the action's, {self.action.horizon}, got {list(self.horizons)}")
        self.state_statistics.check("state", len(self.state))
        self.action_statistics.check("action", self.codec().size)

    def codec(self) -> ActionCodec:
        """Return what turns its actions into chunks."""
        return ActionCodec(self.action, self.frame_id, self.period)


def check_horizons(where: str, horizons: tuple[int, ...]) -> None:
    """Raise ConfigError for horizons of a mixture that do not rise, from 1 on, or a single one."""
    if horizons and (len(horizons) < 2 or min(horizons) < 1 or any(a >= b for a, b in pairwise(horizons))):
        raise ConfigError(f"{where}: horizons must be two or more, rising, from 1 on, got {list(horizons)}")


def read_flow_config(folder: Path) -> FlowConfig:
    """Read config.json. Raises ConfigError for what is missing, unknown or out of range."""
    return read_checkpoint_config(FlowConfig, folder, KIND)

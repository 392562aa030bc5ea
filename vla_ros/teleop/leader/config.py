# SPDX-License-Identifier: Apache-2.0
"""What a leader's joints mean for a robot's: config/leaders/<name>.yaml, or nothing where the names are the same."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from controllers.errors import ConfigError
from vla_ros.configuration import config_path, load_config

TOPIC = "joint_states"
FOLDER = "leaders"


@dataclass(frozen=True)
class LeaderJoint:
    """One joint of the leader, and how its angle becomes the follower's: sign · scale · angle + offset."""

    name: str = ""  # in the leader's message; empty: that of the follower's joint
    index: int = -1  # place in the leader's message, 0 the first, whatever it is called there; −1: by name
    sign: int = 1
    scale: float = 1.0
    offset: float = 0.0  # [rad]

    def __post_init__(self) -> None:
        _check_source("a joint", self.name, self.index)
        if self.sign not in (-1, 1):
            raise ConfigError(f"leader: 'sign' must be 1 or -1, got {self.sign}")
        if not (math.isfinite(self.scale) and 0.0 < self.scale <= 10.0):
            raise ConfigError(f"leader: 'scale' must be above 0 and at most 10, got {self.scale:g}; 'sign' turns it")
        if not abs(self.offset) <= 20.0:
            raise ConfigError(f"leader: 'offset' must be -20 to 20 rad, got {self.offset:g}")


@dataclass(frozen=True)
class LeaderGripper:
    """The handle of a leader: where it is when the follower's gripper is to be shut and open."""

    name: str = ""  # in the leader's message; empty: that of the follower's first finger joint
    index: int = -1
    closed: float = 0.0  # [rad] or [m], as the leader says it
    open: float | None = None  # likewise; none: the follower's own finger, wide open

    def __post_init__(self) -> None:
        _check_source("a gripper", self.name, self.index)
        if self.closed == self.open:
            raise ConfigError(f"leader: a gripper's 'closed' and 'open' must differ, got {self.closed:g} for both")


@dataclass(frozen=True)
class LeaderDevice:
    """One topic of joint states, and what of it is used."""

    topic: str = TOPIC  # in the leader's namespace
    joints: dict[str, LeaderJoint] = field(default_factory=dict)  # by the follower's joint
    # The follower's joints in the order in which the leader says its own, whatever it calls them.
    order: tuple[str, ...] = ()
    grippers: dict[str, LeaderGripper] = field(default_factory=dict)  # by the follower's gripper


@dataclass(frozen=True)
class LeaderConfig:
    """A leader, of one device or of one for each arm; none named: one whose joints are called like the follower's."""

    devices: tuple[LeaderDevice, ...] = (LeaderDevice(),)
    agree: float = 0.15  # [rad] each joint, at which an arm begins to follow
    lose: float = 1.0  # [rad] of the leader ahead of the arm, at which that ends
    approach_speed: float = 0.2  # [rad/s] of the arm on its way to the leader, and at the moment of take-over
    take_over_s: float = 1.5  # [s] in which its speed grows to `speed_share`
    speed_share: float = 0.6  # of the joints' limits, at which the arm follows at most
    stale_s: float = 0.2  # [s] without a message: the arm holds

    def __post_init__(self) -> None:
        if not self.devices:
            raise ConfigError("leader: 'devices' must name one at least")
        for name, low, high in (
            ("agree", 0.01, 1.0), ("lose", 0.1, 6.3), ("approach_speed", 0.02, 1.0),
            ("take_over_s", 0.0, 30.0), ("speed_share", 0.05, 1.0), ("stale_s", 0.02, 2.0),
        ):  # fmt: skip
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"leader: '{name}' must be {low:g} to {high:g}, got {getattr(self, name):g}")
        if self.lose <= self.agree:
            raise ConfigError(f"leader: 'lose' ({self.lose:g}) must be above 'agree' ({self.agree:g})")


def load_leader(name: str) -> LeaderConfig:
    """Return a leader by its name in config/leaders or its .yaml file; "": the one of the follower's own names.

    Raises ConfigError.
    """
    return load_config(config_path(FOLDER, "leader", name), LeaderConfig) if name else LeaderConfig()


def _check_source(what: str, name: str, index: int) -> None:
    if name and index >= 0:
        raise ConfigError(f"leader: {what} is found by 'name' ({name}) or by 'index' ({index}): give one of the two")
    if index < -1:
        raise ConfigError(f"leader: 'index' must be 0 or above, got {index}")

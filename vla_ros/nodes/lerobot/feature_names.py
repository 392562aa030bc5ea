# SPDX-License-Identifier: Apache-2.0
"""What LeRobot calls the channels of a contract: its rollout takes what ends in .pos or .vel, and drops the rest."""

from __future__ import annotations

from collections.abc import Sequence

from controllers.errors import ConfigError

POSITION, VELOCITY = ".pos", ".vel"


def feature_names(channels: Sequence[str]) -> tuple[str, ...]:
    """Return a name for each channel, in their order: panda_joint1/position is panda_joint1.pos, panda_hand/width is
    panda_hand.width.pos, base/velocity.x is base.velocity.x.vel.

    Raises ConfigError where two would have the same.
    """
    names = tuple(_name(channel) for channel in channels)
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigError(f"two channels would both be called '{twice[0]}' in LeRobot: rename one of {channels}")
    return names


def _name(channel: str) -> str:
    group, _, quantity = channel.rpartition("/")
    if quantity == "position":
        return f"{group}{POSITION}"
    if quantity == "velocity":
        return f"{group}{VELOCITY}"
    return channel.replace("/", ".") + (VELOCITY if quantity.startswith("velocity.") else POSITION)

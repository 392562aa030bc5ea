# SPDX-License-Identifier: Apache-2.0
"""Which seeds there are, the same for every draw: those that a ROS parameter of 32 bits can hold."""

from __future__ import annotations

from controllers.errors import ConfigError

SEED_MAX = 2**31 - 1


def check_seed(seed: int, option: str = "--seed") -> None:
    """Raise ConfigError for a seed that no generator takes, or not all of them alike."""
    if not 0 <= seed <= SEED_MAX:
        raise ConfigError(f"{option} must be 0 to {SEED_MAX}, got {seed}")

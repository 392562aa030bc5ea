# SPDX-License-Identifier: Apache-2.0
"""Seeds of scenes that results are told of: apart from all that policies are developed with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from controllers.errors import ConfigError
from vla_ros.configuration import load_config, share_directory
from vla_ros.seed_range import SEED_MAX


@dataclass(frozen=True)
class ReservedSeeds:
    """A range of seeds of the stream `evaluation`."""

    first: int
    count: int

    def __post_init__(self) -> None:
        if self.first < 0 or self.count < 1 or self.first + self.count > SEED_MAX + 1:
            raise ConfigError(f"first and count must lie within 0 to {SEED_MAX}, got {self.first} and {self.count}")

    @property
    def seeds(self) -> range:
        """Return them all."""
        return range(self.first, self.first + self.count)

    def check_free_of(self, seeds: range, option: str = "--seed") -> None:
        """Raise ConfigError when any of these seeds is kept for tests."""
        if seeds.start < self.seeds.stop and self.seeds.start < seeds.stop:
            named = option if option.endswith("=") else f"{option} "
            raise ConfigError(
                f"{named}{seeds.start}: scenes {seeds.start} to {seeds.stop - 1} take in test seeds "
                f"({self.seeds.start} to {self.seeds.stop - 1}), which `vla eval --test` alone runs: choose others, "
                f"such as {named}20000"
            )


@cache
def reserved_seeds() -> ReservedSeeds:
    """Return those of this version; a user's own configuration changes none."""
    return load_config(share_directory() / "config" / "evaluation" / "test_seeds.yaml", ReservedSeeds)

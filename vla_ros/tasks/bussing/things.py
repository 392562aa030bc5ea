# SPDX-License-Identifier: Apache-2.0
"""What stands on a table that is to be cleared, where it belongs, and what a set may ask for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import config_file, load_config
from vla_ros.objects.lying_size import LyingSize
from vla_ros.sim.scenes.sets import check_set, load_sets

TASK = "bussing"
WHOLE, STEPS, SWAPPED, ABSENT, RELATION = ASKED = ("", "steps", "swapped", "absent", "relation")  # what a set asks for
BIN, TRAY, BOX = "bin", "tray", "box"  # categories of receptacles: a table has a bin, and a tray or a box


@dataclass(frozen=True)
class BussingThings:
    """The file config/tasks/bussing_things.yaml."""

    bin: tuple[str, ...]  # categories that are waste
    tableware: tuple[str, ...]  # categories that go onto the tray, or into the box where there is one
    novel_bin: tuple[str, ...]  # waste of categories that no demonstration holds
    steps: int = 3  # things that are asked for one by one
    height: float = 0.12  # [m] highest thing, however it lies
    across: float = 0.22  # [m] widest one
    most: int = 10  # things on a table, a set's further ones included
    box_share: float = 0.35  # of the tables that have a box instead of a tray
    enlarged: dict[str, float] = field(default_factory=dict)  # receptacle → factor on the catalogue's

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ConfigError(f"steps must be at least 1, got {self.steps}")
        if not 0.0 <= self.box_share <= 1.0:
            raise ConfigError(f"box_share must be within 0 to 1, got {self.box_share:g}")
        if set(self.enlarged) != {BIN, TRAY}:
            raise ConfigError(f"enlarged must have {BIN} and {TRAY}, got {', '.join(self.enlarged)}")

    def receptacle(self, category: str, places: Collection[str]) -> str:
        """Return the category of the receptacle, of those on a table, that a thing belongs in."""
        return next(one for one in places if one != BIN) if category in self.tableware else BIN

    def fits(self, thing: LyingSize) -> bool:
        """Say whether a thing is low and narrow enough to stand on the table."""
        return thing.tallest <= self.height and thing.widest <= self.across


@cache
def bussing_things() -> BussingThings:
    """Return config/tasks/bussing_things.yaml."""
    return load_config(config_file("tasks", "bussing_things.yaml"), BussingThings)


def asked_by(set_name: str) -> str:
    """Return what a set asks for, of ASKED. Raises ConfigError for a set that is not there or asks for another."""
    asks = check_set(load_sets(TASK), set_name).asks
    if asks not in ASKED:
        raise ConfigError(f"set '{set_name}' asks: {unknown_name('request', asks, ASKED[1:])}")
    return asks


def receptacles_of(categories: Iterable[str]) -> tuple[str, str]:
    """Return the categories of the two receptacles of a table with objects of some categories.

    A box is one where there is no tray: beside a tray it is a carton, which is waste, and beside a box there is none.
    """
    return BIN, TRAY if TRAY in set(categories) else BOX


def goals_of(categories: Mapping[str, str]) -> dict[str, str]:
    """Return for each thing by name the name of the receptacle that it belongs in; `categories`: of all objects."""
    receptacles, things = receptacles_of(categories.values()), bussing_things()
    places = {category: name for name, category in categories.items() if category in receptacles}
    return {
        name: places[things.receptacle(one, receptacles)] for name, one in categories.items() if one not in receptacles
    }

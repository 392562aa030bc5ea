# SPDX-License-Identifier: Apache-2.0
"""An end-of-arm tool as a description: suction cups and fingers as cylinders in one plane (GAM, section II-C).

The tool's frame: z points away from the flange, towards what is taken; the plane z = 0 is that of the cups' lips
with every piston in (of a tool without cups: of the fingers' tips with every finger in).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import hypot, isfinite

import numpy as np

from controllers.errors import ConfigError

CUP, FINGER = "cup", "finger"
SUCTION, PINCH, CAGE = "suction", "pinch", "cage"  # how a tool takes something
_REACH_MAX = 0.5  # [m] from a tool's axis: more is a slip of the unit
_ELEMENTS_MAX = 64


@dataclass(frozen=True)
class Cup:
    """A suction cup, which may sit on a piston of its own."""

    name: str
    x: float  # [m] of its axis
    y: float  # [m]
    radius: float  # [m] of its lip
    stroke: float = 0.0  # [m] its piston goes out by itself; 0: it does not
    bellows: float = 0.004  # [m] how far the lip gives along the axis
    tilt: float = 0.26  # [rad] how far the lip gives about any axis across

    def __post_init__(self) -> None:
        where = f"cup '{self.name}'"
        _check_place(where, self.x, self.y)
        _check_range(where, "radius", self.radius, 0.002, 0.1, "m")
        _check_range(where, "stroke", self.stroke, 0.0, 0.3, "m")
        _check_range(where, "bellows", self.bellows, 0.0, 0.05, "m")
        _check_range(where, "tilt", self.tilt, 0.0, 1.0, "rad")


@dataclass(frozen=True)
class Finger:
    """A finger, which closes along a straight line in the plane."""

    name: str
    x: float  # [m] of its pad's inner face when it is open
    y: float  # [m]
    radius: float  # [m] of the cylinder that stands for it: half its width
    closes: tuple[float, float]  # direction in the plane, of any length
    travel: float  # [m] of its pad from open to closed
    length: float  # [m] of its pad along z, up from its tip
    stroke: float = 0.0  # [m] its tip goes out beyond the plane, where it can
    force: float = 40.0  # [N] it presses with at most
    friction: float = 0.6  # of its pad on cardboard and plastics

    def __post_init__(self) -> None:
        where = f"finger '{self.name}'"
        _check_place(where, self.x, self.y)
        _check_range(where, "radius", self.radius, 0.002, 0.1, "m")
        _check_range(where, "travel", self.travel, 0.0, 0.5, "m")
        _check_range(where, "length", self.length, 0.002, 0.3, "m")
        _check_range(where, "stroke", self.stroke, 0.0, 0.3, "m")
        _check_range(where, "force", self.force, 0.1, 1000.0, "N")
        _check_range(where, "friction", self.friction, 0.01, 2.0, "")
        if len(self.closes) != 2 or not all(isfinite(value) for value in self.closes) or hypot(*self.closes) < 1e-6:
            raise ConfigError(f"{where}: 'closes' must be a direction [x, y], got {list(self.closes)}")

    @cached_property
    def direction(self) -> np.ndarray:
        """Return (2,) the unit vector along which it closes."""
        return np.array(self.closes) / hypot(*self.closes)


@dataclass(frozen=True)
class Tool:
    """A tool: what it takes things with, in the order of its channels."""

    name: str
    height: float  # [m] from the flange to the plane z = 0
    mass: float  # [kg]
    body_radius: float  # [m] of the cylinder that its body keeps to, between flange and plane
    cups: tuple[Cup, ...] = ()
    fingers: tuple[Finger, ...] = ()
    vacuum: float = 60e3  # [Pa] below ambient, at a cup that is sealed

    def __post_init__(self) -> None:
        where = f"tool '{self.name}'"
        _check_range(where, "height", self.height, 0.02, 1.0, "m")
        _check_range(where, "mass", self.mass, 0.01, 50.0, "kg")
        _check_range(where, "body_radius", self.body_radius, 0.005, 0.5, "m")
        _check_range(where, "vacuum", self.vacuum, 1e3, 101e3, "Pa")
        if not self.cups and not self.fingers:
            raise ConfigError(f"{where} has neither 'cups' nor 'fingers'")
        if len(self.names) > _ELEMENTS_MAX:
            raise ConfigError(f"{where} has {len(self.names)} cups and fingers, at most {_ELEMENTS_MAX}")
        if len(self.fingers) == 1:
            raise ConfigError(f"{where} has one finger: give two or more, or none")
        for name in self.names:
            if not name.isidentifier() or self.names.count(name) > 1:
                raise ConfigError(f"{where}: '{name}' must be a word of letters, digits and _, and there once")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Name cups, then fingers."""
        return tuple(one.name for one in self.elements)

    @cached_property
    def elements(self) -> tuple[Cup | Finger, ...]:
        """Return cups, then fingers."""
        return (*self.cups, *self.fingers)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return CUP or FINGER of each element."""
        return (CUP,) * len(self.cups) + (FINGER,) * len(self.fingers)

    @property
    def cylinders(self) -> np.ndarray:
        """Return (K, 3) x, y, radius [m] of each element: what a network is told of the tool."""
        return np.array([(one.x, one.y, one.radius) for one in self.elements])

    @property
    def strokes(self) -> np.ndarray:
        """Return (K,) [m] how far each element goes out."""
        return np.array([one.stroke for one in self.elements])

    @cached_property
    def opening(self) -> float:
        """Return the width between two opposite fingers when they are open [m]; 0 without fingers."""
        if not self.fingers:
            return 0.0
        first = self.fingers[0]
        along = [np.dot(np.array([one.x - first.x, one.y - first.y]), first.direction) for one in self.fingers]
        return float(max(along))

    @property
    def opening_rate(self) -> float:
        """Return by how much `opening` falls with the way of each finger: 2 of two opposite ones, 1.5 of three."""
        first = self.fingers[0].direction
        return float(max(1.0 - first @ finger.direction for finger in self.fingers[1:]))

    @property
    def modes(self) -> tuple[str, ...]:
        """Return how it can take something: by suction, by a pinch, by suction and then a cage of fingers."""
        modes = ((SUCTION,) if self.cups else ()) + ((PINCH,) if self.fingers else ())
        return modes + ((CAGE,) if self.cups and self.fingers else ())


def _check_place(where: str, x: float, y: float) -> None:
    for name, value in (("x", x), ("y", y)):
        _check_range(where, name, value, -_REACH_MAX, _REACH_MAX, "m")


def _check_range(where: str, name: str, value: float, low: float, high: float, unit: str) -> None:
    if not low <= value <= high:  # also where it is not a number
        limits = f"{low:g} to {high:g} {unit}".rstrip()
        raise ConfigError(f"{where}: '{name}' must be {limits}, got {value:g}")

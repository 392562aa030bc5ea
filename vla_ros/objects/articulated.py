# SPDX-License-Identifier: Apache-2.0
"""What a fixture is: furniture with doors, drawers or lids, each on a joint of its own. Descriptions only."""

from __future__ import annotations

import math
from dataclasses import dataclass

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.parts import Part

KINDS = ("hinge", "slide")
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class FixtureJoint:
    """How a link moves against the fixture's frame: it turns about a hinge, or slides along its axis."""

    name: str  # unique in its fixture
    kind: str  # hinge | slide
    axis: Vector  # unit, fixture frame; positive opens
    range: tuple[float, float]  # [rad] or [m]; 0, which must lie in it, is where the parts are described
    anchor: Vector = (0.0, 0.0, 0.0)  # [m] a point of a hinge's axis, fixture frame
    damping: float = 0.0  # [N·m·s/rad] or [N·s/m]
    friction: float = 0.0  # [N·m] or [N] that must be overcome before it moves

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(unknown_name(f"kind of joint {self.name}", self.kind, KINDS))
        low, high = self.range
        if not low <= 0.0 <= high or low == high:
            raise ConfigError(f"joint {self.name}: range must hold 0 and more, got [{low:g}, {high:g}]")
        if abs(math.hypot(*self.axis) - 1.0) > 1e-6:
            raise ConfigError(f"joint {self.name}: axis must be of length 1, got {self.axis}")
        if min(self.damping, self.friction) < 0.0:
            raise ConfigError(f"joint {self.name}: damping and friction must not be negative")


@dataclass(frozen=True, eq=False)
class FixtureLink:
    """What moves on one joint: a drawer, a lid, a door. Parts are in the fixture's frame, its joint at 0."""

    joint: FixtureJoint
    parts: tuple[Part, ...]
    mass: float  # [kg]
    handle: Vector | None = None  # [m] the middle of what fingers can hold, fixture frame, its joint at 0
    # [m] lowest and highest corner of the room inside it, fixture frame, its joint at 0; None: it holds nothing
    inside: tuple[Vector, Vector] | None = None

    def __post_init__(self) -> None:
        if not self.mass > 0.0:
            raise ConfigError(f"link of joint {self.joint.name}: mass must be above 0 kg, got {self.mass:g}")


@dataclass(frozen=True, eq=False)
class FixtureModel:
    """One fixture: what stands still, and what moves on it. Its frame: on the ground in its middle, z up."""

    name: str
    category: str
    color: str  # word of the dominant colour
    parts: tuple[Part, ...]  # that stand still
    links: tuple[FixtureLink, ...]
    friction: float = 0.5  # sliding, against objects; fingers' pads hold it at their own

    def __post_init__(self) -> None:
        names = [link.joint.name for link in self.links]
        if len(set(names)) != len(names):
            raise ConfigError(f"fixture {self.name}: two joints of one name among {', '.join(names)}")

    def link(self, joint: str) -> FixtureLink:
        """Return the link of a joint. Raises ConfigError that names the nearest."""
        for link in self.links:
            if link.joint.name == joint:
                return link
        raise ConfigError(unknown_name(f"joint of {self.name}", joint, [link.joint.name for link in self.links]))

# SPDX-License-Identifier: Apache-2.0
"""The transforms between neighbouring links of a URDF, as /tf carries them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from controllers.errors import ConfigError

TURNS, SLIDES = ("revolute", "continuous"), ("prismatic",)


class LinkTransform(NamedTuple):
    """Where a link is in its parent."""

    parent: str
    child: str
    T_parent_child: np.ndarray  # (4, 4)


@dataclass(frozen=True, eq=False)
class _Joint:
    name: str
    parent: str
    child: str
    kind: str
    T_origin: np.ndarray  # (4, 4)
    axis: np.ndarray  # (3,) unit
    followed: str  # the joint whose position moves this one: its own name, or that which it mimics
    multiplier: float
    offset: float


class LinkTree:
    """The joints of a URDF, fixed and moving (URDF XML specification: origin, then motion about the axis)."""

    def __init__(self, urdf: str) -> None:
        """Read `urdf` (XML text). Raises ConfigError for a joint that cannot be placed."""
        try:
            joints = [_joint(element) for element in ElementTree.fromstring(urdf).findall("joint")]
        except (ElementTree.ParseError, KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"the URDF has a joint that lacks something: {error}") from None
        self.fixed = tuple(LinkTransform(j.parent, j.child, j.T_origin) for j in joints if j.kind == "fixed")
        self._moving = [joint for joint in joints if joint.kind != "fixed"]

    @property
    def joints(self) -> tuple[str, ...]:
        """List the joints whose positions `moving` needs."""
        return tuple(dict.fromkeys(joint.followed for joint in self._moving))

    def moving(self, positions: Mapping[str, float]) -> list[LinkTransform]:
        """Return the transforms of the joints at `positions` [rad], [m]; those of unknown position are left out."""
        return [
            LinkTransform(joint.parent, joint.child, joint.T_origin @ _motion(joint, positions[joint.followed]))
            for joint in self._moving
            if joint.followed in positions
        ]

    def place(self, link: str, positions: Mapping[str, float]) -> np.ndarray:
        """Return where a link is in the root link (4, 4); joints of unknown position are at 0."""
        return _place(link, self._above(positions))

    def between(self, link: str, other: str, positions: Mapping[str, float]) -> np.ndarray:
        """Return where the `other` link is in a link (4, 4); joints of unknown position are at 0."""
        above = self._above(positions)
        return np.linalg.inv(_place(link, above)) @ _place(other, above)

    def _above(self, positions: Mapping[str, float]) -> dict[str, LinkTransform]:
        known = {joint: positions.get(joint, 0.0) for joint in self.joints}
        return {one.child: one for one in (*self.fixed, *self.moving(known))}


def _place(link: str, above: Mapping[str, LinkTransform]) -> np.ndarray:
    T = np.eye(4)
    while link in above:
        T, link = above[link].T_parent_child @ T, above[link].parent
    return T


def _joint(element: ElementTree.Element) -> _Joint:
    name, kind = element.attrib["name"], element.attrib["type"]
    if kind not in ("fixed", *TURNS, *SLIDES):
        raise ConfigError(f"joint '{name}' is {kind}: /tf knows fixed, {', '.join((*TURNS, *SLIDES))}")
    ends = {end: found.attrib["link"] for end in ("parent", "child") if (found := element.find(end)) is not None}
    origin, axis, mimic = element.find("origin"), element.find("axis"), element.find("mimic")
    xyz, rpy = (_numbers(origin, key, "0 0 0") for key in ("xyz", "rpy"))
    direction = _numbers(axis, "xyz", "1 0 0")
    if not 1e-9 < np.linalg.norm(direction) < 1e9:
        raise ValueError(f"joint '{name}' has no axis")
    T_origin = np.eye(4)
    T_origin[:3, 3] = xyz
    for angle, unit in zip(rpy[::-1], np.eye(3)[::-1], strict=True):  # yaw · pitch · roll
        T_origin[:3, :3] = T_origin[:3, :3] @ _rotation(unit, angle)
    return _Joint(
        name=name,
        kind=kind,
        T_origin=T_origin,
        axis=direction / np.linalg.norm(direction),
        followed=name if mimic is None else mimic.attrib["joint"],
        multiplier=1.0 if mimic is None else float(mimic.get("multiplier", "1")),
        offset=0.0 if mimic is None else float(mimic.get("offset", "0")),
        **ends,
    )


def _numbers(element: ElementTree.Element | None, key: str, default: str) -> np.ndarray:
    words = (default if element is None else element.get(key, default)).split()
    values = np.array([float(word) for word in words])
    if values.shape != (3,) or not np.isfinite(values).all():
        raise ValueError(f"'{key}' is '{' '.join(words)[:60]}', expected 3 finite numbers")
    return values


def _motion(joint: _Joint, followed_position: float) -> np.ndarray:
    q = joint.multiplier * followed_position + joint.offset
    T = np.eye(4)
    if joint.kind in SLIDES:
        T[:3, 3] = q * joint.axis
    else:
        T[:3, :3] = _rotation(joint.axis, q)
    return T


def _rotation(axis: np.ndarray, angle: float) -> np.ndarray:
    """Return the rotation (3, 3) about a unit axis (Rodrigues)."""
    x, y, z = axis
    K = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * K + (1.0 - np.cos(angle)) * K @ K

# SPDX-License-Identifier: Apache-2.0
"""Whether a body can have the masses and inertias that a URDF gives its links."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Container, Mapping
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError
from vla_ros.robots.checks.finding import PROBLEM, WARNING, Finding, complaints_or
from vla_ros.robots.checks.link_shapes import LinkBounds, link_bounds
from vla_ros.robots.link_tree import LinkTree

CHECK = "inertias"
TRIANGLE = 1e-6  # share by which rounded numbers of a thin rod may miss the triangle inequality
OUTSIDE = 0.01  # [m] a centre of mass may be outside shapes that are drawn roughly
DENSITY = (40.0, 12_000.0)  # [kg/m³] foam to lead; hollow links have 500 to 4000
SMALL = 0.02  # share of a solid box's inertia below which it is a placeholder
_PLACES = (("ixx", 0, 0), ("ixy", 0, 1), ("ixz", 0, 2), ("iyy", 1, 1), ("iyz", 1, 2), ("izz", 2, 2))


@dataclass(frozen=True, eq=False)
class LinkInertia:
    """The <inertial> of a link; the matrix is about the centre of mass, in axes of its own."""

    link: str
    mass: float  # [kg]
    center: np.ndarray  # (3,) [m] link frame
    matrix: np.ndarray  # (3, 3) [kg·m²]


def check_inertias(urdf: str) -> list[Finding]:
    """Check every link of `urdf` (XML text). Raises ConfigError for an <inertial> that cannot be read."""
    links = ElementTree.fromstring(urdf).findall("link")
    heavy = {
        link.attrib["name"]: _read(link.attrib["name"], link) for link in links if link.find("inertial") is not None
    }
    bounds, found = link_bounds(urdf), []
    fixed = {joint.child: joint.parent for joint in LinkTree(urdf).fixed}
    for element in links:
        link = element.attrib["name"]
        if link in heavy:
            found += _impossible(heavy[link]) or _unlikely(heavy[link], bounds.get(link))
        elif link in bounds and not _carried(link, fixed, heavy):
            found.append(_problem(f"link '{link}' moves, has shapes and weighs nothing: give it mass and inertia"))
    total = sum(one.mass for one in heavy.values())
    said = f"{len(heavy)} links of {total:.2f} kg in all; matrices, centres of mass and densities make sense"
    return complaints_or(found, CHECK, said, links=len(heavy), mass_kg=total)


def _read(link: str, element: ElementTree.Element) -> LinkInertia:
    """Read a link's <inertial>; who parses URDFs drops what is no number there, and says so to nobody."""
    where = f"link '{link}': in its <inertial>"
    mass, inertia, origin = (element.find(f"inertial/{tag}") for tag in ("mass", "inertia", "origin"))
    matrix = np.zeros((3, 3))
    for key, row, column in _PLACES:
        matrix[row, column] = matrix[column, row] = _number(where, key, None if inertia is None else inertia.get(key))
    words = ("0 0 0" if origin is None else origin.get("xyz", "0 0 0")).split()
    center = np.array([_number(where, "xyz", word) for word in words])
    if center.shape != (3,):
        raise ConfigError(f"{where} 'xyz' is '{' '.join(words)[:40]}', expected 3 numbers")
    return LinkInertia(link, _number(where, "mass", None if mass is None else mass.get("value")), center, matrix)


def _number(where: str, key: str, text: str | None) -> float:
    try:
        value = float("nan") if text is None else float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        found = "is missing" if text is None else f"is '{text[:40]}', expected a finite number"
        raise ConfigError(f"{where} '{key}' {found}: give mass and inertia")
    return value


def _problem(said: str) -> Finding:
    return Finding(CHECK, PROBLEM, said)


def _warning(said: str) -> Finding:
    return Finding(CHECK, WARNING, said)


def _carried(link: str, fixed: Mapping[str, str], heavy: Container[str]) -> bool:
    """Say whether a link is fixed to one that has a mass, which is then taken to be that of both."""
    while link in fixed:
        link = fixed[link]
        if link in heavy:
            return True
    return False


def _impossible(one: LinkInertia) -> list[Finding]:
    """Return what no body can have (Traversaro et al. 2016, eq. 5 to 9)."""
    where = f"link '{one.link}'"
    if one.mass < 0.0:
        return [_problem(f"{where}: its mass is {one.mass:g} kg: give what it weighs")]
    a, b, c = (float(value) for value in np.linalg.eigvalsh(one.matrix))  # a ≤ b ≤ c
    principal = f"{a:.3g}, {b:.3g}, {c:.3g} kg·m²"
    if one.mass == 0.0:
        return [] if c <= 0.0 else [_problem(f"{where}: an inertia of {principal} and no mass: give it a mass")]
    if a <= 0.0:
        return [_problem(f"{where}: its principal inertias are {principal}: all must be above 0, check the signs")]
    if a + b < c * (1.0 - TRIANGLE):
        return [
            _problem(
                f"{where}: its principal inertias {principal} break the triangle inequality, {a:.3g} + {b:.3g} < "
                f"{c:.3g}: no body has them; take them from its shape and mass"
            )
        ]
    return []


def _unlikely(one: LinkInertia, shapes: LinkBounds | None) -> list[Finding]:
    """Return what does not fit the link's shapes."""
    if shapes is None or one.mass == 0.0:
        return []
    where, found = f"link '{one.link}'", []
    outside = shapes.outside(one.center)
    if outside > OUTSIDE:
        x, y, z = one.center
        found.append(
            _warning(
                f"{where}: its centre of mass ({x:.3f}, {y:.3f}, {z:.3f}) m is {1e3 * outside:.0f} mm outside its "
                "shapes: check the origin of <inertial> and its frame"
            )
        )
    density = one.mass / shapes.volume if shapes.volume > 0.0 else np.nan
    if not DENSITY[0] <= density <= DENSITY[1]:
        found.append(
            _warning(
                f"{where}: {one.mass:g} kg in {1e3 * shapes.volume:.3g} l of shapes are {density:.3g} kg/m³, usual are "
                f"{DENSITY[0]:g} to {DENSITY[1]:g}: check units of mass and shapes"
            )
        )
    second_moment = float(np.trace(one.matrix)) / 2.0  # Σ m r² about the centre of mass
    most = one.mass * shapes.farthest(one.center) ** 2  # all of it at the farthest corner
    box = one.mass * float(shapes.size @ shapes.size) / 12.0  # a solid box of this size
    if second_moment > most:
        found.append(
            _warning(
                f"{where}: its inertia is {second_moment / box:.1f} times that of a solid box of its size, more than "
                "if all mass lay in a corner: check units and centre of mass"
            )
        )
    elif second_moment < SMALL * box:
        found.append(
            _warning(
                f"{where}: its inertia is {100 * second_moment / box:.2g} % of that of a solid box of its size: a "
                "placeholder? take it from shape and mass"
            )
        )
    return found

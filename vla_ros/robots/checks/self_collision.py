# SPDX-License-Identifier: Apache-2.0
"""How near a robot's links come to each other: at home, and in random configurations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pinocchio as pin

from controllers.safety.self_pairs import checked_self_pairs
from vla_ros.robots.checks.finding import OK, PROBLEM, WARNING, Finding
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.meshes import collision_meshes

CHECK = "self-collision"
SAMPLES = 500
OFTEN = 0.7  # share of random configurations above which shapes are too large, or ranges too wide


class OwnDistance:
    """The least distance between links that are no neighbours, joints by name."""

    def __init__(self, robot: Embodiment, urdf: str, home: Mapping[str, float]) -> None:
        self._model = model = pin.buildModelFromXML(urdf)
        geometry = pin.buildGeomFromUrdfString(model, urdf, pin.GeometryType.COLLISION)
        groups = robot.driven_groups
        self._home = pin.neutral(model)
        for joint, value in home.items():
            self._home[self._column(joint)] = value
        self._columns = [self._column(joint) for joint in robot.driven_joints]
        lower, upper = self._home.copy(), self._home.copy()
        if groups:
            lower[self._columns] = np.concatenate([group.lower for group in groups])
            upper[self._columns] = np.concatenate([group.upper for group in groups])
        self._lower, self._upper = lower, upper
        pairs = checked_self_pairs(model, geometry, lower, upper, SAMPLES, [group.joints for group in groups])
        geometry.removeAllCollisionPairs()
        for pair in pairs:
            geometry.addCollisionPair(pin.CollisionPair(*pair))
        self._geometry, self._data, self._placed = geometry, model.createData(), pin.GeometryData(geometry)
        self._links = [model.frames[item.parentFrame].name for item in geometry.geometryObjects]
        self._pairs = pairs

    def _column(self, joint: str) -> int:
        return self._model.joints[self._model.getJointId(joint)].idx_q

    def at_home(self, joints: Mapping[str, float] | None = None) -> tuple[float, str]:
        """Return the least distance [m] and its links, some joints elsewhere; (inf, "") where none can meet."""
        q = self._home.copy()
        for joint, value in (joints or {}).items():
            q[self._column(joint)] = value
        return self._nearest(q)

    def random(self, rng: np.random.Generator) -> tuple[float, str]:
        """Return the same for a random configuration within the limits."""
        return self._nearest(rng.uniform(self._lower, self._upper))

    def _nearest(self, q: np.ndarray) -> tuple[float, str]:
        if not self._pairs:
            return np.inf, ""
        pin.computeDistances(self._model, self._data, self._geometry, self._placed, q)
        distances = [result.min_distance for result in self._placed.distanceResults]
        nearest = int(np.argmin(distances))
        return float(distances[nearest]), " and ".join(sorted(self._links[i] for i in self._pairs[nearest]))


def check_collision_meshes(urdf: str) -> list[Finding]:
    """Warn of links whose collision shapes are meshes; nothing where all are simple."""
    links = collision_meshes(urdf)
    if not links:
        return []
    said = (
        f"collision shapes of {', '.join(links)} are meshes, of which control measures every triangle and the "
        "simulator takes the convex hull: draw boxes, cylinders and spheres"
    )
    return [Finding(CHECK, WARNING, said, {"meshes": list(links)})]


def check_self_collision(own: OwnDistance, least: float | None) -> list[Finding]:
    """Check home and random configurations; `least` [m] is what control keeps between links, None for nothing."""
    distance, links = own.at_home()
    if not links:
        return [Finding(CHECK, OK, "no two links can meet")]
    rng = np.random.default_rng(0)
    met: dict[str, int] = {}
    for _ in range(SAMPLES):
        apart, between = own.random(rng)
        if apart <= 0.0:
            met[between] = met.get(between, 0) + 1
    share = sum(met.values()) / SAMPLES
    figures = {"home_m": distance, "home_links": links, "colliding": share, "samples": SAMPLES}
    if distance <= 0.0:
        said = f"at home {links} are {-1e3 * distance:.0f} mm into each other"
        return [Finding(CHECK, PROBLEM, f"{said}: change 'home', or draw their shapes smaller", figures)]
    said = f"at home {links} are nearest, {1e3 * distance:.0f} mm apart"
    often = f"{100 * share:.0f} % of {SAMPLES} random configurations collide"
    if least is not None and distance < least:
        said += f", control keeps {1e3 * least:.0f}: change 'home', or draw their shapes smaller"
        return [Finding(CHECK, WARNING, said, figures)]
    if share > OFTEN:
        most = max(met, key=lambda links: met[links])
        said = f"{often}, {most} most of all: draw their shapes smaller, or narrow the joints' ranges"
        return [Finding(CHECK, WARNING, said, figures)]
    return [Finding(CHECK, OK, f"{said}; {often}", figures)]

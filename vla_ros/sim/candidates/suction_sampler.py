# SPDX-License-Identifier: Apache-2.0
"""Candidates of suction all over the objects of a scene: good ones, near misses and bad ones.

Shape legend: N candidates, C cups, K cups and fingers of the tool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.policies.gam.actions import Candidates
from vla_ros.robots.suction.cup_array import CupArray
from vla_ros.robots.tools.description import Tool
from vla_ros.sim.candidates.cup_contacts import cup_contacts
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.candidates.swept_tool import SweptTool
from vla_ros.sim.candidates.visible_points import VisiblePoints, visible_points


@dataclass(frozen=True)
class Spread:
    """How far candidates of one sort are off a point of the surface and its normal."""

    share: float  # of all candidates
    tilt: float  # [rad] standard deviation about either axis across
    aside: float  # [m] standard deviation along either axis across
    beyond: float  # [m] nearer than the bellows' and further than the strokes' middle, at most


SPREADS = (
    Spread(0.6, tilt=0.05, aside=0.001, beyond=0.0),  # good
    Spread(0.25, tilt=0.2, aside=0.005, beyond=0.008),  # near misses
    Spread(0.15, tilt=0.5, aside=0.02, beyond=0.03),  # bad
)
SEALING, SOME = 0.6, 0.2  # shares of candidates whose cups on are those that seal, and some of those; else any
_TRIES = 3  # poses on a point that are given up when the tool hits something there, of the good ones
_ONE, _TWO = 0.6, 0.25  # shares of candidates that put one cup on the point, the middle of two, else that of all


def suction_candidates(
    still: StillScene, tool: Tool, count: int, rng: np.random.Generator, among: Sequence[int] | None = None
) -> tuple[Candidates, np.ndarray]:
    """Draw `count` candidates and the index (N,) of the object that each means: any, or one `among` these indices.

    Points are drawn over what is seen from above, half by area, half by object; good ones rather where a lip fits.
    The tool comes along the normal there, turned about it at random, with a cup on the point, the middle of two, or
    that of all; its pistons are out by some share of their stroke. 60 % of all keep to that and are drawn again, three
    times at most, where the tool hits something; 25 % are off by some degrees and millimetres, 15 % by far more.
    In 60 % those cups are on that seal on the object there, or the one nearest the point where none does; in 20 % some
    of these; in 20 % any cups. Raises ConfigError without cups, or where none that may be meant is seen from above.
    """
    cups = CupArray.of(tool.cups)
    seen = visible_points(still, among)
    if not len(seen.points):
        raise ConfigError(f"scene {still.scene.seed}: no object that may be meant is seen from above")
    sort = rng.choice(len(SPREADS), count, p=[one.share for one in SPREADS])
    at = np.where(sort == 0, seen.draw(count, rng, float(cups.radius.min())), seen.draw(count, rng))
    swept, open_in = SweptTool(still, tool), np.full(count, np.nan)
    positions, rotations, anchors = _poses(seen, cups, at, sort, rng)
    rows = np.flatnonzero(sort == 0)
    for _ in range(_TRIES):
        hit = swept.touches(positions[rows], rotations[rows], open_in[rows], open_in[rows]).any
        rows = rows[hit]
        positions[rows], rotations[rows], anchors[rows] = _poses(seen, cups, at[rows], sort[rows], rng)
    objects = seen.objects[at]
    sealed = cup_contacts(still, tool, positions, rotations).seals_on(objects)
    active = np.zeros((count, len(tool.names)))
    active[:, : len(tool.cups)] = _activations(cups, sealed, anchors, rng)
    return Candidates(positions, rotations, active, open_in, open_in.copy()), objects


def _poses(
    seen: VisiblePoints, cups: CupArray, at: np.ndarray, sort: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return positions (N, 3), rotations (N, 3, 3) and what of the tool's plane is on the points `at` (N,): (N, 2)."""
    count = len(at)
    tilt, aside, beyond = (
        np.array([getattr(one, name) for one in SPREADS])[sort] for name in ("tilt", "aside", "beyond")
    )
    rotations = facing(-seen.normals[at], rng) @ tilted(tilt, rng)
    anchors = _anchors(cups, count, rng)
    low, high = -0.5 * cups.bellows.max() - beyond, 0.8 * cups.stroke.max() + beyond
    offset = np.column_stack([anchors + rng.normal(size=(count, 2)) * aside[:, None], rng.uniform(low, high)])
    return seen.points[at] - np.einsum("nij,nj->ni", rotations, offset), rotations, anchors


def facing(axes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return rotations (N, 3, 3) whose z axes are unit `axes` (N, 3), turned about these at random."""
    helper = np.where(np.abs(axes[:, :1]) < 0.7, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])
    x = np.cross(helper, axes)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    frame = np.stack([x, np.cross(axes, x), axes], axis=-1)
    return frame @ Rotation.from_rotvec(rng.uniform(-np.pi, np.pi, (len(axes), 1)) * [0.0, 0.0, 1.0]).as_matrix()


def tilted(deviation: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return rotations (N, 3, 3) about axes across z."""
    across = rng.normal(size=(len(deviation), 2)) * deviation[:, None]
    return Rotation.from_rotvec(np.column_stack([across, np.zeros(len(deviation))])).as_matrix()


def _anchors(cups: CupArray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return (N, 2) [m] what of the tool's plane is put on the point."""
    first, second = rng.integers(len(cups.radius), size=(2, count))
    kind = rng.uniform(size=count)
    places = cups.positions[:, :2]
    pair = 0.5 * (places[first] + places[second])
    rest = np.where((kind < _ONE + _TWO)[:, None], pair, places.mean(axis=0))
    return np.where((kind < _ONE)[:, None], places[first], rest)


def _activations(cups: CupArray, sealed: np.ndarray, anchors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (N, C) bool which cups are on, of those that seal (N, C); never none."""
    count, number = sealed.shape
    nearest = np.linalg.norm(cups.positions[:, :2] - anchors[:, None], axis=-1).argmin(axis=1)
    fallback = np.arange(number) == nearest[:, None]
    kind = rng.uniform(size=(count, 1))
    coin = rng.uniform(size=(count, number)) < 0.5
    some = np.where(kind < SEALING, sealed, np.where(kind < SEALING + SOME, sealed & coin, coin))
    some = np.where(some.any(axis=1, keepdims=True), some, sealed)
    return np.where(some.any(axis=1, keepdims=True), some, fallback)

# SPDX-License-Identifier: Apache-2.0
"""Candidates of fingers: pinches between opposite points, and cages around what cups hold.

Shape legend: N candidates, P pairs, F fingers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.policies.gam.actions import Candidates
from vla_ros.robots.tools.description import CAGE, PINCH, Tool
from vla_ros.sim.candidates.finger_pairs import FingerPairs, finger_pairs
from vla_ros.sim.candidates.side_room import side_room
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.candidates.suction_sampler import suction_candidates, tilted
from vla_ros.sim.candidates.swept_tool import SweptTool, narrowest

_SHARES = (0.6, 0.25, 0.15)  # good ones, near misses, bad ones
_LEAN = (0.25, 0.35, 0.6)  # [rad] standard deviation of the approach from straight down, about the way fingers close
_ASKEW = (0.0, 0.15, 0.5)  # [rad] standard deviation about any axis across the approach, and half of it about that
_ASIDE = (0.001, 0.006, 0.02)  # [m] standard deviation along any axis
_PLAY = (0.003, 0.015)  # [m] beside the object on either side before fingers close
_DEEP = (0.1, 0.8)  # share of a pad's length that its tip goes beyond the pair
_TRIES = 16  # pairs that are given up when the tool hits something there, of the good ones
_RATHER_NOT = 0.01  # weight of a pair that the fingers cannot reach
_AROUND = 0.02  # [m] between fingers and what they cage, and beyond it, at most
_PICKS, _ANYWHERE = 3, 0.25  # picks by suction that one is kept of; share of cages that are anywhere


def pinch_candidates(
    still: StillScene, tool: Tool, count: int, rng: np.random.Generator, among: Sequence[int] | None = None
) -> tuple[Candidates, np.ndarray]:
    """Draw `count` pinches and the index (N,) of the object that each means: any, or one `among` these indices.

    Two points opposite one another are drawn, of each object as often; good ones rather where fingers reach. The
    approach leans about the line between them, the tips go beyond it by some of the pad's length, and the width leaves
    3 to 15 mm on either side. 60 % keep to that and are drawn again, sixteen times at most, where the tool hits
    something; 25 % are off by some degrees and millimetres, 15 % by far more.
    Raises ConfigError for a tool without fingers, or where no two points are opposite one another.
    """
    if PINCH not in tool.modes:
        raise ConfigError(f"tool '{tool.name}' has no fingers to pinch with: name another tool")
    pairs = finger_pairs(still, rng, among)
    if not len(pairs.widths):
        raise ConfigError(f"scene {still.scene.seed}: no object that may be meant has two opposite sides")
    sort = rng.choice(len(_SHARES), count, p=_SHARES)
    least = min(finger.length for finger in tool.fingers)
    deepest = min(finger.stroke for finger in tool.fingers) + (0.0 if tool.cups else least)  # of what is between them
    fits = (pairs.widths < tool.opening - 2.0 * _PLAY[0]) & (pairs.below < deepest) & ~pairs.covered
    fits = np.where(fits, 1.0, _RATHER_NOT)
    at = np.where(sort == 0, pairs.draw(count, rng, fits), pairs.draw(count, rng, np.ones(len(fits))))
    positions, rotations, widths, depths = _pinches(tool, pairs, at, sort, rng)
    swept, rows = SweptTool(still, tool), np.flatnonzero(sort == 0)
    for _ in range(_TRIES):
        rows = rows[swept.touches(positions[rows], rotations[rows], widths[rows], depths[rows]).any]
        at[rows] = pairs.draw(len(rows), rng, fits)
        positions[rows], rotations[rows], widths[rows], depths[rows] = _pinches(tool, pairs, at[rows], sort[rows], rng)
    active = np.zeros((count, len(tool.names)))
    active[:, len(tool.cups) :] = 1.0
    return Candidates(positions, rotations, active, widths, depths), pairs.objects[at]


def _pinches(
    tool: Tool, pairs: FingerPairs, at: np.ndarray, sort: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return positions (N, 3), rotations (N, 3, 3), widths (N,), depths (N,) of tools on the pairs `at` (N,)."""
    count = len(at)
    lean, askew, aside = (np.array(values)[sort] for values in (_LEAN, _ASKEW, _ASIDE))
    closing = pairs.closing[at] * rng.choice([-1.0, 1.0], (count, 1))
    down = np.array([0.0, 0.0, -1.0])
    approach = down - (closing @ down)[:, None] * closing
    approach /= np.linalg.norm(approach, axis=1, keepdims=True)
    side = np.cross(approach, closing)
    angle = (lean * rng.normal(size=count))[:, None]
    approach, side = np.cos(angle) * approach + np.sin(angle) * side, np.cos(angle) * side - np.sin(angle) * approach
    first = tool.fingers[0].direction  # of the tool's plane, which is to lie along the way they close
    turn = Rotation.from_euler("z", -np.arctan2(first[1], first[0])).as_matrix()
    yaw = Rotation.from_rotvec(0.5 * askew[:, None] * rng.normal(size=(count, 1)) * [0.0, 0.0, 1.0]).as_matrix()
    rotations = np.stack([closing, side, approach], axis=-1) @ turn @ yaw @ tilted(askew, rng)
    stroke = min(finger.stroke for finger in tool.fingers)
    length = min(finger.length for finger in tool.fingers)
    deep = rng.uniform(*_DEEP, count) * length
    depths = np.clip(pairs.below[at] + deep + rng.uniform(-0.1, 0.3, count) * stroke, 0.0, stroke)
    beyond = depths - deep  # of the pair: what is above it keeps off the tool's plane where the stroke is enough
    middle = np.append(np.mean([(finger.x, finger.y) for finger in tool.fingers], axis=0), 0.0)
    grip = middle + beyond[:, None] * np.array([0.0, 0.0, 1.0]) + aside[:, None] * rng.normal(size=(count, 3))
    positions = pairs.middles[at] - np.einsum("nij,nj->ni", rotations, grip)
    widths = np.clip(pairs.widths[at] + 2.0 * rng.uniform(*_PLAY, count), narrowest(tool), tool.opening)
    return positions, rotations, widths, depths


def cage_candidates(
    still: StillScene, tool: Tool, count: int, rng: np.random.Generator, among: Sequence[int] | None = None
) -> tuple[Candidates, np.ndarray]:
    """Draw `count` candidates of suction with fingers around what is lifted, and the index (N,) of each object.

    Of three picks by suction one is kept, rather such as fingers can go around alike. They stand up to 20 mm
    beside what the object takes of the room between them and go out up to 20 mm beyond its widest place; a quarter is
    anywhere in their reach. Raises ConfigError for a tool without cups or fingers.
    """
    if CAGE not in tool.modes:
        raise ConfigError(f"tool '{tool.name}' cannot cage: it needs cups and fingers")
    picks, objects = suction_candidates(still, tool, _PICKS * count, rng, among)
    stroke = min(finger.stroke for finger in tool.fingers)
    travel = min(finger.travel for finger in tool.fingers)
    room, uneven, beyond = np.full(len(objects), -1.0), np.zeros(len(objects)), np.zeros(len(objects))
    for row, (position, rotation, index) in enumerate(zip(picks.positions, picks.rotations, objects, strict=True)):
        points = (still.surfaces[index] - position) @ rotation
        sides = [side for finger in tool.fingers if (side := side_room(points, finger)) is not None]
        if len(sides) == len(tool.fingers):
            room[row], beyond[row] = min(side.room for side in sides), max(side.beyond for side in sides)
            uneven[row] = max(side.room for side in sides) - room[row]
    fits = (room > 0.0) & (beyond < stroke) & (uneven < 2.0 * _AROUND)
    kept = rng.permutation(len(objects))
    kept = np.sort(kept[np.argsort(~fits[kept], kind="stable")][:count])
    way = room[kept] - rng.uniform(0.0, _AROUND, count)
    deep = beyond[kept] + rng.uniform(0.0, _AROUND, count)
    anywhere = rng.uniform(size=count) < _ANYWHERE
    way = np.where(anywhere, rng.uniform(0.0, travel, count), np.clip(way, 0.0, travel))
    depths = np.where(anywhere, rng.uniform(0.0, stroke, count), np.clip(deep, 0.0, stroke))
    active = picks.active[kept]
    active[:, len(tool.cups) :] = 1.0
    widths = tool.opening - tool.opening_rate * way
    return Candidates(picks.positions[kept], picks.rotations[kept], active, widths, depths), objects[kept]

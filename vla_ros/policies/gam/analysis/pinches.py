# SPDX-License-Identifier: Apache-2.0
"""Pinches by analysis alone, from measured points: the geometric baseline beside actor and critic.

A pinch stands over a measured point, along the narrow side of what is seen of the instance there or turned at random,
with room for the pads on both sides; what is not seen of a side is taken to go straight down.
Shape legend: N candidates, M points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.way_in import standing_cylinders
from vla_ros.policies.gam.criteria import Criterion
from vla_ros.policies.gam.perception.measured_points import MeasuredPoints
from vla_ros.robots.tools.description import Tool
from vla_ros.robots.tools.urdf import pad_thickness

_LEAN = 0.12  # [rad] standard deviation of the approach from straight down
_ALONG = 0.6  # share of pinches along the narrow side, the others turned at random
_DEEP = (0.012, 0.03)  # [m] that tips go below the highest point between the pads, where it is no wider below
_GRIPS = 0.01  # [m] that tips go below the widest place between them, or they close on a slope and are pushed up
_WIDEST, _STRAY = 0.002, 2.0  # [m] beside the widest place that counts as it; percent of points that may be astray
_FLOOR = 0.004  # [m] that tips stay above the tote's floor
_PLAY = 0.006  # [m] beside what is between the pads, on either side
_NOISE = 0.003  # [m] by which points may be off
_AROUND = 0.15  # [m] from the point of what is looked at
_FEWEST = 6  # points between pads, and points in the way of a certain hit
_HIDDEN = 0.3  # what room is worth that is not seen to be there
_ENGAGED = 0.02  # [m] of a pad below the top from which on more is no better
_UNALIKE = 0.02  # [m] that both ends of the pads find the sides apart at which nothing is held
_WAY = 0.15  # [m] that a tool comes


@dataclass(frozen=True, eq=False)
class _Thing:
    """What is seen of an instance."""

    points: np.ndarray  # (M, 3) [m] base frame
    middle: np.ndarray  # (3,)
    size: float  # [m] of its points from their middle, at most
    around: np.ndarray  # (N, 3) [m] of all points those within reach of one of its own
    own: np.ndarray  # (N,) which of these are its own
    floor: float  # [m] how high the tote's floor is

    @staticmethod
    def of(measured: MeasuredPoints, instance: int) -> _Thing:
        points = measured.shown(instance)
        middle = points.mean(axis=0) if len(points) else np.zeros(3)
        size = float(np.linalg.norm(points - middle, axis=1).max(initial=0.0))
        near = np.linalg.norm(measured.points - middle, axis=1) < size + _AROUND
        return _Thing(points, middle, size, measured.points[near], measured.instances[near] == instance, measured.floor)


# Position (3,), rotation (3, 3), width and depth [m], and scores by criterion.
_Pinch = tuple[np.ndarray, np.ndarray, float, float, dict[str, float]]


def propose_pinches(
    measured: MeasuredPoints,
    among: Sequence[int],
    tool: Tool,
    criteria: Sequence[Criterion],
    candidates: int,
    rng: np.random.Generator,
) -> tuple[Candidates, np.ndarray, np.ndarray]:
    """Return `candidates` of each instance of `among`, the instance (N,) each means, and scores (N, C).

    What no criterion of analysis says is NaN. Raises ConfigError for a tool without two fingers that close on one
    another.
    """
    check_pinches(tool)
    turned: list[tuple[float, float]] = []  # yaw and lean [rad]
    meant: list[tuple[_Thing, np.ndarray, float]] = []  # the point of it, and how deep
    for one in among:
        thing = _Thing.of(measured, one)
        narrow = measured.narrow_side(one)
        for _ in range(candidates):
            at = thing.points[rng.integers(len(thing.points))]
            yaw = np.arctan2(narrow[1], narrow[0]) if rng.random() < _ALONG else rng.uniform(-np.pi, np.pi)
            turned.append((yaw + np.pi * rng.integers(2), rng.normal(0.0, _LEAN)))
            meant.append((thing, at, rng.uniform(*_DEEP)))
    found = []
    for (thing, at, deep), R in zip(meant, _down(tool, np.array(turned)), strict=True):
        found.append(_pinch(thing, at, R, tool, deep))
    positions, rotations, widths, depths, known = zip(*found, strict=True)
    active = np.zeros((len(found), len(tool.names)))
    active[:, len(tool.cups) :] = 1.0
    return (
        Candidates(np.array(positions), np.array(rotations), active, np.array(widths), np.array(depths)),
        np.repeat(np.asarray(among), candidates),
        np.array([[one.get(criterion.name, np.nan) for criterion in criteria] for one in known]),
    )


def centred(
    pinches: Candidates,
    measured: MeasuredPoints,
    meant: np.ndarray,
    tool: Tool,
) -> Candidates:
    """Return pinches with the pads as far from what is seen between them on both sides, tips below its highest point.

    As analysis places them, with the turn and about the place and depth of before. One with
    nothing between the pads stays as it is.
    """
    positions, widths, depths = pinches.positions.copy(), pinches.widths.copy(), pinches.depths.copy()
    for row, found in _as_analysed(pinches, measured, meant, tool):
        if found[4]["lift"] > 0.0:
            positions[row], _, widths[row], depths[row], _ = found
    return Candidates(positions, pinches.rotations, pinches.active, widths, depths)


def judge_pinches(
    pinches: Candidates,
    measured: MeasuredPoints,
    meant: np.ndarray,
    tool: Tool,
    criteria: Sequence[Criterion],
) -> np.ndarray:
    """Return scores (N, C) of anybody's pinches, as `centred`, of which each means an instance (N,).

    One with nothing between the pads collides, whatever else; what no criterion of analysis
    says is NaN.
    """
    known: list[dict[str, float]] = [{"collision": 1.0, "lift": 0.0} for _ in meant]
    for row, found in _as_analysed(pinches, measured, meant, tool):
        known[row] = found[4]
    return np.array([[one.get(criterion.name, np.nan) for criterion in criteria] for one in known])


def _as_analysed(
    pinches: Candidates,
    measured: MeasuredPoints,
    meant: np.ndarray,
    tool: Tool,
) -> Iterator[tuple[int, _Pinch]]:
    """Yield the rows of pinches that can be placed, and the pinch that analysis places there."""
    grip = 0.5 * (_face(tool, 0) + _face(tool, 1)) * np.array([*tool.fingers[0].direction, 0.0])
    things = {one: _Thing.of(measured, int(one)) for one in np.unique(meant)}
    for row, one in enumerate(meant):
        R, own = pinches.rotations[row], things[one].points
        if not len(own) or not np.isfinite(pinches.positions[row]).all():
            continue
        tips = pinches.positions[row] + R @ (grip + np.array([0.0, 0.0, np.nan_to_num(pinches.depths[row])]))
        at = own[np.linalg.norm((own - tips) @ R[:, :2], axis=1).argmin()]  # across alone: tips are inside the thing
        between = own[np.abs((own - tips) @ R[:, :2]).max(axis=1) < tool.fingers[0].radius]
        top = float(((between if len(between) else at[None]) @ R[:, 2]).min())
        deep = float(np.clip(tips @ R[:, 2] - top, _DEEP[0], max(_DEEP[1], _reach(tool))))
        yield row, _pinch(things[one], at, R, tool, deep)


def pinches_by_analysis(tool: Tool) -> bool:
    """Say whether a tool has two fingers that close on one another."""
    return len(tool.fingers) == 2 and bool(tool.fingers[0].direction @ tool.fingers[1].direction < -0.99)


def check_pinches(tool: Tool) -> None:
    """Raise ConfigError for a tool without two fingers that close on one another."""
    if not pinches_by_analysis(tool):
        raise ConfigError(f"tool '{tool.name}' has no two fingers that close on one another: analysis pinches so alone")


def _down(tool: Tool, turned: np.ndarray) -> np.ndarray:
    """Return rotations (N, 3, 3) that look down, by yaw and lean (N, 2) [rad]: fingers close along yaw."""
    first = tool.fingers[0].direction
    turn = Rotation.from_euler("z", -np.arctan2(first[1], first[0]))
    facing = Rotation.from_euler("z", turned[:, :1]) * Rotation.from_matrix(np.diag([1.0, -1.0, -1.0]))
    lean = Rotation.from_rotvec(turned[:, 1:] * [1.0, 0.0, 0.0])  # about the way that fingers close
    return np.asarray((facing * lean * turn).as_matrix())


def _pinch(thing: _Thing, at: np.ndarray, R: np.ndarray, tool: Tool, deep: float) -> _Pinch:
    """Return the pinch of a thing at one of its points; tips go `deep` [m] below the highest one between pads.

    Deeper where the thing gets wider below, as far as fingers go out and the floor lets them.
    """
    first = tool.fingers[0]
    closing = R[:, 0] * first.direction[0] + R[:, 1] * first.direction[1]
    approach = R[:, 2]
    side = np.cross(approach, closing)
    axes = np.stack([closing, side, approach])
    # Not by the tree, whose list of thousands of numbers takes longer than all distances.
    c, s, a = axes @ (thing.around - at).T
    near = np.flatnonzero(np.abs(s) < max(first.radius + _NOISE, tool.body_radius))
    near = near[c[near] ** 2 + s[near] ** 2 + a[near] ** 2 < _AROUND**2]
    c, s, a, own = c[near], s[near], a[near], thing.own[near]
    pad = np.abs(s) < first.radius + _NOISE
    strip = own & pad
    top = float(a[strip].min(initial=0.0))
    wide = _widest(c[strip], a[strip])
    tip = min(max(top + deep, wide + _GRIPS), max(top + deep, top + _reach(tool) - _NOISE))
    tip = min(tip, float((at[2] - thing.floor - _FLOOR) / max(-approach[2], 0.1)))
    between = strip & (a < tip)
    nothing = at - approach * 0.1, R, tool.opening, 0.0, {"collision": 1.0, "lift": 0.0}
    if between.sum() < _FEWEST or tip - top < _NOISE:
        return nothing
    low, high = float(c[between].min()), float(c[between].max())
    width = high - low + 2.0 * _PLAY
    if width > tool.opening:
        return nothing
    centre = 0.5 * (low + high)
    grip = 0.5 * (_face(tool, 0) + _face(tool, 1))
    # What is below body and cups, and how far from the plane each of them ends.
    (x, y), axis = first.direction, centre - grip
    below = [
        (np.hypot(c - axis - (at_x * x + at_y * y), s - (at_y * x - at_x * y)) < radius, end)
        for at_x, at_y, radius, end in standing_cylinders(tool)
    ]
    stroke = min(finger.stroke for finger in tool.fingers)
    depth = 0.0
    if stroke > 0.0:
        highest = min([top, *(float(a[there].min(initial=np.inf)) - end for there, end in below)])
        depth = float(np.clip(tip - highest + _NOISE, 0.0, stroke))
    plane = tip - depth
    thick = pad_thickness(first)
    beside = (np.abs(c - centre) > width / 2) & (np.abs(c - centre) < width / 2 + thick) & pad
    hits = int((beside & (a < tip) & (a > tip - _WAY)).sum())
    body = np.any([there & (a < plane + end) for there, end in below], axis=0)
    hits += int((body & (a > plane - _WAY)).sum())
    within = (np.abs(c - centre) < width / 2) & pad & (a < tip)
    alone = float(own[within].mean())
    ends = [c[between & (np.sign(s) == sign)] for sign in (-1.0, 1.0)]
    unalike = 1.0
    if min(map(len, ends)) >= 2:
        unalike = (abs(ends[0].min() - ends[1].min()) + abs(ends[0].max() - ends[1].max())) / _UNALIKE
    aligned = float(np.clip(1.0 - unalike, 0.0, 1.0))
    steep = float(np.clip((tip - wide) / _GRIPS, 0.0, 1.0))
    engaged = float(np.clip((tip - top) / _ENGAGED, 0.0, 1.0))
    aside = (at + centre * closing - thing.middle) @ side
    central = float(np.clip(1.0 - abs(aside) / max(thing.size, 1e-3), 0.0, 1.0))
    free = float(np.clip(1.0 - hits / _FEWEST, 0.0, 1.0))
    lower = beside & (a > tip)  # what is seen below where a finger goes: nothing hidden stands there
    seen = min(int((lower & (c > centre)).sum()), int((lower & (c < centre)).sum()))
    room = float(np.clip(seen / _FEWEST, _HIDDEN, 1.0))
    position = at + centre * closing + plane * approach - grip * closing
    scores = {
        "collision": 1.0 - free,
        "single_object": alone,
        "centre_distance": central,
        "pinch_alignment": aligned,
        "force_closure": aligned * engaged * steep,
        "lift": free * room * alone * aligned * engaged * steep * central,
    }
    return position, R, width, depth, scores


def _widest(c: np.ndarray, a: np.ndarray) -> float:
    """Return from what depth on points are as far out as they get on both sides [m]; 0 without any.

    By their places along the way that fingers close, and along the approach (M,).
    """
    if not len(c):
        return 0.0
    low, high = np.percentile(c, (_STRAY, 100.0 - _STRAY))
    return float(max(a[c <= low + _WIDEST].min(), a[c >= high - _WIDEST].min()))


def _reach(tool: Tool) -> float:
    """Return how far below the highest point tips can go [m]: as far as fingers go out, or as their pads are long."""
    return min(finger.stroke or finger.length for finger in tool.fingers)


def _face(tool: Tool, number: int) -> float:
    """Return where the inner face of a finger is along the way that the first one closes [m]."""
    finger, first = tool.fingers[number], tool.fingers[0]
    return float(finger.x * first.direction[0] + finger.y * first.direction[1])

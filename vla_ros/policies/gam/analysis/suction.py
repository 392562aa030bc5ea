# SPDX-License-Identifier: Apache-2.0
"""Suction by analysis alone, from measured points: the baseline beside the learned actor and critic.

Candidates stand on points along their normals; each cup's seal is judged by the points under and around its lip
(sealing.py), after Dex-Net 3.0's question (Mahler et al. 2018, section IV-A), and nothing measured may stand where the
tool comes.
Shape legend: N candidates, M points, K cups, C criteria.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.policies.gam.actions import ON, Candidates
from vla_ros.policies.gam.analysis.sealing import BEYOND, lies_on_enough, seal_quality
from vla_ros.policies.gam.analysis.surfaces import MEANT
from vla_ros.policies.gam.analysis.way_in import in_the_way
from vla_ros.policies.gam.criteria import Criterion
from vla_ros.policies.gam.perception.measured_points import MeasuredPoints
from vla_ros.robots.tools.description import Tool

_NEIGHBOURS = 0.014  # [m] around a point, of which its normal is
_FEWEST = 6  # points around one, or in the way of a certain hit
_STEEPEST = 0.35  # cosine of a normal against up, at least
_COVERED = 0.4  # share of a border that lies lower than what is beside it, from which on something lies on the thing
_SURE = 0.5  # of the best lip: it is the best of hundreds, measured ones seal in 0.9, so that further cups count


def propose_suction(
    measured: MeasuredPoints,
    among: Sequence[int],
    tool: Tool,
    criteria: Sequence[Criterion],
    candidates: int,
    rng: np.random.Generator,
) -> tuple[Candidates, np.ndarray, np.ndarray]:
    """Return `candidates` of each instance of `among`, the instance (N,) each means, and scores (N, C).

    What no criterion of analysis says is NaN. Raises ConfigError for a tool without cups.
    """
    found, meant = stood_on(measured, among, tool, candidates, rng)
    found, scores = sealing(found, measured, meant, tool, criteria)
    return found, meant, scores


def stood_on(
    measured: MeasuredPoints, among: Sequence[int], tool: Tool, candidates: int, rng: np.random.Generator
) -> tuple[Candidates, np.ndarray]:
    """Return `candidates` of each instance of `among`, on its points along their normals, and which (N,) each means.

    Every element is on. Raises ConfigError for a tool without cups.
    """
    if not tool.cups:
        raise ConfigError(f"tool '{tool.name}' has no cups: analysis proposes suction alone")
    points = measured.points
    chosen = np.concatenate([rng.choice(np.flatnonzero(measured.instances == one), candidates) for one in among])
    normals = _normals(measured, chosen)
    lips = np.array([(cup.x, cup.y, 0.0) for cup in tool.cups])
    out = MEANT * float(np.median([cup.stroke for cup in tool.cups]))
    anchor = lips[rng.integers(len(lips), size=len(chosen))] * (rng.uniform(size=(len(chosen), 1)) < 0.7)
    rotations = _facing(-normals, rng)
    positions = points[chosen] - np.einsum("nij,nj->ni", rotations, anchor + np.array([0.0, 0.0, out]))
    nothing = np.full(len(chosen), np.nan)
    found = Candidates(positions, rotations, np.ones((len(chosen), len(tool.names))), nothing, nothing.copy())
    return found, measured.instances[chosen]


def sealing(
    candidates: Candidates, measured: MeasuredPoints, meant: np.ndarray, tool: Tool, criteria: Sequence[Criterion]
) -> tuple[Candidates, np.ndarray]:
    """Return candidates with those cups alone on that seal on what each means (N,), and scores (N, C)."""
    quality, scores = _judged(candidates, measured, meant, tool, criteria)
    active = np.zeros_like(candidates.active)
    active[:, : len(tool.cups)] = quality > 0.0
    return replace(candidates, active=active), scores


def judge_suction(
    candidates: Candidates,
    measured: MeasuredPoints,
    meant: np.ndarray,
    tool: Tool,
    criteria: Sequence[Criterion],
) -> np.ndarray:
    """Return scores (N, C) of anybody's candidates, of which each means an instance (N,): of the cups that are on.

    Fingers are taken to be open and in. What no criterion of analysis says is NaN.
    """
    nothing = np.full(len(meant), np.nan)
    coming = replace(candidates, widths=nothing, depths=nothing)
    return _judged(coming, measured, meant, tool, criteria)[1]


def _judged(
    candidates: Candidates,
    measured: MeasuredPoints,
    meant: np.ndarray,
    tool: Tool,
    criteria: Sequence[Criterion],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the quality of the seal of each cup that is on, (N, K), and scores (N, C)."""
    quality, center = _seals(candidates, measured, meant, tool)
    hits = in_the_way(measured.points, tool, candidates)
    sealed = (quality > 0.0).sum(axis=1)
    hit, seal = np.clip(hits / _FEWEST, 0.0, 1.0), quality.sum(axis=1) / np.maximum(sealed, 1)
    uncovered = 1.0 - np.clip([measured.covered.get(int(one), np.nan) / _COVERED for one in meant], 0.0, 1.0)
    held = 1.0 - np.prod(1.0 - _SURE * quality, axis=1)  # if one cup seals
    known = {
        "collision": hit,
        "lift": (1.0 - hit) * held * (1.0 + center) / 2.0 * (1.0 + np.nan_to_num(uncovered, nan=1.0)) / 2.0,
        "uncovered": uncovered,
        "seal": seal,
        "active_cups": quality.sum(axis=1) / len(tool.cups),
        "centre_distance": center,
    }
    return quality, np.stack([known.get(one.name, np.full(len(meant), np.nan)) for one in criteria], axis=1)


def _normals(measured: MeasuredPoints, chosen: np.ndarray) -> np.ndarray:
    """Return the normals (N, 3) at some points, upwards; straight up where too few points are near."""
    points, normals = measured.points, np.tile([0.0, 0.0, 1.0], (len(chosen), 1))
    for row, near in enumerate(measured.tree.query_ball_point(points[chosen], _NEIGHBOURS)):
        if len(near) < _FEWEST:
            continue
        _, _, axes = np.linalg.svd(points[near] - points[near].mean(axis=0), full_matrices=False)
        normal = axes[2] * np.sign(axes[2][2] or 1.0)
        if normal[2] > _STEEPEST:
            normals[row] = normal
    return normals


def _facing(axes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return rotations (N, 3, 3) whose z axis is as told, turned about it at random."""
    side = np.where(np.abs(axes[:, :1]) < 0.9, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])
    x = np.cross(side, axes)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    R = np.stack([x, np.cross(axes, x), axes], axis=2)
    turns = Rotation.from_rotvec(rng.uniform(-np.pi, np.pi, (len(axes), 1)) * [0.0, 0.0, 1.0]).as_matrix()
    return np.asarray(R @ turns)


def _seals(
    candidates: Candidates,
    measured: MeasuredPoints,
    meant: np.ndarray,
    tool: Tool,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the quality of each cup that is on (N, K), as a seal on what is meant, and nearness to its middle (N,)."""
    points, instances = measured.points, measured.instances
    positions, rotations, on = candidates.positions, candidates.rotations, candidates.active >= ON
    quality = np.zeros((len(positions), len(tool.cups)))
    middles = {one: measured.shown(one).mean(axis=0) for one in np.unique(meant)}
    sizes = {one: np.linalg.norm(measured.shown(one) - middles[one], axis=1).max() for one in middles}
    for column, cup in enumerate(tool.cups):
        lips = positions + rotations @ np.array([cup.x, cup.y, 0.0])
        middle = lips + rotations[:, :, 2] * cup.stroke / 2
        rows = np.flatnonzero(on[:, column] & np.isfinite(middle).all(axis=1))
        reach = cup.stroke / 2 + BEYOND * cup.radius + cup.bellows
        balls = measured.tree.query_ball_point(middle[rows], reach)
        bounds = np.cumsum([0, *map(len, balls)])
        # All lips at once: most of them lie on too little, which is seen without looking at each.
        near, lip = np.fromiter(chain.from_iterable(balls), np.intp, bounds[-1]), np.repeat(rows, np.diff(bounds))
        own = np.einsum("mi,mij->mj", points[near] - lips[lip], rotations[lip])
        its_own, under = instances[near] == meant[lip], np.hypot(own[:, 0], own[:, 1]) < cup.radius
        count, counted = (np.bincount(lip[some], minlength=len(lips))[rows] for some in (under, under & its_own))
        for number in np.flatnonzero(lies_on_enough(count, counted)):
            part = slice(bounds[number], bounds[number + 1])
            quality[rows[number], column] = seal_quality(own[part], its_own[part], cup)
    nearness = np.zeros(len(positions))
    for row, one in enumerate(meant):
        holds = quality[row] > 0.0
        place = np.array([(cup.x, cup.y, 0.0) for cup in tool.cups])[holds].mean(axis=0) if holds.any() else np.zeros(3)
        offset = positions[row] + rotations[row] @ place - middles[one]
        aside = offset - (offset @ rotations[row, :, 2]) * rotations[row, :, 2]
        nearness[row] = 1.0 - min(np.linalg.norm(aside) / max(sizes[one], 1e-6), 1.0)
    return quality, nearness

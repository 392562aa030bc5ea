# SPDX-License-Identifier: Apache-2.0
"""Cages by analysis alone: picks by suction with fingers around what is seen of the thing.

Shape legend: N candidates, M points.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.pinches import pinches_by_analysis
from vla_ros.policies.gam.candidate_poses import about_vertical
from vla_ros.policies.gam.perception.measured_points import MeasuredPoints
from vla_ros.robots.tools.description import Finger, Tool

_BESIDE = 0.012  # [m] between what is caged and fingers, where these open so far, and beyond its lowest point
_LEAST = 0.006  # [m] between them where fingers open no further
_LOOSE = 0.04  # [m] between a finger and what is caged at which it holds nothing
_YAW = 0.15  # [rad] standard deviation about the narrow side


def caged(picks: Candidates, measured: MeasuredPoints, meant: np.ndarray, tool: Tool) -> tuple[Candidates, np.ndarray]:
    """Return picks by suction with fingers around what is seen of the instance (N,) that each means; how well, (N,).

    Fingers stand 12 mm beside what they pass and go 12 mm beyond its lowest point, as far as they can; 0 where they
    would be nearer to it than 6 mm, less than 1 where they stand off it on one side.
    """
    stroke = min(finger.stroke for finger in tool.fingers)
    widths, depths, well = np.full(len(meant), tool.opening), np.full(len(meant), stroke), np.zeros(len(meant))
    of = {one: measured.shown(one) for one in np.unique(meant)}
    for row, one in enumerate(meant):
        own = (of[one] - picks.positions[row]) @ picks.rotations[row]
        sides = np.array([max(_reach(own, finger), 0.0) for finger in tool.fingers])
        beyond = float(own[:, 2].max())
        if sides.max() + _LEAST > tool.opening / 2.0:
            continue
        widths[row] = min(2.0 * (sides.max() + _BESIDE), tool.opening)
        depths[row] = np.clip(beyond + _BESIDE, 0.0, stroke)
        there = np.clip(depths[row] / max(beyond, 1e-3), 0.0, 1.0)
        well[row] = there * np.clip(1.0 - float(np.ptp(sides)) / _LOOSE, 0.0, 1.0)
    active = picks.active.copy()
    active[:, len(tool.cups) :] = 1.0
    return Candidates(picks.positions, picks.rotations, active, widths, depths), well


def across_narrow_side(
    picks: Candidates, measured: MeasuredPoints, meant: np.ndarray, tool: Tool, rng: np.random.Generator
) -> Candidates:
    """Return picks turned so that two fingers close across the narrow side of what is seen, alike far from either end.

    Turned about their axis, moved along the way that fingers close, every cup on. Of a tool whose fingers do not close
    on one another they stay as they are.
    """
    if not pinches_by_analysis(tool):
        return picks
    positions, rotations, active = picks.positions.copy(), picks.rotations.copy(), picks.active.copy()
    active[:, : len(tool.cups)] = 1.0
    closing = np.arctan2(*tool.fingers[0].direction[::-1])
    out = np.array([*-tool.fingers[0].direction, 0.0])
    for one in np.unique(meant):
        shown, narrow = measured.shown(one), measured.narrow_side(one)
        for row in np.flatnonzero((meant == one) & np.isfinite(picks.positions).all(axis=1)):
            x, y, _ = rotations[row].T @ np.array([*narrow, 0.0])
            turn = np.arctan2(y, x) - closing + rng.normal(0.0, _YAW)
            rotations[row] = rotations[row] @ about_vertical(turn + np.pi * rng.integers(2))
            own = (shown - positions[row]) @ rotations[row]
            ends = [_reach(own, finger) for finger in tool.fingers]
            if np.isfinite(ends).all():  # else fingers pass it by
                positions[row] += rotations[row] @ out * (ends[0] - ends[1]) / 2.0
    return replace(picks, positions=positions, rotations=rotations, active=active)


def _reach(own: np.ndarray, finger: Finger) -> float:
    """Return how far from the axis [m] the points (M, 3), tool's frame, reach where a finger passes them.

    Minus infinity where it passes them by.
    """
    out = -finger.direction
    across = np.abs(own[:, :2] @ np.array([-out[1], out[0]]) - (finger.y * out[0] - finger.x * out[1]))
    reach = (own[:, :2] @ out)[across < finger.radius + _BESIDE]
    return float(reach.max(initial=-np.inf))

# SPDX-License-Identifier: Apache-2.0
"""Candidates near others, among which a critic may find better ones. Shape legend: N candidates."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.policies.gam.actions import Candidates
from vla_ros.robots.tools.description import CAGE, SUCTION, Tool

_ASIDE, _ALONG = 0.008, 0.004  # [m] standard deviations, across and along the tool's axis
_TURN, _LEAN = np.radians(15.0), np.radians(2.0)  # about the axis, and about those across
_WIDTH, _DEPTH = 0.006, 0.006  # [m] of fingers
_ALL_ON = 0.5  # share with every cup on: those that cannot lie on what is measured go off again


def perturbed(candidates: Candidates, tool: Tool, mode: str, scale: float, rng: np.random.Generator) -> Candidates:
    """Return each candidate moved and turned a little, at random; `scale` is a share of the usual."""
    count = len(candidates.positions)
    offset = rng.normal(size=(count, 3)) * scale * np.array([_ASIDE, _ASIDE, _ALONG])
    turn = rng.normal(size=(count, 3)) * scale * np.array([_LEAN, _LEAN, _TURN])
    active = candidates.active.copy()
    if mode in (SUCTION, CAGE):
        active[rng.uniform(size=count) < _ALL_ON, : len(tool.cups)] = 1.0
    widths = candidates.widths + rng.normal(size=count) * scale * _WIDTH
    depths = candidates.depths + rng.normal(size=count) * scale * _DEPTH
    stroke = min((finger.stroke for finger in tool.fingers), default=0.0)
    return Candidates(
        candidates.positions + np.einsum("nij,nj->ni", candidates.rotations, offset),
        candidates.rotations @ Rotation.from_rotvec(turn).as_matrix(),
        active,
        np.clip(widths, 0.0, tool.opening),
        np.clip(depths, 0.0, stroke),
    )

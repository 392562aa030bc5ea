# SPDX-License-Identifier: Apache-2.0
"""Picks by analysis of what is measured, in every mode: the baseline, and what critics learn to judge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.cages import across_narrow_side, caged
from vla_ros.policies.gam.analysis.pinches import check_pinches, judge_pinches, propose_pinches
from vla_ros.policies.gam.analysis.suction import judge_suction, propose_suction, sealing, stood_on
from vla_ros.policies.gam.analysis.surfaces import Surfaces
from vla_ros.policies.gam.candidate_poses import rows_of, with_rows
from vla_ros.policies.gam.criteria import Criterion
from vla_ros.policies.gam.perception.measured_points import MeasuredPoints
from vla_ros.policies.gam.proposal import Proposal
from vla_ros.robots.tools.description import CAGE, PINCH, Tool


def analysed_picks(
    measured: MeasuredPoints,
    among: Sequence[int],
    tool: Tool,
    mode: str,
    criteria: Sequence[Criterion],
    candidates: int,
    rng: np.random.Generator,
) -> Proposal:
    """Return `candidates` of each instance of `among`, those of cups brought to what is measured.

    What analysis does not say is 0.5. Raises ConfigError for a tool that analysis knows no pick of in this mode.
    """
    if mode == PINCH:
        return _told(*propose_pinches(measured, among, tool, criteria, candidates, rng))
    if mode != CAGE:
        found, meant, scores = propose_suction(measured, among, tool, criteria, candidates, rng)
        return _told(Surfaces(measured).met(found, tool), meant, scores)
    found, meant = stood_on(measured, among, tool, candidates, rng)
    half = np.arange(1, len(meant), 2)
    along = across_narrow_side(rows_of(found, half), measured, meant[half], tool, rng)
    found = with_rows(found, half, along)
    found, scores = sealing(found, measured, meant, tool, criteria)
    found, well = caged(Surfaces(measured).met(found, tool), measured, meant, tool)
    return _told(found, meant, _with_fingers(scores, well, criteria))


def analysed_scores(
    measured: MeasuredPoints,
    candidates: Candidates,
    meant: np.ndarray,
    tool: Tool,
    mode: str,
    criteria: Sequence[Criterion],
) -> np.ndarray:
    """Return what analysis says (N, C) of anybody's candidates, of which each means an instance (N,).

    As they are once brought to what is measured; NaN where it says nothing. Raises ConfigError for a tool that it knows
    no pick of.
    """
    if mode == PINCH:
        check_pinches(tool)
        return judge_pinches(candidates, measured, meant, tool, criteria)
    scores = judge_suction(candidates, measured, meant, tool, criteria)
    return scores if mode != CAGE else _with_fingers(scores, caged(candidates, measured, meant, tool)[1], criteria)


def _told(candidates: Candidates, meant: np.ndarray, scores: np.ndarray) -> Proposal:
    return Proposal(candidates, meant, np.nan_to_num(scores, nan=0.5))


def _with_fingers(scores: np.ndarray, well: np.ndarray, criteria: Sequence[Criterion]) -> np.ndarray:
    """Return scores (N, C) of picks by suction with fingers that go around `well` (N,)."""
    names, scores = [one.name for one in criteria], scores.copy()
    scores[:, names.index("caging")] = well
    scores[:, names.index("lift")] *= well
    scores[well == 0.0, names.index("collision")] = 1.0
    return scores

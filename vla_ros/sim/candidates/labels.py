# SPDX-License-Identifier: Apache-2.0
"""Labels of candidates: every criterion that is asked in a mode, and whether the pick succeeds (GAM, section II-B)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.robots.tools.description import CAGE, PINCH, SUCTION, Tool
from vla_ros.sim.candidates.cage_labels import cage_scores
from vla_ros.sim.candidates.carrying import GRAVITY
from vla_ros.sim.candidates.pinch_labels import pinch_scores
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.candidates.suction_labels import suction_scores

BURDEN = 0.5  # share of an object's weight by which others may press it down: else it drags them along or stays
Scores = tuple[dict[str, np.ndarray], np.ndarray]
_SCORES: dict[str, Callable[[StillScene, Tool, Candidates, np.ndarray], Scores]] = {
    SUCTION: suction_scores,
    PINCH: pinch_scores,
    CAGE: cage_scores,
}


@dataclass(frozen=True, eq=False)
class Labels:
    """What became of N candidates by C criteria, in the order of `criteria_of(mode)`."""

    scores: np.ndarray  # (N, C) float32, 0 to 1; NaN where a score has no meaning
    success: np.ndarray  # (N,) bool: takes the object alone, hits nothing, holds it; no more than BURDEN on it


def label(still: StillScene, tool: Tool, mode: str, candidates: Candidates, objects: np.ndarray) -> Labels:
    """Label candidates that mean the object `objects` (N,), indices in the scene.

    Raises ConfigError for a mode that the tool has not, or where numbers of candidates differ.
    """
    if mode not in _SCORES or mode not in tool.modes:
        raise ConfigError(
            unknown_name(f"mode of tool {tool.name}", mode, [one for one in tool.modes if one in _SCORES])
        )
    objects = np.asarray(objects)
    count, elements = candidates.active.shape
    if objects.shape != (count,) or elements != len(tool.names):
        raise ConfigError(
            f"labels need one object for each of {count} candidates and {len(tool.names)} elements of tool "
            f"'{tool.name}', got objects of shape {objects.shape} and {elements} elements"
        )
    if count and not 0 <= objects.min() <= objects.max() < len(still.names):
        raise ConfigError(f"objects must be 0 to {len(still.names) - 1}, got {objects.min()} to {objects.max()}")
    scores, success = _SCORES[mode](still, tool, candidates, objects)
    burden = still.burdens[objects] / (-GRAVITY[2] * still.masses[objects])
    success = success & (burden <= BURDEN)
    scores["lift"], scores["uncovered"] = success.astype(float), 1.0 - np.clip(burden, 0.0, 1.0)
    missing = np.full(count, np.nan)
    columns = [scores.get(criterion.name, missing) for criterion in criteria_of(mode)]
    return Labels(np.stack(columns, axis=-1).astype(np.float32), success)

# SPDX-License-Identifier: Apache-2.0
"""Placements of what was picked: some good picks, and many ways to put down what each holds (GAM, section II-B).

Shape legend: N placements, M candidates of picks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.candidate_poses import joined, rows_of
from vla_ros.robots.tools.description import Tool
from vla_ros.sim.candidates.container import Container
from vla_ros.sim.candidates.held_object import HeldObject
from vla_ros.sim.candidates.labels import Labels
from vla_ros.sim.candidates.placement_labels import label_placements
from vla_ros.sim.candidates.placement_sampler import placement_candidates
from vla_ros.sim.candidates.still_scene import StillScene


@dataclass(frozen=True, eq=False)
class PlacedPicks:
    """Placements, each with the pick behind it."""

    picks: Candidates  # (N) in the source's scene
    objects: np.ndarray  # (N,) that they take
    placements: Candidates  # (N) in the destination's
    labels: Labels  # of the placements


def place_picks(
    source: StillScene,
    destination: StillScene,
    tool: Tool,
    container: Container,
    picked: tuple[Candidates, np.ndarray, np.ndarray],
    most: int,
    each: int,
    rng: np.random.Generator,
) -> PlacedPicks | None:
    """Draw and label `each` placements in a container of the destination, for `most` of the picks that succeed.

    `picked`: candidates (M), their objects (M,), and which succeed (M,). Of different objects first. None where none
    succeeds.
    """
    candidates, objects, success = picked
    chosen = _of_different_objects(objects, rng.permutation(np.flatnonzero(success)))[:most]
    if not len(chosen):
        return None
    placements, labels = [], []
    for row in chosen:
        held = HeldObject.of(source, int(objects[row]), candidates.positions[row], candidates.rotations[row])
        pick = rows_of(candidates, np.array([row]))
        placements.append(placement_candidates(destination, container, held, pick, each, rng))
        labels.append(label_placements(destination, tool, container, held, placements[-1]))
    behind = np.repeat(chosen, each)
    return PlacedPicks(
        picks=rows_of(candidates, behind),
        objects=objects[behind],
        placements=joined(placements),
        labels=Labels(np.concatenate([one.scores for one in labels]), np.concatenate([one.success for one in labels])),
    )


def _of_different_objects(objects: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return rows in an order in which each object comes once before any comes twice."""
    kinds = objects[rows]
    turn = np.array([np.count_nonzero(kinds[:number] == kind) for number, kind in enumerate(kinds)], int)
    return rows[np.argsort(turn, kind="stable")]

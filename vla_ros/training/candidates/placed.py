# SPDX-License-Identifier: Apache-2.0
"""Placements: picks of a scene that succeed, put down in its destination. Shape legend: I instances."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.totes import DESTINATION
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.candidate_poses import moved, rows_of
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.policies.gam.prompts import PLACE
from vla_ros.sim.candidates.container import Container
from vla_ros.sim.candidates.labels import Labels
from vla_ros.sim.candidates.placed_picks import PlacedPicks, place_picks
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.bins.contents import bin_totes
from vla_ros.training.candidates.files import candidate_arrays
from vla_ros.training.candidates.settings import Placing
from vla_ros.training.gam.candidate_file import LabelledCandidates


def placed(
    source: StillScene,
    destination: Scene,
    T_base_source: np.ndarray,
    labelled: LabelledCandidates,
    shown: np.ndarray,
    placing: Placing,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return the arrays of a file of placements, with the picks behind them in the source tote's frame as seen.

    `labelled` picks are put down that succeed, of objects among `shown` (I,), which alone are learned from. None where
    there is none.
    """
    objects = labelled.objects.astype(int)
    success = (labelled.success > 0.5) & np.isin(objects, shown)
    picks = Candidates(*(np.asarray(value, np.float64) for value in vars(labelled.candidates).values()))
    still = StillScene.of(destination, empty=True)
    container = Container.of(still, DESTINATION, bin_totes().size)
    made = place_picks(
        source, still, labelled.description, container, (picks, objects, success), placing.picks, placing.each, rng
    )
    if made is None:
        nothing = rows_of(picks, np.zeros(0, int))
        labels = Labels(np.zeros((0, len(criteria_of(PLACE))), np.float32), np.zeros(0, bool))
        made = PlacedPicks(nothing, objects[:0], nothing, labels)
    behind = moved(made.picks, np.linalg.inv(T_base_source))
    return {
        **candidate_arrays(made.placements, made.objects, PLACE, made.labels),
        "picked_position": behind.positions.astype(np.float32),
        "picked_rotation": behind.rotations.astype(np.float32),
        "picked_active": behind.active.astype(np.float32),
    }

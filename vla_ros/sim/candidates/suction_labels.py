# SPDX-License-Identifier: Apache-2.0
"""What becomes of a candidate of suction: its scores by the names of the criteria, and whether it succeeds.

Shape legend: N candidates, C cups, K cups and fingers of the tool.
"""

from __future__ import annotations

import numpy as np

from vla_ros.policies.gam.actions import ON, Candidates
from vla_ros.robots.suction.cup_array import CupArray
from vla_ros.robots.suction.seal import SealFailure
from vla_ros.robots.tools.description import Tool
from vla_ros.sim.candidates.carrying import SAFETY, suction_utilisation
from vla_ros.sim.candidates.centrality import centre_proximity
from vla_ros.sim.candidates.cup_contacts import CupContacts, cup_contacts
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.candidates.swept_tool import SweptTool

# A lip that is not wholly over one surface within its reach lies on nothing that could be flat.
_NOT_OVER = [SealFailure.MISS, SealFailure.EDGE, SealFailure.TWO_OBJECTS, SealFailure.OUT_OF_REACH]


def suction_scores(
    still: StillScene, tool: Tool, candidates: Candidates, objects: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return scores (N,) by criterion, and (N,) bool: nothing is hit, one thing is touched, and it stays on the way.

    Idle cups stay in, fingers open and in. Beyond its bellows a cup may press on nothing, the object neither.
    """
    cups = CupArray.of(tool.cups)
    positions, rotations = candidates.positions, candidates.rotations
    contacts = cup_contacts(still, tool, positions, rotations)
    on = candidates.active[:, : len(tool.cups)] >= ON
    sealed = on & contacts.seals_on(objects)
    scores = cup_scores(still, cups, contacts, on, sealed, candidates, objects)
    open_in = np.full(len(positions), np.nan)
    collides = SweptTool(still, tool).touches(positions, rotations, open_in, open_in).any
    scores["collision"] = collides.astype(float)
    used = suction_utilisation(still, tool, contacts.seal, sealed, positions, rotations, objects)
    return scores, ~collides & (scores["single_object"] > 0.5) & (used <= 1.0 / SAFETY)


def cup_scores(
    still: StillScene,
    cups: CupArray,
    contacts: CupContacts,
    on: np.ndarray,
    sealed: np.ndarray,
    candidates: Candidates,
    objects: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return scores (N,) of what the cups that are `on` (N, C) do, `sealed` (N, C) of them to the object."""
    count = np.maximum(on.sum(axis=1), 1)
    quality = np.where(sealed, contacts.seal.quality, 0.0).sum(axis=1) / count
    over = ~np.isin(contacts.seal.failure, _NOT_OVER)
    even = np.clip(1.0 - contacts.seal.unevenness / (2.0 * np.maximum(cups.bellows, 1e-3)), 0.0, 1.0)
    touched = (contacts.touched & on[..., None]).any(axis=1)  # (N, O + 1)
    own = touched[np.arange(len(objects)), objects]
    middle = (on[..., None] * cups.positions).sum(axis=1) / count[:, None]  # (N, 3) of the lips, tool's frame
    point = candidates.positions + np.einsum("nij,nj->ni", candidates.rotations, middle)
    return {
        "seal": quality,
        "flatness": np.where(on & over, even, 0.0).sum(axis=1) / count,
        "active_cups": sealed.sum(axis=1) / len(cups.radius),
        "single_object": (own & (touched.sum(axis=1) == 1)).astype(float),
        "centre_distance": centre_proximity(still, point, objects, candidates.rotations[:, :, 2]),
    }

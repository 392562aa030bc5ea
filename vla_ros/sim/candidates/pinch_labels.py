# SPDX-License-Identifier: Apache-2.0
"""What becomes of a candidate of pinching: its scores by the names of the criteria, and whether it succeeds."""

from __future__ import annotations

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.robots.tools.description import Tool
from vla_ros.sim.candidates.carrying import SAFETY
from vla_ros.sim.candidates.centrality import centre_proximity
from vla_ros.sim.candidates.finger_contacts import finger_contacts
from vla_ros.sim.candidates.pinching import contact_angles, force_closure, pad_friction, pinch_utilisation
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.candidates.swept_tool import SweptTool

_ASKEW = np.pi / 4.0  # [rad] between a pad and the surface from which on it is not aligned at all


def pinch_scores(
    still: StillScene, tool: Tool, candidates: Candidates, objects: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return scores (N,) by criterion, and (N,) bool: nothing is hit, one thing is pinched, and friction holds it.

    The tool comes with its fingers at the candidate's width and depth, cups idle, and closes them there.
    """
    poses = candidates.positions, candidates.rotations, candidates.widths, candidates.depths
    contacts = finger_contacts(still, tool, *poses)
    collides = SweptTool(still, tool).touches(*poses).any
    friction = pad_friction(still, tool, objects)
    alone, closed = contacts.alone(objects), force_closure(contacts, friction)
    aligned = np.clip(1.0 - contact_angles(contacts) / _ASKEW, 0.0, 1.0).mean(axis=1)
    meets = contacts.meets.all(axis=1)
    centre = centre_proximity(still, contacts.points.mean(axis=1), objects)
    used = pinch_utilisation(still, tool, contacts, friction, objects)
    scores = {
        "collision": collides.astype(float),
        "single_object": alone.astype(float),
        "centre_distance": np.where(meets, centre, 0.0),
        "force_closure": (closed & alone).astype(float),
        "pinch_alignment": np.where(meets, aligned, 0.0),
    }
    return scores, ~collides & alone & closed & (used <= 1.0 / SAFETY)

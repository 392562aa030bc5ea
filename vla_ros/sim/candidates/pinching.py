# SPDX-License-Identifier: Apache-2.0
"""Whether fingers that press on an object are in force closure, and whether their friction carries it.

Each pad is a patch of the finger's radius: friction and torsion share an ellipsoid (Howe and Cutkosky, "Practical
force-motion models for sliding manipulation", 1996), with the torsion that an evenly pressed disc stands, 2/3 μ N r.
Shape legend: N candidates, F fingers, A accelerations.
"""

from __future__ import annotations

import numpy as np

from vla_ros.robots.tools.description import Tool
from vla_ros.sim.candidates.carrying import GRAVITY, accelerations
from vla_ros.sim.candidates.finger_contacts import FingerContacts
from vla_ros.sim.candidates.still_scene import StillScene

_SHORT = 1e-3  # [m] contacts closer together than this are one


def pad_friction(still: StillScene, tool: Tool, objects: np.ndarray) -> np.ndarray:
    """Return (N,) the friction between pads and objects (N,)."""
    models = [placed.model for placed in still.scene.objects]
    pads = min(finger.friction for finger in tool.fingers)
    each = np.array([pads if model.pads_decide else model.friction for model in models])
    return np.asarray(each[objects])


def contact_angles(contacts: FingerContacts) -> np.ndarray:
    """Return (N, F) [rad] between the way a finger closes and the surface's inward normal; π/2 where it meets none."""
    cosine = -(contacts.directions * contacts.normals).sum(axis=-1)
    return np.where(contacts.meets, np.arccos(np.clip(cosine, -1.0, 1.0)), np.pi / 2.0)


def force_closure(contacts: FingerContacts, friction: np.ndarray) -> np.ndarray:
    """Say (N,) whether every finger presses within its cone of friction (N,), and two along a line between them.

    Nguyen ("Constructing force-closure grasps", 1988) for two, between any points of the patches that they touch;
    three press towards their middle alike.
    """
    cone = np.arctan(friction)
    within = contacts.meets.all(axis=1) & (contact_angles(contacts) <= cone[:, None]).all(axis=1)
    if contacts.meets.shape[1] != 2:
        return np.asarray(within)
    closing = contacts.directions[:, 0]
    line = contacts.points[:, 1] - contacts.points[:, 0]
    along = (line * closing).sum(axis=1)
    aside = line - along[:, None] * closing
    off = np.maximum(np.linalg.norm(aside, axis=1), 1e-9)
    shortened = np.maximum(off - contacts.patch.sum(axis=1), 0.0) / off
    line = along[:, None] * closing + shortened[:, None] * aside
    length = np.maximum(np.linalg.norm(line, axis=1), 1e-9)
    for index, sign in ((0, 1.0), (1, -1.0)):
        cosine = -sign * (line * contacts.normals[:, index]).sum(axis=1) / length
        within &= cosine >= np.cos(cone)
    return np.asarray(within)


def pinch_utilisation(
    still: StillScene, tool: Tool, contacts: FingerContacts, friction: np.ndarray, objects: np.ndarray
) -> np.ndarray:
    """Return (N,) the greatest share of friction that carrying the objects (N,) takes, over all accelerations.

    Fingers press with the force of the tool's; infinite where one meets nothing or is pressed off.
    """
    number = len(tool.fingers)
    press = min(finger.force for finger in tool.fingers)
    radius = min(finger.radius for finger in tool.fingers)
    middle = contacts.points.mean(axis=1)
    axis = contacts.directions[:, 0]  # of two: the way they close
    apart = 2.0 * np.linalg.norm(contacts.points - middle[:, None], axis=-1).mean(axis=1)
    force = still.masses[objects][:, None, None] * (accelerations() - GRAVITY)  # (N, A, 3) of the fingers on it
    lever = still.centers[objects] - middle
    moment = np.cross(lever[:, None], force)
    twist = np.einsum("nai,ni->na", moment, axis)
    bend = np.linalg.norm(moment - twist[..., None] * axis[:, None], axis=-1)
    if number == 2:
        along = np.einsum("nai,ni->na", force, axis)
        aside = np.linalg.norm(force - along[..., None] * axis[:, None], axis=-1)
    else:  # in the plane in which they close three fingers press against it; friction alone is the safe side
        along, aside = np.zeros(force.shape[:2]), np.linalg.norm(force, axis=-1)
    normal = press - 0.5 * np.abs(along)  # at the finger that it pulls away from
    sliding = aside / number + bend / np.maximum(apart, _SHORT)[:, None]
    turning = np.abs(twist) / number
    grip = friction[:, None] * np.maximum(normal, 1e-9)
    used = np.hypot(sliding / grip, turning / (2.0 / 3.0 * radius * grip)).max(axis=1)
    return np.where(contacts.meets.all(axis=1) & (normal > 0.0).all(axis=1), used, np.inf)

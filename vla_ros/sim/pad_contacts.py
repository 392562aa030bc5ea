# SPDX-License-Identifier: Apache-2.0
"""What rubber pads do to rigid objects: the object's own friction decides, the pad's softness stays.

MuJoCo takes everything of a contact from the geom of higher priority, the pad, which holds cloths and fixtures at the
pad's friction; without priorities it would take the larger friction of both, again the pad's. So each pad and each part
of an object is a pair of its own.

A soft pad touches in a patch: its torque about the contact normal is that of friction over the patch, μ N · 2/3 of its
radius (uniform pressure; Howe and Cutkosky, "Practical force-motion models for sliding manipulation", 1996).
"""

from __future__ import annotations

import mujoco

from vla_ros.sim.robot_model import PAD_FRICTION, PAD_SOLIMP, PAD_SOLREF, is_pad
from vla_ros.sim.scenes.scene import Scene

CONDIM = 4  # sliding, and torsion about the contact normal


def add_pad_contacts(spec: mujoco.MjSpec, scene: Scene) -> None:
    """Pair the robot's pads with the objects of a scene that their own friction holds; both are there already."""
    pads = [geom.name for geom in spec.geoms if is_pad(geom)]
    for placed in scene.objects:
        model = placed.model
        if model.pads_decide:
            continue
        friction = pair_friction(model.friction)
        for index, part in enumerate(model.parts):
            for pad in pads if part.collide else ():
                spec.add_pair(
                    name=f"{pad}|{placed.name}/{index}", geomname1=pad, geomname2=f"{placed.name}/{index}",
                    condim=CONDIM, friction=friction, solref=PAD_SOLREF, solimp=PAD_SOLIMP,
                )  # fmt: skip


def pair_friction(sliding: float) -> tuple[float, float, float, float, float]:
    """Return what counts between pad and object: sliding [-] twice, torsional [m], rolling [m] twice."""
    pad_sliding, pad_torsion, rolling = PAD_FRICTION
    return sliding, sliding, pad_torsion * sliding / pad_sliding, rolling, rolling

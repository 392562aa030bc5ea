# SPDX-License-Identifier: Apache-2.0
"""A scene's fixtures, added to a MuJoCo specification: a body that stands still, and on it a body for each joint."""

from __future__ import annotations

import mujoco
import numpy as np

from vla_ros.objects.articulated import FixtureJoint
from vla_ros.sim.object_geoms import add_body, add_parts
from vla_ros.sim.scenes.placed import PlacedFixture
from vla_ros.sim.scenes.scene import Scene

_KINDS = {"hinge": mujoco.mjtJoint.mjJNT_HINGE, "slide": mujoco.mjtJoint.mjJNT_SLIDE}
# A joint's end gives way by a tenth of a millimetre or milliradian rather than by a centimetre: wood on wood.
_END_SOLREF, _END_SOLIMP = (0.01, 1.0), (0.95, 0.99, 0.001, 0.5, 2.0)
_MASS_STILL = 1.0  # [kg] of what stands still: it weighs on nothing


def add_fixtures(spec: mujoco.MjSpec, scene: Scene) -> None:
    """Add every fixture of the scene, its joints where they start."""
    for placed in scene.fixtures:
        _add_fixture(spec, placed)


def _add_fixture(spec: mujoco.MjSpec, placed: PlacedFixture) -> None:
    model, name = placed.model, placed.name
    frame = add_body(spec, spec.worldbody, name, placed.T_base_fixture)
    add_parts(spec, frame, name, model.parts, _MASS_STILL, model.friction)
    for link in model.links:
        label = f"{name}/{link.joint.name}"
        body = add_body(spec, frame, label, np.eye(4))
        _add_joint(body, label, link.joint, degrees=bool(spec.compiler.degree))
        add_parts(spec, body, label, link.parts, link.mass, model.friction)
        # The joint guides it; MuJoCo would have it rub on what stands still, but not on a parent that moves.
        spec.add_exclude(name=label, bodyname1=name, bodyname2=label)


def _add_joint(body: mujoco.MjsBody, name: str, described: FixtureJoint, degrees: bool) -> None:
    joint = body.add_joint(name=name, type=_KINDS[described.kind], axis=described.axis, pos=described.anchor)
    turns_in_degrees = degrees and described.kind == "hinge"
    joint.limited = mujoco.mjtLimited.mjLIMITED_TRUE
    joint.range = np.degrees(described.range) if turns_in_degrees else described.range
    joint.damping[0], joint.frictionloss = described.damping, described.friction
    joint.solref_limit, joint.solimp_limit = _END_SOLREF, _END_SOLIMP

# SPDX-License-Identifier: Apache-2.0
"""A scene's cloths, added to a MuJoCo specification as flexes: a point mass a vertex, held together along the threads.

Threads are equality constraints (of vertices along rows, columns and diagonals), which any integrator takes at any time
step; elasticity by Young's modulus asks for another integrator than the robot's contacts were tuned with, and costs
twice as much.

Triangles touch robot and objects. On another layer of itself, and a garment on table and floor too, a cloth lies by its
vertices, a small ball each. Triangles on a box make three contacts each and triangles on triangles one for each pair
that overlaps; a step with those takes two and a half times as long. Where fingers close between vertices, as on a
towel, triangles alone come up between them.
"""

from __future__ import annotations

import mujoco
import numpy as np

from vla_ros.sim.scenes.placed import PlacedCloth
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.surroundings import COLLISION_GROUP, SUPPORTS, VISUAL_GROUP

_TORSION, _ROLLING = 0.002, 0.0001  # [m]
_INERTIA_BOX = 0.003  # [m] of a vertex's body, which does not turn
# A vertex bears what fingers press upon the triangles around it: with MuJoCo's softness it would go into the table.
_FIRM = (0.975, 0.99, 0.001, 0.5, 2.0)
# Threads that bear all of a garment: MuJoCo's give way by the square of the first number, and by what is left to 1.
_FIRM_THREADS = ((0.01, 1.0), (0.99, 0.99, 0.001, 0.5, 2.0))
# Contact bits, beyond those of robots (vla_ros/sim/robot_model.py): what bears vertices, what triangles touch, and
# triangles that bear vertices.
_GROUND, _CLOTH, _LAYER = 1 << 16, 1 << 17, 1 << 18


def add_cloths(spec: mujoco.MjSpec, scene: Scene) -> None:
    """Add every cloth of the scene, flat where it starts; robot, surroundings and objects are there already."""
    if scene.cloths:
        for geom in spec.geoms:
            if geom.contype or geom.conaffinity:
                geom.conaffinity |= _GROUND if geom.name in SUPPORTS else _CLOTH
    for placed in scene.cloths:
        _add_cloth(spec, placed)


def _add_cloth(spec: mujoco.MjSpec, placed: PlacedCloth) -> None:
    model = placed.model
    bodies = [_add_vertex(spec, placed, index) for index in range(len(model.grid))]
    elements = [vertex for triangle in model.triangles for vertex in triangle]
    flex = spec.add_flex(name=placed.name, dim=2, radius=model.thickness / 2)
    flex.vertbody = bodies
    flex.elem = elements
    flex.contype = _CLOTH if model.lies_by_vertices else _CLOTH | _GROUND
    flex.conaffinity = _LAYER if model.folds else 0
    flex.condim, flex.friction = 3, [model.friction, _TORSION, _ROLLING]
    flex.selfcollide = mujoco.mjtFlexSelf.mjFLEXSELF_NONE
    flex.group, flex.rgba = VISUAL_GROUP, model.rgba
    flex.material = _add_material(spec, placed)
    if model.texture is not None:
        flex.texcoord = (np.array(model.grid) / (np.array(model.count) - 1)).astype(np.float32).ravel()
        flex.elemtexcoord = elements
    threads = spec.add_equality(name1=placed.name)
    threads.type = mujoco.mjtEq.mjEQ_FLEX  # all edges of the triangles
    if model.firm_threads:
        threads.solref, threads.solimp = _FIRM_THREADS


def _add_vertex(spec: mujoco.MjSpec, placed: PlacedCloth, index: int) -> str:
    """Add the point mass of a vertex, which slides each way; return its body's name."""
    model, T = placed.model, placed.T_base_cloth
    body = spec.worldbody.add_body(name=f"{placed.name}_{index}")
    body.pos = T[:3, :2] @ model.flat[index] + T[:3, 3]
    body.mass = model.mass / len(model.grid)
    body.inertia = [2.0 / 3.0 * body.mass * _INERTIA_BOX**2] * 3
    body.ipos, body.iquat, body.explicitinertial = (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0), True
    for axis in np.eye(3):
        joint = body.add_joint(type=mujoco.mjtJoint.mjJNT_SLIDE, axis=axis)
        joint.damping[0] = model.drag * body.mass
    ball = body.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[model.thickness / 2, 0, 0], mass=0.0)
    ball.contype = _GROUND | _LAYER if model.lies_by_vertices else _LAYER
    ball.conaffinity, ball.group = 0, COLLISION_GROUP
    ball.condim, ball.friction = 3, [model.friction, _TORSION, _ROLLING]
    ball.solimp = _FIRM
    return body.name


def _add_material(spec: mujoco.MjSpec, placed: PlacedCloth) -> str:
    name, model = f"{placed.name}/cloth", placed.model
    material = spec.add_material(name=name, specular=0.05, shininess=0.1, rgba=model.rgba)
    if model.texture is not None:
        height, width = model.texture.shape[:2]
        kind = mujoco.mjtTexture.mjTEXTURE_2D
        texture = spec.add_texture(name=name, type=kind, width=width, height=height, nchannel=3)
        texture.data = model.texture.tobytes()
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = texture.name
    return material.name

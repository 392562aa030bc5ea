# SPDX-License-Identifier: Apache-2.0
"""A scene's objects, added to a MuJoCo specification as free bodies named like the objects."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import mujoco
import numpy as np

from vla_ros.objects.geometry import part_volume
from vla_ros.objects.model import Mesh, ObjectModel, Part
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.surroundings import CLEAR_GROUP, COLLISION_GROUP, VISUAL_GROUP

_TYPES = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
    "mesh": mujoco.mjtGeom.mjGEOM_MESH,
}
# Friction about the contact normal, as the length of an arm [m]: μ times about two thirds of a contact patch's radius,
# a few millimetres on a hard object. And rolling resistance [m]: 1.5 % of a 3 cm ball's radius, as of wood on cloth.
_TORSION, _ROLLING = 0.002, 0.0004


def add_objects(spec: mujoco.MjSpec, scene: Scene) -> None:
    """Add every object of the scene at its start pose."""
    for placed in scene.objects:
        add_object(spec, placed.name, placed.model, placed.T_base_object)


def add_object(
    spec: mujoco.MjSpec, name: str, model: ObjectModel, T_base_object: np.ndarray, drawn: bool = True
) -> mujoco.MjsBody:
    """Add one free body with the object's parts; without `drawn` those that collide alone."""
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, np.ascontiguousarray(T_base_object[:3, :3]).flatten())
    body = add_body(spec, spec.worldbody, name, T_base_object)
    body.add_freejoint(name=f"{name}/free")
    parts = model.parts if drawn else model.collision_parts
    add_parts(spec, body, name, parts, model.mass, model.friction, model.rolls, model.opacity)
    return body


def add_body(spec: mujoco.MjSpec, parent: mujoco.MjsBody, name: str, T_parent_body: np.ndarray) -> mujoco.MjsBody:
    """Add a body, fixed until it is given a joint, at its pose (4, 4)."""
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, np.ascontiguousarray(T_parent_body[:3, :3]).flatten())
    return parent.add_body(name=name, pos=T_parent_body[:3, 3], quat=quat)


def add_parts(
    spec: mujoco.MjSpec,
    body: mujoco.MjsBody,
    name: str,
    parts: Sequence[Part],
    mass: float,
    friction: float,
    rolls: bool = False,
    opacity: float = 1.0,
) -> None:
    """Give a body its parts, `name`/0 and on; its mass [kg] lies in those that collide.

    `opacity`: share of the light that they stop; what is below 1 is of glass.
    """
    weights = [part_volume(part) * part.density if part.collide else 0.0 for part in parts]
    if opacity < 1.0:
        parts = [dataclasses.replace(part, rgba=(*part.rgba[:3], opacity), gloss=1.0) for part in parts]
    drawn_in = CLEAR_GROUP if opacity < 1.0 else VISUAL_GROUP
    for index, (part, weight) in enumerate(zip(parts, weights, strict=True)):
        geom = body.add_geom(name=f"{name}/{index}", type=_TYPES[part.shape], pos=part.position, rgba=part.rgba)
        x, y, z, w = part.quaternion
        geom.quat = [w, x, y, z]
        if part.mesh is not None:
            geom.meshname = _add_mesh(spec, f"{name}/{index}", part, part.mesh)
        else:
            geom.size[: len(part.size)] = part.size
        geom.material = _add_material(spec, f"{name}/{index}", part)
        geom.group = drawn_in if part.visible else COLLISION_GROUP
        geom.mass = mass * weight / sum(weights)
        geom.contype = geom.conaffinity = int(part.collide)
        if part.collide:
            geom.friction = [friction, _TORSION, _ROLLING if rolls else 0.0001]
            geom.condim = 6 if rolls else 3


def _add_mesh(spec: mujoco.MjSpec, name: str, part: Part, triangles: Mesh) -> str:
    mesh = spec.add_mesh(name=name)
    mesh.uservert = np.ascontiguousarray(triangles.vertices, dtype=np.float32).ravel()
    mesh.userface = np.ascontiguousarray(triangles.faces, dtype=np.int32).ravel()
    if triangles.uv is not None and part.texture is not None:
        flipped = triangles.uv * (1, -1) + (0, 1)  # MuJoCo's v runs down the picture
        mesh.usertexcoord = np.ascontiguousarray(flipped, dtype=np.float32).ravel()
        mesh.userfacetexcoord = mesh.userface
    kind = mujoco.mjtMeshInertia
    # What is only drawn may be open or thin: as a shell it always has a volume to place its frame by.
    mesh.inertia = kind.mjMESH_INERTIA_CONVEX if part.collide else kind.mjMESH_INERTIA_SHELL
    mesh.maxhullvert = 64  # a hull of thousands of corners collides no better and a hundred times slower
    return mesh.name


def _add_material(spec: mujoco.MjSpec, name: str, part: Part) -> str:
    if not part.visible:
        return ""
    material = spec.add_material(
        name=name, specular=0.1 + 0.6 * part.gloss, shininess=0.1 + 0.7 * part.gloss, rgba=part.rgba
    )
    if part.texture is not None:
        height, width = part.texture.shape[:2]
        kind = mujoco.mjtTexture.mjTEXTURE_2D
        texture = spec.add_texture(name=name, type=kind, width=width, height=height, nchannel=3)
        texture.data = part.texture.tobytes()
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
    return material.name

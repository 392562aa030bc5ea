# SPDX-License-Identifier: Apache-2.0
"""A scene's cloths, added to a MuJoCo specification as flexes: a point mass a vertex, held together along the threads.

Threads are equality constraints (of vertices along rows, columns and diagonals), which any integrator takes at any time
step; elasticity by Young's modulus asks for another integrator than the robot's contacts were tuned with, and costs
twice as much.
"""

from __future__ import annotations

import mujoco
import numpy as np

from vla_ros.sim.scenes.placed import PlacedCloth
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.surroundings import VISUAL_GROUP

_TORSION, _ROLLING = 0.002, 0.0001  # [m]
_THREADS = 1  # MuJoCo's word for equality constraints of all edges
_INERTIA_BOX = 0.003  # [m] of a vertex's body, which does not turn


def add_cloths(spec: mujoco.MjSpec, scene: Scene) -> None:
    """Add every cloth of the scene, flat where it starts."""
    for placed in scene.cloths:
        _add_cloth(spec, placed)


def _add_cloth(spec: mujoco.MjSpec, placed: PlacedCloth) -> None:
    model, T = placed.model, placed.T_base_cloth
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, np.ascontiguousarray(T[:3, :3]).flatten())
    flex = spec.worldbody.make_flex(
        name=placed.name,
        type="grid",
        dim=2,
        count=[*model.count, 1],
        spacing=[*(edge / (n - 1) for edge, n in zip(model.size, model.count, strict=True)), 1.0],
        radius=model.thickness / 2,
        mass=model.mass,
        inertiabox=_INERTIA_BOX,
        equality=_THREADS,
        pos=T[:3, 3],
        quat=quat,
    )
    flex.contype = flex.conaffinity = 1
    flex.condim, flex.friction = 3, [model.friction, _TORSION, _ROLLING]
    kinds = mujoco.mjtFlexSelf
    flex.selfcollide = kinds.mjFLEXSELF_AUTO if model.folds else kinds.mjFLEXSELF_NONE
    flex.group, flex.rgba = VISUAL_GROUP, model.rgba
    flex.material = _add_material(spec, placed)
    if model.texture is not None:
        u, v = (np.linspace(0.0, 1.0, n) for n in model.count)
        flex.texcoord = np.stack(np.meshgrid(u, v, indexing="ij"), axis=-1).astype(np.float32).ravel()
        flex.elemtexcoord = flex.elem


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

# SPDX-License-Identifier: Apache-2.0
"""A picture of objects as they lie: each in each of its resting poses, beside what it collides as.

A line under each is 5 cm long: an object in the wrong unit or lying where it should stand is plain to see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import mujoco
import numpy as np

from vla_ros.objects.model import ObjectModel
from vla_ros.sim.object_geoms import add_object
from vla_ros.sim.rendering import Renderer
from vla_ros.sim.scenes.footprint import place

_CELL = (300, 260)  # [px]
_CAPTION = 40  # [px]
_LINE = 0.05  # [m] drawn under each object
_COLUMNS = 4
_FILLED = 190  # [px] of a cell that an object's longest diagonal takes
_SCALES = (300.0, 2000.0)  # [px/m]
_FOVY = 12.0  # [degrees]: nearly without perspective
_MOST = 100  # cells
_DOWN = np.radians(38.0)
_PIECES = [(0.90, 0.33, 0.31), (0.33, 0.60, 0.86), (0.45, 0.75, 0.40), (0.95, 0.75, 0.30), (0.65, 0.47, 0.80),
           (0.40, 0.76, 0.76), (0.90, 0.55, 0.70), (0.62, 0.62, 0.62)]  # fmt: skip


def object_sheet(objects: Sequence[tuple[ObjectModel, Sequence[str]]]) -> bytes:
    """Return a PNG with every object in every pose, then what it collides as, each piece in a colour of its own.

    `objects`: each with the names of its poses.
    """
    cells = []
    for model, names in objects:
        size = " x ".join(f"{1000 * edge:.0f}" for edge in model.size)
        for name, pose in zip(names, model.resting, strict=True):
            cells.append(_cell(model, np.asarray(pose), f"{name}, {size} mm"))
        shapes = len(model.collision_parts)
        plural = "" if shapes == 1 else "s"
        cells.append(_cell(_pieces(model), np.asarray(model.resting[0]), f"collides as {shapes} shape{plural}"))
        if len(cells) >= _MOST:
            break
    rows = [_row(cells[first : first + _COLUMNS]) for first in range(0, len(cells), _COLUMNS)]
    written, picture = cv2.imencode(".png", np.vstack(rows)[..., ::-1])
    if not written:
        raise ValueError("the picture of the objects could not be written as PNG")
    return picture.tobytes()


def _pieces(model: ObjectModel) -> ObjectModel:
    """Return the object as its colliding parts, in one colour each."""
    parts = tuple(
        replace(part, visible=True, rgba=(*_PIECES[index % len(_PIECES)], 1.0), texture=None)
        for index, part in enumerate(model.collision_parts)
    )
    return replace(model, parts=parts)


def _row(cells: list[np.ndarray]) -> np.ndarray:
    missing = _COLUMNS - len(cells)
    return np.hstack([*cells, *[np.full_like(cells[0], 255)] * missing])


def _cell(model: ObjectModel, pose: np.ndarray, text: str) -> np.ndarray:
    """Return one object in one pose, with words below it."""
    scale = float(np.clip(_FILLED / np.linalg.norm(model.size), *_SCALES))  # [px/m] at the object's middle
    color = render_object(model, pose, scale, _CELL)
    strip = np.full((_CAPTION, _CELL[0], 3), 255, dtype=np.uint8)
    dark = (30, 30, 30)
    cv2.putText(strip, model.name[:34], (8, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.45, dark, 1, cv2.LINE_AA)
    cv2.putText(strip, text, (8, 32), cv2.FONT_HERSHEY_SIMPLEX, 0.4, dark, 1, cv2.LINE_AA)
    cv2.line(color, (10, _CELL[1] - 10), (10 + round(_LINE * scale), _CELL[1] - 10), dark, 2)
    return np.vstack([color, strip])


def render_object(model: ObjectModel, pose: np.ndarray, scale: float, cell: tuple[int, int]) -> np.ndarray:
    """Draw an object in a pose (xyzw) on paper, at `scale` [px/m], in a picture of width and height `cell` [px]."""
    placed = place(model, pose, np.zeros(2), 0.0)
    middle = (placed.points.min(axis=0) + placed.points.max(axis=0)) / 2
    spec = mujoco.MjSpec()
    add_object(spec, "thing", model, placed.T_base_object)
    spec.visual.global_.offwidth, spec.visual.global_.offheight = cell
    spec.visual.quality.offsamples = 4
    spec.visual.headlight.ambient, spec.visual.headlight.diffuse = [0.45] * 3, [0.3] * 3
    spec.visual.headlight.specular = [0.0] * 3
    distance = cell[1] / scale / 2 / np.tan(np.radians(_FOVY) / 2)
    look = np.array([-np.cos(_DOWN) * 0.8, -np.cos(_DOWN) * 0.6, np.sin(_DOWN)])
    spec.stat.extent, spec.stat.center = 1.0, middle
    spec.visual.map.znear, spec.visual.map.zfar = 0.05, 20.0
    paper = spec.add_material(name="paper", rgba=[0.93, 0.93, 0.91, 1.0])
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[3, 3, 0.1], material=paper.name)
    spec.worldbody.add_light(
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, pos=[-0.5, -0.2, 1.5], dir=[0.35, 0.2, -1.0],
        diffuse=[0.5] * 3, castshadow=True,
    )  # fmt: skip
    x = np.cross([0.0, 0.0, 1.0], look)
    x /= np.linalg.norm(x)
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, np.column_stack([x, np.cross(look, x), look]).flatten())
    spec.worldbody.add_camera(name="eye", pos=middle + distance * look, quat=quat, fovy=_FOVY, resolution=cell)
    compiled = spec.compile()
    data = mujoco.MjData(compiled)
    mujoco.mj_forward(compiled, data)
    renderer = Renderer(compiled, *cell)
    try:
        return renderer.render(data, compiled.camera("eye").id)[0].copy()
    finally:
        renderer.close()

# SPDX-License-Identifier: Apache-2.0
"""A picture of a plan: the arm at a few instants among the obstacles, and the way its tool goes."""

from __future__ import annotations

import cv2
import mujoco
import numpy as np

from bench.planning_scenes.check import scene_spec, standing_qpos
from vla_ros.output_file import write_output
from vla_ros.planning.planner import MotionPlanner
from vla_ros.planning.problem import Plan, PlanningProblem
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.rendering import Renderer

SIZE = (760, 560)  # [px]
EYE, TARGET = np.array([1.45, -1.25, 1.0]), np.array([0.36, 0.0, 0.26])  # [m]
TWO_ARMS_AWAY = np.array([1.0, -1.2, 1.0])  # [m]
GHOSTS = 4  # instants between start and goal
SHARE, START_SHARE = 0.3, 0.7  # of a ghost's colour in the picture, and of the arm's at the start
COLORS = {"table": (0.72, 0.63, 0.52, 1), "wall": (0.62, 0.68, 0.74, 1), "shelf": (0.55, 0.42, 0.30, 1),
          "bin": (0.40, 0.55, 0.62, 1), "board": (0.62, 0.62, 0.66, 1)}  # fmt: skip


def write_picture(
    path: str, embodiment: Embodiment, planner: MotionPlanner, problem: PlanningProblem, plan: Plan
) -> None:
    """Draw a plan into a PNG file. Raises ConfigError when it cannot be written."""
    spec = scene_spec(embodiment, problem)
    random = np.random.default_rng(1)
    for geom in spec.worldbody.geoms:
        if geom.name.startswith("scene/"):
            kind = geom.name.removeprefix("scene/").split()[0]
            geom.rgba = COLORS.get(kind, (*random.uniform(0.35, 0.9, 3), 1.0))
            geom.group = 2
    rows = plan.sample(np.linspace(0.0, plan.duration, 120))
    for arm in planner.arms:
        _add_way(spec, np.array([arm.model.forward(q[arm.part])[:3, 3] for q in rows]))
    two = len(planner.arms) > 1
    _add_view(spec, _middle(problem) if two else TARGET, TWO_ARMS_AWAY if two else EYE - TARGET)
    compiled = spec.compile()
    data = mujoco.MjData(compiled)
    renderer = Renderer(compiled, *SIZE)
    arm = [compiled.joint(name).qposadr[0] for name in plan.joints]
    data.qpos[:] = standing_qpos(compiled, embodiment, problem)
    frames = []
    for t in np.linspace(0.0, plan.duration, GHOSTS + 2):
        data.qpos[arm] = plan.sample(np.array([t]))[0]
        mujoco.mj_forward(compiled, data)
        frames.append(renderer.render(data, compiled.camera("view").id)[0].astype(float))
    compiled.geom_rgba[compiled.geom_bodyid > 0, 3] = 0.0
    empty = renderer.render(data, compiled.camera("view").id)[0].astype(float)
    renderer.close()
    *before, picture = frames
    arm_there = _differs(picture, empty)
    for index, frame in enumerate(before):
        share = START_SHARE if index == 0 else SHARE
        picture = np.where(_differs(frame, empty) & ~arm_there, (1.0 - share) * picture + share * frame, picture)
    image = cv2.cvtColor(picture.astype(np.uint8), cv2.COLOR_RGB2BGR)
    write_output("--picture", path, cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())


def _differs(frame: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.abs(frame - other).max(axis=2, keepdims=True) > 6.0


def _add_way(spec: mujoco.MjSpec, points: np.ndarray) -> None:
    for index, point in enumerate(points):
        share = index / (len(points) - 1)
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_SPHERE, pos=point, size=(0.006, 0, 0), contype=0, conaffinity=0, group=2,
            rgba=(0.95, 0.15 + 0.65 * share, 0.1, 1.0),
        )  # fmt: skip


def _middle(problem: PlanningProblem) -> np.ndarray:
    """Return the middle of the things of a scene (3,) [m]."""
    places = np.array([item.T_base_obstacle[:3, 3] for item in problem.scene.obstacles])
    return places.mean(axis=0) + np.array([0.0, 0.0, 0.08])


def _add_view(spec: mujoco.MjSpec, target: np.ndarray, away: np.ndarray) -> None:
    spec.visual.quality.offsamples = 4
    spec.visual.map.znear, spec.visual.map.zfar = 0.01, 20.0
    spec.stat.extent, spec.stat.center = 1.0, target
    spec.visual.global_.offwidth, spec.visual.global_.offheight = SIZE
    spec.visual.headlight.ambient, spec.visual.headlight.diffuse = [0.45] * 3, [0.35] * 3
    spec.add_texture(
        name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=(0.93, 0.95, 0.97), rgb2=(0.80, 0.84, 0.88), width=64, height=384,
    )  # fmt: skip
    spec.worldbody.add_light(pos=(0.5, -1.0, 2.5), dir=(0.0, 0.4, -1.0), diffuse=(0.6, 0.6, 0.6), castshadow=True)
    back = away / np.linalg.norm(away)
    right = np.cross((0.0, 0.0, 1.0), back)
    right /= np.linalg.norm(right)
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, np.stack([right, np.cross(back, right), back], axis=1).flatten())
    spec.worldbody.add_camera(name="view", pos=target + away, quat=quat, fovy=42.0, resolution=SIZE)

# SPDX-License-Identifier: Apache-2.0
"""A second opinion on plans: MuJoCo's collision detection on the same URDF, at four times the plan's resolution."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from vla_ros.planning.problem import Plan, PlanningProblem, width_of
from vla_ros.planning.shapes import Box, ConvexHull, Cylinder, Shape, Sphere
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.robot_model import robot_spec

FINER = 4
SEEN_WITHIN = 0.03  # [m] MuJoCo reports pairs up to this far apart


@dataclass(frozen=True)
class Opinion:
    """What MuJoCo found on one path."""

    samples: int
    clearance: float  # [m] least distance to the scene, negative when inside; at most SEEN_WITHIN
    self_clearance: float  # [m] the same between parts of the robot


def scene_spec(embodiment: Embodiment, problem: PlanningProblem) -> mujoco.MjSpec:
    """Return the robot among the problem's obstacles."""
    spec = robot_spec(embodiment)
    for body in spec.bodies:
        for geom in body.geoms:
            geom.margin = SEEN_WITHIN
    for index, item in enumerate(problem.scene.obstacles):
        quat = np.empty(4)
        mujoco.mju_mat2Quat(quat, item.T_base_obstacle[:3, :3].flatten())
        geom = spec.worldbody.add_geom(
            name=f"scene/{item.name}", pos=item.T_base_obstacle[:3, 3], quat=quat, margin=SEEN_WITHIN
        )
        _set_shape(spec, geom, item.shape, f"hull {index}")
    return spec


def standing_qpos(model: mujoco.MjModel, embodiment: Embodiment, problem: PlanningProblem) -> np.ndarray:
    """Return qpos with fingers as the problem has them, everything else that is driven at home."""
    qpos = np.array(model.qpos0)
    for group in embodiment.driven_groups:
        qpos[[model.joint(name).qposadr[0] for name in group.joints]] = group.home
    for gripper in embodiment.grippers:
        width = width_of(gripper, problem.gripper_width)
        qpos[[model.joint(name).qposadr[0] for name in gripper.joints]] = width / len(gripper.joints)
    return qpos


def second_opinion(embodiment: Embodiment, problem: PlanningProblem, plan: Plan) -> Opinion:
    """Look at every configuration of a plan, and at three more between each two."""
    model = scene_spec(embodiment, problem).compile()
    data = mujoco.MjData(model)
    arm = [model.joint(name).qposadr[0] for name in plan.joints]
    data.qpos[:] = standing_qpos(model, embodiment, problem)
    times = np.interp(np.arange(FINER * (len(plan.times) - 1) + 1) / FINER, np.arange(len(plan.times)), plan.times)
    world = np.array([model.geom_bodyid[i] == 0 for i in range(model.ngeom)])
    nearest = [SEEN_WITHIN, SEEN_WITHIN]
    for q in plan.sample(times):
        data.qpos[arm] = q
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        if data.ncon:
            with_world = world[data.contact.geom].any(axis=1)
            for kind, chosen in enumerate((with_world, ~with_world)):
                if chosen.any():
                    nearest[kind] = min(nearest[kind], float(data.contact.dist[chosen].min()))
    return Opinion(len(times), *nearest)


def _set_shape(spec: mujoco.MjSpec, geom: mujoco.MjsGeom, shape: Shape, name: str) -> None:
    if isinstance(shape, Box):
        geom.type, geom.size = mujoco.mjtGeom.mjGEOM_BOX, np.array(shape.size) / 2.0
    elif isinstance(shape, Sphere):
        geom.type, geom.size = mujoco.mjtGeom.mjGEOM_SPHERE, (shape.radius, 0.0, 0.0)
    elif isinstance(shape, Cylinder):
        geom.type, geom.size = mujoco.mjtGeom.mjGEOM_CYLINDER, (shape.radius, shape.length / 2.0, 0.0)
    elif isinstance(shape, ConvexHull):
        spec.add_mesh(name=name, uservert=shape.points.flatten())
        geom.type, geom.meshname = mujoco.mjtGeom.mjGEOM_MESH, name

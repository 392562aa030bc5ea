# SPDX-License-Identifier: Apache-2.0
"""Where an operator's hand goes to do what a prompt asks for: from the truth of the scene that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from controllers.errors import VlaError
from controllers.model import ArmModel
from controllers.rotations import from_matrix
from vla_ros.objects.named_parts import named_parts
from vla_ros.policies.graspvla.small.part_search import split_part
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.grasping.grasps import GraspConfig
from vla_ros.sim.grasping.motion import MotionConfig, Step
from vla_ros.sim.grasping.planning import GraspPlanner
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World
from vla_ros.tasks.grasping.part_grasps import PartGraspPlanner, target_part
from vla_ros.tasks.grasping.scenes import sample_scene
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.demonstrator.demonstrator import Waypoint
from vla_ros.training.generation.demonstrator import WIDE_MARGIN

BEFORE = 0.10  # [m] of the way in at which a person stops to look before the last stretch


def prompted_scene(said: Mapping[str, Any], robot: str) -> Scene:
    """Return the scene that a prompt's `scene` names, as a robot (name or file) is shown it. Raises ConfigError."""
    return sample_scene(
        set_name=str(said["set"]),
        seed=int(said["seed"]),
        stream=str(said["stream"]),
        categories=str(said["categories"]),
        objects=str(said["objects"]) or None,
        target=str(said["target"]),
        place=str(said["place"]),
        robot=robot,
    )


def plan_waypoints(scene: Scene, instruction: str, embodiment: Embodiment, arm: ArmModel) -> list[Waypoint]:
    """Return the way to grasp and lift the scene's target as the instruction asks for it.

    Raises VlaError where its part is unknown, or no grasp can be reached.
    """
    world = World(scene, embodiment)
    try:
        return _waypoints(_planner(world, instruction, arm), world)
    finally:
        world.close()


def _planner(world: World, instruction: str, arm: ArmModel) -> GraspPlanner:
    grasps = GraspConfig(wide_margin=WIDE_MARGIN)
    part = split_part(instruction)[1]
    if not part:
        return GraspPlanner(world, arm, MotionConfig(), grasps)
    category = world.scene.target_object.model.category
    if category not in named_parts() or target_part(world.scene).name != part:
        raise VlaError(f"'{instruction}': nothing says which part of a {category} its {part} is (objects/parts.yaml)")
    return PartGraspPlanner(world, arm, MotionConfig(), grasps)


def _waypoints(planner: GraspPlanner, world: World) -> list[Waypoint]:
    planned = planner.plan(world.scene.target, world.T_base_ee, world.q)
    if planned is None:
        raise VlaError(f"no grasp of {world.scene.target} can be reached")
    T_grasp = planned.grasp.T_base_grasp
    raised = T_grasp.copy()
    raised[2, 3] += planner.motion.lift_m
    return [
        Waypoint(_pose(_before(planned.approach)), closed=0.0),
        Waypoint(_pose(T_grasp), closed=1.0),
        Waypoint(_pose(raised)),
    ]


def _before(way: Sequence[Step]) -> np.ndarray:
    """Return the pose (4, 4) on the way in from which BEFORE is left to go."""
    end = way[-1].T_base_ee[:3, 3]
    left = [float(np.linalg.norm(step.T_base_ee[:3, 3] - end)) for step in way]
    return way[int(np.argmin(np.abs(np.array(left) - BEFORE)))].T_base_ee


def _pose(T: np.ndarray) -> Pose:
    return Pose(T[:3, 3].copy(), from_matrix(T[:3, :3]))

# SPDX-License-Identifier: Apache-2.0
"""Grasps of one part of an object, "by its handle": scenes that ask for it, plans that do it, whether it was done."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from vla_ros.objects.named_parts import NamedPart, named_parts, parts_catalogue
from vla_ros.sim.grasping.grasps import Grasp
from vla_ros.sim.grasping.planning import GraspPlanner
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World
from vla_ros.tasks.grasping.scenes import sample_scene

PAD = 0.008  # [m] half a pad's width: with this much of it beyond its end a grasp is of the part still


def sample_part_scene(
    set_name: str, seed: int, stream: str = "evaluation", wording: str | None = None, cameras: Sequence[str] = ()
) -> Scene:
    """Draw a scene whose target has a named part, and which asks for it by that part."""
    scene = sample_scene(set_name, seed, stream, "seen", parts_catalogue(), wording, cameras=cameras)
    part = named_parts()[scene.target_object.model.category]
    return dataclasses.replace(scene, instruction=f"{scene.instruction} by its {part.name}")


def target_part(scene: Scene) -> NamedPart:
    """Return the part by which a scene's target is asked for."""
    return named_parts()[scene.target_object.model.category]


def held_by_part(world: World) -> bool:
    """Say whether the tool point is at the part of the scene's target that was asked for."""
    scene = world.scene
    point = (np.linalg.inv(world.object_pose(scene.target)) @ world.T_base_ee)[:3, 3]
    return bool(target_part(scene).holds(scene.target_object.model, point, PAD))


class PartGraspPlanner(GraspPlanner):
    """Plan grasps of the named part of the scene's target, and of other objects as always."""

    def _centre(self, target: str) -> np.ndarray:
        """Return the middle of the part: grasps of it are looked for first, and the nearest to it are the best."""
        scene = self.world.scene
        if target != scene.target:
            return super()._centre(target)
        T = self.world.object_pose(target)
        return T[:3, :3] @ target_part(scene).middle(scene.target_object.model) + T[:3, 3]

    def _grasps(self, target: str) -> list[Grasp]:
        found = super()._grasps(target)
        scene = self.world.scene
        if target != scene.target or not found:
            return found
        T_object_base = np.linalg.inv(self.world.object_pose(target))
        points = np.array([(T_object_base @ grasp.T_base_grasp)[:3, 3] for grasp in found])
        inside = target_part(scene).holds(scene.target_object.model, points)
        return [grasp for grasp, keep in zip(found, inside, strict=True) if keep]

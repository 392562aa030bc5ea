# SPDX-License-Identifier: Apache-2.0
"""Grasps of one part of an object, "by its handle": scenes that ask for it, plans that do it, whether it was done."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from vla_ros.objects.grasp import Grasp
from vla_ros.objects.named_parts import NamedPart, named_parts, parts_catalogue
from vla_ros.sim.grasping.planning import GraspPlanner
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.grasping.scenes import sample_scene

PAD = 0.008  # [m] half a pad's width: with this much of it beyond its end a grasp is of the part still


def sample_part_scene(request: SceneRequest) -> Scene:
    """Draw a scene whose target has a named part, and which asks for it by that part."""
    objects = parts_catalogue()
    scene = sample_scene(dataclasses.replace(request, categories="action", objects=objects, target="", place=""))
    part = target_part(scene).name
    return dataclasses.replace(scene, instruction=f"{scene.instruction} by its {part}", part=part)


def target_part(scene: Scene) -> NamedPart:
    """Return the part by which a scene's target is requested."""
    return named_parts()[scene.target_object.model.category]


@dataclass(frozen=True)
class PartStretch:
    """Where a hand is at a part: a stretch along one axis of an object, object frame."""

    name: str  # as it is requested
    axis: int
    low: float | None  # [m]; None: no bound
    high: float | None  # [m]

    @classmethod
    def of(cls, scene: Scene) -> PartStretch:
        """Return the stretch of the part by which a scene's target is requested."""
        part, model = target_part(scene), scene.target_object.model
        low, high = part.stretch(model, PAD)
        bounds = (float(edge) if np.isfinite(edge) else None for edge in (low, high))
        return cls(part.name, part.along, *bounds)

    def holds(self, point: np.ndarray) -> bool:
        """Say whether a point (3,) [m], object frame, is at the part."""
        along = point[self.axis]
        return (self.low is None or along >= self.low) and (self.high is None or along <= self.high)


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

# SPDX-License-Identifier: Apache-2.0
"""Play one demonstration, non-blocking as GraspVLA records (Appendix L), and keep what each camera frame shows.

Shape legend: T frames, N objects of the scene, K grasps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from controllers.follower import ChunkFollower
from vla_ros.evaluation.rollout import Rollout, RolloutConfig
from vla_ros.objects.grasp import Grasp
from vla_ros.policies.base import Policy
from vla_ros.policies.single_arm import SingleArmCodec, SingleArmObservation
from vla_ros.sim.scenes.scene import SceneCamera
from vla_ros.sim.world import World
from vla_ros.tasks.judging import TaskLimits
from vla_ros.tasks.task import Task
from vla_ros.training.generation.demonstrator import FailureMode
from vla_ros.training.generation.object_boxes import ObjectBoxes

TakeImage = Callable[[str, np.ndarray], None]  # camera, picture


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame's numbers."""

    observation: SingleArmObservation
    width_commanded: float  # [m]
    boxes: dict[str, np.ndarray]  # camera → (N, 5), see ObjectBoxes.measure
    cameras: tuple[SceneCamera, ...]  # as they stand now
    positions: np.ndarray  # (N, 3) [m]
    T_base_grasp: np.ndarray  # (4, 4) where the fingers will close
    opening: float  # [m]
    options: tuple[Grasp, ...]  # other grasps of the object
    closed: bool  # the fingers are around the object: its grasp is past
    valid: bool  # the action that begins here is worth imitating


class Demonstrator(Policy, Protocol):
    """A policy that says of its last action what is to be learned from it."""

    @property
    def failure_mode(self) -> FailureMode:
        """Return what goes wrong."""

    @property
    def valid(self) -> bool:
        """Say whether the action is worth imitating."""

    @property
    def options(self) -> Sequence[Grasp]:
        """Return grasps of the instruction's object, best first."""

    @property
    def closed(self) -> bool:
        """Say whether the grasp is past, or none is to come."""

    def grasp(self, observation: SingleArmObservation) -> tuple[np.ndarray, float]:
        """Return the pose (4, 4) at which the fingers will close, and their opening [m]."""


class Demonstration(Rollout):
    """A roll-out that takes a picture and notes down the truth at every camera frame."""

    def __init__(
        self,
        world: World,
        follower: ChunkFollower,
        demonstrator: Demonstrator,
        take_image: TakeImage,
        task: Task,
        limits: TaskLimits,
    ) -> None:
        super().__init__(world, follower, demonstrator, task, RolloutConfig(latency_s=0.0), limits)
        self.moments: list[Moment] = []
        self._demonstrator, self._take_image = demonstrator, take_image
        self._boxes, self._codec = ObjectBoxes(self.world), SingleArmCodec.of(world.embodiment)

    def _non_blocking_round(self, latency: float) -> None:
        observation = self._observe()
        boxes = {}
        cameras = [self.world.camera(name) for name in self.world.scene.camera_names]
        for camera in cameras:
            color, depth = self.world.render_camera(camera.name)
            self._take_image(camera.name, color)
            boxes[camera.name] = self._boxes.measure(camera, depth)
        chunk = self._demonstrator.infer(observation)
        seen = self._codec.view(observation)
        T_grasp, opening = self._demonstrator.grasp(seen)
        self.moments.append(
            Moment(
                observation=seen,
                width_commanded=self.width_commanded,
                boxes=boxes,
                cameras=tuple(cameras),
                positions=self._boxes.positions(),
                T_base_grasp=T_grasp,
                opening=opening,
                options=tuple(self._demonstrator.options),
                closed=self._demonstrator.closed,
                valid=self._demonstrator.valid,
            )
        )
        self._submit(chunk)
        self._advance(observation.stamp + 1.0 / self.config.camera_hz)

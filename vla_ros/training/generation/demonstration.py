# SPDX-License-Identifier: Apache-2.0
"""Play one demonstration, non-blocking as GraspVLA records (Appendix L), and keep what each camera frame shows.

Shape legend: T frames, N objects of the scene, K grasps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.follower import ChunkFollower
from vla_ros.evaluation.rollout import Rollout, RolloutConfig
from vla_ros.objects.grasp import Grasp
from vla_ros.policies.actions.single_arm import SingleArmCodec, SingleArmObservation
from vla_ros.policies.base import Policy
from vla_ros.policies.observation import Observation
from vla_ros.sim.world import World
from vla_ros.tasks.judging import TaskLimits
from vla_ros.tasks.task import Task
from vla_ros.training.generation.demonstrators.errors import FailureMode
from vla_ros.training.generation.moments import GraspMoment, Moment, RobotMoment, has_one_hand
from vla_ros.training.generation.object_boxes import ObjectBoxes
from vla_ros.training.generation.settings import EXPERT_HZ

TakeImage = Callable[[str, np.ndarray], None]  # camera, picture


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
        fps: float,
    ) -> None:
        """`fps` [Hz] of the data: the experts' own rate, or a multiple of it."""
        super().__init__(world, follower, demonstrator, task, RolloutConfig(latency_s=0.0, camera_hz=EXPERT_HZ), limits)
        self.moments: list[Moment] = []
        self._demonstrator, self._take_image = demonstrator, take_image
        self._frames = round(fps / self.config.camera_hz)  # from one look of the expert to the next
        self._boxes = ObjectBoxes(world)
        self._codec = SingleArmCodec.of(world.embodiment) if has_one_hand(world.embodiment) else None

    def _non_blocking_round(self, latency: float) -> None:
        began = self.world.time
        chunk = self._take_frame(None)
        self._submit(chunk)
        for number in range(1, self._frames):
            self._advance(began + number / (self._frames * self.config.camera_hz))
            if self.judge.finished:
                return
            self._take_frame(chunk)
        self._advance(began + 1.0 / self.config.camera_hz)

    def _take_frame(self, under_way: ActionChunk | None) -> ActionChunk:
        """Note down a frame; return the chunk that is under way, the expert's next one where none is."""
        observation = self._observe()
        boxes = {}
        cameras = [self.world.camera(name) for name in self.world.scene.camera_names]
        for camera in cameras:
            color, depth = self.world.render_camera(camera.name)
            self._take_image(camera.name, color)
            boxes[camera.name] = self._boxes.measure(camera, depth)
        chunk = self._demonstrator.infer(observation) if under_way is None else under_way
        self.moments.append(
            Moment(
                robot=RobotMoment(observation.state.values, self._commanded(observation)),
                instruction=observation.instruction,
                requested=self.judge.requested,
                receptacle=self.judge.receptacle,
                status=chunk.status,
                boxes=boxes,
                cameras=tuple(cameras),
                positions=self._boxes.positions(),
                extents=self._boxes.extents(),
                valid=self._demonstrator.valid,
                grasp=None if self._codec is None else self._grasp(self._codec.view(observation)),
                options=tuple(self._demonstrator.options),
            )
        )
        return chunk

    def _grasp(self, seen: SingleArmObservation) -> GraspMoment:
        teacher = self._demonstrator
        return GraspMoment(
            seen.T_base_ee_commanded, *teacher.grasp(seen), options=tuple(teacher.options), closed=teacher.closed
        )

    def _commanded(self, observation: Observation) -> dict[str, float]:
        """Return what control commands, by channel; of joints those that are driven by their positions."""
        command, told = self.follower.command, observation.commanded.values
        known = {channel: told[channel] for arm in self.follower.arms for channel in pose_channels(arm)}
        joints: list[tuple[tuple[str, ...], np.ndarray]] = [
            (arm.joints, command.arms[arm.name].position)
            for arm in self.world.embodiment.arms
            if self.follower.arms[arm.name].drive.command == "position"
        ]
        joints += [(group.joints, command.joint_groups[group.name]) for group in self.world.embodiment.joint_groups]
        for names, q in joints:
            known |= zip((f"{name}/position" for name in names), q.tolist(), strict=True)
        known |= self._execution.end_effectors
        if self.world.base is not None:
            known |= zip(BASE_AXES, command.base_velocity.tolist(), strict=True)
        return known

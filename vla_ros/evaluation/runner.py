# SPDX-License-Identifier: Apache-2.0
"""Run single episodes of an evaluation: what is shared between them is made once a process."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from controllers.arm.model import ArmModel
from controllers.follower import ChunkFollower
from vla_ros.evaluation.choosers import expected
from vla_ros.evaluation.expert_reference import Reference, load_reference
from vla_ros.evaluation.recorded_features import keep_features
from vla_ros.evaluation.rollout import Rollout, RolloutConfig
from vla_ros.evaluation.settings import EXPERT, EpisodeSettings
from vla_ros.evaluation.statistics import EpisodeResult
from vla_ros.evaluation.video import VideoWriter
from vla_ros.failure_detection.recording import FeatureRecorder
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.failure_score import FailureScoring
from vla_ros.policies.families.loading import check_policy, load_policy
from vla_ros.policies.needs import Needs
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World
from vla_ros.tasks.either_hand import task_expert
from vla_ros.tasks.table import load_task


class EpisodeRunner:
    """Run episodes one after the other; robot model, catalogue and policy are made once."""

    def __init__(
        self, settings: EpisodeSettings, reference: Reference | None = None, cameras: Sequence[str] | None = None
    ) -> None:
        """Take the cameras that its scenes are seen by; None: those of the settings' policy."""
        settings.check()
        self._given_cameras = cameras
        self.settings = settings
        self._reference = load_reference(settings.task) if reference is None else reference
        self.task = load_task(settings.task)

    def scene(self, seed: int) -> Scene:
        """Return the scene of a seed."""
        request = self.settings.request(seed, self.cameras)
        return self.task.scene(dataclasses.replace(request, objects=self._catalogue))

    def run(self, seed: int) -> EpisodeResult:
        """Run one episode, and the expert on the same scene when its length is needed and not known."""
        return self.run_scene(self.scene(seed), compare=self.settings.spl)

    def run_scene(
        self, scene: Scene, policy: Policy | None = None, compare: bool = True, needs: Needs | None = None
    ) -> EpisodeResult:
        """Run one episode in a scene that is already drawn, with a policy of the caller's if there is one.

        `compare`: find out the expert's length as well. `needs`: what the caller's policy is shown; None: everything.
        """
        if policy is None and self.settings.policy != EXPERT:
            policy, needs = self._policy, self._needs  # made before the clock of the first episode starts
        policy_for = self._expert_for if policy is None else lambda world: policy
        episode = self._run(scene, policy_for, self.settings.rollout(scene.seed), self.settings.video, needs)
        if not compare:
            return episode
        if self.settings.policy == EXPERT:
            return dataclasses.replace(episode, reference_steps=episode.steps)
        return dataclasses.replace(episode, reference_steps=self.reference_steps(scene) if episode.success else None)

    def reference_steps(self, scene: Scene) -> int | None:
        """Return the expert's actions in this scene: cached in the repository, else run now; None when it fails."""
        if self._reference.knows(scene):
            return self._reference.steps(scene)
        blocking = RolloutConfig(control_hz=self.settings.rate_hz)
        expert = self._run(scene, self._expert_for, blocking, None, None)
        return expert.steps if expert.success else None

    def _run(
        self,
        scene: Scene,
        policy_for: Callable[[World], Policy],
        rollout: RolloutConfig,
        video: str | None,
        needs: Needs | None,
    ) -> EpisodeResult:
        began = time.perf_counter()
        world = World(scene, self.embodiment, timestep=1.0 / self.settings.rate_hz)
        film = None if video is None else VideoWriter(Path(video) / f".{scene.seed}.mp4", rollout.camera_hz)
        try:
            policy = policy_for(world)
            own = policy is self.__dict__.get("_policy")
            recorder = FeatureRecorder(policy) if own and self.settings.features else None
            run = Rollout(world, self.follower(), recorder or policy, self.task, rollout, video=film, needs=needs)
            judge = run.run()
            seconds = world.time
        finally:
            world.close()
            if film is not None:
                film.close()
        if film is not None:
            ending = "success" if judge.success else "failure"
            name = f"{scene.set_name}_{scene.seed:05d}_{ending}"
            for part in film.path.parent.glob(f".{scene.seed}.*"):  # the film, and pictures of candidates
                part.replace(part.with_name(name + part.name.removeprefix(f".{scene.seed}")))
        episode = EpisodeResult(
            seed=scene.seed,
            category=scene.target_object.model.category if scene.target else scene.set_name,
            target=scene.target,
            instruction=scene.instruction,
            outcome=judge.outcome.value,
            success=judge.success,
            attempts=judge.attempts,
            first_lifted=judge.first_lifted,
            steps=run.steps,
            duration_s=seconds,
            wall_s=time.perf_counter() - began,
            cause=run.cause(),
            **expected(scene),
            progress=judge.progress,
            parts_done=judge.parts[0],
            parts=judge.parts[1],
            followed=judge.followed[0],
            asked=judge.followed[1],
            alarms=_alarms(policy),
        )
        if recorder is not None:
            keep_features(self.settings, episode, recorder)
        return episode

    def _expert_for(self, world: World) -> Policy:
        return task_expert(self.task, world, self.arm_models)

    def follower(self) -> ChunkFollower:
        """Return a chunk follower for a new episode, not activated."""
        return self._followers.make()

    @cached_property
    def _followers(self) -> FollowerFactory:
        return FollowerFactory(self.embodiment, load_control_config(self.embodiment.source), self.settings.command)

    @cached_property
    def embodiment(self) -> Embodiment:
        """Return the robot."""
        return load_embodiment(self.settings.robot)

    @cached_property
    def cameras(self) -> tuple[str, ...]:
        """Name the cameras that its scenes are seen by: those that the policy needs."""
        if self._given_cameras is not None:
            return tuple(self._given_cameras)
        if self.settings.policy == EXPERT:
            # Those of the robot that its scenes have; a cell with cameras of its own is seen by these.
            known = {
                *self.task.sets.scene.cameras,
                *(one.name for one in self.embodiment.described_cameras if one.moves),
            }
            return tuple(name for name in self.embodiment.cameras if name in known)
        return tuple(dict.fromkeys(camera.name for camera in self._needs.cameras_of(self.embodiment).values()))

    @cached_property
    def _needs(self) -> Needs:
        """Return what the policy of the settings needs."""
        settings = self.settings
        return check_policy(settings.policy, self.embodiment, settings.checkpoint, True, settings.changes)

    @cached_property
    def _catalogue(self) -> Catalogue:
        return load_catalogue(self.settings.objects)

    @cached_property
    def _policy(self) -> Policy:
        settings = self.settings
        policy = load_policy(settings.policy, self.embodiment, settings.objects, settings.checkpoint, settings.changes)
        if not settings.detector:
            return policy
        from vla_ros.failure_detection.online.watching import check_detector, watch

        detector = check_detector(
            settings.detector, settings.policy, settings.checkpoint, settings.alarm, self.embodiment, settings.changes
        )
        return watch(policy, self.embodiment, detector, settings.alarm)

    @property
    def arm_models(self) -> Mapping[str, ArmModel]:
        """Return kinematics and dynamics of every arm by name."""
        return self._followers.models

    @property
    def arm_model(self) -> ArmModel:
        """Return kinematics and dynamics of the arm that holds the one gripper."""
        return self._followers.models[self.embodiment.gripper_arm.name]


def _alarms(policy: Policy) -> int | None:
    """Return how many alarms a policy raised in its last episode; None where nothing watches it."""
    scoring = capability(policy, FailureScoring)
    score = None if scoring is None else scoring.failure_score
    return None if scoring is None else 0 if score is None else score.alarms

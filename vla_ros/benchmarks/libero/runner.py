# SPDX-License-Identifier: Apache-2.0
"""Run single episodes in LIBERO: one process of it, one policy and one robot model for all of them."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

from vla_ros.benchmarks.libero.episode import LiberoEpisode
from vla_ros.benchmarks.libero.judge import LiberoJudge, reached
from vla_ros.benchmarks.libero.process import LiberoError, LiberoProcess
from vla_ros.benchmarks.libero.settings import RATE_HZ, ROBOT, LiberoSettings
from vla_ros.benchmarks.libero.suites import LiberoTask, load_libero
from vla_ros.benchmarks.libero.world import LiberoWorld
from vla_ros.evaluation.pool import Run
from vla_ros.evaluation.rollout import Rollout, RolloutConfig
from vla_ros.evaluation.video import VideoWriter
from vla_ros.policies.base import Policy
from vla_ros.policies.families.loading import check_policy, load_policy
from vla_ros.policies.needs import Needs
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.tasks.grasping.lifting import GraspTaskConfig
from vla_ros.tasks.judging import Truth
from vla_ros.tasks.table import load_task

FILM_HZ = 0.5  # frames of LIBERO's scenes cost 0.1 s each without a graphics card
FILM_SPEED = 8.0  # of playing


class LiberoRunner:
    """Run episodes one after the other; the task that was loaded last stays loaded."""

    def __init__(self, settings: LiberoSettings, start: Callable[[], LiberoProcess] = LiberoProcess) -> None:
        """`start` starts LIBERO's process."""
        self._settings = settings
        self._config = load_libero()
        self._start = start
        self._process: LiberoProcess | None = None
        self._loaded: tuple[LiberoTask, LiberoWorld] | None = None
        atexit.register(self.close)

    def close(self) -> None:
        """End LIBERO's process; the next episode starts another."""
        self._loaded = None
        if self._process is not None:
            self._process.close()
            self._process = None

    def run(self, number: int) -> LiberoEpisode:
        """Run one episode. Raises LiberoError when LIBERO's process fails, which then is replaced."""
        try:
            return self._run(number)
        except LiberoError:
            self.close()
            raise

    def _run(self, number: int) -> LiberoEpisode:
        began = time.perf_counter()
        task, state = self._settings.episode(number)
        policy = self._policy
        world = self._world(task)
        world.reset(state)
        film = self._film(number)
        try:
            config = RolloutConfig(control_hz=RATE_HZ, film_hz=FILM_HZ)
            run = Rollout(
                world, self._followers.make(), policy, lambda start: self._judge(task, world, start), config,
                video=film, needs=self._needs,
            )  # fmt: skip
            judge = run.run()
        finally:
            if film is not None:
                film.close()
        if film is not None:
            ending = "success" if judge.success else "failure"
            film.path.replace(film.path.with_name(f"{task.suite}_{number:05d}_{ending}.mp4"))
        assert isinstance(judge, LiberoJudge)
        highest = {name: round(height, 3) for name, height in judge.highest.items()}
        alike = [name for name in highest if any(self._same(name, target) for target in task.targets)]
        lift = self._config.paper_lift
        return LiberoEpisode(
            seed=number,
            category=task.say.removeprefix("pick up the "),
            target=task.targets[0],
            instruction=task.say,
            outcome=judge.outcome.value,
            success=judge.success,
            attempts=judge.attempts,
            first_lifted=judge.first_lifted,
            steps=run.steps,
            duration_s=world.time,
            wall_s=time.perf_counter() - began,
            cause=run.cause(),
            chance=len(task.targets) / len(world.object_names),
            color_alone=self._config.color_alone(task, world.object_names),
            progress=judge.progress,
            task=task.name,
            state=state,
            in_paper=task.paper and task.suite in self._config.paper,
            lifted_paper=reached(highest, task.targets, lift),
            alike_paper=reached(highest, alike, lift),
            any_lifted=reached(highest, list(highest), lift),
            highest=highest,
        )

    def _same(self, name: str, other: str) -> bool:
        return self._config.class_of(name) == self._config.class_of(other)

    def _judge(self, task: LiberoTask, world: LiberoWorld, start: Truth) -> LiberoJudge:
        return LiberoJudge(task, world.object_names, self.embodiment, start, self._limits)

    def _world(self, task: LiberoTask) -> LiberoWorld:
        if self._loaded is None or self._loaded[0] != task:
            self._loaded = None
            if self._process is None:
                self._process = self._start()
            self._loaded = (task, LiberoWorld(self._process, self._config, task, self.embodiment))
        return self._loaded[1]

    def _film(self, number: int) -> VideoWriter | None:
        folder = self._settings.video
        return (
            None
            if folder is None
            else VideoWriter(Path(folder) / f".{self._settings.suite}_{number}.mp4", FILM_HZ, FILM_SPEED)
        )

    @cached_property
    def embodiment(self) -> Embodiment:
        """Return the robot."""
        return load_embodiment(ROBOT)

    @cached_property
    def _limits(self) -> GraspTaskConfig:
        return cast(GraspTaskConfig, load_task("grasping").limits)

    @cached_property
    def _followers(self) -> FollowerFactory:
        return FollowerFactory(self.embodiment, load_control_config(self.embodiment.source), "effort")

    @cached_property
    def _needs(self) -> Needs:
        settings = self._settings
        return check_policy(settings.policy, self.embodiment, settings.checkpoint, True, settings.setting)

    @cached_property
    def _policy(self) -> Policy:
        settings = self._settings
        return load_policy(settings.policy, self.embodiment, settings.objects, settings.checkpoint, settings.setting)


@dataclass(frozen=True)
class MakeRunner:
    """Make a runner in a worker process."""

    settings: LiberoSettings

    def __call__(self) -> Run:
        """Return what runs one episode."""
        return LiberoRunner(self.settings).run

# SPDX-License-Identifier: Apache-2.0
"""Episodes through the real graph: real nodes, real DDS, real time; the job policy once a seed."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.commands.evaluation.episode_launch import EpisodeLaunch, stop_all
from vla_ros.commands.evaluation.records import episode_record
from vla_ros.configuration import absolute_config
from vla_ros.evaluation.pool import Broken
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EXPERT, EvaluationSettings
from vla_ros.evaluation.statistics import EpisodeResult
from vla_ros.launching.arguments import parse_assignments
from vla_ros.launching.environment import free_domain
from vla_ros.launching.jobs import load_job

JOB = "policy"
POLL_S = 0.1
WORKERS_MAX = 32  # each takes a ROS domain of the hundred


class GraphEpisodes:
    """Run seeds as launches, each on a ROS domain and in a run folder of its own."""

    module = "vla_ros.cli"  # that runs `launch`

    def __init__(self, settings: EvaluationSettings, folder: Path) -> None:
        """Take the folder of the run folders. Raises ConfigError for what the job cannot run."""
        self._settings, self._folder = settings, folder.resolve()
        self._lockstep = EpisodeRunner(settings.episode)  # knows the scenes, and the expert's way through them
        if settings.episode.policy == EXPERT:
            raise ConfigError(
                "--policy expert needs the simulator's ground truth, which no node receives: leave out --graph"
            )
        if settings.workers > WORKERS_MAX:
            raise ConfigError(f"--workers must be 1 to {WORKERS_MAX} with --graph, got {settings.workers}")
        job = load_job(JOB)
        for seed in (settings.seeds[0], settings.seeds[-1]):
            job.check(parse_assignments(self._words(seed), job.arguments))

    def __call__(self, seeds: Sequence[int]) -> Iterator[EpisodeResult | Broken]:
        """Yield each seed's episode as it ends; whoever stops asking ends the launches that are under way."""
        waiting = list(seeds)[::-1]
        running: list[EpisodeLaunch] = []
        try:
            while waiting or running:
                while waiting and len(running) < self._settings.workers:
                    running.append(self._start(waiting.pop(), {launch.domain for launch in running}))
                time.sleep(POLL_S)
                for launch in [launch for launch in running if launch.ended]:
                    running.remove(launch)
                    launch.close()
                    yield self._result(launch)
        finally:
            stop_all(running)

    def _start(self, seed: int, taken: set[int]) -> EpisodeLaunch:
        domain = free_domain()
        while domain in taken:  # a launch that has just started has not bound its ports yet
            domain = free_domain()
        words = ["launch", JOB, *self._words(seed)]
        return EpisodeLaunch(seed, domain, self._run_directory(seed), words, self.module)

    def _words(self, seed: int) -> list[str]:
        episode = self._settings.episode
        values = {
            "robot": episode.robot,
            "command": episode.command,
            "cameras": self._cameras,
            "policy": episode.policy,
            "checkpoint": str(Path(episode.checkpoint).resolve()) if episode.checkpoint else "",
            "setting": episode.setting,
            "url": episode.url,
            "url_token_file": str(Path(episode.url_token_file).resolve()) if episode.url_token_file else "",
            "contract": absolute_config(episode.contract),
            "task": episode.task,
            "set": episode.set_name,
            "seed": seed,
            "categories": episode.categories,
            "target": episode.target,
            "wording": episode.wording,
            "objects": str(Path(episode.objects).resolve()) if episode.objects else "",
        }
        return [f"{name}:={value}" for name, value in values.items()]

    @cached_property
    def _cameras(self) -> str:
        """Return the cameras that the policy needs, as in lockstep; "" where the robot is watched by them anyway."""
        usual, needed = self._lockstep.embodiment.cameras, self._lockstep.cameras
        return "" if set(needed) <= set(usual) else ",".join(needed)

    def _run_directory(self, seed: int) -> Path:
        """Return a folder that does not exist: a seed that is run again keeps the log of the first time."""
        name = f"{self._settings.episode.set_name}_{seed:05d}"
        path, number = self._folder / name, 1
        while path.exists():
            number += 1
            path = self._folder / f"{name}-{number}"
        return path

    def _result(self, launch: EpisodeLaunch) -> EpisodeResult | Broken:
        scene = self._lockstep.scene(launch.seed)
        result = episode_record(scene, launch.report(), launch.wall_s, launch.run_directory)
        if isinstance(result, EpisodeResult) and result.success and self._settings.episode.spl:
            return dataclasses.replace(result, reference_steps=self._lockstep.reference_steps(scene))
        return result

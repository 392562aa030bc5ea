# SPDX-License-Identifier: Apache-2.0
"""The jobs that `vla launch` knows: a YAML file each in config/jobs or the user's own folder, a builder for each mover.

A job's file says which robot does which task, what moves it and what differs from the defaults; the mover's builder
makes the graph of that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from controllers.errors import ConfigError, VlaError, unknown_name
from vla_ros.configuration import config_names, config_path, load_config
from vla_ros.launching.graph import Graph
from vla_ros.launching.jobs.config import JobConfig, with_defaults
from vla_ros.launching.jobs.expert import expert_graph
from vla_ros.launching.jobs.policy import policy_graph
from vla_ros.launching.jobs.replay import replay_graph
from vla_ros.launching.jobs.teleop import teleop_graph
from vla_ros.robots.embodiment import robot_path

MOVERS: dict[str, Callable[[str, JobConfig], Graph]] = {
    "expert": expert_graph,
    "policy": policy_graph,
    "replay": replay_graph,
    "teleop": teleop_graph,
}


def job_names() -> tuple[str, ...]:
    """List the jobs, in alphabetical order."""
    return config_names("jobs")


def load_job(name: str) -> Graph:
    """Return the graph of a job, by its name or the path of its YAML file.

    Raises ConfigError that names the nearest known job, or what in its file cannot be.
    """
    path = config_path("jobs", "job", name)
    job = load_config(path, JobConfig)
    try:
        return _graph(path, job)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _graph(path: Path, job: JobConfig) -> Graph:
    if job.mover not in MOVERS:
        raise ConfigError(unknown_name("mover", job.mover, MOVERS))
    robot_path(job.robot)
    graph = MOVERS[job.mover](path.stem, job)
    example = " ".join(["vla launch", path.stem, job.example]).strip()
    return dataclasses.replace(graph, arguments=with_defaults(graph.arguments, job.arguments), example=example)


def job_list() -> str:
    """Return a line for each job: its name and what it does, or why it cannot be read."""
    names = job_names()
    width = max((len(name) for name in names), default=0)
    return "\n".join(f"  {name:<{width}}  {_described(name)}" for name in names)


def _described(name: str) -> str:
    try:
        return load_job(name).description
    except VlaError as error:  # one bad file of the user's must not hide the others
        return f"cannot be launched: {' '.join(str(error).split())}"

# SPDX-License-Identifier: Apache-2.0
"""The launch arguments of a trial's episodes, and the evaluation settings that they amount to."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.configuration import config_path, load_config
from vla_ros.evaluation.blind.design import TrialDesign
from vla_ros.evaluation.blind.key import A
from vla_ros.evaluation.reserved_seeds import reserved_seeds
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.launching.arguments import Value, parse_assignments
from vla_ros.launching.checks import check_launch
from vla_ros.launching.graph import Graph
from vla_ros.launching.jobs import load_job
from vla_ros.launching.jobs.config import JobConfig
from vla_ros.launching.ros2_control import UNSIMULATED
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.table import load_task

# What each trial has of its own, or the trial gives.
OURS = ("seed", "domain_id", "run_directory", "report", "place")
# What makes the scene and the robot: the same for both, or they would not be comparable.
SAME = (
    "robot", "task", "set", "stream", "categories", "target", "objects", "instruction", "wording", "hardware",
    "robot_ip", "command", "namespace", "discovery", "success_object", "time_limit_s", "attempts", "view", "view_port",
)  # fmt: skip
# Launch argument → field of the settings that an evaluation of it has.
SETTINGS = {
    name: name
    for name in ("policy", "checkpoint", "setting", "url", "url_token_file", "contract", "task", "categories", "target",
                 "wording", "robot", "command", "stream")
} | {"set": "set_name", "objects": "objects"}  # fmt: skip


def split_words(option: str, text: str) -> tuple[str, ...]:
    """Split one policy's launch arguments as a shell would. Raises ConfigError for a quote without an end."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ConfigError(f"{option} '{text}': {error}") from None


@dataclass(frozen=True, eq=False)
class TrialEpisodes:
    """What the episodes of a trial are launched with."""

    design: TrialDesign
    graph: Graph
    values: Mapping[str, Mapping[str, Value]]  # by policy, A and B: of every launch argument
    catalogue: Catalogue

    @property
    def simulated(self) -> bool:
        """Say whether a simulator sets the scene up, and judges beside the person."""
        return self.values[A]["hardware"] not in UNSIMULATED["hardware"]

    def scene(self, seed: int) -> Scene:
        """Return what is to stand where, and what is asked for."""
        settings = self.settings(A)
        request = dataclasses.replace(settings.request(seed), objects=self.catalogue)
        return load_task(settings.task).scene(request)

    def words(self, policy: str, scene: Scene) -> list[str]:
        """Return the words of `vla launch` for one episode, without domain and run folder."""
        own = self.design.first if policy == A else self.design.second
        words = ["launch", self.design.job, *self.design.shared, *own, f"seed:={scene.seed}"]
        # On a robot no episode node knows the scene: its sentence is given.
        return words if self.simulated or self.instruction else [*words, f"instruction:={scene.instruction}"]

    @property
    def instruction(self) -> str:
        """Return what is asked for in every scene; "": each scene's own."""
        return str(self.values[A]["instruction"]).strip()

    def settings(self, policy: str) -> EpisodeSettings:
        """Return what an evaluation of this policy in these scenes is called."""
        values = self.values[policy]
        fields: dict[str, Any] = {field: values[name] for name, field in SETTINGS.items() if name in values}
        objects = str(Path(fields["objects"]).resolve()) if fields["objects"] else None
        return EpisodeSettings(**fields | {"objects": objects, "graph": True, "spl": False})


def episodes_of(design: TrialDesign) -> TrialEpisodes:
    """Check a trial before its first episode. Raises ConfigError for what cannot be launched or compared."""
    graph = load_job(design.job)
    mover = load_config(config_path("jobs", "job", design.job), JobConfig).mover
    if mover != "policy":
        raise ConfigError(f"--job {design.job}: its robot is moved by {mover}: name a job of a policy, as franka_grasp")
    for option, words, refused, why in (
        ("", design.shared, OURS, "is each trial's own: leave it out"),
        ("--a", design.first, OURS, "is each trial's own: leave it out"),
        ("--b", design.second, OURS, "is each trial's own: leave it out"),
        ("--a", design.first, SAME, "must be the same for both: give it outside --a and --b"),
        ("--b", design.second, SAME, "must be the same for both: give it outside --a and --b"),
    ):
        for word in words:
            name = word.partition(":=")[0]
            if name in refused:
                raise ConfigError(f"{option} {word}: {name} {why}".strip())
    values = {}
    for policy, own in zip("AB", (design.first, design.second), strict=True):
        if parse_assignments([*design.shared, *own], graph.arguments)["stream"] == EpisodeSettings.stream:
            reserved_seeds().check_free_of(range(design.seeds[0], design.seeds[-1] + 1))  # as the launch would
        for seed in (design.seeds[0], design.seeds[-1]):
            check_launch(graph, [*design.shared, *own, f"seed:={seed}"])
        values[policy] = parse_assignments([*design.shared, *own], graph.arguments)
    if values["A"] == values["B"]:
        raise ConfigError("--a and --b come to the same: give each what it alone has, such as --b policy:=geometric")
    return TrialEpisodes(design, graph, values, load_catalogue(str(values["A"]["objects"]) or None))


def check_words(words: Sequence[str]) -> tuple[str, ...]:
    """Return words that both policies share. Raises ConfigError for one that is no assignment."""
    for word in words:
        if ":=" not in word:
            raise ConfigError(f"'{word}' is not a launch argument: write name:=value")
    return tuple(words)

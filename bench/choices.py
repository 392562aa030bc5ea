# SPDX-License-Identifier: Apache-2.0
"""Which thing a policy means at its first look, beside choosers that understand little: a second a scene."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from rich.console import Console

from bench.figures import add_json_argument, write_json
from controllers.chunks.chunk import ActionChunk
from controllers.errors import ConfigError
from vla_ros.evaluation.choosers import expected
from vla_ros.evaluation.reserved_seeds import reserved_seeds
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.evaluation.statistics import CHOOSERS, wilson_interval
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.reasoning import Reasoner, Reasoning
from vla_ros.policies.families.loading import load_policy
from vla_ros.policies.geometric.perceiving.point_cloud import project
from vla_ros.policies.observation import Observation
from vla_ros.progress import shown
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tables import print_table

ROWS = ("basic:action", "basic:grounding", "distractor:action", "distractor:grounding", "noun:action",
        "noun:grounding", "relation:action", "absent:action")  # fmt: skip
BOXED = 25.0  # [px] between the middle of a box and that of the thing it is of, at most


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench choices`."""
    parser.add_argument("--rows", nargs="+", default=ROWS, metavar="SET:CATEGORIES",
                        help=f"what scenes are drawn from (default: {' '.join(ROWS)})")  # fmt: skip
    parser.add_argument("--policy", default="graspvla", metavar="NAME", help="as in vla eval (default graspvla)")
    parser.add_argument("--checkpoint", default="", metavar="DIR", help="of the policy; without it the one it takes")
    parser.add_argument("--setting", default="", metavar="CHANGES", help="to its settings, as in vla eval")
    parser.add_argument("--scenes", type=int, default=60, metavar="N", help="a row (default 60)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first; test seeds are refused")
    parser.add_argument("--list", action="store_true", help="also print every scene in which it meant something else")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look at every scene once, print a table, write the JSON file."""
    if arguments.scenes < 1 or arguments.seed < 0:
        raise ConfigError("bench choices: --scenes must be at least 1 and --seed at least 0")
    seeds = range(arguments.seed, arguments.seed + arguments.scenes)
    reserved_seeds().check_free_of(seeds)
    rows = [_settings(row, arguments) for row in arguments.rows]
    for settings in rows:
        settings.check()
    embodiment = load_embodiment(rows[0].robot)
    policy = load_policy(arguments.policy, embodiment, None, arguments.checkpoint, arguments.setting)
    if capability(policy, Reasoner) is None:
        raise ConfigError(f"--policy {arguments.policy}: does not say what it means: take graspvla or geometric")
    tallies = [_Tally(f"{settings.set_name}, {settings.categories}") for settings in rows]
    with shown("scenes") as tell:
        for number, (settings, tally) in enumerate(zip(rows, tallies, strict=True)):
            runner = EpisodeRunner(settings)
            for done, seed in enumerate(seeds):
                tally.add(runner, runner.scene(seed), policy)
                tell((number + (done + 1) / len(seeds)) / len(rows))
    if arguments.list:
        for tally in tallies:
            print(*tally.wrong, sep="\n")
    print_table(Console(file=sys.stdout), _HEADINGS, [tally.row() for tally in tallies])
    write_json({key: value for tally in tallies for key, value in tally.figures().items()}, arguments.json)
    return 0


def set_and_categories(row: str) -> tuple[str, str]:
    """Return what SET:CATEGORIES names. Raises ConfigError for another text."""
    set_name, colon, categories = row.partition(":")
    if not (set_name and colon and categories):
        raise ConfigError(f"--rows {row}: give a set and categories, such as {ROWS[0]}")
    return set_name, categories


def _settings(row: str, arguments: argparse.Namespace) -> EpisodeSettings:
    set_name, categories = set_and_categories(row)
    return EpisodeSettings(
        policy=arguments.policy,
        checkpoint=arguments.checkpoint,
        setting=arguments.setting,
        set_name=set_name,
        categories=categories,
    )


_HEADINGS = ("scenes of", "right", "95 % interval", *CHOOSERS.values(), "means nothing", "wrong, not boxed")


@dataclass(eq=False)
class _Tally:
    """What a policy meant in the scenes of a row."""

    name: str
    right: list[bool] = field(default_factory=list)
    nothing: int = 0  # scenes in which it meant nothing
    unboxed: int = 0  # scenes in which it was wrong, and had no box of what was meant in one of the views
    expected: dict[str, list[float]] = field(default_factory=dict)  # by chooser
    wrong: list[str] = field(default_factory=list)

    def add(self, runner: EpisodeRunner, scene: Scene, policy: Policy) -> None:
        """Let the policy look at a scene."""
        look = _FirstLook(policy)
        with contextlib.suppress(_Seen):
            runner.run_scene(scene, policy=look, compare=False)
        meant = look.meant(scene)
        self.right.append(meant == scene.target)
        self.nothing += not meant
        for chooser, share in expected(scene).items():
            if share is not None:
                self.expected.setdefault(chooser, []).append(share)
        if meant != scene.target:
            boxed = look.boxed(scene)
            self.unboxed += not boxed
            names = Counter(placed.name.rstrip("_0123456789") for placed in scene.objects)
            there = ", ".join(f"{count} {name}" if count > 1 else name for name, count in names.items())
            without = "" if boxed else ", which it has no box of"
            self.wrong.append(
                f"{self.name}, seed {scene.seed}: '{scene.instruction}' is {scene.target or 'not there'}{without}; "
                f"it means {meant or 'nothing'} of {there}"
            )

    def row(self) -> list[str]:
        """Return it as a line of the table."""
        count, right = len(self.right), sum(self.right)
        low, high = wilson_interval(right, count)
        choosers = [f"{100 * np.mean(self.expected[key]):.0f} %" if key in self.expected else "–" for key in CHOOSERS]
        ends = f"{100 * low:.0f} to {100 * high:.0f} %"
        return [self.name, f"{100 * right / count:.0f} %", ends, *choosers, str(self.nothing), str(self.unboxed)]

    def figures(self) -> dict[str, float]:
        """Return it by name."""
        name = self.name.replace(", ", "_")
        shares = {f"{name}_{key}": float(np.mean(values)) for key, values in self.expected.items()}
        return {f"{name}_right": float(np.mean(self.right)), f"{name}_means_nothing": float(self.nothing)} | shares


class _Seen(Exception):
    """The policy has looked: the episode need not go on."""


class _FirstLook:
    """A policy that is asked once."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._observed: Observation | None = None

    def reset(self) -> None:
        self._policy.reset()

    def infer(self, observation: Observation) -> ActionChunk:
        """Let the policy conclude what it does, and end the episode."""
        self._observed = observation
        self._policy.infer(observation)
        raise _Seen

    def meant(self, scene: Scene) -> str:
        """Return which object its boxes lie nearest to, by all views; "" where it has none."""
        reasoning = self._reasoning()
        if reasoning is None or not reasoning.boxes:
            return ""
        away = np.zeros(len(scene.objects))
        for camera, box in reasoning.boxes.items():
            away += np.linalg.norm(self._middles(scene, camera) - (box[:2] + box[2:]) / 2, axis=1)
        return scene.objects[int(away.argmin())].name

    def boxed(self, scene: Scene) -> bool:
        """Say whether each view has a box of what is meant, whatever it was thought to be."""
        reasoning = self._reasoning()
        names = [placed.name for placed in scene.objects]
        if reasoning is None or scene.target not in names:
            return True
        for camera, candidates in reasoning.candidates.items():
            middle = self._middles(scene, camera)[names.index(scene.target)]
            away = np.linalg.norm((candidates[:, :2] + candidates[:, 2:4]) / 2 - middle, axis=1)
            if away.min(initial=np.inf) > BOXED:
                return False
        return True

    def _reasoning(self) -> Reasoning | None:
        reasoner = capability(self._policy, Reasoner)
        return None if reasoner is None else reasoner.reasoning

    def _middles(self, scene: Scene, camera: str) -> np.ndarray:
        """Return where a camera sees the objects' middles (N, 2) [px]."""
        assert self._observed is not None
        points = np.array([placed.T_base_object[:3, 3] for placed in scene.objects])
        return project(self._observed.cameras[camera], points)

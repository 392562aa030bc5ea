# SPDX-License-Identifier: Apache-2.0
"""What the episodes of an evaluation share. Light to import: a parent process needs no simulator."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from controllers.errors import ConfigError, unknown_name
from vla_ros.failure_detection.online.alarm_config import TELL, AlarmConfig
from vla_ros.policies.families.table import DEFAULT_POLICY, FAMILIES, check_name
from vla_ros.robots.names import DEFAULT_ROBOT
from vla_ros.seed_range import SEED_MAX
from vla_ros.tasks.table import DEFAULT_TASK

if TYPE_CHECKING:
    from vla_ros.evaluation.rollout import RolloutConfig
    from vla_ros.sim.scenes.request import SceneRequest

EXPERT = "expert"
EPISODES_MAX = 1_000_000
WORKERS_MAX = 256


@dataclass(frozen=True)
class EpisodeSettings:
    """What all episodes of an evaluation share; plain values, so that a worker process gets them whole."""

    policy: str = DEFAULT_POLICY
    checkpoint: str = ""  # folder of its weights; empty: the one it usually takes
    setting: str = ""  # changes to its settings, such as rules.rise=false
    url: str = ""  # of the server that policy remote asks
    url_token_file: str = ""  # of that server's token
    contract: str = ""  # what a server of others means; empty: it is a vla serve
    task: str = DEFAULT_TASK
    set_name: str = "basic"
    categories: str = "action"
    objects: str | None = None  # folder of objects; None: the procedural catalogue
    target: str = ""  # what is asked for in every scene, "red mug" or "rocket"; empty: what the seed draws
    by_part: bool = False  # requested by a part, such as the handle, and judged by it
    wording: str = "common"  # family of words that the instructions are in
    robot: str = DEFAULT_ROBOT
    command: str = ""  # what drives the arm; empty: what it usually takes
    stream: str = "evaluation"
    latency_s: float | None = None  # None: blocking
    jitter_s: float = 0.0  # [s] of that latency
    loss: float = 0.0  # share of messages to and from the policy that are lost once
    outage_s: float = 0.0  # [s] in which none comes through …
    every_s: float = 0.0  # … again and again after so long [s]
    pause_s: float = 0.0  # that the arm rests for each inference when blocking
    rate_hz: float = 500.0  # of physics and control
    video: str | None = None  # folder for a film of each episode
    features: str | None = None  # folder for what failure detection learns from each episode
    detector: str = ""  # folder of a failure detector that watches the policy; empty: none
    on_alarm: str = AlarmConfig.reaction  # what follows an alarm
    alarm_score: str = AlarmConfig.score  # the score that raises it
    alarm_alpha: float = AlarmConfig.alpha  # share of successful episodes in which there is one
    graph: bool = False  # through the real graph in real time; False: in lockstep
    spl: bool = True  # the expert is run in scenes where nobody knows how long it takes

    def check(self) -> None:
        """Raise ConfigError for what cannot be run, before any work begins."""
        from vla_ros.objects.catalogue import load_catalogue
        from vla_ros.objects.category import SPLITS, chosen_categories
        from vla_ros.policies.families.loading import check_policy
        from vla_ros.robots.control import load_control_config
        from vla_ros.robots.embodiment import load_embodiment
        from vla_ros.sim.scenes.target_query import check_words
        from vla_ros.sim.scenes.wording import EVALUATED
        from vla_ros.tasks.table import load_task

        if not 200.0 <= self.rate_hz <= 10_000.0:
            raise ConfigError(f"--rate-hz must be 200 to 10000, got {self.rate_hz}")
        robot = load_embodiment(self.robot)
        robot.command_modes(self.command)
        task = load_task(self.task)
        if not task.takes_cups:
            robot.check_gripper()
        load_control_config(self.robot)
        task.check(self.request(0))
        check_name(self.policy, EXPERT)
        changes = self.changes
        if self.policy != EXPERT:
            check_policy(self.policy, robot, self.checkpoint, True, changes)  # cameras that it needs are brought
        elif self.checkpoint or self.setting:
            given = f"--checkpoint {self.checkpoint}" if self.checkpoint else f"--setting {self.setting}"
            raise ConfigError(f"{given}: the expert has neither weights nor settings; take --policy graspvla")
        for option, folder in (("--features", self.features), ("--detector", self.detector)):
            if folder and (self.graph or self.policy == EXPERT):
                given = "--graph" if self.graph else f"--policy {EXPERT}"
                raise ConfigError(f"{option} is for policies in lockstep: leave out {given}")
        self._check_detector()
        chosen_categories(self.categories)
        if self.graph and self.categories not in SPLITS:
            raise ConfigError(
                f"--categories {self.categories}: with --graph one of {', '.join(SPLITS)}: leave out --graph, or "
                "ask for one thing in every scene with --target"
            )
        if self.target:
            check_words(self.request(0))
        if self.wording not in EVALUATED:
            raise ConfigError(unknown_name("wording", self.wording, EVALUATED))
        if self.by_part and (self.objects or self.categories != "action"):
            raise ConfigError(
                "--by-part: parts are named of action categories alone: leave out --objects and --categories"
            )
        if self.by_part and self.graph:
            raise ConfigError("--by-part is for lockstep: leave out --graph")
        load_catalogue(self.objects)
        self.rollout()

    def _check_detector(self) -> None:
        if not self.detector:
            for option, value, default in (
                ("--on-alarm", self.on_alarm, TELL),
                ("--score", self.alarm_score, AlarmConfig.score),
                ("--alpha", self.alarm_alpha, AlarmConfig.alpha),
            ):
                if value != default:
                    raise ConfigError(f"{option} {value}: name what raises alarms with --detector")
            return
        if self.features and self.on_alarm != TELL:
            raise ConfigError("--features records what a policy does by itself: leave out --on-alarm, or --features")
        from vla_ros.failure_detection.online.watching import check_detector
        from vla_ros.robots.embodiment import load_embodiment

        robot = load_embodiment(self.robot)
        check_detector(self.detector, self.policy, self.checkpoint, self.alarm, robot, self.changes)

    @property
    def alarm(self) -> AlarmConfig:
        """Return when there is an alarm, and what follows. Raises ConfigError."""
        return AlarmConfig(self.alarm_score, self.alarm_alpha, self.on_alarm)

    def rollout(self, seed: int = 0) -> RolloutConfig:
        """Return rates and waiting times in the scene of a seed. Raises ConfigError."""
        from vla_ros.evaluation.rollout import RolloutConfig

        return RolloutConfig(
            control_hz=self.rate_hz, latency_s=self.latency_s, jitter_s=self.jitter_s, loss=self.loss,
            outage_s=self.outage_s, every_s=self.every_s, latency_seed=seed, pause_s=self.pause_s,
        )  # fmt: skip

    @property
    def changes(self) -> str:
        """Return all changes to the policy's settings, its server among them. Raises ConfigError."""
        from vla_ros.policies.families.changed_settings import with_server

        return with_server(self.policy, self.url, self.url_token_file, self.setting, " ", self.contract)

    def request(self, seed: int, cameras: tuple[str, ...] = ()) -> SceneRequest:
        """Return what the scene of a seed is drawn from."""
        from vla_ros.sim.scenes.request import SceneRequest

        return SceneRequest(
            self.set_name, seed, self.stream, self.categories, self.objects, self.wording,
            target=self.target, cameras=cameras, by_part=self.by_part, robot=self.robot,
        )  # fmt: skip


@dataclass(frozen=True)
class EvaluationSettings:
    """Which episodes are run, and how many at once."""

    episode: EpisodeSettings = field(default_factory=EpisodeSettings)
    episodes: int = 20
    seed: int = 0
    workers: int = 1
    test: bool = False  # of the protocol's rows, which alone may take the test seeds

    def check(self) -> None:
        """Raise ConfigError for what cannot be run, before any work begins."""
        for name, value, low, high in (
            ("--episodes", self.episodes, 1, EPISODES_MAX),
            ("--seed", self.seed, 0, SEED_MAX),
            ("--workers", self.workers, 1, WORKERS_MAX),
        ):
            if not (math.isfinite(value) and low <= value <= high):
                raise ConfigError(f"{name} must be {low} to {high}, got {value}")
        if not self.test:
            from vla_ros.evaluation.reserved_seeds import reserved_seeds

            reserved_seeds().check_free_of(self.seeds)
        self.episode.check()

    def check_weights(self) -> None:
        """Load a policy that is learned or a user's own. Raises ConfigError for what would break every episode."""
        if self.episode.policy == EXPERT:
            return
        from vla_ros.policies.families.loading import loaded, specified
        from vla_ros.robots.embodiment import load_embodiment

        robot = load_embodiment(self.episode.robot)
        family = specified(
            self.episode.policy, robot, self.episode.objects, self.episode.checkpoint, self.episode.changes
        )
        if family.learned or self.episode.policy not in FAMILIES:
            loaded(family)

    @property
    def seeds(self) -> range:
        """Return the seeds of the episodes."""
        return range(self.seed, self.seed + self.episodes)


def with_tool(robot: str, tool: str) -> str:
    """Return the name of a robot that carries a tool; with "" its own. Raises ConfigError for a second tool."""
    from vla_ros.robots.tools.mounting import SIGN

    if tool and SIGN in robot:
        raise ConfigError(f"--tool {tool}: robot '{robot}' carries a tool already: give one")
    return f"{robot}{SIGN}{tool}" if tool else robot


def with_mode(setting: str, mode: str) -> str:
    """Return a policy's settings (KEY=VALUE, joined by commas) with the mode in which it takes things; "": none."""
    return ",".join(filter(None, (setting, f"mode={mode}" if mode else "")))

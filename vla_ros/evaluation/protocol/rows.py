# SPDX-License-Identifier: Apache-2.0
"""The rows of a release's table, as config/evaluation/<task>.yaml fixes them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass

from controllers.errors import ConfigError
from vla_ros.configuration import load_config, share_directory
from vla_ros.evaluation.reserved_seeds import reserved_seeds
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings, with_mode, with_tool
from vla_ros.robots.names import DEFAULT_ROBOT
from vla_ros.tasks.table import DEFAULT_TASK

SCENES_MIN = 100  # a row: Wilson's interval is then within 10 points, and within 4 near 100 %


@dataclass(frozen=True)
class Row:
    """A set of scenes, objects and words; where it says so, another tool and other settings of the policy."""

    set: str
    categories: str = ""  # of grasping's objects; empty: a task's own
    wording: str = "common"
    tool: str = ""  # that the arm carries; empty: the robot's own
    mode: str = ""  # in which it takes things
    setting: str = ""  # KEY=VALUE, joined by commas, as `--setting`

    @property
    def title(self) -> str:
        """Return it in words."""
        words = "" if self.wording == "common" else f"{self.wording} words"
        takes = " ".join(filter(None, (self.tool, self.mode)))
        return ", ".join(filter(None, (takes, self.set, self.categories, words, self.setting.replace(",", " "))))

    @property
    def name(self) -> str:
        """Return what its files are called."""
        wording = "" if self.wording == "common" else self.wording
        parts = (self.tool, self.mode, self.set, self.categories, wording, *self.setting.split(","))
        return "_".join(part.replace("=", "-") for part in parts if part)


@dataclass(frozen=True)
class Protocol:
    """All rows, and how many scenes each."""

    rows: tuple[Row, ...]
    scenes: int = 200
    beside: str = ""  # a policy whose success stands beside; empty: none
    robot: str = DEFAULT_ROBOT
    non_blocking_s: float = 0.0  # [s] an inference takes while the world goes on; 0: the world waits for it
    spl: bool = True  # the scripted expert is run in every scene, as the yardstick of how many actions it needs
    task: str = DEFAULT_TASK

    def __post_init__(self) -> None:
        if self.non_blocking_s < 0.0:
            raise ConfigError(f"non_blocking_s must be at least 0, got {self.non_blocking_s}")
        if self.scenes < SCENES_MIN:
            raise ConfigError(f"scenes must be {SCENES_MIN} or more a row, got {self.scenes}")
        if self.scenes > reserved_seeds().count:
            raise ConfigError(f"scenes must be {reserved_seeds().count} at most, of the test seeds, got {self.scenes}")
        names = [row.name for row in self.rows]
        if not names or len(set(names)) < len(names):
            raise ConfigError("rows must be one or more, none of them twice")

    @property
    def digest(self) -> str:
        """Hash what is run: rows, scenes, robot and seeds."""
        values = dataclasses.asdict(self) | {"first": reserved_seeds().first}
        # What older tests could not say is left out where it is as it was then: their digest stays.
        for row in values["rows"]:
            for name in ("tool", "mode", "setting"):
                if not row[name]:
                    del row[name]
        for name in ("robot", "non_blocking_s", "spl"):
            if values[name] == getattr(Protocol, name):
                del values[name]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def settings(self, row: Row, policy: str, checkpoint: str, workers: int) -> EvaluationSettings:
        """Return the evaluation of a policy that is a row."""
        episode = EpisodeSettings(
            policy=policy,
            checkpoint=checkpoint,
            task=self.task,
            set_name=row.set,
            categories=row.categories or EpisodeSettings.categories,
            wording=row.wording,
            robot=with_tool(self.robot, row.tool),
            setting=with_mode(row.setting, row.mode),
            latency_s=self.non_blocking_s or None,
            spl=self.spl,
        )
        return EvaluationSettings(episode, self.scenes, reserved_seeds().first, workers, test=True)


def load_protocol(task: str) -> Protocol:
    """Return a task's rows; a user's own configuration changes none. Raises ConfigError for a task without any."""
    folder = share_directory() / "config" / "evaluation"
    path = folder / f"{task}.yaml"
    if task == "test_seeds" or not path.is_file():
        names = sorted(path.stem for path in folder.glob("*.yaml") if path.stem != "test_seeds")
        raise ConfigError(f"--test: no rows are fixed for the task '{task}': take --task {' or '.join(names)}")
    return dataclasses.replace(load_config(path, Protocol), task=task)

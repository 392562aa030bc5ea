# SPDX-License-Identifier: Apache-2.0
"""What a blind trial is of: a job, what both policies share, what is each one's own, and which scenes."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.documents import parse_json
from vla_ros.output_file import write_output
from vla_ros.seed_range import SEED_MAX

DESIGN_FILE = "trial.json"
SCENES_MAX = 10_000


@dataclass(frozen=True)
class TrialDesign:
    """A trial, as its folder keeps it. Words are launch arguments, `name:=value`."""

    job: str
    shared: tuple[str, ...]  # of both
    first: tuple[str, ...]  # of A alone
    second: tuple[str, ...]  # of B alone
    seed: int = 4000  # of the first scene
    scenes: int = 40  # at most, each run by both

    def __post_init__(self) -> None:
        for name, value, low, high in (("--seed", self.seed, 0, SEED_MAX), ("--episodes", self.scenes, 1, SCENES_MAX)):
            if type(value) is not int or not low <= value <= high:
                raise ConfigError(f"{name} must be {low} to {high}, got {value}")
        for words in (self.shared, self.first, self.second):
            if not all(isinstance(word, str) for word in words):
                raise ConfigError("launch arguments must be words, name:=value")
        if sorted(self.first) == sorted(self.second):
            raise ConfigError("--a and --b are the same: give each what it alone has, such as --b policy:=geometric")

    @property
    def seeds(self) -> range:
        """Return the seeds of the scenes."""
        return range(self.seed, self.seed + self.scenes)

    def save(self, folder: Path) -> None:
        """Write it into the trial's folder."""
        write_output("", folder / DESIGN_FILE, json.dumps(dataclasses.asdict(self), indent=2) + "\n")


def read_design(folder: Path) -> TrialDesign:
    """Read a trial's design. Raises ConfigError when the folder holds none."""
    path = folder / DESIGN_FILE
    try:
        values = parse_json(path.read_text(), str(path))
        return TrialDesign(**values | {name: tuple(values[name]) for name in ("shared", "first", "second")})
    except OSError as error:
        raise ConfigError(
            f"{folder}: holds no trial ({path.name}: {error.strerror}): begin one with --a and --b"
        ) from None
    except (TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{path}: no trial's design ({error}): name another folder") from None

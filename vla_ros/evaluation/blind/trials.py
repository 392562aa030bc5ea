# SPDX-License-Identifier: Apache-2.0
"""Every trial as a line of trials.jsonl, written as soon as its verdict is given; none says which policy acted."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.documents import DocumentError, parse_json

TRIALS_FILE = "trials.jsonl"
REVEALED = "revealed"  # key of the line that ends a trial: why its key was shown


class Verdict(Enum):
    """What a person says of an episode, or what became of it."""

    SUCCESS = "success"
    FAILURE = "failure"
    VOID = "void"  # something other than the policy spoiled it: it counts nowhere and is run again
    BROKEN = "broken"  # it came to no end of its own: likewise


@dataclass(frozen=True)
class Trial:
    """One episode of one of the two policies."""

    number: int  # from 1, in the order in which they were run
    seed: int  # of the scene
    turn: int  # 0: the first of the two in this scene, 1: the second
    verdict: Verdict
    reason: str = ""  # of what counts nowhere; else what the person adds
    instruction: str = ""
    target: str = ""  # name of the object that is meant; "" where it is no single one
    category: str = ""
    judge: bool | None = None  # what the simulator's judge says; None where there is none
    outcome: str = ""  # of the graph
    attempts: int = 0
    first_lifted: str | None = None
    episode_s: float = 0.0
    wall_s: float = 0.0
    real_time_factor: float | None = None
    real_time_factor_worst_s: float | None = None
    run_directory: str = ""
    ended_at: str = ""  # local time, ISO 8601

    @property
    def counts(self) -> bool:
        """Say whether it is a success or a failure."""
        return self.verdict in (Verdict.SUCCESS, Verdict.FAILURE)


@dataclass(frozen=True)
class TrialRecord:
    """What the file holds."""

    trials: tuple[Trial, ...]
    revealed: str = ""  # why the key was shown; "": it was not


def read_trials(folder: Path) -> TrialRecord:
    """Read what was run so far; half a line at the end is of a trial that is run again. Raises ConfigError."""
    path = folder / TRIALS_FILE
    if not path.exists():
        return TrialRecord(())
    trials, revealed = [], ""
    try:
        text = path.read_text()
        lines = text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]
        for number, line in enumerate(lines, 1):
            values = parse_json(line, f"line {number}")
            if REVEALED in values:
                revealed = str(values[REVEALED])
                continue
            trials.append(Trial(**values | {"verdict": Verdict(values["verdict"])}))
            if trials[-1].turn not in (0, 1) or type(trials[-1].seed) is not int:
                raise ValueError(f"line {number} is of seed {trials[-1].seed!r}, turn {trials[-1].turn!r}")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (DocumentError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path}: no record of trials ({error}): name another folder") from error
    return TrialRecord(tuple(trials), revealed)


def append_trial(folder: Path, trial: Trial) -> None:
    """Write one more trial. Raises ConfigError when it cannot be kept."""
    _append(folder, dataclasses.asdict(trial) | {"verdict": trial.verdict.value})


def append_revealed(folder: Path, why: str) -> None:
    """Write that the key was shown, after which no trial is blind."""
    _append(folder, {REVEALED: why})


def _append(folder: Path, values: dict) -> None:
    path = folder / TRIALS_FILE
    try:
        text = path.read_bytes() if path.exists() else b""
        whole = text[: text.rfind(b"\n") + 1]  # what a killed run left of a line would spoil the next one
        with path.open("r+b" if path.exists() else "wb") as file:
            file.seek(len(whole))
            file.truncate()
            file.write(json.dumps(values).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}): nothing more is run") from error

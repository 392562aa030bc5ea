# SPDX-License-Identifier: Apache-2.0
"""A test's own folder: what was begun with which weights and code, so that the same command goes on and no other."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.documents import DocumentError, read_json
from vla_ros.evaluation.compared_results import ROWS_ENDING
from vla_ros.new_file import replace_file

RECORD = "test.json"


@dataclass(frozen=True)
class TestRecord:
    """What is tested, as it was when the test began."""

    __test__ = False  # no test of pytest's

    run: str
    policy: str
    weights: str
    code: str
    rows: str
    version: str
    begun: str  # UTC, ISO 8601
    looks: str  # what the ledger said then
    look: int
    finished: str = ""

    def other_than(self, policy: str, weights: str, code: str, rows: str) -> str:
        """Say what it was begun with that is another now; empty: nothing."""
        given = {"policy": policy, "weights": weights, "code or configuration": code, "rows": rows}
        began = (self.policy, self.weights, self.code, self.rows)
        return ", ".join(what for what, then in zip(given, began, strict=True) if given[what] != then)


class TestFolder:
    """FILE's .rows/."""

    __test__ = False

    def __init__(self, file: Path) -> None:
        self.file = file
        self.path = file.with_suffix(ROWS_ENDING)

    def log(self, name: str, beside: str = "") -> Path:
        """Return where the episodes of a row lie; those of the policy beside in a folder of its own."""
        folder = self.path / beside if beside else self.path
        return folder / f"{name}.json"  # episode_log.log_path makes the log's name of it

    def record(self) -> TestRecord | None:
        """Return what was begun here; None where nothing was. Raises ConfigError when it cannot be read."""
        path = self.path / RECORD
        if not path.exists():
            if self.file.exists() or (self.path.exists() and any(self.path.iterdir())):
                raise ConfigError(f"{self.file}: holds something else: name another file with --json")
            return None
        try:
            return TestRecord(**read_json(path))
        except (DocumentError, TypeError) as error:
            raise ConfigError(f"{path}: cannot be read ({error}): name another file with --json") from error

    def write(self, record: TestRecord) -> None:
        """Write it, onto the disk."""
        self.path.mkdir(parents=True, exist_ok=True)
        replace_file(self.path / RECORD, (json.dumps(asdict(record), indent=2) + "\n").encode(), on_disk=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from the same test while it runs."""
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise ConfigError(f"{self.file}: is being run by another process: wait for it") from None
        finally:
            os.close(descriptor)

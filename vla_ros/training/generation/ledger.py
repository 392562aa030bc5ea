# SPDX-License-Identifier: Apache-2.0
"""What became of every seed, a JSON line each: what a run goes on from, and what its figures are counted from."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.documents import DocumentError, parse_json


@dataclass(frozen=True)
class SeedRecord:
    """One seed that came to an end."""

    kind: str
    seed: int
    reason: str = ""  # why it gave no episode; empty: it gave one
    frames: int = 0
    seconds: float = 0.0  # [s] simulated
    wall_s: float = 0.0  # [s] one core was busy; 0: nobody knows

    @property
    def made(self) -> bool:
        """Tell whether it gave an episode."""
        return not self.reason


class Ledger:
    """The file of records; the last line of a seed counts."""

    def __init__(self, path: Path) -> None:
        """Read what there is. Raises ConfigError when it is no ledger."""
        self.path = path
        self.records: dict[tuple[str, int], SeedRecord] = {}
        try:
            text = path.read_text() if path.exists() else ""
            whole = text[: text.rfind("\n") + 1]  # a killed run may leave half a line at the end
            for line in whole.splitlines():
                self._keep(SeedRecord(**parse_json(line, "a line")))
            self._file = path.open("r+" if path.exists() else "w")
            self._file.seek(self._file.truncate(len(whole.encode())))
        except OSError as error:
            raise self._unwritable(error) from None
        except (DocumentError, ValueError, TypeError) as error:
            raise ConfigError(
                f"{path}: not a record of seeds ({error}): restore it from a copy, or remove it"
            ) from None

    def append(self, records: Iterable[SeedRecord]) -> None:
        """Write records at once. Raises ConfigError when the disk does not take them."""
        try:
            for record in records:
                self._file.write(json.dumps(dataclasses.asdict(record)) + "\n")
                self._keep(record)
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from None

    def of(self, kind: str) -> list[SeedRecord]:
        """Return the records of one kind."""
        return [record for record in self.records.values() if record.kind == kind]

    def close(self) -> None:
        """Close the file."""
        try:
            self._file.close()
        except OSError as error:
            raise self._unwritable(error) from None

    def _keep(self, record: SeedRecord) -> None:
        self.records[record.kind, record.seed] = record

    def _unwritable(self, error: OSError) -> ConfigError:
        return ConfigError(
            f"{self.path}: cannot be written ({error.strerror}): make room, then start the same command again"
        )

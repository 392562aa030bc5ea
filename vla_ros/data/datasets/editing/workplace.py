# SPDX-License-Identifier: Apache-2.0
"""Where an edited dataset is written until it is whole, and how it takes its place.

Beside a dataset NAME lie `.NAME.editing/` while it is edited (plan.json and what is done so far) and
`.NAME.before_edit_1`, `_2`, …, what it was before each edit. Nothing is written into the dataset itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.data.datasets.layout import INFO
from vla_ros.data.datasets.staging import StagedFolder, exchange
from vla_ros.documents import read_json
from vla_ros.output_file import write_output

_INODE = "inode"  # of the dataset that is edited: what has it is the state before


class EditPlace:
    """Hold the only right to change `target`, and what is written in its stead."""

    def __init__(self, target: Path) -> None:
        """Raises ConfigError when somebody else writes the dataset, or nothing can be written beside it."""
        self.target = target.resolve()
        self._lock = StagedFolder(self.target)
        self.home = self.target.parent / f".{self.target.name}.editing"
        self.dataset = self.home / "dataset"
        self._plan = self.home / "plan.json"
        aside = self.home / "dataset.aside"  # of an exchange that a file system could not do at once
        if aside.exists():
            aside.rename(self.dataset if self.target.exists() else self.target)

    def finish_interrupted(self) -> dict[str, Any] | None:
        """Return the plan of an edit that had taken its place already when it was killed, and finish it."""
        plan = self._read()
        if plan.get(_INODE) is None or _inode(self.dataset) != plan[_INODE]:
            return None
        self._keep()
        return plan

    def begin(self, plan: dict[str, Any]) -> None:
        """Make the place ready: the same edit of the same data is gone on with, every other one is begun anew."""
        plan = plan | {_INODE: _inode(self.target)}
        if self._read() != plan:
            self._clear()
            self.home.mkdir()
            write_output("", self._plan, json.dumps(plan, indent=2) + "\n")

    def publish(self) -> Path | None:
        """Put the finished dataset in its place; return where the state before is now."""
        if not self.target.exists():
            self.dataset.rename(self.target)
            self._clear()
            return None
        exchange(self.dataset, self.target)
        return self._keep()

    def undo(self) -> Path:
        """Put the state before the last edit back; return where the undone one is now. Raises ConfigError for none."""
        kept = self._backups()
        if not kept:
            raise ConfigError(f"{self.target}: there is no edit to undo (nothing is kept beside it)")
        undone = self.target.parent / f".{self.target.name}.undone"
        if undone.exists():
            shutil.rmtree(undone)
        latest = kept[max(kept)]
        if self.target.exists():
            exchange(latest, self.target)
            latest.rename(undone)
        else:
            latest.rename(self.target)
        return undone

    def close(self) -> None:
        """Let others write."""
        self._lock.discard()
        self._lock.close()

    def _keep(self) -> Path:
        number = max(self._backups(), default=0) + 1
        kept = self.target.parent / f".{self.target.name}.before_edit_{number}"
        self.dataset.rename(kept)
        self._clear()
        return kept

    def _backups(self) -> dict[int, Path]:
        """Return the states that are kept by their numbers; whoever needs room may have removed any of them."""
        begin = f".{self.target.name}.before_edit_"
        paths = [path for path in self.target.parent.iterdir() if path.name.startswith(begin) and path.is_dir()]
        numbers = [path.name.removeprefix(begin) for path in paths]
        return {int(number): path for number, path in zip(numbers, paths, strict=True) if number.isdecimal()}

    def _read(self) -> dict[str, Any]:
        try:
            values = read_json(self._plan)
        except ConfigError:
            return {}
        return values if isinstance(values, dict) else {}

    def _clear(self) -> None:
        if self.home.exists():
            shutil.rmtree(self.home)


def recover(target: Path) -> None:
    """Put a dataset back that was killed away between two renames, on a file system that cannot exchange folders."""
    if not target.exists() and (target.parent / f".{target.name}.editing" / "dataset.aside").is_dir():
        EditPlace(target).close()


def fingerprint(root: Path) -> str:
    """Return what changes when a dataset does: its info.json, the names, sizes and times of its files."""
    digest = hashlib.sha256((root / INFO).read_bytes())
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        status = path.stat()
        digest.update(f"{path.relative_to(root)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _inode(path: Path) -> int | None:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return None

# SPDX-License-Identifier: Apache-2.0
"""The folder of demonstrations: each whole or not there, numbered once for ever, thrown away ones in trash/."""

from __future__ import annotations

import dataclasses
import datetime
import fcntl
import json
import os
import re
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import yaml

from controllers.errors import ConfigError, VlaError
from vla_ros.data.hands.convert import align, moves_fingers
from vla_ros.data.hands.demonstration import (
    HANDS,
    PICTURES,
    SETTINGS,
    SUMMARY,
    demonstration_id,
    read_demonstration,
    settings_file,
)
from vla_ros.new_file import open_own, replace_file
from vla_ros.teleop.fields import ProtocolError
from vla_ros.teleop.hand_recording.arrival import Arrival, DiskError, check_room
from vla_ros.teleop.hand_recording.checks import DemonstrationMetadata, check_hands, check_pictures
from vla_ros.teleop.hand_recording.listing import described
from vla_ros.teleop.hand_recording.settings import HandRecordingSettings

TRASH, INCOMING, LOCK, LAST = "trash", ".incoming-", ".lock", ".last_demonstration"
OLD_LAST = ".last_take"  # of folders whose recordings were called takes
NAME = re.compile(r"(demonstration|take)_\d{6}")  # likewise
CHECKED_HZ = 10.0  # the rate of frames at which holes are looked for, as `vla convert` does


class DemonstrationStore:
    """One folder of demonstrations, which nobody else may record into meanwhile. Its methods may run in any thread."""

    def __init__(self, root: Path, settings: HandRecordingSettings) -> None:
        """Make the folder, clear what a crash left. Raises ConfigError when it cannot be used."""
        self.root, self.settings = root, settings
        self._trash, self._guard = root / TRASH, threading.Lock()
        if settings_file(root).exists():
            raise ConfigError(f"{root}: is a demonstration itself: name the folder that holds demonstrations")
        try:
            self._trash.mkdir(parents=True, exist_ok=True)
            self._lock = os.fdopen(open_own(root / LOCK, os.O_RDWR), "r+")
        except OSError as error:
            raise ConfigError(
                f"{root}: demonstrations cannot be kept there ({error.strerror}): name another folder"
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise ConfigError(f"{root}: somebody records into it already: name another folder") from None
        for left in root.glob(f"{INCOMING}*"):
            shutil.rmtree(left, ignore_errors=True)
        # Renaming changes the time of a folder's own entry: the last one there was thrown away last.
        self._thrown = sorted(self._names(self._trash), key=lambda name: (self._trash / name).stat().st_ctime_ns)
        self._described_at: dict[str, tuple[int | None, dict[str, Any]]] = {}  # by name, with the time of its words
        kept = [folder / name for folder in (root, self._trash) for name in self._names(folder)]
        self._known = {known: path.name for path in kept if (known := demonstration_id(path))}  # a page's id → name

    def close(self) -> None:
        """Let others record into the folder."""
        self._lock.close()

    # -- what is there -------------------------------------------------------------------------------------------------
    def names(self) -> list[str]:
        """List the demonstrations, the oldest first."""
        return self._names(self.root)

    def listing(self) -> dict[str, Any]:
        """Describe all demonstrations, the newest first, and what undo would bring back."""
        demonstrations = [self._described(name) for name in reversed(self.names())]
        undo = self._thrown[-1] if self._thrown else ""
        return {"demonstrations": demonstrations, "trash": len(self._thrown), "undo": undo}

    def _described(self, name: str) -> dict[str, Any]:
        """Describe a demonstration; it is read once as long as nobody changes its words."""
        words = settings_file(self.root / name)
        changed = words.stat().st_mtime_ns if words.is_file() else 0
        if self._described_at.get(name, (None, {}))[0] != changed:
            self._described_at[name] = (changed, described(self.root / name))
        return self._described_at[name][1]

    def first_picture(self, name: str) -> Path | None:
        """Return a demonstration's first picture; None where there is none."""
        pictures = sorted((self.root / name / "pictures").glob("*.jpg")) if NAME.fullmatch(name) else []
        return pictures[0] if pictures else None

    def known(self, number: str) -> str:
        """Return the demonstration that a page's id became, thrown away or not; "" for a new one."""
        return self._known.get(number, "")

    # -- a new one -----------------------------------------------------------------------------------------------------
    def make_room(self, metadata: DemonstrationMetadata) -> Path:
        """Return a folder for a demonstration that arrives. Raises DiskError."""
        check_room(self.root)
        try:
            folder = Path(tempfile.mkdtemp(prefix=f"{INCOMING}{metadata.id}-", dir=self.root))
            (folder / "pictures").mkdir()
        except OSError as error:
            raise DiskError(error) from None
        return folder

    def keep(self, folder: Path, metadata: DemonstrationMetadata, arrival: Arrival) -> tuple[str, str]:
        """Make a demonstration of what arrived; return its name and what is doubtful about it. Raises VlaError."""
        check_hands(arrival.lines["hands"])
        check_pictures(arrival.lines["pictures"], arrival.pictures)
        if not arrival.pictures:
            raise ProtocolError("the demonstration has no picture")
        config = self.settings.config(metadata.instruction, metadata.hand, arrival.size)
        content = {key: list(v) if isinstance(v, tuple) else v for key, v in dataclasses.asdict(config).items()}
        try:
            (folder / HANDS).write_bytes(arrival.lines["hands"])
            (folder / PICTURES).write_bytes(arrival.lines["pictures"])
            (folder / SETTINGS).write_text(
                yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10**6, default_flow_style=None)
            )
            warning, summary = self._check(folder, metadata, arrival)
            (folder / SUMMARY).write_text(json.dumps(summary) + "\n")
            for path in (*folder.rglob("*"), folder):  # the page forgets it as soon as it is kept
                _on_disk(path)
            with self._guard:
                return self._number(folder, metadata), warning
        except OSError as error:
            raise DiskError(error) from None

    def _check(self, folder: Path, metadata: DemonstrationMetadata, arrival: Arrival) -> tuple[str, dict[str, Any]]:
        """Read a demonstration as `vla convert` will; return what it would refuse, and it in short. Raises VlaError."""
        try:
            demonstration = read_demonstration(folder)
        except VlaError as error:  # its folder is none that anybody knows
            raise ProtocolError(str(error).replace(f"{folder}/", "").replace(f"{folder}: ", "")) from None
        warning = self.settings.misfit(arrival.size)
        if not moves_fingers(demonstration):
            warning = f"the {metadata.hand} hand neither closes nor opens"
        try:
            align(demonstration, CHECKED_HZ)
        except VlaError as error:
            warning = f"{error}; vla convert leaves it out"
        ends = [*demonstration.times[[0, -1]], *demonstration.picture_times[[0, -1]]]
        return warning, {
            "id": metadata.id,
            "recorded": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "seconds": round(float(max(ends) - min(ends)), 2),
            "pictures": len(demonstration.pictures),
            "lost": metadata.lost,
            "warning": warning,
        }

    def _number(self, folder: Path, metadata: DemonstrationMetadata) -> str:
        if metadata.id in self._known:  # it was sent twice at the same time
            return self._known[metadata.id]
        used = [int(name[-6:]) for name in (*self.names(), *self._names(self._trash))]
        number = max(*used, *(_last(self.root / last) for last in (LAST, OLD_LAST))) + 1
        name = f"demonstration_{number:06d}"
        # Before it is there: a number that is lost is nothing, a dataset leaves out a demonstration that came twice.
        replace_file(self.root / LAST, f"{number}\n".encode())
        folder.chmod(0o755)  # a temporary folder is its owner's alone
        folder.rename(self.root / name)
        _on_disk(self.root)
        self._known[metadata.id] = name
        return name

    # -- trash ---------------------------------------------------------------------------------------------------------
    def throw_away(self, name: str) -> None:
        """Move a demonstration into the trash. Raises VlaError."""
        with self._guard:
            if name not in self.names():
                raise VlaError(f"there is no {name}: load the page again")
            self._move(self.root / name, self._trash / name)
            self._thrown.append(name)

    def undo(self) -> str:
        """Bring back what was thrown away last, and return its name. Raises VlaError."""
        with self._guard:
            while self._thrown:
                name = self._thrown[-1]
                if (self._trash / name).is_dir():
                    self._move(self._trash / name, self.root / name)
                    self._thrown.pop()
                    return name
                self._thrown.pop()  # somebody emptied the trash
            raise VlaError("the trash is empty: there is nothing to undo")

    @staticmethod
    def _move(source: Path, target: Path) -> None:
        try:
            source.rename(target)
        except OSError as error:
            raise VlaError(f"{source.name} cannot be moved ({error.strerror})") from None

    @staticmethod
    def _names(folder: Path) -> list[str]:
        found = (path.name for path in folder.iterdir() if NAME.fullmatch(path.name) and path.is_dir())
        return sorted(found, key=lambda name: name[-6:])


def _on_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _last(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0

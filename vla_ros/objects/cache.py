# SPDX-License-Identifier: Apache-2.0
"""What was worked out once of a user's objects, kept beside them, or in the user's cache where that is forbidden.

Arrays in .npz files without pickle, named after a hash of all that they follow from.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np

from vla_ros.new_file import replace_file
from vla_ros.npz_errors import DAMAGED_NPZ

FOLDER = ".vla_ros"  # beside the objects
_MAX_BYTES = 400_000_000  # of one entry, unpacked
_KEPT = 2000  # entries of a folder


def cache_directory() -> Path:
    """Return the user's cache folder for this project (XDG base directory specification)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vla_ros"


def digest(chunks: Iterable[bytes]) -> str:
    """Return a name for contents."""
    found = hashlib.sha256()
    for chunk in chunks:
        found.update(len(chunk).to_bytes(8, "little"))
        found.update(chunk)
    return found.hexdigest()[:32]


@cache
def code_digest() -> str:
    """Return a name for the code that makes objects: what an earlier version made is made again."""
    return digest(path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py")))


def load(folder: Path | None, name: str) -> dict[str, np.ndarray] | None:
    """Return an entry of the objects in `folder`, or of the user's cache alone; None where there is none."""
    for place in _places(folder):
        path = place / f"{name}.npz"
        try:
            with zipfile.ZipFile(path) as packed:
                if sum(item.file_size for item in packed.infolist()) > _MAX_BYTES:
                    continue
            with np.load(path, allow_pickle=False) as stored:
                return {key: stored[key] for key in stored.files}
        except (OSError, *DAMAGED_NPZ):  # missing, or cut short by a full disk
            continue
    return None


def store(folder: Path | None, name: str, arrays: Mapping[str, np.ndarray]) -> Path | None:
    """Keep an entry and return the folder it went to; None where nothing can be written, which only costs time."""
    for place in _places(folder):
        try:
            place.mkdir(parents=True, exist_ok=True)
            packed = io.BytesIO()
            np.savez(packed, allow_pickle=False, **arrays)
            replace_file(place / f"{name}.npz", packed.getvalue())  # another process never reads half a file
            kept = sorted(place.glob("*.npz"), key=lambda path: path.stat().st_mtime)
            for old in kept[:-_KEPT]:
                old.unlink(missing_ok=True)
        except OSError:
            continue
        return place
    return None


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Have one process at a time work out what all of a graph's nodes need; the others find it kept."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # nothing can be written: each works for itself
            place = cache_directory() / "objects"
            place.mkdir(parents=True, exist_ok=True)
            lock = held.enter_context((place / ".lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)  # let go of when the file is closed, or the process ends
        yield


def _places(folder: Path | None) -> tuple[Path, ...]:
    own = cache_directory() / "objects"
    return (own,) if folder is None else (folder / FOLDER, own)

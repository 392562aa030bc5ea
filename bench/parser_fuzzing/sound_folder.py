# SPDX-License-Identifier: Apache-2.0
"""A folder of a family's inputs that is sound again after each of them, whatever the parser has done in it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from bench.parser_fuzzing.families import Family

_MEMORY = Path("/dev/shm")


def in_memory() -> tempfile.TemporaryDirectory[str]:
    """Return a folder that lies in memory where it may: a disk takes 6 ms for two short files, parsers less than 1."""
    return tempfile.TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None)


class SoundFolder:
    """All inputs of a family and what lies beside them, laid out in a folder of their own."""

    def __init__(self, family: Family, folder: Path) -> None:
        self.places = family.lay_out(folder)  # where each input is
        self._folder, self._changes = folder, family.writes
        self._sound = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self._known = set(map(str, folder.rglob("*")))

    def mend(self, place: Path) -> None:
        """Make it sound again after an input at `place`: that file, and all else where the parser writes files."""
        if self._changes:
            self._remove_strays()
            for path, content in self._sound.items():
                if not path.is_file() or path.read_bytes() != content:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
        else:
            place.write_bytes(self._sound[place])

    def _remove_strays(self) -> None:
        for above, folders, files in os.walk(self._folder):
            for name in [*folders, *files]:
                path = os.path.join(above, name)
                if path in self._known and not os.path.islink(path):
                    continue
                if name in folders and not os.path.islink(path):
                    folders.remove(name)
                    shutil.rmtree(path)
                else:
                    os.unlink(path)

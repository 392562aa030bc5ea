# SPDX-License-Identifier: Apache-2.0
"""Which processes a launch has left running."""

from __future__ import annotations

from pathlib import Path


def processes_of(folder: Path) -> list[int]:
    """Return every living process whose environment names a run's folder, as that of each of its nodes does."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            alive = path.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z"
            if alive and str(folder).encode() in path.joinpath("environ").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return found


def process_of(folder: Path, module: str) -> int:
    """Return the one of them that runs `module`. Raises ProcessLookupError where none does."""
    for pid in processes_of(folder):
        if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise ProcessLookupError(f"{module} does not run")

# SPDX-License-Identifier: Apache-2.0
"""A folder with a bag for each episode: which name the next one gets, and which bags lie in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.location import PARTIAL
from vla_ros.data.bags.writer import BagSettings, BagWriter

EPISODES, TRASH = "episodes", "trash"  # folders of a collection: bags that count, and bags that were thrown away
COLLECTIONS = "collections"  # folder of those that are named without one
_NAME = re.compile(r"episode_(\d{6,})")


def collection_root(name: str) -> Path:
    """Return the folder of a collection: collections/<name>, or where the name says with a slash."""
    return Path(name) if "/" in name else Path(COLLECTIONS) / name


def episode_name(number: int) -> str:
    """Return the name of an episode's bag."""
    return f"episode_{number:06d}"


def episode_number(name: str) -> int | None:
    """Return an episode's number; None for a name that is none of an episode's bag, finished or not."""
    found = _NAME.fullmatch(name.removesuffix(PARTIAL))
    return int(found[1]) if found else None


def next_number(directory: Path) -> int:
    """Return the first number above all that were ever used here: what lies in the trash may come back."""
    numbers = [-1]
    for folder in (directory, directory.parent / TRASH):
        if folder.is_dir():
            numbers += [number for path in folder.iterdir() if (number := episode_number(path.name)) is not None]
    return max(numbers) + 1


def unfinished(directory: Path) -> list[Path]:
    """Return the recordings in a folder that were never ended, in order."""
    return sorted(directory.glob(f"episode_*{PARTIAL}")) if directory.is_dir() else []


def bags_in(path: Path) -> Iterator[Path]:
    """Yield the bags of a folder of bags or a collection, in order; `path` itself when it is one, or holds none."""
    if not path.is_dir() or _is_bag(path):
        yield path
        return
    folder = path / EPISODES if (path / EPISODES).is_dir() else path
    bags = sorted(child for child in folder.iterdir() if not child.name.endswith(PARTIAL) and _is_bag(child))
    yield from bags or [path]


def unfinished_in(path: Path) -> list[Path]:
    """Return the recordings of a folder of bags or a collection that were never ended, in order; none of a bag."""
    if not path.is_dir() or _is_bag(path):
        return []
    folder = path / EPISODES if (path / EPISODES).is_dir() else path
    return sorted(child for child in folder.glob(f"*{PARTIAL}") if child.is_dir())


def _is_bag(path: Path) -> bool:
    return path.is_dir() and ((path / "metadata.yaml").is_file() or any(path.glob("*.mcap")))


@dataclass
class EpisodeBags:
    """Open bag after bag in `directory`; numbering goes on where it was."""

    directory: Path
    settings: BagSettings = field(default_factory=BagSettings)
    custom_data: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the folder. Raises BagError when that cannot be."""
        if (self.directory / "metadata.yaml").exists():
            raise BagError(f"{self.directory}: is a bag, not a folder of bags: name another folder")
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BagError(f"{self.directory}: cannot be made ({error.strerror}): name another folder") from None

    def open(self, wanted: str = "") -> BagWriter:
        """Begin the bag `wanted` where that is an episode's name that is free, else the next. Raises BagError."""
        taken = next_number(self.directory)
        number = episode_number(wanted)
        number = number if number is not None and number >= taken else taken
        return BagWriter(self.directory / episode_name(number), self.settings, self.custom_data)

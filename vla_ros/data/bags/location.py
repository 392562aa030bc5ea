# SPDX-License-Identifier: Apache-2.0
"""Which files are a bag: a folder with metadata.yaml, a folder without, or one file; and what is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.mcap.summary import MAGIC
from vla_ros.data.bags.metadata import FILE, TopicMetadata, read_metadata

PARTIAL = ".partial"


@dataclass(frozen=True)
class BagFiles:
    """The files of a bag, in their order, and what its metadata.yaml adds to them."""

    path: Path
    paths: tuple[Path, ...]
    topics: tuple[TopicMetadata, ...] = ()
    custom_data: Mapping[str, str] = field(default_factory=dict)
    distribution: str = ""
    version: int = 0  # of metadata.yaml; 0 without one


def locate(path: Path) -> BagFiles:
    """Find a bag's files. Raises BagError with the remedy when `path` is none or was not finished."""
    if path.name.endswith(PARTIAL):
        raise BagError(f"{path}: a recording that was not finished: `vla bag repair {path}`")
    if not path.exists():
        unfinished = path.with_name(path.name + PARTIAL)
        if unfinished.exists():
            raise BagError(f"{path}: was not finished: `vla bag repair {unfinished}`")
        raise BagError(f"{path}: no such bag: give the folder that holds {FILE}, or an .mcap file")
    if path.is_file():
        require_mcap(path)
        return BagFiles(path, (path,))
    metadata = path / FILE
    if not metadata.is_file():
        files = numbered_files(path)
        if not files:
            raise BagError(f"{path}: neither {FILE} nor an .mcap file in it: not a bag")
        for file in files:
            require_mcap(file)
        return BagFiles(path, files)
    content = read_metadata(metadata)
    if content.storage != "mcap":
        raise BagError(f"{path}: stored as {content.storage}: `ros2 bag convert` makes mcap of it")
    if content.compression:
        raise BagError(
            f"{path}: compressed by {content.compression}: `ros2 bag convert` without compression_mode first"
        )
    paths = tuple(path / item.path for item in content.files)
    missing = [file.name for file in paths if not file.is_file()]
    if missing:
        raise BagError(f"{path}: {missing[0]} is missing: put it back, or `vla bag repair {path}` goes on without it")
    for file in paths:
        require_mcap(file)
    return BagFiles(path, paths, content.topics, content.custom_data, content.distribution, content.version)


def numbered_files(folder: Path) -> tuple[Path, ...]:
    """Return the .mcap files of a folder, `…_2` before `…_10`."""

    def order(path: Path) -> tuple[int, str]:
        number = re.search(r"_(\d+)$", path.stem)
        return (int(number[1]) if number else -1), path.name

    return tuple(sorted(folder.glob("*.mcap"), key=order))


def require_mcap(path: Path) -> None:
    """Raise BagError when a file does not begin as MCAP does."""
    try:
        with path.open("rb") as file:
            begin = file.read(16)
    except OSError as error:
        raise BagError(f"{path}: cannot be read ({error.strerror})") from None
    if begin.startswith(MAGIC):
        return
    if not begin:
        raise BagError(f"{path}: empty: nothing was recorded into it; delete it")
    if begin.startswith(b"#ROSBAG V"):
        raise BagError(f"{path}: a bag of ROS 1: `rosbags-convert` makes a ROS 2 bag of it")
    if begin.startswith(b"SQLite"):
        raise BagError(f"{path}: a bag in sqlite3: `ros2 bag convert` makes mcap of it")
    raise BagError(f"{path}: not an MCAP file: give the folder that holds {FILE}, or an .mcap file")


def partial_path(directory: Path) -> Path:
    """Return the folder a bag is written in. Raises BagError when it or the bag is there already."""
    partial = directory.with_name(directory.name + PARTIAL)
    if directory.exists():
        raise BagError(f"bag {directory}: exists already: name a new folder")
    if partial.exists():
        raise BagError(f"bag {partial}: a recording that was not finished: `vla bag repair {partial}`, or delete it")
    return partial

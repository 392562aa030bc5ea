# SPDX-License-Identifier: Apache-2.0
"""Where a LeRobotDataset v3.0 keeps what, and the numbers of its files."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from controllers.errors import ConfigError
from vla_ros import documents
from vla_ros.documents import DocumentError

VERSION = "v3.0"
COUNT_STATS = "run `vla dataset stats --exact --write`"  # what mends wrong statistics
INFO, STATS, TASKS, CONTRACT = "meta/info.json", "meta/stats.json", "meta/tasks.parquet", "meta/contract.json"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
CHUNKS_SIZE, DATA_FILE_MB, VIDEO_FILE_MB = 1000, 100, 200
EPISODES_FILE_MB = 20  # rewritten whenever an episode is added
# Readers compare float32 time stamps within 1e-4 s; beyond 1024 s in a file a single rounding step is more than that.
VIDEO_FILE_S = 1000
_FIELD = re.compile(r"\{(chunk_index|file_index)(?::(0?\d{1,2}d))?\}|\{(video_key)\}")


class FilePlace(NamedTuple):
    """The number of a file: chunk, and file in it."""

    chunk: int
    file: int

    def next(self, chunks_size: int) -> FilePlace:
        """Return the number after this one."""
        return FilePlace(self.chunk, self.file + 1) if self.file + 1 < chunks_size else FilePlace(self.chunk + 1, 0)

    def path(self, template: str, video_key: str = "") -> str:
        """Return the file's path in the dataset, by a template that `check_template` has let through."""
        values = {"chunk_index": self.chunk, "file_index": self.file, "video_key": video_key}
        return _FIELD.sub(lambda found: format(values[found[1] or found[3]], found[2] or ""), template)


def check_template(template: Any, option: str, keys: Collection[str] = ("",)) -> None:
    """Raise ConfigError where a dataset's own words for its files' paths are none, or would lead out of its folder.

    `option` names them; `keys` are the video keys that are filled in. They are filled in by hand, since Python's own
    formats can reach into objects and ask for gigabytes of padding.
    """
    problem = ""
    if not isinstance(template, str) or not template or "{" in (rest := _FIELD.sub("", template)) or "}" in rest:
        problem = "may hold {chunk_index:03d}, {file_index:03d} and {video_key}, and no other braces"
    else:
        for path in (PurePosixPath(FilePlace(0, 0).path(template, key)) for key in keys):
            if path.is_absolute() or ".." in path.parts or "\0" in str(path):
                problem = "must stay in the dataset's folder: no leading / and no .."
    if problem:
        raise ConfigError(f"{option} is {repr(template)[:80]}: it {problem}")


def read_json(path: Path) -> Any:
    """Read a JSON file of a dataset. Raises ConfigError when it is missing or broken."""
    if not path.exists():
        raise ConfigError(f"{path.parent.parent}: no LeRobotDataset: {path.parent.name}/{path.name} is missing")
    try:
        return documents.read_json(path)
    except DocumentError as error:
        raise ConfigError(f"{error}: restore it from a copy") from None


def check_version(info: Any, where: str) -> None:
    """Raise ConfigError for a dataset of another version."""
    version = info.get("codebase_version") if isinstance(info, dict) else None
    if version != VERSION:
        raise ConfigError(
            f"{where}: is LeRobotDataset {version or 'without a version'}, this tool knows {VERSION}: convert it "
            "first with lerobot's convert_dataset_v21_to_v30"
        )

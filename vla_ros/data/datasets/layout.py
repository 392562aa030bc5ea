# SPDX-License-Identifier: Apache-2.0
"""Where a LeRobotDataset v3.0 keeps what, and the numbers of its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from controllers.errors import ConfigError

VERSION = "v3.0"
INFO, STATS, TASKS, CONTRACT = "meta/info.json", "meta/stats.json", "meta/tasks.parquet", "meta/contract.json"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
CHUNKS_SIZE, DATA_FILE_MB, VIDEO_FILE_MB = 1000, 100, 200
EPISODES_FILE_MB = 20  # rewritten whenever an episode is added
# Readers compare float32 time stamps within 1e-4 s; beyond 1024 s in a file a single rounding step is more than that.
VIDEO_FILE_S = 1000


class FilePlace(NamedTuple):
    """The number of a file: chunk, and file in it."""

    chunk: int
    file: int

    def next(self, chunks_size: int) -> FilePlace:
        """Return the number after this one."""
        return FilePlace(self.chunk, self.file + 1) if self.file + 1 < chunks_size else FilePlace(self.chunk + 1, 0)

    def path(self, template: str, video_key: str = "") -> str:
        """Return the file's path in the dataset."""
        return template.format(chunk_index=self.chunk, file_index=self.file, video_key=video_key)


def read_json(path: Path) -> Any:
    """Read a JSON file of a dataset. Raises ConfigError when it is missing or broken."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise ConfigError(
            f"{path.parent.parent}: no LeRobotDataset: {path.parent.name}/{path.name} is missing"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}): restore it from a copy") from None


def check_version(info: Any, where: str) -> None:
    """Raise ConfigError for a dataset of another version."""
    version = info.get("codebase_version") if isinstance(info, dict) else None
    if version != VERSION:
        raise ConfigError(
            f"{where}: is LeRobotDataset {version or 'without a version'}, this tool knows {VERSION}: convert it "
            "first with lerobot's convert_dataset_v21_to_v30"
        )

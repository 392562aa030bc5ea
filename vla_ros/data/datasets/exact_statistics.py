# SPDX-License-Identifier: Apache-2.0
"""Statistics counted over every frame again, and put into a dataset as one change."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vla_ros.data.datasets.features import DEFAULT_FEATURES, STRING
from vla_ros.data.datasets.layout import STATS
from vla_ros.data.datasets.metadata import DatasetMetadata, load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.staging import StagedFolder
from vla_ros.data.datasets.statistics import NAMES, ImageStatistics, column_statistics

Table = dict[str, dict[str, np.ndarray]]


def exact_statistics(metadata: DatasetMetadata, progress: Callable[[float], None] = lambda share: None) -> Table:
    """Return the statistics of all frames together: exact quantiles, and pictures as they are after compression."""
    result: Table = {}
    with LeRobotReader(metadata) as reader:
        for name, feature in {**metadata.features, **DEFAULT_FEATURES}.items():
            if not feature.is_video and feature.dtype != STRING:
                result[name] = column_statistics(reader.column(name))
        work, done = len(metadata.video_keys) * len(metadata.episodes), 0
        for key in metadata.video_keys:
            counted = ImageStatistics()
            for episode in metadata.episodes:
                for image in reader.images(key, episode.index):
                    counted.add(image)
                done += 1
                progress(done / work)
            result[key] = counted.result()
    return result


def write_exact_statistics(root: Path, progress: Callable[[float], None] = lambda share: None) -> Table:
    """Count them and put them into meta/stats.json; return them. Raises ConfigError when that cannot be.

    Nobody else may until they are in: what was appended meanwhile would be left out.
    """
    folder = StagedFolder(root)
    try:
        statistics = exact_statistics(load_metadata(root), progress)
        listed = {name: {key: entry[key].tolist() for key in NAMES} for name, entry in statistics.items()}
        folder.replace({STATS: json.dumps(listed, indent=4) + "\n"})
    finally:
        folder.close()
    return statistics

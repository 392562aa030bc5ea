# SPDX-License-Identifier: Apache-2.0
"""A dataset in words and figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from vla_ros.data.datasets.features import DEFAULT_FEATURES
from vla_ros.data.datasets.metadata import DatasetMetadata
from vla_ros.data.datasets.relaxed import relaxed_line

NAMES_SHOWN = 16  # of one feature


def describe(metadata: DatasetMetadata) -> str:
    """Return what a dataset holds, a few lines for a person."""
    numbers = figures(metadata)
    lengths = [episode.length for episode in metadata.episodes] or [0]
    fps = metadata.fps
    lines = [
        f"{metadata.root}: LeRobotDataset {metadata.info['codebase_version']}, robot {metadata.robot or 'unknown'}, "
        f"{fps} Hz, contract {metadata.contract.name if metadata.contract else 'none'}",
        f"{len(metadata.episodes)} episodes, {metadata.frames} frames, {metadata.frames / fps / 60:.1f} min, "
        f"{numbers['bytes'] / 1e6:.1f} MB in {numbers['files']} files",
        f"{min(lengths) / fps:.1f} to {max(lengths) / fps:.1f} s an episode, median {np.median(lengths) / fps:.1f} s",
        *([line] if (line := relaxed_line(metadata)) else []),
        "features:",
    ]
    width = max(len(name) for name in metadata.features)
    for name, feature in metadata.features.items():
        shape = "x".join(str(size) for size in feature.shape)
        names = "" if feature.is_video or feature.names is None else ", ".join(feature.names[:NAMES_SHOWN])
        lines.append(f"  {name:<{width}}  {feature.dtype:<8} {shape:<10} {names}".rstrip())
    lines.append("tasks:")
    counts = Counter(words for episode in metadata.episodes for words in episode.tasks)
    lines += [f"  {count:>6} × {words}" for words, count in counts.most_common(10)]
    if len(counts) > 10:
        lines.append(f"  … and {len(counts) - 10} more")
    return "\n".join(lines)


def figures(metadata: DatasetMetadata) -> dict[str, float]:
    """Return a dataset's figures, name → number."""
    files = [path for path in metadata.root.rglob("*") if path.is_file()]
    return {
        "episodes": len(metadata.episodes),
        "frames": metadata.frames,
        "tasks": len(metadata.tasks),
        "fps": metadata.fps,
        "duration_s": metadata.frames / metadata.fps,
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
    }


def statistics_table(metadata: DatasetMetadata, statistics: Mapping[str, Mapping[str, np.ndarray]]) -> str:
    """Return the statistics as a table, a line a number; "-" for what is not said: older datasets have no quantiles."""
    columns = ("min", "q01", "q50", "q99", "max", "mean", "std")
    lines = [f"{'':<44}" + "".join(f"{name:>11}" for name in columns)]
    for name, feature in metadata.features.items():
        if name not in statistics or name in DEFAULT_FEATURES:
            continue
        entry = {key: np.ravel(values) for key, values in statistics[name].items() if key in columns}
        count = max((len(values) for values in entry.values()), default=0)
        labels = ("red", "green", "blue") if feature.is_video else feature.names
        lines.append(name)
        for i in range(count):
            label = labels[i] if labels is not None and len(labels) == count else str(i)
            lines.append(f"  {label:<42}" + "".join(f"{_figure(entry.get(key, ()), i):>11}" for key in columns))
    return "\n".join(lines)


def _figure(values: Sequence[float] | np.ndarray, number: int) -> str:
    return f"{values[number]:.4g}" if number < len(values) else "-"

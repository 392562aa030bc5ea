# SPDX-License-Identifier: Apache-2.0
"""Digests that tell what a dataset holds, wherever it lies: what was made of other data is not gone on with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vla_ros.data.datasets.metadata import DatasetMetadata, episode_files, read_table


def content_digest(root: Path) -> str:
    """Return a digest of meta/: it names every episode with its statistics, so other frames are other bytes there."""
    meta, found = root / "meta", hashlib.sha256()
    for path in sorted(path for path in meta.rglob("*") if path.is_file()):
        content = path.read_bytes()
        found.update(f"{path.relative_to(meta).as_posix()} {len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()


def episode_digests(metadata: DatasetMetadata) -> list[str]:
    """Return a digest of each episode, which stays when others are appended."""
    features = json.dumps(metadata.info["features"], sort_keys=True)
    means: list[dict[str, object]] = []  # tell apart episodes of one length whose dataset names no sources
    for path in episode_files(metadata.root):
        means += read_table(path, lambda name: name.startswith("stats/") and name.endswith("/mean")).to_pylist()
    digests = []
    for i, record in enumerate(metadata.episodes):
        mean = {name: value for name, value in sorted(means[i].items()) if value is not None} if means else {}
        said = [features, record.index, record.tasks, record.length, record.start, record.source, mean]
        digests.append(hashlib.sha256(json.dumps(said).encode()).hexdigest())
    return digests


def rows_digest(metadata: DatasetMetadata, digests: Sequence[str], rows: Sequence[int] | np.ndarray) -> str:
    """Return a digest of rows (R,) and of the episodes that they are of, by the `digests` of all of these.

    What is kept under it stays where episodes are appended, and is made anew where these were edited.
    """
    covered = np.unique(metadata.episode_of(rows))
    said = f"{[digests[i] for i in covered]} {np.asarray(rows).tolist()}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]

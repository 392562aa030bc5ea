# SPDX-License-Identifier: Apache-2.0
"""What ACT learns from: frames of demonstrations with the actions that followed; pictures cut once, into flat files.

A dataset needs the columns of its contract and no more. Where it says which actions are worth imitating (`vla generate`
does), the others are left out.
Shape legend: F frames, V views, S numbers of proprioception, H steps of a chunk, A numbers of an action.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from controllers.errors import ConfigError
from vla_ros.data.datasets.annotation_names import VALID
from vla_ros.data.datasets.content import episode_digests, rows_digest
from vla_ros.data.datasets.features import ACTION, IMAGES, STATE
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.backbone.proposals import small_pictures
from vla_ros.policies.contract import DataContract
from vla_ros.training.act.config import ActTraining, read_channels
from vla_ros.training.pictures.kept_file import kept_file
from vla_ros.training.pictures.samples import Stacked

PIECE = 400  # frames of a file: an interruption costs no more

Progress = Callable[[int, int], None]  # frames that are cut, and all


@dataclass(frozen=True, eq=False)
class ActSamples:
    """Frames that are learned from."""

    pictures: Stacked  # (F, V, HEIGHT, WIDTH, 3)
    words: list[str]  # (F,)
    states: np.ndarray  # (F, S)
    actions: np.ndarray  # (F, H, A)
    counts: np.ndarray  # (F, H) 1 where a step counts, else 0: behind the end, or behind what is no example
    episodes: np.ndarray  # (F,) which episode of all

    def __len__(self) -> int:
        return len(self.words)


def read_samples(
    roots: Sequence[Path],
    contract: DataContract,
    config: ActTraining,
    folder: Path,
    progress: Progress = lambda done, total: None,
) -> ActSamples:
    """Choose frames of datasets and cut their pictures into a folder, where those that are there already are kept.

    `progress` may raise: the piece under way is then cut again next time. Raises ConfigError where no action is worth
    imitating.
    """
    readers = [LeRobotReader(root) for root in roots]
    try:
        parts = [_chosen(reader, contract, config) for reader in readers]
        total = sum(len(rows) for rows, *_ in parts)
        if total == 0:
            raise ConfigError(f"{roots[0]}: holds no action worth imitating: generate or record more episodes")
        files: list[Path] = []
        words: list[str] = []
        episodes: list[np.ndarray] = []
        before = 0
        for reader, (rows, *_) in zip(readers, parts, strict=True):
            digests = episode_digests(reader.metadata)
            words += [reader.task(row) for row in rows.tolist()]
            episodes.append(before + reader.metadata.episode_of(rows))
            before += len(reader.metadata.episodes)
            for piece in np.array_split(rows, max(1, -(-len(rows) // PIECE))) if len(rows) else ():
                progress(sum(int(file.stem.rpartition("_")[2]) for file in files), total)
                files.append(_cut(reader, piece, tuple(contract.cameras), digests, folder))
        progress(total, total)
    finally:
        for reader in readers:
            reader.close()
    states, actions, counts = (np.concatenate(column) for column in list(zip(*parts, strict=True))[1:])
    return ActSamples(Stacked(files), words, states, actions, counts, np.concatenate(episodes))


def _chosen(
    reader: LeRobotReader, contract: DataContract, config: ActTraining
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return rows (F,), states (F, S), actions (F, H, A) and counts (F, H) of what a dataset teaches."""
    features = reader.metadata.features
    names = features[STATE].names or contract.state
    columns = [names.index(channel) for channel in read_channels(contract)]
    valid = reader.column(VALID).astype(bool) if VALID in features else np.ones(len(reader), dtype=bool)
    rng, steps = np.random.default_rng(config.seed), range(config.horizon)
    chosen: list[np.ndarray] = []
    for episode in reader.metadata.episodes:
        useful = episode.start + np.flatnonzero(valid[episode.start : episode.start + episode.length])
        count = min(config.frames_an_episode, len(useful))
        places = (np.arange(count) + rng.uniform(size=count)) / max(count, 1) * len(useful)
        chosen.append(useful[places.astype(int)])
    rows = np.concatenate(chosen)
    actions = np.empty((len(rows), config.horizon, *features[ACTION].shape), dtype=np.float32)
    counts = np.empty((len(rows), config.horizon), dtype=np.float32)
    for i, row in enumerate(rows.tolist()):
        actions[i], inside = reader.window(ACTION, row, steps)
        # Beyond the episode its last frame stands in.
        counts[i] = np.cumprod(inside & valid[np.minimum(row + np.arange(config.horizon), len(valid) - 1)])
    return rows, reader.column(STATE)[rows][:, columns].astype(np.float32), actions, counts


def _cut(
    reader: LeRobotReader, rows: np.ndarray, cameras: tuple[str, ...], digests: Sequence[str], folder: Path
) -> Path:
    """Return the file with the pictures of these rows (F, V, HEIGHT, WIDTH, 3), which is made where it is missing."""
    what = f"{reader.metadata.root.resolve()} {' '.join(cameras)} {rows_digest(reader.metadata, digests, rows)}"
    path = folder / f"{hashlib.sha256(what.encode()).hexdigest()[:16]}_{len(rows)}.npy"

    def write(file: BinaryIO) -> None:
        np.save(file, np.stack([small_pictures([reader.image(IMAGES + c, row) for c in cameras])
                                for row in rows.tolist()]))  # fmt: skip

    return kept_file(path, write)

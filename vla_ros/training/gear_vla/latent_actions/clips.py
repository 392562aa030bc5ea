# SPDX-License-Identifier: Apache-2.0
"""Clips of the videos of datasets, at the rate of latent actions; no action is needed.

Shape legend: N clips, B of them, T frames of a clip, S numbers of a state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.data.datasets.features import IMAGES, STATE
from vla_ros.data.datasets.metadata import DatasetMetadata, load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.gear_vla.latent_actions.config import LatentActionConfig


class Clips:
    """Every clip that datasets hold, one starting at each frame of each camera; those of some episodes are kept back.

    Raises ConfigError for a dataset without videos, of too few frames a second, and where too few episodes are long
    enough for some to be kept back.
    """

    def __init__(
        self,
        roots: Sequence[Path],
        sizes: LatentActionConfig,
        validation: float,
        cameras: tuple[str, ...] = (),
        cache: Path | None = None,
        progress: Callable[[str, float], None] | None = None,
    ) -> None:
        """`cache` is a folder for decoded frames; `progress` is told which camera is being decoded, and the share."""
        self._readers: list[LeRobotReader] = []
        self._keys: list[list[str]] = []
        self._offsets: list[list[int]] = []  # [frames] of a clip's frames from its first, by dataset
        rows: list[np.ndarray] = []  # dataset, camera, frame, episode of all
        episodes, every = 0, max(2, round(1.0 / validation))
        for number, root in enumerate(roots):
            metadata = load_metadata(root)
            self._keys.append(_cameras(metadata, cameras))
            self._offsets.append(_offsets(metadata, sizes))
            size = sizes.height, sizes.width
            self._readers.append(LeRobotReader(metadata, size, cache, progress, self._keys[-1]))
            for episode in metadata.episodes:
                starts = np.arange(episode.start, episode.start + episode.length - self._offsets[-1][-1])
                for camera in range(len(self._keys[-1])):
                    rows.append(np.column_stack(np.broadcast_arrays(number, camera, starts, episodes)))
                episodes += len(starts) > 0
        self._sizes = sizes
        self._rows = np.concatenate(rows) if rows else np.empty((0, 4), dtype=int)
        held = self._rows[:, 3] % every == 0
        self.kept, self.held = np.flatnonzero(~held), np.flatnonzero(held)
        if len(self.kept) == 0 or len(self.held) == 0:
            raise ConfigError(
                f"{roots[0]}: {episodes} episodes last {sizes.seconds[-1]:g} s: at least 2 are needed, one to learn "
                "from and one to be judged by"
            )

    def __len__(self) -> int:
        return len(self._rows)

    def frames(self, clips: np.ndarray) -> np.ndarray:
        """Return clips (B,) as uint8 frames (B, T, height, width, 3)."""
        sizes = self._sizes
        taken = np.empty((len(clips), len(sizes.seconds), sizes.height, sizes.width, 3), dtype=np.uint8)
        for i, (dataset, camera, start, _) in enumerate(self._rows[clips].tolist()):
            reader, key = self._readers[dataset], self._keys[dataset][camera]
            for j, offset in enumerate(self._offsets[dataset]):
                taken[i, j] = reader.image(key, start + offset)
        return taken

    def of_first_camera(self, clips: np.ndarray) -> np.ndarray:
        """Return those of these clips that the first camera of the first dataset has seen."""
        return clips[(self._rows[clips, :2] == 0).all(axis=1)]

    def motion(self, clips: np.ndarray) -> np.ndarray | None:
        """Return how the measured state changes (B, S) within clips of the first dataset; None where none is stored."""
        reader = self._readers[0]
        if STATE not in reader.metadata.features:
            return None
        state, starts = reader.column(STATE), self._rows[clips, 2]
        return (state[starts + self._offsets[0][-1]] - state[starts]).astype(np.float64)

    def close(self) -> None:
        """Close the files."""
        for reader in self._readers:
            reader.close()


def _offsets(metadata: DatasetMetadata, sizes: LatentActionConfig) -> list[int]:
    offsets = [round(seconds * metadata.fps) for seconds in sizes.seconds]
    if len(set(offsets)) != len(offsets):
        raise ConfigError(
            f"{metadata.root}: has {metadata.fps:g} frames a second, latent actions are learned from "
            f"{sizes.rate:g}: lower sizes.rate, or give a dataset of more"
        )
    return offsets


def _cameras(metadata: DatasetMetadata, wanted: tuple[str, ...]) -> list[str]:
    there = [key.removeprefix(IMAGES) for key in metadata.video_keys]
    if not there:
        raise ConfigError(f"{metadata.root}: holds no video: latent actions are learned from videos")
    for camera in wanted:
        if camera not in there:
            raise ConfigError(f"{metadata.root}: {unknown_name('camera', camera, there)}")
    return [IMAGES + camera for camera in wanted or there]

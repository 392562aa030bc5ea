# SPDX-License-Identifier: Apache-2.0
"""Decoded frames of one size in one file, mapped into memory: for training that sees every frame many times."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.data.datasets.layout import INFO
from vla_ros.data.datasets.video_reader import VideoReader


class FrameCache:
    """A camera's frames as one array (frames, H, W, 3) uint8 on disk, made on first use and shared by processes.

    Raises ConfigError when the folder cannot hold it.
    """

    def __init__(self, folder: Path, video: VideoReader, progress: Callable[[float], None] | None = None) -> None:
        """Read or make the file; `progress` is told the share that is made."""
        metadata, (height, width) = video.metadata, video.size
        # Another dataset, or the same one after a change, is another file.
        content = [str(metadata.root.resolve()), (metadata.root / INFO).stat().st_mtime_ns, video.key, height, width]
        name = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
        self._path = folder / f"{video.key}_{height}x{width}_{name}.npy"
        if not self._path.exists():
            self._make(video, (metadata.frames, height, width, 3), progress)
        self._frames = np.load(self._path, mmap_mode="r")

    def image(self, index: int) -> np.ndarray:
        """Return a frame (H, W, 3) uint8."""
        return np.array(self._frames[index])

    def _make(self, video: VideoReader, shape: tuple[int, ...], progress: Callable[[float], None] | None) -> None:
        part = self._path.with_suffix(f".{uuid.uuid4().hex}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            free = os.statvfs(self._path.parent)
            if free.f_bavail * free.f_frsize < np.prod(shape):
                raise ConfigError(
                    f"{self._path.parent}: {np.prod(shape) / 1e9:.1f} GB of frames do not fit: choose another folder "
                    "for the cache, smaller images, or none"
                )
            frames = np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
            for episode in video.metadata.episodes:
                for k, image in enumerate(video.images(episode)):
                    frames[episode.start + k] = image
                if progress is not None:
                    progress((episode.start + episode.length) / shape[0])
            frames.flush()
            os.replace(part, self._path)
        except OSError as error:
            raise ConfigError(f"{self._path}: cannot be written ({error.strerror})") from None
        finally:
            part.unlink(missing_ok=True)

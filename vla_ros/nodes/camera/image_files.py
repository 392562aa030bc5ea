# SPDX-License-Identifier: Apache-2.0
"""Recorded images as a camera: a folder of PNG or JPEG files, or a video."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.encoded_images import read_image

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")
DEPTH_FOLDER = "depth"  # 16-bit PNGs [mm], named like the colour images

Frame = tuple[np.ndarray, np.ndarray | None]  # colour (H, W, 3) uint8 RGB, depth (H, W) float32 [m]


def open_images(source: str) -> Iterator[Frame]:
    """Return the frames of a folder or a video, over and over. Raises ConfigError when there is none."""
    path = Path(source)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
        if not files:
            raise ConfigError(f"source '{source}': no {', '.join(IMAGE_SUFFIXES)} file in this folder")
        return _folder_frames(files, path / DEPTH_FOLDER)
    if not path.is_file():
        raise ConfigError(f"source '{source}': give sim, realsense, a folder of images or a video file")
    frames = _video_frames(path)
    first = next(frames)  # a file that is no video is noticed now
    return _chain(first, frames)


def _folder_frames(files: list[Path], depth_folder: Path) -> Iterator[Frame]:
    import cv2

    while True:
        for file in files:
            color = read_image(file, cv2.IMREAD_COLOR)
            depth_file = depth_folder / f"{file.stem}.png"
            depth = read_image(depth_file, cv2.IMREAD_UNCHANGED) if depth_file.is_file() else None
            if depth is not None and (depth.dtype != np.uint16 or depth.shape != color.shape[:2]):
                raise ConfigError(f"{depth_file}: depth must be a 16-bit image [mm] of the colour image's size")
            yield color[..., ::-1], None if depth is None else depth * np.float32(0.001)


def _video_frames(path: Path) -> Iterator[Frame]:
    import av

    while True:
        try:
            with av.open(str(path)) as container:
                if not container.streams.video:
                    raise ConfigError(f"{path}: holds no video")
                for frame in container.decode(video=0):
                    yield frame.to_ndarray(format="rgb24"), None
        except av.error.FFmpegError as error:
            raise ConfigError(f"{path}: cannot be played ({error})") from None


def _chain(first: Frame, rest: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    yield from rest

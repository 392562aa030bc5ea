# SPDX-License-Identifier: Apache-2.0
"""One episode of a dataset, or a part of it, as an edit wants it."""

from __future__ import annotations

import dataclasses

import numpy as np

from vla_ros.data.datasets.annotation_names import boxes_column
from vla_ros.data.datasets.copying import EpisodeSource
from vla_ros.data.datasets.editing.edits import DatasetEdits
from vla_ros.data.datasets.editing.frame_ranges import FrameRange
from vla_ros.data.datasets.episode import EncodedEpisode
from vla_ros.data.datasets.features import IMAGES, STRING
from vla_ros.data.datasets.schema import DatasetSchema
from vla_ros.data.datasets.statistics import column_statistics
from vla_ros.data.datasets.video import EncodedVideo, VideoEncoder
from vla_ros.policies.contract import CameraStream
from vla_ros.policies.image_fit import fit_boxes, fit_image, fit_intrinsics


def edited_episode(
    source: EpisodeSource, segment: FrameRange, edits: DatasetEdits, schema: DatasetSchema
) -> EncodedEpisode:
    """Return the episode. Raises VlaError for a corrupt one."""
    record = source.metadata.episodes[segment.episode]
    whole = (segment.first, segment.end) == (0, record.length)
    kept = tuple(name for name in schema.features if not schema.features[name].is_video)
    # Pictures that stay as they are go along as they are encoded.
    copied = tuple(
        key for key in source.metadata.video_keys if whole and key in schema.features and key not in edits.resize
    )
    before = source.episode(record, cameras=copied)
    rows = slice(segment.first, segment.end)
    columns = {name: before.columns[name][rows] for name in kept}
    for key, stream in edits.resize.items():
        _fit_numbers(columns, key, stream, source.metadata.features[key].shape)
    videos = dict(before.videos)
    for key in (name for name in schema.features if schema.features[name].is_video and name not in copied):
        videos[key] = _encoded(source, segment, key, edits.resize.get(key), schema)
    statistics = {
        name: column_statistics(values) for name, values in columns.items() if schema.features[name].dtype != STRING
    }
    statistics |= {key: video.statistics for key, video in videos.items()}
    numbers = before.task_of_frame[rows]
    tasks = [edits.rename.get(words, words) for words in before.tasks]
    words = [tasks[number] for number in numbers]
    order = {task: i for i, task in enumerate(dict.fromkeys(words))}
    return dataclasses.replace(
        before,
        length=segment.end - segment.first,
        columns=columns,
        videos=videos,
        tasks=tuple(order),
        task_of_frame=np.array([order[task] for task in words]),
        statistics=statistics,
        source=before.source if whole or not before.source else f"{before.source}:{segment.first}-{segment.end}",
    )


def _encoded(
    source: EpisodeSource, segment: FrameRange, key: str, stream: CameraStream | None, schema: DatasetSchema
) -> EncodedVideo:
    height, width = schema.features[key].shape[:2]
    encoder = VideoEncoder(height, width, schema.fps, schema.codec)
    record = source.metadata.episodes[segment.episode]
    for image in source.images(key, record, segment.first, segment.end - segment.first):
        encoder.add(image if stream is None else fit_image(image, _scaled(stream), key))
    return encoder.finish()


def _fit_numbers(columns: dict[str, np.ndarray], key: str, stream: CameraStream, shape: tuple[int, ...]) -> None:
    """Scale what is said of a camera in pixels: its calibration and the boxes in it."""
    camera, size = key.removeprefix(IMAGES), (shape[1], shape[0])
    calibration, boxes = f"observation.calibration.{camera}", boxes_column(camera)
    if calibration in columns:
        rows = columns[calibration].copy()
        rows[:, :4] = [fit_intrinsics(np.array([*row[:4], *size]), _scaled(stream), camera) for row in rows]
        columns[calibration] = rows
    if boxes in columns:
        columns[boxes] = fit_boxes(columns[boxes], size, _scaled(stream))


def _scaled(stream: CameraStream) -> CameraStream:
    return dataclasses.replace(stream, fit="stretch") if stream.fit == "exact" else stream

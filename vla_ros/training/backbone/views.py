# SPDX-License-Identifier: Apache-2.0
"""Which pairs of cameras of a dataset show the backbone its things: the first with each other one."""

from __future__ import annotations

from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.data.datasets.features import IMAGES, STATE
from vla_ros.data.datasets.metadata import DatasetMetadata, load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.training.generation import annotations as notes
from vla_ros.training.pictures.datasets import check_finite
from vla_ros.training.pictures.frames import Views


def view_pairs(metadata: DatasetMetadata) -> list[Views]:
    """Return pairs of cameras: each other one beside the first, which stands or is on the head.

    Raises ConfigError for a dataset of one camera.
    """
    first, *others = [name.removeprefix(IMAGES) for name in metadata.video_keys] or [""]
    if not others:
        raise ConfigError(f"{metadata.root}: has {first or 'no camera'} alone: the backbone compares two views")
    return [(first, other) for other in others]


def check_pictures(root: Path) -> None:
    """Raise ConfigError for a dataset that is empty, that does not say what its pictures show, or holds no number."""
    metadata = load_metadata(root)
    if not metadata.frames:
        raise ConfigError(f"{root}: is empty: generate some scenes first")
    cameras = dict.fromkeys(name for views in view_pairs(metadata) for name in views)
    numbers = [STATE, notes.POSITIONS, *(notes.boxes_column(name) for name in cameras)]
    numbers += [f"observation.calibration.{name}" for name in cameras]
    for name in (*numbers, notes.OBJECT_NAMES, notes.TARGET):
        if name not in metadata.features:
            raise ConfigError(f"{root}: lacks the column '{name}', which `vla generate --grounding` makes")
    with LeRobotReader(metadata) as reader:
        check_finite(metadata, {name: reader.column(name) for name in numbers})

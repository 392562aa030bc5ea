# SPDX-License-Identifier: Apache-2.0
"""Which datasets are trained on, looked at before anything is: what lacks, and where a number is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.data.datasets.features import ANCHOR, IMAGES, STATE, STRING, Feature, contract_features
from vla_ros.data.datasets.metadata import DatasetMetadata, load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.contract import DataContract
from vla_ros.training.generation import annotations as notes
from vla_ros.training.pictures.frames import contract_views
from vla_ros.training.pictures.training_data import TrainingData
from vla_ros.training.stages.stage_config import LOSSES

EXPERT = LOSSES[0]


def check_datasets(data: TrainingData, contract: DataContract, stages: Sequence[str] = LOSSES) -> None:
    """Raise ConfigError with the first thing that these stages cannot use: a column that lacks, a number that is none.

    The action expert alone starts from an anchor, and does not look: calibrations are the others'.
    """
    for root in (*data.action, *data.grounding):
        check_dataset(root, contract, _needed(contract, root in data.action, stages))


def check_dataset(root: Path, contract: DataContract, needed: Mapping[str, Feature]) -> None:
    """Raise ConfigError when a dataset is empty or another robot's, lacks a column, or holds a number that is none."""
    metadata = load_metadata(root)
    if not metadata.episodes or not metadata.frames:
        raise ConfigError(f"{root}: is empty: generate or convert some episodes first")
    if (metadata.robot, metadata.fps) != (contract.robot, contract.fps):
        raise ConfigError(
            f"{root}: is of robot '{metadata.robot}' at {metadata.fps} Hz, contract '{contract.name}' of "
            f"'{contract.robot}' at {contract.fps} Hz: give other data or another contract"
        )
    _check_columns(metadata, needed, contract.name)
    _check_videos(metadata)
    with LeRobotReader(metadata) as reader:
        check_finite(metadata, {name: reader.column(name) for name in _numeric(metadata)})


def check_finite(metadata: DatasetMetadata, columns: Mapping[str, np.ndarray]) -> None:
    """Raise ConfigError that names the first column, episode and frame whose number is not finite."""
    for name, values in columns.items():
        wrong = ~np.isfinite(values.reshape(len(values), -1))
        if not wrong.any():
            continue
        frame = int(wrong.any(axis=1).argmax())
        number = values.reshape(len(values), -1)[frame][wrong[frame]][0]
        episode = next(e for e in metadata.episodes if e.start <= frame < e.start + e.length)
        raise ConfigError(
            f"{metadata.root}: column '{name}' holds {number} in frame {frame - episode.start} of episode "
            f"{episode.index}: leave that episode out (`vla dataset split`), or make the data again"
        )


def _check_columns(metadata: DatasetMetadata, needed: Mapping[str, Feature], contract: str) -> None:
    for name, feature in needed.items():
        found = metadata.features.get(name)
        if found is None:
            what = "the camera" if feature.is_video else "the column"
            raise ConfigError(
                f"{metadata.root}: lacks {what} '{name}': training needs both cameras and the columns of `vla "
                f"generate --contract {contract}`"
            )
        if (found.is_video, found.shape) != (feature.is_video, feature.shape):
            raise ConfigError(
                f"{metadata.root}: '{name}' has shape {list(found.shape)}, training needs {list(feature.shape)}: "
                "make the data again by this contract"
            )


def _check_videos(metadata: DatasetMetadata) -> None:
    for key in metadata.video_keys:
        for path in sorted(metadata.video_files(key)):
            if not path.is_file():
                raise ConfigError(
                    f"{path}: no such file, and '{key}' is in it: copy the whole dataset, or make it again"
                )


def _needed(contract: DataContract, acts: bool, stages: Sequence[str]) -> dict[str, Feature]:
    views = contract_views(contract)
    calibrations = [f"observation.calibration.{view}" for view in views]
    unused = set() if EXPERT in stages else {ANCHOR}
    if set(stages) == {EXPERT}:
        unused |= set(calibrations)
    known = contract_features(contract) | notes.scene_features(views) | notes.teaching_features(one_hand=True)
    known = known | {name: Feature("float32", (11,)) for name in calibrations}
    looked_at = [*(IMAGES + view for view in views), *calibrations, *notes.scene_features(views)]
    names: Sequence[str] = [*known] if acts else [STATE, *looked_at]
    return {name: known[name] for name in names if name not in unused}


def _numeric(metadata: DatasetMetadata) -> list[str]:
    return [name for name, f in metadata.features.items() if not f.is_video and f.dtype != STRING]

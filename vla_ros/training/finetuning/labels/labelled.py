# SPDX-License-Identifier: Apache-2.0
"""Datasets as training wants them: one that nobody annotated is written again, with the labels it shows."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from controllers.errors import ConfigError, VlaError
from vla_ros.data.datasets.copying import EpisodeSource
from vla_ros.data.datasets.episode import checked_column
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE, STRING
from vla_ros.data.datasets.metadata import DatasetMetadata, load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.schema import metadata_schema
from vla_ros.data.datasets.statistics import column_statistics
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.policies.graspvla.small.target_search import TargetSearch
from vla_ros.training.finetuning.labels.labels import label_episode
from vla_ros.training.generation import annotations as notes
from vla_ros.training.graspvla.frames import VIEWS

NEEDED = (STATE, ACTION, ANCHOR, *(f"observation.calibration.{view}" for view in VIEWS),
          *(IMAGES + view for view in VIEWS))  # fmt: skip


@dataclass
class LabelReport:
    """What became of the episodes."""

    labelled: int = 0
    left_out: list[str] = dataclasses.field(default_factory=list)  # with the reason
    guessed: list[str] = dataclasses.field(default_factory=list)  # no view proposed the object: its box is a guess


def is_annotated(metadata: DatasetMetadata) -> bool:
    """Say whether a dataset has the columns that training needs beyond a recording's."""
    return notes.TARGET in metadata.features and notes.boxes_column(VIEWS[0]) in metadata.features


def labelled(
    roots: Sequence[Path],
    folder: Path,
    networks: SmallGraspVla,
    anew: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[Path], LabelReport]:
    """Return the datasets, those without annotations as labelled copies in `folder`; `anew`: whatever they hold.

    What is there already is kept; `progress` may raise. Raises ConfigError for a dataset from which nothing can be
    derived.
    """
    report, result = LabelReport(), []
    for root in roots:
        metadata = load_metadata(root)
        if is_annotated(metadata) and not anew:
            result.append(root)
            continue
        for name in NEEDED:
            if name not in metadata.features:
                raise ConfigError(
                    f"{root}: lacks '{name}': labels are derived from both cameras with their calibration, states and "
                    "actions: convert the recordings with --contract franka_grasp"
                )
        copy = folder / hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:12]
        _label(metadata, copy, networks, report, progress)
        if not (copy / "meta").is_dir():
            raise ConfigError(f"{root}: no episode in which something is lifted: {report.left_out[0]}")
        result.append(copy)
    return result, report


@torch.inference_mode()
def _label(
    metadata: DatasetMetadata,
    copy: Path,
    networks: SmallGraspVla,
    report: LabelReport,
    progress: Callable[[int, int], None],
) -> None:
    features = notes.scene_features(VIEWS) | notes.grasp_features()
    own = {name: feature for name, feature in metadata.features.items() if name not in features}
    schema = dataclasses.replace(metadata_schema(metadata), features=own | features)
    networks.eval()
    search = TargetSearch(networks.proposals, networks.matching)
    source = EpisodeSource(metadata)
    try:
        with LeRobotReader(metadata) as reader, LeRobotWriter(copy, schema) as writer:
            for done, record in enumerate(metadata.episodes, 1):
                if f"labelled/{record.index}" not in writer.sources:
                    try:
                        labels = label_episode(reader, record, search)
                        episode = source.episode(record)
                    except VlaError as error:
                        report.left_out.append(f"{metadata.root}: episode {record.index}: {error}")
                        progress(done, len(metadata.episodes))
                        continue
                    columns = {
                        name: checked_column(name, feature, labels.columns[name]) for name, feature in features.items()
                    }
                    kept = {name: values for name, values in episode.columns.items() if name in own}
                    statistics = {name: values for name, values in episode.statistics.items() if name in own} | {
                        name: column_statistics(columns[name])
                        for name, feature in features.items()
                        if feature.dtype != STRING
                    }
                    writer.add(
                        dataclasses.replace(
                            episode,
                            columns=kept | columns,
                            statistics=statistics,
                            source=f"labelled/{record.index}",
                        )
                    )
                    report.labelled += 1
                    if labels.resting.agreed == 0.0:
                        report.guessed.append(f"{metadata.root}: episode {record.index}")
                progress(done, len(metadata.episodes))
    finally:
        source.close()

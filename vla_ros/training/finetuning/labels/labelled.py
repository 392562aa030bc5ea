# SPDX-License-Identifier: Apache-2.0
"""Datasets as training wants them: one that nobody annotated is written again, with the labels it shows."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from controllers.errors import ConfigError, VlaError
from vla_ros.data.datasets.content import content_digest
from vla_ros.data.datasets.copying import EpisodeSource
from vla_ros.data.datasets.episode import EncodedEpisode, checked_column
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE, STRING, Feature
from vla_ros.data.datasets.layout import INFO
from vla_ros.data.datasets.metadata import DatasetMetadata, load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.schema import metadata_schema
from vla_ros.data.datasets.statistics import column_statistics
from vla_ros.data.datasets.writer import COMMIT_EVERY_S, LeRobotWriter
from vla_ros.data.hands.masks import is_masked
from vla_ros.policies.contract import load_contract
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.policies.graspvla.small.target_search import TargetSearch
from vla_ros.training.finetuning.labels.labels import Labels, label_episode
from vla_ros.training.generation import annotations as notes
from vla_ros.training.pictures.datasets import check_datasets
from vla_ros.training.pictures.frames import Views, contract_views
from vla_ros.training.pictures.training_data import TrainingData
from vla_ros.training.stages.events import OnEvent, TrainingEvent
from vla_ros.training.stages.stage_config import LOSSES


@dataclass
class LabelReport:
    """What became of the episodes that were labelled in this run."""

    labelled: int = 0
    left_out: list[str] = dataclasses.field(default_factory=list)  # with the reason
    guessed: list[str] = dataclasses.field(default_factory=list)  # no view proposed the object: its box is a guess

    def lines(self) -> list[str]:
        """Return what a person should read of it."""
        lines = [f"left out: {reason}" for reason in self.left_out]
        if self.guessed:
            lines.append(f"no view proposes the object, so its box is a guess: {', '.join(self.guessed)}")
        return lines if not self.labelled else [f"labels derived for {self.labelled} episodes", *lines]


def is_annotated(metadata: DatasetMetadata, views: Views) -> bool:
    """Say whether a dataset has the columns that training needs beyond a recording's."""
    return notes.TARGET in metadata.features and notes.boxes_column(views[0]) in metadata.features


def check_task(task: TrainingData, contract: str, anew: bool = False, stages: Sequence[str] = LOSSES) -> None:
    """Raise ConfigError with the first thing that fine-tuning these stages cannot use, before anything is written."""
    wanted = load_contract(contract)
    views = contract_views(wanted)
    calibrations = (f"observation.calibration.{view}" for view in views)
    needed = (STATE, ACTION, ANCHOR, *calibrations, *(IMAGES + view for view in views))
    ready = tuple(root for root in task.action if _is_ready(root, views, anew))
    check_datasets(TrainingData(ready, task.grounding), wanted, stages)
    for root in task.action:
        metadata = load_metadata(root)
        if root in ready:
            continue
        for name in needed:
            if name not in metadata.features:
                raise ConfigError(
                    f"{root}: lacks '{name}': labels are derived from both cameras with their calibration, states and "
                    f"actions: convert the recordings with --contract {contract}"
                )
        if (metadata.robot, metadata.fps) != (wanted.robot, wanted.fps) or not metadata.episodes:
            raise ConfigError(
                f"{root}: holds {len(metadata.episodes)} episodes of robot '{metadata.robot}' at {metadata.fps} Hz, "
                f"contract '{contract}' is of '{wanted.robot}' at {wanted.fps} Hz: give other data"
            )


def labelled_data(
    task: TrainingData,
    folder: Path,
    networks: SmallGraspVla,
    views: Views,
    anew: bool = False,
    on_event: OnEvent = lambda event: None,
) -> tuple[TrainingData, LabelReport]:
    """Return the task's datasets, those without annotations as labelled copies in `folder`; `anew`: whatever they hold.

    What is there is kept; `on_event` may raise, and after a KeyboardInterrupt what is labelled is kept, too. Raises
    ConfigError for a dataset that nothing can be derived from.
    """
    report, action = LabelReport(), []
    for root in task.action:
        if _is_ready(root, views, anew):
            action.append(root)
            continue
        metadata = load_metadata(root)
        copy = copy_of(root, folder)
        _label(
            metadata,
            copy,
            networks,
            views,
            report,
            lambda done, total: on_event(TrainingEvent("labelling", done, total)),
        )
        if not (copy / INFO).is_file():
            raise ConfigError(f"{root}: no episode in which something is lifted: {report.left_out[0]}")
        action.append(copy)
    return TrainingData(tuple(action), task.grounding), report


def copy_of(root: Path, folder: Path) -> Path:
    """Return where a dataset's labelled copy lies; what was labelled before an edit is not what is there after it."""
    return folder / hashlib.sha256(f"{root.resolve()} {content_digest(root)}".encode()).hexdigest()[:12]


def _is_ready(root: Path, views: Views, anew: bool) -> bool:
    """Say whether a dataset is used as it is."""
    return is_annotated(load_metadata(root), views) and not anew


@torch.inference_mode()
def _label(
    metadata: DatasetMetadata,
    copy: Path,
    networks: SmallGraspVla,
    views: Views,
    report: LabelReport,
    progress: Callable[[int, int], None],
) -> None:
    features = notes.scene_features(views) | notes.teaching_features(one_hand=True)
    own = {name: feature for name, feature in metadata.features.items() if name not in features}
    schema = dataclasses.replace(metadata_schema(metadata), features=own | features)
    networks.eval()
    search = TargetSearch(networks.backbone)
    source = EpisodeSource(metadata)
    last = time.monotonic()
    try:
        with LeRobotReader(metadata) as reader, LeRobotWriter(copy, schema) as writer:
            known = writer.sources
            try:
                for done, record in enumerate(metadata.episodes, 1):
                    if (name := f"labelled/{record.index}") not in known:
                        try:
                            labels = label_episode(reader, record, search, views)
                            episode = source.episode(record)
                        except VlaError as error:
                            report.left_out.append(f"{metadata.root}: episode {record.index}: {error}")
                        else:
                            writer.add(_with_labels(episode, labels, features, name))
                            report.labelled += 1
                            if labels.resting.agreed == 0.0 and not is_masked(metadata):
                                report.guessed.append(f"{metadata.root}: episode {record.index}")
                    if time.monotonic() - last > COMMIT_EVERY_S:
                        writer.commit()
                        last = time.monotonic()
                    progress(done, len(metadata.episodes))
            except KeyboardInterrupt:
                writer.commit()
                raise
    finally:
        source.close()


def _with_labels(
    episode: EncodedEpisode, labels: Labels, features: Mapping[str, Feature], source: str
) -> EncodedEpisode:
    """Return an episode with labels in place of its own columns of these features, and their statistics."""
    columns = {name: checked_column(name, feature, labels.columns[name]) for name, feature in features.items()}
    kept = {name: values for name, values in episode.columns.items() if name not in features}
    statistics = {name: values for name, values in episode.statistics.items() if name not in features} | {
        name: column_statistics(columns[name]) for name, feature in features.items() if feature.dtype != STRING
    }
    return dataclasses.replace(episode, columns=kept | columns, statistics=statistics, source=source)

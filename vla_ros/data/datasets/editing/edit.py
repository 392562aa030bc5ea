# SPDX-License-Identifier: Apache-2.0
"""Edit a dataset: into a new folder, or in its place with the state before kept beside it."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError, VlaError
from vla_ros.data.datasets.annotation_names import VALID
from vla_ros.data.datasets.contract_copy import keep_copy
from vla_ros.data.datasets.copying import EpisodeSource
from vla_ros.data.datasets.editing.edits import DatasetEdits, check_edits, edited_schema
from vla_ros.data.datasets.editing.episode_editing import edited_episode
from vla_ros.data.datasets.editing.frame_ranges import FrameRange, frame_ranges
from vla_ros.data.datasets.editing.workplace import EditPlace, fingerprint
from vla_ros.data.datasets.layout import CONTRACT, INFO
from vla_ros.data.datasets.metadata import DatasetMetadata, load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.staging import StagedFolder
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.documents import read_json
from vla_ros.policies.contract import DataContract, contract_text

COMMIT_EVERY_S = 20.0  # what an interrupted edit has to do again; a commit copies the last file of each kind


@dataclass(frozen=True)
class EditReport:
    """What became of a dataset."""

    root: Path
    episodes: int
    frames: int
    left_out: int  # frames
    before: Path | None  # where the state before is


def edit(
    root: Path,
    edits: DatasetEdits,
    to: Path | None = None,
    progress: Callable[[float], None] = lambda share: None,
    commit_every_s: float = COMMIT_EVERY_S,
) -> EditReport:
    """Write the edited dataset into `to`, or put it in place of `root`.

    Interrupted or killed at any moment, `root` is whole, as before or as after; the same edit goes on where it was.
    Raises ConfigError before anything is written when the dataset cannot be edited so, VlaError for a corrupt episode.
    """
    if to is not None and (to.exists() or to.resolve().is_relative_to(root.resolve())):
        raise ConfigError(f"{to}: exists already, or lies in the dataset: choose a new folder")
    metadata = load_metadata(root)
    if to is not None:
        check_edits(edits, metadata)
    place = EditPlace(to or root)
    try:
        finished = place.finish_interrupted()
        if finished is not None and finished["edits"] == _described(edits):
            return EditReport(root, len(metadata.episodes), metadata.frames, 0, None)
        check_edits(edits, metadata)
        wanted = _frame_ranges(metadata, edits)
        place.begin({"dataset": str(root.resolve()), "files": fingerprint(root), "edits": _described(edits)})
        _write(metadata, edits, wanted, place.dataset, progress, commit_every_s)
        before = place.publish()
    finally:
        place.close()
    frames = sum(segment.end - segment.first for segment in wanted)
    return EditReport(to or root, len(wanted), frames, metadata.frames - frames, before)


def undo(root: Path) -> Path:
    """Put back what a dataset was before its last edit; return where the undone state is. Raises ConfigError."""
    place = EditPlace(root)
    try:
        place.finish_interrupted()
        return place.undo()
    finally:
        place.close()


def write_contract(metadata: DatasetMetadata, contract: DataContract) -> None:
    """Say in a dataset which contract it is made by, and touch nothing else."""
    check_edits(DatasetEdits(contract=contract), metadata)
    info = read_json(metadata.root / INFO)
    keep_copy(info["features"], contract)
    StagedFolder(metadata.root).replace({INFO: json.dumps(info, indent=4) + "\n", CONTRACT: contract_text(contract)})


def _frame_ranges(metadata: DatasetMetadata, edits: DatasetEdits) -> list[FrameRange]:
    valid = None
    if edits.clean:
        with LeRobotReader(metadata) as reader:
            valid = reader.column(VALID) != 0
    found = frame_ranges([episode.length for episode in metadata.episodes], edits.delete, valid)
    if not found:
        raise ConfigError(f"{metadata.root}: nothing would be left of it: no run of frames is an example")
    return found


def _write(
    metadata: DatasetMetadata,
    edits: DatasetEdits,
    wanted: list[FrameRange],
    output: Path,
    progress: Callable[[float], None],
    commit_every_s: float,
) -> None:
    schema = edited_schema(edits, metadata)
    source = EpisodeSource(metadata)
    last = time.monotonic()
    try:
        with LeRobotWriter(output, schema) as writer:
            try:
                for segment in wanted[writer.episodes :]:
                    progress(writer.episodes / len(wanted))
                    try:
                        episode = edited_episode(source, segment, edits, schema)
                    except VlaError as error:
                        number = segment.episode
                        raise VlaError(f"{error}: leave it out with --delete {number}") from None
                    writer.add(episode)
                    if time.monotonic() - last > commit_every_s:
                        writer.commit()
                        last = time.monotonic()
            except KeyboardInterrupt:
                writer.commit()
                raise
    finally:
        source.close()


def _described(edits: DatasetEdits) -> dict[str, object]:
    """Return an edit as JSON holds it."""
    described: dict[str, object] = json.loads(json.dumps(dataclasses.asdict(edits)))
    return described

# SPDX-License-Identifier: Apache-2.0
"""Many datasets into one: those of many processes, a folder each. What is corrupt is counted and skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from controllers.errors import ConfigError, VlaError
from vla_ros.data.datasets.copying import EpisodeSource
from vla_ros.data.datasets.layout import INFO
from vla_ros.data.datasets.metadata import EpisodeMetadata, load_metadata
from vla_ros.data.datasets.schema import DatasetSchema, check_schema, metadata_schema
from vla_ros.data.datasets.writer import LeRobotWriter


@dataclass
class MergeReport:
    """What went in, and what did not, with the reason."""

    episodes: int = 0
    frames: int = 0
    known: int = 0  # episodes whose source the dataset held already
    skipped: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)  # whole datasets

    @property
    def corrupt_rate(self) -> float:
        """Return the share of episodes that were corrupt; those of unreadable datasets cannot be counted."""
        return len(self.skipped) / max(1, len(self.skipped) + self.episodes + self.known)


def find_datasets(folders: Sequence[Path]) -> list[Path]:
    """Return the datasets that are or lie directly in the folders, in order. Raises ConfigError when there is none."""
    found: list[Path] = []
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"{folder}: no such folder; give datasets, or a folder that holds some")
        if (folder / INFO).is_file():
            found.append(folder)
            continue
        inside = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        found += [path for path in inside if (path / "meta").is_dir()]
    if not found:
        raise ConfigError(
            f"{', '.join(map(str, folders))}: no LeRobotDataset there; give folders that hold meta/info.json"
        )
    return found


def merge(
    output: Path,
    sources: Sequence[Path],
    deep: bool = False,
    progress: Callable[[float], None] = lambda share: None,
    commit_every: int = 200,
    order: Callable[[EpisodeMetadata], int] | None = None,
) -> MergeReport:
    """Append every good episode of `sources` to `output`, in order; `deep` decodes every picture to know which are.

    The order is that of the sources, or one over all their episodes.

    An episode that says what it was made of is added once, so an interrupted merge goes on where it was. Raises
    ConfigError, before anything is written, when two datasets differ in what they are made of.
    """
    report = MergeReport()
    opened = []
    for path in sources:
        if path.resolve() == output.resolve():
            raise ConfigError(f"{path}: is the output as well: it cannot be merged into itself")
        try:
            opened.append(load_metadata(path))
        except VlaError as error:
            report.unreadable.append(str(error))
    if not opened:
        raise ConfigError(f"none of {len(sources)} datasets can be read; the first: {report.unreadable[0]}")
    schema: DatasetSchema = metadata_schema(opened[0])
    for metadata in opened[1:]:
        check_schema(schema, metadata)
    work = [(metadata, record) for metadata in opened for record in metadata.episodes]
    if order is not None:
        work.sort(key=lambda item: order(item[1]))
    left = Counter(metadata.root for metadata, _ in work)
    reading: dict[Path, EpisodeSource] = {}
    try:
        with LeRobotWriter(output, schema) as writer:
            known = set(writer.sources)
            for done, (metadata, record) in enumerate(work, 1):
                progress(done / len(work))
                try:
                    if record.source and record.source in known:
                        report.known += 1
                        continue
                    if metadata.root not in reading:
                        reading[metadata.root] = EpisodeSource(metadata)
                    episode = reading[metadata.root].episode(record, deep)
                except VlaError as error:
                    report.skipped.append(f"{metadata.root}: episode {record.index}: {error}")
                    continue
                finally:
                    left[metadata.root] -= 1
                    if not left[metadata.root] and metadata.root in reading:  # thousands cannot stay open
                        reading.pop(metadata.root).close()
                writer.add(episode)
                known |= {record.source} - {""}
                report.episodes += 1
                report.frames += record.length
                if report.episodes % commit_every == 0:
                    writer.commit()
    finally:
        for source in reading.values():
            source.close()
    return report

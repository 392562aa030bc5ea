# SPDX-License-Identifier: Apache-2.0
"""Make a whole bag of one that was not finished or is damaged: everything up to the last whole chunk is kept.

A torn end is cut off and the file ended in its place, without copying it; where something inside is damaged, the whole
chunks are copied and the old file stays beside the new one as `….damaged`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcap.records import Header

from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.location import PARTIAL, numbered_files, require_mcap
from vla_ros.data.bags.mcap.file import PROFILE
from vla_ros.data.bags.mcap.scan import ScannedFile, scan
from vla_ros.data.bags.mcap.summary import MAGIC, McapSummary, record_bytes
from vla_ros.data.bags.metadata import (
    FILE,
    NO_TIME,
    VERSIONS,
    BagMetadata,
    FileMetadata,
    TopicMetadata,
    read_metadata,
)
from vla_ros.data.bags.offered_qos import read_qos
from vla_ros.data.bags.reserve import RESERVE_FILE, is_being_written
from vla_ros.data.bags.writer import LIBRARY, write_metadata
from vla_ros.new_file import open_new

Progress = Callable[[str, int, int], None]  # file, position and size [bytes]


@dataclass(frozen=True)
class Repair:
    """What was done."""

    bag: Path  # under its name now
    messages: int
    duration_s: float
    repaired: tuple[str, ...]  # names of files that were
    removed: tuple[str, ...]  # of files that held nothing
    unreadable: tuple[str, ...]  # of files that held nothing that can be read; each lies beside the others, `….damaged`
    lost_bytes: int  # that were not readable


def repair(path: Path, progress: Progress = lambda file, position, size: None) -> Repair:
    """Repair a bag's folder or one file, in place. Raises BagError when nothing can be made of it."""
    if not path.exists():
        raise BagError(f"{path}: no such bag")
    try:
        return _repair_file(path, progress) if path.is_file() else _repair_folder(path, progress)
    except OSError as error:
        raise BagError(
            f"{path}: cannot be repaired ({error.strerror}): make room or permit writing, and try again"
        ) from None


def _repair_file(path: Path, progress: Progress) -> Repair:
    path = path.resolve()  # whoever names a link means what it points to
    _refuse_while_written(path.parent)
    require_mcap(path)
    found = _scanned(path, progress)
    if not found.summary.count:
        raise BagError(f"{path}: no whole message in it: nothing was recorded; delete it")
    return _report(path, [found], [path.name] if _finish(found) else [])


def _repair_folder(folder: Path, progress: Progress) -> Repair:
    _refuse_while_written(folder)
    files = numbered_files(folder)
    if not files:
        raise BagError(f"{folder}: no .mcap file in it: nothing to repair")
    if linked := next((file for file in files if file.is_symlink()), None):
        raise BagError(f"{linked}: is a link, and what lies elsewhere is not written to: repair {linked.resolve()}")
    (folder / RESERVE_FILE).unlink(missing_ok=True)
    kept: list[ScannedFile] = []
    unreadable: list[ScannedFile] = []
    repaired: list[str] = []
    removed: list[str] = []
    for file in files:
        if file.stat().st_size <= len(MAGIC):
            removed.append(file.name)
            continue
        require_mcap(file)
        found = _scanned(file, progress)
        if found.summary.count or len(files) == 1:
            kept.append(found)
        elif found.holes:
            unreadable.append(found)
        else:
            removed.append(file.name)
    if not any(found.summary.count for found in kept):
        raise BagError(f"{folder}: no whole message in it: nothing was recorded; delete it")
    for name in removed:
        (folder / name).unlink()
    for found in unreadable:
        _set_aside(found.path)
    for found in kept:
        if _finish(found):
            repaired.append(found.path.name)
    metadata = _metadata(kept, folder / FILE)
    write_metadata(folder, metadata)
    bag = folder
    if folder.name.endswith(PARTIAL):
        bag = _free_name(folder.with_name(folder.name.removesuffix(PARTIAL)))
        folder.rename(bag)
    return _report(bag, kept, repaired, removed, unreadable)


def _refuse_while_written(folder: Path) -> None:
    if is_being_written(folder):
        raise BagError(f"{folder}: is being recorded: end the recorder first")


def _scanned(path: Path, progress: Progress) -> ScannedFile:
    size = path.stat().st_size
    return scan(path, lambda position: progress(path.name, position, size))


def _report(
    bag: Path,
    files: Sequence[ScannedFile],
    repaired: Sequence[str],
    removed: Sequence[str] = (),
    unreadable: Sequence[ScannedFile] = (),
) -> Repair:
    filled = [found.summary for found in files if found.summary.count]
    duration = max(s.end for s in filled) - min(s.start for s in filled)
    holes = sum(after - before for found in (*files, *unreadable) for before, after in found.holes)
    torn = sum(found.size - found.end for found in (*files, *unreadable) if not found.finished)
    messages = sum(summary.count for summary in filled)
    names = tuple(found.path.name for found in unreadable)
    return Repair(bag, messages, duration * 1e-9, tuple(repaired), tuple(removed), names, holes + torn)


# -- one file ----------------------------------------------------------------------------------------------------------
def _finish(found: ScannedFile) -> bool:
    """Make a file whole; False when it is."""
    if found.whole:
        return False
    if found.holes:
        _copy(found)
        return True
    tail = b""
    if found.unindexed:
        chunk = found.summary.chunks[-1]
        offset = chunk.chunk_start_offset + chunk.chunk_length
        tail = _place_indexes(found, found.summary, len(found.summary.chunks) - 1, offset)
        found.end = offset
        found.summary.metadata = [entry for entry in found.summary.metadata if entry.offset < offset]
    with found.path.open("r+b") as file:
        file.truncate(found.end)
        file.seek(found.end)
        file.write(tail)
        file.write(found.summary.ending(found.end + len(tail)))
        file.flush()
        os.fsync(file.fileno())
    return True


def _place_indexes(found: ScannedFile, summary: McapSummary, number: int, offset: int) -> bytes:
    """Return the index records of a chunk for `offset` and note them in the summary."""
    chunk = summary.chunks[number]
    records, position, offsets = found.indexes[chunk.chunk_start_offset], offset, {}
    for channel, record in records.items():
        offsets[channel] = position
        position += len(record)
    chunk.message_index_offsets, chunk.message_index_length = offsets, position - offset
    return b"".join(records.values())


def _copy(found: ScannedFile) -> None:
    """Write the whole chunks into a new file; the damaged one gets another name."""
    temporary = found.path.with_name(f".{found.path.name}")
    summary = found.summary
    summary.metadata.clear()  # they describe a file that is no more
    summary.attachments = 0
    temporary.unlink(missing_ok=True)  # of a repair that was killed
    with found.path.open("rb") as source, os.fdopen(open_new(temporary), "wb") as target:
        target.write(MAGIC + record_bytes(Header(PROFILE, LIBRARY)))
        for record in (*summary.schemas.values(), *summary.channels.values()):
            target.write(record_bytes(record))
        for number, chunk in enumerate(summary.chunks):
            source.seek(chunk.chunk_start_offset)
            data, position = source.read(chunk.chunk_length), target.tell()
            target.write(data)
            target.write(_place_indexes(found, summary, number, target.tell()))
            chunk.chunk_start_offset = position
        target.write(summary.ending(target.tell()))
        target.flush()
        os.fsync(target.fileno())
    _set_aside(found.path)
    temporary.rename(found.path)


def _set_aside(path: Path) -> None:
    """Keep a damaged file under another name: somebody may read more of it."""
    path.rename(_free_name(path.with_name(f"{path.name}.damaged")))


def _free_name(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


# -- metadata ----------------------------------------------------------------------------------------------------------
def _metadata(files: Sequence[ScannedFile], before: Path) -> BagMetadata:
    topics: dict[str, TopicMetadata] = {}
    modern = True
    custom: dict[str, str] = {}
    for found in files:
        custom |= found.custom_data
        for number, channel in found.summary.channels.items():
            modern = modern and "topic_type_hash" in channel.metadata
            known = topics.get(channel.topic)
            topics[channel.topic] = TopicMetadata(
                channel.topic,
                found.summary.schemas[channel.schema_id].name,
                (known.count if known else 0) + found.summary.counts.get(number, 0),
                read_qos(channel.metadata.get("offered_qos_profiles")),
                channel.metadata.get("topic_type_hash", ""),
            )
    with contextlib.suppress(BagError):  # there was none yet, or it is why this is requested
        custom = dict(read_metadata(before).custom_data) | custom
    distribution = "jazzy" if modern else "humble"
    return BagMetadata(
        tuple(topics.values()),
        tuple(
            FileMetadata(
                found.path.name,
                found.summary.start if found.summary.count else NO_TIME,
                found.summary.end - found.summary.start,
                found.summary.count,
            )
            for found in files
        ),
        custom,
        distribution,
        VERSIONS[distribution],
    )

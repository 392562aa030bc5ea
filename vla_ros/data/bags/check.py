# SPDX-License-Identifier: Apache-2.0
"""Whether a bag is whole: checksums, counts, order, metadata; each fault is a line with its remedy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vla_ros.data.bags.location import BagFiles, locate
from vla_ros.data.bags.mcap.scan import scan
from vla_ros.data.bags.metadata import FILE, BagMetadata, read_metadata

# [ns] receive times of a topic may step back by so much: several publishers wait in queues, on a busy machine for more
# than 20 ms. A clock that is set steps by more: chrony and ntpd slew what is below 0.1 s.
BACKWARDS_MAX_NS = 100_000_000


@dataclass(frozen=True)
class BagDefect:
    """Something that is wrong with a bag, and what to do about it."""

    text: str
    remedy: str
    unreadable: bool = False  # its messages cannot all be read

    def __str__(self) -> str:
        return f"{self.text}: {self.remedy}"


def check_bag(
    path: Path, progress: Callable[[str, int, int], None] = lambda file, position, size: None
) -> list[BagDefect]:
    """Read all of a bag and return what is wrong with it. Raises BagError when it is none at all."""
    files = locate(path)
    faults: list[BagDefect] = []
    counts: dict[str, int] = {}
    for file in files.paths:
        size = file.stat().st_size
        found = scan(file, lambda position, name=file.name, size=size: progress(name, position, size))  # type: ignore[misc]
        repair = f"`vla bag repair {path}`"
        if found.holes:
            lost = sum(after - before for before, after in found.holes)
            faults.append(BagDefect(f"{file.name}: {lost} bytes inside are damaged", repair, unreadable=True))
        elif not found.finished:
            faults.append(
                BagDefect(f"{file.name}: truncated after {found.end} of {size} bytes", repair, unreadable=True)
            )
        for topic, step in found.backwards.items():
            if step > BACKWARDS_MAX_NS:
                faults.append(
                    BagDefect(
                        f"{topic}: the clock of the recording machine went back by {step * 1e-9:.3f} s",
                        "read it by header stamps, or cut it there; synchronise clocks before recording (chrony)",
                    )
                )
        for number, channel in found.summary.channels.items():
            counts[channel.topic] = counts.get(channel.topic, 0) + found.summary.counts.get(number, 0)
    if not sum(counts.values()):
        faults.append(
            BagDefect("no message in it", "nothing was published, or --topics named nothing; record again", True)
        )
    faults += _metadata_defects(files, counts)
    return faults


def _metadata_defects(files: BagFiles, counts: dict[str, int]) -> list[BagDefect]:
    if not files.version:
        return [BagDefect(f"no {FILE}", f"`vla bag repair {files.path}` writes it")] if files.path.is_dir() else []
    metadata: BagMetadata = read_metadata(files.path / FILE)
    wrong = [topic.name for topic in metadata.topics if topic.count != counts.get(topic.name, 0)]
    wrong += [name for name, count in counts.items() if count and name not in {t.name for t in metadata.topics}]
    if wrong:
        return [
            BagDefect(
                f"{FILE} counts {wrong[0]} otherwise than the files do",
                f"delete {FILE}, then `vla bag repair {files.path}`",
            )
        ]
    return []

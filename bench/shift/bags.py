# SPDX-License-Identifier: Apache-2.0
"""What a killed recorder leaves behind: repaired as `vla bag repair` does, and how much of its end is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import VlaError
from vla_ros.data.bags.episode_bags import unfinished
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.bags.repair import repair


@dataclass(frozen=True)
class LostEnd:
    """A recording that was torn, and what is missing of its end."""

    bag: str
    messages: int
    lost_s: float  # from the last message that is there to the kill; NaN: no kill ended it
    problem: str = ""


def judge_bags(folder: Path, killed: Sequence[float]) -> list[LostEnd]:
    """Repair every unfinished bag of `folder`; what ended each is the first kill [s since the epoch] after its end."""
    found = []
    for partial in unfinished(folder):
        try:
            bag = repair(partial)
            with BagReader(bag.bag) as reader:
                end = reader.end * 1e-9
        except VlaError as error:
            found.append(LostEnd(partial.name, 0, float("inf"), str(error)))
            continue
        after = [at - end for at in killed if at >= end]
        found.append(LostEnd(partial.name, bag.messages, min(after, default=float("nan"))))
    return found

# SPDX-License-Identifier: Apache-2.0
"""Which of several things that fit is meant, by where it stands or how large it is.

Frame: robot base. Left is towards +y, behind is further away (+x), as a person at the robot says it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.policies.geometric.language import Request, Vocabulary, parse_instruction
from vla_ros.policies.geometric.perceiving.segmentation import Segment
from vla_ros.policies.geometric.target import Candidate

SLACK = 2.0  # in score, behind the best: what fits less is another thing
SLANT = 0.7  # a metre across weighs so much against a metre that way
_SELF = r"(?:the )?(?:robot|arm|base|you|me|us)\b"
# Words for the one of several → what it has most of. Those of the robot come before those of another thing.
_OF_SEVERAL = {
    rf"(?:nearest|closest|nearer|closer) to {_SELF}": "nearest",
    rf"(?:farthest|furthest|farther|further) from {_SELF}": "farthest",
    r"leftmost|(?:furthest|farthest) to the left": "left",
    r"rightmost|(?:furthest|farthest) to the right": "right",
    r"left(?: hand)?(?: side)?(?! hand| side| of)|left(?: side)? of the table": "left",
    r"right(?: hand)?(?: side)?(?! hand| side| of)|right(?: side)? of the table": "right",
    r"(?:nearest|closest)(?! to)": "nearest",
    r"farthest|furthest|most distant": "farthest",
    r"largest|larger|biggest|bigger|big|large": "large",
    r"smallest|smaller|tiniest|tinier|tiny|small|little": "small",
    r"tallest|taller|highest|higher|tall": "tall",
    r"longest|longer|lengthiest|lengthier|long": "long",
}
# Words before another thing → how it stands to that.
_TO_ANOTHER = {
    r"(?:to the |on the |at the )?left(?: hand)?(?: side)? of": "left of",
    r"(?:to the |on the |at the )?right(?: hand)?(?: side)? of": "right of",
    r"behind|beyond|on the far side of": "behind",
    r"in front of|on this side of|on the near side of": "in front of",
    r"next to|beside|alongside|adjacent to|(?:closest|nearest) to|nearest|near|close to": "near",
}


@dataclass(frozen=True)
class PlaceRequest:
    """What an instruction says of where the thing stands, or of its size."""

    way: str
    anchor: Request | None = None  # the other thing, by its name


def read_place(instruction: str, vocabulary: Vocabulary) -> PlaceRequest | None:
    """Return what tells the thing from others of its name; None where nothing is said."""
    text = " ".join(re.findall(r"[a-z]+", instruction.lower()))
    between = [
        (match.start(), way, text[match.end() :])
        for words, way in _TO_ANOTHER.items()
        for match in re.finditer(rf"\b(?:{words}) (?=the\b)(?! ?{_SELF})", text)
    ]
    for start, way, rest in sorted(between, key=lambda one: (one[0], one[1])):
        anchor = parse_instruction(rest, vocabulary)
        if start and anchor.known and (anchor.category or anchor.colors):
            return PlaceRequest(way, anchor)
    for words, way in _OF_SEVERAL.items():
        if re.search(rf"\b(?:{words})\b", text):
            return PlaceRequest(way)
    return None


def told_by_place(candidates: list[Candidate], place: PlaceRequest, anchor: Segment | None) -> list[Candidate]:
    """Put first of those that fit the one that is told; as they are where one alone fits, or the other is not seen."""
    group: list[Candidate] = []
    taken: frozenset[int] = anchor.parts if anchor is not None else frozenset()
    for one in candidates:
        if one.fits and one.score >= candidates[0].score - SLACK and not one.segment.parts & taken:
            group.append(one)
            taken |= one.segment.parts
    if not group or (place.anchor is not None and anchor is None):
        return candidates
    chosen = max(group, key=lambda one: _measure(place.way, one.segment, anchor))
    return [chosen, *(one for one in candidates if one is not chosen)]


def other_thing(ranked: Sequence[Candidate]) -> Segment | None:
    """Return what a relation's other name means; None where nothing fits it."""
    return ranked[0].segment if ranked and ranked[0].fits else None


def _measure(way: str, item: Segment, anchor: Segment | None) -> float:
    if anchor is not None:
        along, across = (item.center - anchor.center).tolist()
        shift = {"left of": (across, along), "right of": (-across, along), "behind": (along, across),
                 "in front of": (-along, across)}.get(way)  # fmt: skip
        if shift is None:
            return -math.hypot(along, across)
        # Of those on that side, which is sure, the one that stands most straight there.
        return shift[0] - SLANT * abs(shift[1])
    return _OF_ITSELF[way](item)


def _edges(item: Segment) -> tuple[float, float]:
    """Return length and breadth [m] seen from above, along its own axes."""
    flat = item.points[:, :2].astype(float)
    _, axes = np.linalg.eigh(np.cov((flat - flat.mean(axis=0)).T))
    breadth, length = np.ptp(np.quantile(flat @ axes, (0.01, 0.99), axis=0), axis=0)
    return float(length), float(breadth)


_OF_ITSELF: dict[str, Callable[[Segment], float]] = {
    "left": lambda item: float(item.center[1]),
    "right": lambda item: -float(item.center[1]),
    "nearest": lambda item: -float(np.linalg.norm(item.center)),
    "farthest": lambda item: float(np.linalg.norm(item.center)),
    "large": lambda item: math.prod(_edges(item)) * item.height,
    "small": lambda item: -math.prod(_edges(item)) * item.height,
    "tall": lambda item: item.height,
    "long": lambda item: max(_edges(item)),
}

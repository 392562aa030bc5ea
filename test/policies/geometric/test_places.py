# SPDX-License-Identifier: Apache-2.0
"""Where a thing stands, or how large it is, tells it from others of its name: read from words, seen in points."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.geometric.language import Request, Vocabulary, parse_instruction
from vla_ros.policies.geometric.perceiving.segmentation import Segment
from vla_ros.policies.geometric.places import PlaceRequest, other_thing, read_place, told_by_place
from vla_ros.policies.geometric.target import Candidate

CATALOGUE = load_catalogue()
VOCABULARY = Vocabulary.of(CATALOGUE.categories, CATALOGUE.synonyms, CATALOGUE.colors)
BOX = Request("box", (), True)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("pick up the mug left of the box", PlaceRequest("left of", BOX)),
        ("take the red mug to the right of the green can", PlaceRequest("right of", Request("can", ("green",), True))),
        ("grasp the mug behind the box", PlaceRequest("behind", BOX)),
        ("grab the mug in front of the box", PlaceRequest("in front of", BOX)),
        ("lift the mug next to the box", PlaceRequest("near", BOX)),
        ("lift the mug beside the box", PlaceRequest("near", BOX)),
        ("lift the mug closest to the box", PlaceRequest("near", BOX)),
        ("fetch the mug on the left-hand side of the box", PlaceRequest("left of", BOX)),
        ("pick up the leftmost mug", PlaceRequest("left")),
        ("pick up the left mug", PlaceRequest("left")),
        ("pick up the mug on the right", PlaceRequest("right")),
        ("I need the mug on the far right", PlaceRequest("right")),
        ("I need the mug on the left side of the table", PlaceRequest("left")),
        ("pick up the nearest mug", PlaceRequest("nearest")),
        ("pick up the mug closest to the robot", PlaceRequest("nearest")),
        ("could you hand me the mug nearest to you", PlaceRequest("nearest")),
        ("pick up the mug farthest from the robot", PlaceRequest("farthest")),
        ("take the largest mug", PlaceRequest("large")),
        ("take the smaller of the two red mugs", PlaceRequest("small")),
        ("take the taller box", PlaceRequest("tall")),
        ("take the longest spoon", PlaceRequest("long")),
        ("pick up the red mug", None),
        ("please pick the mug up", None),
        ("take the mug off the table", None),
    ],
)
def test_what_is_said_of_a_place_is_read(text: str, place: PlaceRequest | None) -> None:
    assert read_place(text, VOCABULARY) == place
    request = parse_instruction(text, VOCABULARY)
    assert request.known
    assert request.category in ("mug", "box", "spoon")


def thing(x: float, y: float, size: tuple[float, float, float], part: int, score: float = -1.0, fits: bool = True):
    """A full box of points [m], turned by 30°."""
    rng = np.random.default_rng(part)
    points = (rng.uniform(size=(400, 3)) - (0.5, 0.5, 0.0)) * size
    c, s = np.cos(0.5), np.sin(0.5)
    points[:, :2] = points[:, :2] @ np.array([[c, -s], [s, c]])
    points = np.add(points, (x, y, 0.0)).astype(np.float32)
    zeros = np.zeros(len(points), np.int8)
    segment = Segment(points, points[:, 2], np.zeros((len(points), 3), np.uint8), zeros, frozenset((part,)))
    return Candidate(segment, score, 1.0, 0.5, 1.0, fits)


LEFT = thing(0.45, 0.15, (0.08, 0.08, 0.10), 1)
RIGHT = thing(0.50, -0.15, (0.08, 0.08, 0.14), 2, score=-1.2)
LONG = thing(0.62, 0.02, (0.19, 0.04, 0.05), 3, score=-1.4)
OTHER = thing(0.40, 0.30, (0.20, 0.20, 0.25), 4, score=-6.0)  # fits, but much less
ALL = [LEFT, RIGHT, LONG, OTHER]
ANCHOR = thing(0.48, 0.0, (0.05, 0.05, 0.05), 5).segment


@pytest.mark.parametrize(
    ("place", "chosen"),
    [
        (PlaceRequest("left"), LEFT), (PlaceRequest("right"), RIGHT), (PlaceRequest("nearest"), LEFT),
        (PlaceRequest("farthest"), LONG), (PlaceRequest("large"), RIGHT), (PlaceRequest("small"), LONG),
        (PlaceRequest("tall"), RIGHT), (PlaceRequest("long"), LONG),
        (PlaceRequest("left of", BOX), LEFT), (PlaceRequest("right of", BOX), RIGHT),
        (PlaceRequest("behind", BOX), LONG), (PlaceRequest("in front of", BOX), LEFT),
        (PlaceRequest("near", BOX), LONG),
    ],
)  # fmt: skip
def test_what_is_told_comes_first_and_nothing_is_lost(place: PlaceRequest, chosen: Candidate) -> None:
    anchor = ANCHOR if place.anchor else None
    ranked = told_by_place(ALL, place, anchor)
    assert ranked[0] is chosen
    assert sorted(map(id, ranked)) == sorted(map(id, ALL))


def test_without_the_other_thing_the_best_fit_stays_the_best() -> None:
    absent = [thing(0.4, 0.0, (0.1, 0.1, 0.1), 6, fits=False)]
    assert other_thing(absent) is None
    assert told_by_place(ALL, PlaceRequest("right of", BOX), None) == ALL
    nothing = [thing(0.4, 0.0, (0.1, 0.1, 0.1), 6, fits=False)]
    assert told_by_place(nothing, PlaceRequest("left"), None) == nothing


def test_two_offers_of_one_thing_are_one_thing() -> None:
    whole = thing(0.45, 0.15, (0.08, 0.08, 0.10), 1)
    piece = thing(0.45, 0.30, (0.02, 0.02, 0.02), 1, score=-1.5)  # a part of it that is offered alone
    assert told_by_place([whole, piece, RIGHT], PlaceRequest("left"), None)[0] is whole

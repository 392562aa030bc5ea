# SPDX-License-Identifier: Apache-2.0
"""Instructions in many wordings name the same thing; unknown nouns name nothing."""

from __future__ import annotations

import pytest

from vla_ros.policies.geometric.language import Request, Vocabulary, parse_instruction

VOCABULARY = Vocabulary.of(
    categories=("mug", "banana", "screwdriver", "orange", "toy_car", "box", "can", "glass"),
    synonyms={"coffee mug": "mug", "tin can": "can", "tin": "can", "carton": "box", "coffee cup": "mug"},
    colors=("red", "green", "blue", "yellow", "orange", "purple", "white", "grey"),
)


@pytest.mark.parametrize(
    ("text", "category", "colors"),
    [
        ("pick up the red mug", "mug", ("red",)),
        ("Pick up the RED mug.", "mug", ("red",)),
        ("could you please grab the mug that is red?", "mug", ("red",)),
        ("red mug", "mug", ("red",)),
        ("take the violet coffee cup", "mug", ("purple",)),
        ("lift a gray tin can", "can", ("grey",)),
        ("fetch the green toy car", "toy_car", ("green",)),
        ("get me the blue cartons", "box", ("blue",)),
        ("grab the bananna", "banana", ()),
        ("pick up the yellow screw-driver next to the red mug", "screwdriver", ("yellow",)),
        ("pick up the yellow screwdriver next to the red mug", "screwdriver", ("yellow",)),
        ("from the table, take the white box", "box", ("white",)),
        ("pick up the orange", "orange", ()),
        ("pick up the orange box", "box", ("orange",)),
        ("pick up the reddish thing", None, ("red",)),
        ("I want the glass", "glass", ()),
        ("pick up the red and white box", "box", ("red", "white")),
    ],
)
def test_wordings(text: str, category: str | None, colors: tuple[str, ...]):
    request = parse_instruction(text, VOCABULARY)
    assert request == Request(category, colors, True)


@pytest.mark.parametrize("text", ["pick up the red telescope", "grab the giraffe", "telescope near a mug", "", "hi"])
def test_what_the_catalogue_does_not_know_is_unknown(text: str):
    assert not parse_instruction(text, VOCABULARY).known


def test_a_relation_does_not_lend_its_noun():
    assert parse_instruction("pick up the dragon beside the red mug", VOCABULARY) == Request(None, (), False)

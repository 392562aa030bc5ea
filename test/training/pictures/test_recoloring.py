# SPDX-License-Identifier: Apache-2.0
"""Scenes whose colours have become others: what is painted is named so by another eye, and asked for so."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from vla_ros.objects.colors import color_ranges
from vla_ros.policies.backbone.word_tokens import color_words, word_tokens
from vla_ros.policies.geometric.perceiving.color_naming import ColorNamer
from vla_ros.training.pictures.recoloring import GRAYS, Recoloring, draw_recoloring
from vla_ros.training.pictures.sentences import disguised_tokens

COLORS = tuple(color_ranges())
BEIGE = 205, 190, 160


def _ball(color: str, rng: np.random.Generator) -> np.ndarray:
    """Return a picture (64, 64, 3) of a ball that a lamp shines on, with a gloss, on a table."""
    y, x = np.mgrid[-1.0:1.0:64j, -1.0:1.0:64j] / 0.7
    height = np.sqrt(np.clip(1.0 - x**2 - y**2, 0.0, 1.0))
    shade = 0.45 + 0.55 * np.clip(0.6 * height - 0.4 * x - 0.3 * y, 0.0, 1.0)
    ball = 255.0 * np.array(color_ranges()[color].sample(rng)[:3]) * shade[..., None]
    ball[(x + 0.3) ** 2 + (y + 0.3) ** 2 < 0.01] = 255.0
    return np.where((x**2 + y**2 < 1.0)[..., None], ball, BEIGE).astype(np.uint8)


@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(COLORS, 2)))
def test_what_is_painted_is_called_by_its_new_colour(source: str, target: str) -> None:
    rng = np.random.default_rng(COLORS.index(source) * 20 + COLORS.index(target))
    crops = np.stack([_ball(source, rng) for _ in range(4)])
    painted = np.stack([Recoloring({source: target}).painted(crop, source, rng) for crop in crops])
    middle = painted[:, 22:50, 22:50].reshape(-1, 3)
    named = ColorNamer(color_ranges()).probabilities(middle / 255.0).mean(axis=0)
    assert COLORS[int(named.argmax())] == target
    table = painted[:, :6].reshape(-1, 3)
    assert source in ("white", "orange", "brown", "yellow") or np.abs(table - np.array(BEIGE)).max() < 20


def test_only_what_is_of_a_colour_is_painted() -> None:
    rng = np.random.default_rng(0)
    crops = np.stack([_ball("red", rng), _ball("blue", rng), _ball("red", rng)])
    recoloring = Recoloring({"red": "black", "green": "white"})
    painted = [recoloring.painted(crop, color, rng) for crop, color in zip(crops, ["red", "blue", ""], strict=True)]
    assert not np.array_equal(painted[0], crops[0])
    np.testing.assert_array_equal(painted[1:], crops[1:])


def test_colours_become_others_that_nothing_has_and_no_sentence_asks_for() -> None:
    rng, there, counts = np.random.default_rng(0), ["red", "black", "green", ""], dict.fromkeys(COLORS, 0)
    texts = ["pick up the cobalt mug", "the white bowl left of the plum block"]
    drawn = [draw_recoloring(there, texts, rng).became for _ in range(2000)]
    for became in drawn:
        assert set(became) <= {"red", "black", "green"}
        assert len(set(became.values())) == len(became)
        for color in became.values():
            counts[color] += 1
    assert 0.5 < np.mean([bool(became) for became in drawn]) < 0.75
    # cobalt is blue, plum purple
    assert {color for color, count in counts.items() if count} == {"orange", "yellow", "pink", "brown", "gray"}
    assert counts["gray"] > 1.5 * counts["pink"]
    assert "gray" in GRAYS


def test_a_scene_whose_colours_are_unknown_stays_as_it_is() -> None:
    rng = np.random.default_rng(0)
    assert all(not draw_recoloring(["", ""], ["take it"], rng).became for _ in range(50))


@pytest.mark.parametrize("word", ["red", "ruby", "cherry red", "tomato red"])
def test_words_say_the_new_colour(word: str) -> None:
    recoloring, text = Recoloring({"red": "white", "blue": "pink"}), f"pick up the {word} mug"
    assert set(recoloring.spoken(text)) == set(word.split())
    rows = disguised_tokens(text, np.random.default_rng(1), None, recoloring)
    assert (rows[rows[:, -1] > 0][:, -4:-1] > 0.2).all()  # bright in all three
    plain = disguised_tokens(text, np.random.default_rng(1), None, Recoloring())
    assert (plain[plain[:, -1] > 0][:, -3:-1] < 0.2).any()


def test_a_word_of_two_colours_goes_with_the_one_beside_it() -> None:
    recoloring = Recoloring({"gray": "white", "blue": "pink"})
    assert set(recoloring.spoken("the steel gray can").values()) == {color_words()["white"]}
    assert set(recoloring.spoken("the steel blue can").values()) == {color_words()["pink"]}


def test_other_words_say_what_they_said() -> None:
    recoloring, text = Recoloring({"red": "white"}), "pick up the green mug beside the redwood"
    assert not recoloring.spoken(text)
    mug = "pick up the mug"
    np.testing.assert_array_equal(disguised_tokens(mug, np.random.default_rng(1), None, recoloring), word_tokens(mug))


def test_pictures_are_painted_alike_with_one_thread_or_many() -> None:
    crop = _ball("green", np.random.default_rng(0))
    threads = cv2.getNumThreads()
    made = []
    for count in (1, 4):
        cv2.setNumThreads(count)
        made.append(Recoloring({"green": "gray"}).painted(crop, "green", np.random.default_rng(3)))
    cv2.setNumThreads(threads)
    np.testing.assert_array_equal(*made)

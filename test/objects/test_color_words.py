# SPDX-License-Identifier: Apache-2.0
"""Every colour has a word; the words of the built-in objects stay what they are."""

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.objects.appearance import disagreement
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.color_words import color_name, color_words, read_colors
from vla_ros.objects.colors import color_ranges
from vla_ros.policies.geometric.language import COLOR_WORDS
from vla_ros.policies.geometric.perceiving.color_naming import UNNAMED, ColorNamer


def test_every_rgb_value_has_a_word() -> None:
    levels = np.linspace(0.0, 1.0, 18)  # every fifteenth of 256 levels
    cube = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 3)
    assert set(color_words(cube)) == set(color_ranges())


@pytest.mark.parametrize("word", color_ranges())
def test_paint_of_a_word_keeps_it(word: str) -> None:
    paint = [color_ranges()[word].sample(np.random.default_rng(seed))[:3] for seed in range(200)]
    assert set(color_words(np.array(paint))) == {word}


def test_every_object_of_the_catalogue_is_drawn_in_its_word() -> None:
    catalogue = load_catalogue()
    for model in catalogue.objects[::3]:
        for color in catalogue.colors_of(model)[::2]:
            copy = catalogue.vary(model, np.random.default_rng(3), color)
            assert copy.color == color
            assert copy.color_phrase == color
            rgb = np.array([part.rgba[:3] for part in copy.parts if part.visible])
            words = set(color_words(rgb)) | {color for part in copy.parts if part.texture is not None}
            assert color in words, model.name


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("maroon", "red"),
        ("dark maroon", "red"),
        ("#400010", "red"),
        ("Navy", "blue"),
        ("light-blue", "blue"),
        ("beige", "brown"),
        ("mustard", "yellow"),
        ("grey", "gray"),
        ("#FFFFFF", "white"),
        ("dark olive green", "green"),
    ],
)
def test_colours_are_taken_by_other_names(name: str, word: str) -> None:
    assert color_name(name).word == word


def test_names_the_policy_understands_mean_the_same_here() -> None:
    for name, word in COLOR_WORDS.items():
        if word in color_ranges():
            assert color_name(name).word == word


@pytest.mark.parametrize("text", ["red and white", "red, white", "red/white"])
def test_several_colours_are_read_the_dominant_one_first(text: str) -> None:
    assert [color.word for color in read_colors(text)] == ["red", "white"]


@pytest.mark.parametrize(
    ("text", "hint"), [("marroon", "did you mean 'maroon'"), ("", "one of red"), ("#12", "one of")]
)
def test_what_is_no_colour_is_one_line(text: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        read_colors(text)


def test_a_stated_colour_that_is_hardly_there_is_told() -> None:
    assert disagreement(["red"], {"green": 0.7, "red": 0.3}) == ""
    assert "say 'green'" in disagreement(["red"], {"green": 0.95, "red": 0.05})
    assert disagreement(["red", "green"], {"green": 0.95}) == ""


def test_colours_that_no_paint_shows_are_named_for_a_users_objects_and_nothing_else_changes() -> None:
    built_in, own = ColorNamer(color_ranges()), ColorNamer(color_ranges(), everything=True)
    cube = np.random.default_rng(0).uniform(0, 1, (5000, 3)).astype(np.float32)
    before, after = built_in.probabilities(cube), own.probabilities(cube)
    known = before.max(axis=1) >= UNNAMED
    np.testing.assert_array_equal(before[known], after[known])
    assert after.max(axis=1).min() > 0.29
    assert (~known).mean() > 0.2
    np.testing.assert_allclose(after.sum(axis=1), 1.0, atol=1e-5)

# SPDX-License-Identifier: Apache-2.0
"""The catalogue keeps its promises: how many objects, which splits, sizes, colours; the same each time."""

import colorsys

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.category import RECEPTACLE, Category, categories
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.paint import ACCENTS, label_picture
from vla_ros.objects.procedural import RECIPES, make_object

CATALOGUE = load_catalogue()


def test_there_are_sixty_objects_in_twenty_categories_and_five_are_held_out() -> None:
    assert len(CATALOGUE.objects) >= 60
    assert len(CATALOGUE.categories) >= 20
    assert len({model.name for model in CATALOGUE.objects}) == len(CATALOGUE.objects)
    assert set(RECIPES) == set(categories())
    seen = {model.category for model in CATALOGUE.models("seen")}
    heldout = {model.category for model in CATALOGUE.models("heldout")}
    assert len(heldout) >= 5
    assert not seen & heldout
    assert len(CATALOGUE.models("all")) == len(CATALOGUE.objects)


def test_an_unknown_split_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'heldout'"):
        CATALOGUE.models("held_out")


def test_every_category_has_several_shapes_and_eight_colors_are_in_use() -> None:
    targets = [category for category in categories().values() if category.split != RECEPTACLE]
    assert all(len(category.shapes) >= 3 for category in targets)
    assert len({color for category in categories().values() for color in category.colors}) >= 8


def test_no_word_means_two_categories() -> None:
    words = [*categories(), *(word for category in categories().values() for word in category.synonyms)]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("model", CATALOGUE.objects, ids=lambda model: model.name)
def test_every_object_is_of_everyday_size_and_fits_the_gripper(model) -> None:
    assert 0.03 <= max(model.size) <= 0.26
    assert 1 <= len(model.collision_parts) <= 17
    assert 0.01 <= model.mass <= 0.45
    assert 0.3 <= model.friction <= 0.9
    # Taken whole, or by a part of it: a bowl by its wall, a wrench by its shaft.
    thinnest = min(min(model.size), *(2 * min(part.size) for part in model.collision_parts if part.size))
    assert thinnest <= 0.07
    assert min(model.size) >= 0.012


def test_a_varied_object_keeps_its_category_and_shape_and_takes_the_asked_color() -> None:
    mug = next(model for model in CATALOGUE.objects if model.name == "mug_tall")
    copies = [CATALOGUE.vary(mug, np.random.default_rng(seed), "green") for seed in range(8)]
    assert {(copy.name, copy.category, copy.color, copy.shape) for copy in copies} == {("mug_tall", "mug", "green", 3)}
    assert len({copy.size for copy in copies}) == 8
    assert len({copy.parts[0].rgba for copy in copies}) == 8


def test_the_same_random_numbers_give_the_same_object() -> None:
    one, two = (make_object("hammer", "claw", "red", np.random.default_rng(3)) for _ in range(2))
    assert one.mass == two.mass
    for first, second in zip(one.parts, two.parts, strict=True):
        assert first.size == second.size
        assert first.rgba == second.rgba


@pytest.mark.parametrize("arguments", [("mgu", "tall", "red"), ("mug", "tal", "red"), ("mug", "tall", "redd")])
def test_a_mistyped_object_names_the_nearest(arguments: tuple[str, str, str]) -> None:
    with pytest.raises(ConfigError, match="did you mean"):
        make_object(*arguments, np.random.default_rng(0))


@pytest.mark.parametrize("name", sorted(color_ranges()))
def test_colors_lie_in_their_range_and_vary(name: str) -> None:
    drawn = [color_ranges()[name].sample(np.random.default_rng(seed)) for seed in range(20)]
    assert len(set(drawn)) == 20
    for rgb in (color[:3] for color in drawn):
        hue, saturation, value = colorsys.rgb_to_hsv(*rgb)
        limits = color_ranges()[name]
        assert (hue * 360 - limits.hue[0]) % 360 <= limits.hue[1] - limits.hue[0] + 1e-6 or saturation == 0
        assert limits.saturation[0] - 1e-9 <= saturation <= limits.saturation[1] + 1e-9
        assert limits.value[0] - 1e-9 <= value <= limits.value[1] + 1e-9


def test_the_named_color_covers_most_of_a_printed_label() -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        image = label_picture(64, 96, (0.9, 0.1, 0.1, 1.0), (1.0, 1.0, 1.0, 1.0), rng)
        red = (np.abs(image.astype(int) - np.array([229, 25, 25])).sum(axis=-1) < 30).mean()
        assert red > 0.55


def test_no_accent_shares_the_main_color() -> None:
    assert set(ACCENTS) == set(color_ranges())
    assert all(color not in accents for color, accents in ACCENTS.items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "training"}, "seen, heldout or receptacle"),
        ({"mass": (0.2, 0.1)}, "mass"),
        ({"friction": (0.5, 9.0)}, "friction"),
        ({"colors": ("rde",)}, "did you mean 'red'"),
        ({"resting": ("uprigth",)}, "did you mean 'upright'"),
    ],
)
def test_a_wrong_category_file_is_refused(change: dict, message: str) -> None:
    valid = dict(split="seen", shapes=("a",), scale=(1.0, 1.0), mass=(0.1, 0.2), friction=(0.4, 0.6), colors=("red",))
    Category(**valid)
    with pytest.raises(ConfigError, match=message):
        Category(**(valid | change))

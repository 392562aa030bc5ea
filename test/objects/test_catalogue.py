# SPDX-License-Identifier: Apache-2.0
"""The catalogue keeps its promises: how many objects, which splits and halves, sizes, colours; the same each time."""

import colorsys
from collections import Counter

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.commands.objects.sheet import render_object
from vla_ros.objects.catalogue import half_of, load_catalogue
from vla_ros.objects.category import HALVES, RECEPTACLE, TARGETS, Category, Half, categories
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.decorations import DECORATIONS, decorate
from vla_ros.objects.paint import ACCENTS, label_picture
from vla_ros.objects.procedural import RECIPES, make_object
from vla_ros.objects.recipes.families import FAMILIES
from vla_ros.policies.geometric.perceiving.color_naming import ColorNamer

CATALOGUE = load_catalogue()


SPLIT_OF = {name: category.split for name, category in categories().items()}
TARGET_CATEGORIES = {name: category for name, category in categories().items() if category.split != RECEPTACLE}


def test_the_splits_have_their_numbers_and_every_category_its_shapes() -> None:
    counts = Counter(SPLIT_OF.values())
    assert counts["action"] >= 28
    assert counts["grounding"] >= 12
    assert counts["novel"] >= 8
    assert len(TARGET_CATEGORIES) >= 48
    fewest = {"action": 14, "grounding": 14, "novel": 8}
    assert all(len(category.shapes) >= fewest[category.split] for category in TARGET_CATEGORIES.values())
    assert len({model.name for model in CATALOGUE.objects}) == len(CATALOGUE.objects)
    assert set(RECIPES) == set(categories())
    for name, (rows, _) in FAMILIES.items():
        assert set(rows) <= set(categories()[name].shapes), f"a row of {name} is in neither half"


@pytest.mark.parametrize("split", TARGETS)
def test_a_split_holds_its_own_categories_in_both_halves(split: str) -> None:
    own = {name for name in TARGET_CATEGORIES if SPLIT_OF[name] == split}
    for stream in HALVES:
        assert {model.category for model in CATALOGUE.models(split, stream)} == own
    both = CATALOGUE.models(split)
    assert {model.name for model in both} == {
        model.name for stream in HALVES for model in CATALOGUE.models(split, stream)
    }


def test_splits_are_joined_and_all_is_all() -> None:
    joined = CATALOGUE.models("action+grounding")
    assert {SPLIT_OF[model.category] for model in joined} == {"action", "grounding"}
    assert CATALOGUE.models("all") == CATALOGUE.objects
    assert not {model.category for model in CATALOGUE.objects} & {"tray", "plate", "bin"}


def test_a_single_category_may_be_named_beside_splits() -> None:
    assert {model.category for model in CATALOGUE.models("rocket")} == {"rocket"}
    both = {model.category for model in CATALOGUE.models("action+rocket", "generation")}
    assert both == {name for name, split in SPLIT_OF.items() if split == "action"} | {"rocket"}


@pytest.mark.parametrize("wrong", ["grunding", "seen", "action+heldout", "", "tray", "action+rokcet"])
def test_an_unknown_split_is_told_what_there_is(wrong: str) -> None:
    with pytest.raises(ConfigError, match="unknown categories"):
        CATALOGUE.models(wrong)
    with pytest.raises(ConfigError, match="did you mean 'grounding'"):
        CATALOGUE.models("grounding_only")


@pytest.mark.parametrize("name", TARGET_CATEGORIES)
def test_the_halves_of_a_category_share_nothing(name: str) -> None:
    category = TARGET_CATEGORIES[name]
    training, evaluation = category.training, category.evaluation
    assert len(training.shapes) >= (5 if category.split == "novel" else 10)
    assert len(evaluation.shapes) >= (3 if category.split == "novel" else 4)
    assert not set(training.shapes) & set(evaluation.shapes)
    assert not set(training.decorations) & set(evaluation.decorations)
    assert evaluation.scale[1] < training.scale[0] or evaluation.scale[0] > training.scale[1]
    if len(category.colors) >= 6:
        assert not set(training.colors) & set(evaluation.colors)
    for color in set(training.colors) & set(evaluation.colors):
        shown = [
            np.array([color_ranges()[color].part(*half.shades).sample(np.random.default_rng(k))[:3] for k in range(40)])
            for half in (training, evaluation)
        ]
        hues = [[_shade(color, rgb) for rgb in half] for half in shown]
        assert max(hues[0]) < min(hues[1])


def _shade(color: str, rgb: np.ndarray) -> float:
    """Return where a colour lies in its word's range, along hue or, of grey and brown ones, value."""
    hue, _, value = colorsys.rgb_to_hsv(*rgb)
    limits = color_ranges()[color]
    if limits.hue[1] - limits.hue[0] > 180.0 or limits.saturation[1] < 0.2:
        return value
    return (hue * 360 - limits.hue[0]) % 360


def test_what_scenes_draw_is_of_one_half() -> None:
    """Copies keep to the sizes, colours and decorations of the half that their shape belongs to."""
    for model in CATALOGUE.objects[::7]:
        category = categories()[model.category]
        half = category.half(half_of(model))
        for seed in range(3):
            copy = CATALOGUE.vary(model, np.random.default_rng(seed))
            assert copy.color in half.colors
            assert half_of(copy) == half_of(model)
        other = category.half("training" if half_of(model) == "evaluation" else "evaluation")
        if only := set(other.colors) - set(half.colors):
            with pytest.raises(ConfigError, match="unknown color"):
                CATALOGUE.vary(model, np.random.default_rng(0), min(only))


def test_the_shapes_that_the_shipped_weights_know_are_training_shapes() -> None:
    """Those of the catalogue of 27 categories, plain as they were."""
    known = {"mug": ("straight", "tapered", "wide", "tall"), "car": ("sedan", "pickup", "van"),
             "box": ("cereal", "tea", "medicine", "juice"), "spoon": ("cooking", "ladle", "scoop"),
             "lemon": ("classic", "long", "round"), "hammer": ("claw", "mallet", "sledge")}  # fmt: skip
    for name, shapes in known.items():
        assert categories()[name].training.shapes[: len(shapes)] == shapes
        assert "plain" in categories()[name].training.decorations


def test_ten_colors_are_in_use_in_either_half() -> None:
    for half in ("training", "evaluation"):
        assert len({color for category in TARGET_CATEGORIES.values() for color in category.half(half).colors}) >= 10


@pytest.mark.parametrize("name", [name for name in DECORATIONS if DECORATIONS[name]])
def test_a_decoration_keeps_the_main_color_on_most_of_it(name: str) -> None:
    for seed in range(5):
        image = decorate(name, 96, 128, (0.9, 0.1, 0.1, 1.0), (0.1, 0.2, 0.9, 1.0), np.random.default_rng(seed))
        assert image.shape == (96, 128, 3)
        assert (image[..., 0] > image[..., 2]).mean() > 0.6
        assert image.std() > 1.0


@pytest.mark.parametrize("color", categories()["comb"].half("evaluation").colors)
def test_fine_teeth_keep_the_color_as_a_camera_at_a_metre_sees_them(color: str) -> None:
    """A decoration's two colours run together on what is thinner than a pixel."""
    namer, rng = ColorNamer(color_ranges()), np.random.default_rng(3)
    double = next(model for model in CATALOGUE.models("grounding") if model.name == "comb_double")
    for _ in range(6):
        copy = CATALOGUE.vary(double, rng, color)
        picture = render_object(copy, np.asarray(copy.resting[0]), 617.0, (200, 200))
        drawn = (np.abs(picture.astype(int) - picture[0, 0]) > 12).any(axis=2)
        shares = namer.shares(picture[drawn] / (0.85 * 255.0))
        assert namer.names[int(np.argmax(shares))] == color


def test_no_decoration_is_in_both_halves_of_any_category() -> None:
    used = {half: {d for c in TARGET_CATEGORIES.values() for d in c.half(half).decorations} for half in HALVES.values()}
    assert not used["training"] & used["evaluation"]
    assert len(used["training"]) >= 5
    assert len(used["evaluation"]) >= 8


def test_no_word_means_two_categories() -> None:
    words = [*categories(), *(word for category in categories().values() for word in category.synonyms)]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("model", CATALOGUE.objects, ids=lambda model: model.name)
def test_every_object_is_of_everyday_size_and_fits_the_gripper(model) -> None:
    assert 0.03 <= max(model.size) <= 0.25
    assert 1 <= len(model.collision_parts) <= 17
    assert 0.01 <= model.mass <= 0.45
    assert 0.3 <= model.friction <= 0.9
    # Taken whole, or by a part of it: a bowl by its wall, a wrench by its shaft.
    thinnest = min([min(model.size), *(2 * min(part.size) for part in model.collision_parts if part.size)])
    assert thinnest <= 0.07
    assert min(model.size) >= 0.008


def test_a_varied_object_keeps_its_category_and_shape_and_takes_the_asked_color() -> None:
    mug = next(model for model in CATALOGUE.objects if model.name == "mug_tall")
    copies = [CATALOGUE.vary(mug, np.random.default_rng(seed), "blue") for seed in range(8)]
    assert {(copy.name, copy.category, copy.color, copy.shape) for copy in copies} == {("mug_tall", "mug", "blue", 3)}
    assert len({copy.size for copy in copies}) == 8
    painted = [copy for copy in copies if copy.parts[0].texture is None]
    assert len({copy.parts[0].rgba for copy in painted}) == len(painted) > 1
    assert {copy.parts[0].rgba for copy in copies if copy.parts[0].texture is not None} == {(1.0, 1.0, 1.0, 1.0)}


def test_the_same_random_numbers_give_the_same_object() -> None:
    color = categories()["hammer"].training.colors[0]
    one, two = (make_object("hammer", "claw", color, np.random.default_rng(3), lazy) for lazy in (False, True))
    assert one.mass == two.mass
    for first, second in zip(one.parts, two.parts, strict=True):
        assert first.size == second.size
        assert first.rgba == second.rgba


@pytest.mark.parametrize("arguments", [("mgu", "tall", "red"), ("mug", "tal", "red"), ("mug", "tall", "bleu")])
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
        ({"split": "seen"}, "action, grounding, novel or receptacle"),
        ({"mass": (0.2, 0.1)}, "mass"),
        ({"friction": (0.5, 9.0)}, "friction"),
        ({"resting": ("uprigth",)}, "did you mean 'upright'"),
        ({"evaluation": None}, "categories have a half for it"),
        ({"evaluation": Half(("a",), (1.2, 1.3), ("blue",), ("dots",))}, "shapes: 'a' is in both halves"),
        ({"evaluation": Half(("b",), (1.0, 1.3), ("blue",), ("dots",))}, "scale: training's"),
        ({"evaluation": Half(("b",), (1.2, 1.3), ("red",), ("dots",))}, "colors: 'red' is in both halves"),
        ({"evaluation": Half(("b",), (1.2, 1.3), ("blue",))}, "decorations: 'plain' is in both halves"),
    ],
)
def test_a_wrong_category_file_is_refused(change: dict, message: str) -> None:
    valid = dict(
        split="action",
        mass=(0.1, 0.2),
        friction=(0.4, 0.6),
        training=Half(("a",), (0.9, 1.1), ("red",)),
        evaluation=Half(("b",), (1.2, 1.3), ("blue",), ("dots",)),
    )
    Category(**valid)
    with pytest.raises(ConfigError, match=message):
        Category(**(valid | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colors": ("rde",)}, "did you mean 'red'"),
        ({"decorations": ("dost",)}, "did you mean 'dots'"),
        ({"scale": (1.1, 0.9)}, "scale must be an increasing range"),
        ({"shades": (0.5, 1.4)}, "shades must be an increasing range"),
        ({"shapes": ()}, "shapes: name at least one"),
    ],
)
def test_a_wrong_half_is_refused(change: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Half(**(dict(shapes=("a",), scale=(1.0, 1.0), colors=("red",)) | change))

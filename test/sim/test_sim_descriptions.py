# SPDX-License-Identifier: Apache-2.0
"""Whatever is said of an object is true of it and of no other object of the scene, read back from the words alone."""

from __future__ import annotations

import math
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scene_making.drawn_scene import grasping_scene
from slow_tests import trials

from vla_ros.objects.catalogue import ALIKE, load_catalogue
from vla_ros.objects.category import categories
from vla_ros.sim.scenes.descriptions import Description, describe
from vla_ros.sim.scenes.relations import RELATIONS, Spot
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.scenes.wording import family

CATALOGUE = load_catalogue()
WORDS = family("training")
NOUNS = {name: name for name in categories()} | dict(CATALOGUE.synonyms)
NOUNS |= {word: key.split("/")[0] for key, words in WORDS.nouns.items() for word in words}
THINGS = ("object", "thing")
COLORS = {model.color: model.color for model in CATALOGUE.objects}
COLORS |= {word: color for color, words in WORDS.colors.items() for word in words}


def stood(model, x: float, y: float, name: str = "") -> PlacedObject:
    T = np.eye(4)
    T[:2, 3] = x, y
    return PlacedObject(name or f"{model.name}_{x}_{y}", model, T)


def make(category: str, color: str, x: float, y: float) -> PlacedObject:
    model = next(m for m in CATALOGUE.objects if m.category == category and color in CATALOGUE.colors_of(m))
    return stood(CATALOGUE.vary(model, np.random.default_rng(0), color), x, y, f"{color}_{category}_{x}_{y}")


# -- a reader of its own: words → objects, by the signs of differences alone ------------------------------------------
def named(phrase: str, objects: list[PlacedObject]) -> list[PlacedObject]:
    """Objects that "red mug", "mug", "red object" or "thing" may mean."""
    for word in sorted(COLORS, key=len, reverse=True):
        if phrase.startswith(f"{word} "):
            noun, color = phrase.removeprefix(f"{word} "), COLORS[word]
            break
    else:
        noun, color = phrase, None
    category = None if noun in ("object", "thing") else NOUNS[noun]
    return [
        placed
        for placed in objects
        if color in (None, placed.model.color)
        and (category in (None, placed.model.category) or any({category, placed.model.category} <= {*g} for g in ALIKE))
    ]


def middle(placed: PlacedObject) -> tuple[float, float]:
    return Spot.of(placed).center


SIGNS = {
    "left of": lambda a, b: a[1] > b[1], "to the left of": lambda a, b: a[1] > b[1],
    "right of": lambda a, b: a[1] < b[1], "to the right of": lambda a, b: a[1] < b[1],
    "behind": lambda a, b: a[0] > b[0], "in front of": lambda a, b: a[0] < b[0],
}  # fmt: skip
ENDS = {
    r"leftmost (.+)": lambda p: p[1], r"left (.+)": lambda p: p[1], r"(.+) on the left": lambda p: p[1],
    r"rightmost (.+)": lambda p: -p[1], r"right (.+)": lambda p: -p[1], r"(.+) on the right": lambda p: -p[1],
    r"nearest (.+)": lambda p: -math.hypot(*p), r"(.+) closest to the robot": lambda p: -math.hypot(*p),
    r"farthest (.+)": lambda p: math.hypot(*p), r"(.+) farthest from the robot": lambda p: math.hypot(*p),
}  # fmt: skip


def volume(placed: PlacedObject) -> float:
    return math.prod(placed.model.size)


def length(placed: PlacedObject) -> float:
    return max(placed.model.size)


def height(placed: PlacedObject) -> float:  # they all stand as they are drawn here
    return placed.model.size[2]


SIZES = {
    r"largest (.+)|larger of the two (.+)s|larger (.+)": volume,
    r"smallest (.+)|smaller of the two (.+)s|smaller (.+)": lambda placed: -volume(placed),
    r"tallest (.+)|taller of the two (.+)s|taller (.+)": height,
    r"longest (.+)|longer of the two (.+)s|longer (.+)": length,
}


def meant(phrase: str, objects: list[PlacedObject]) -> list[PlacedObject]:
    """Objects that a phrase means, in plain geometry."""
    for pattern, measure in ENDS.items():
        if found := re.fullmatch(pattern, phrase):
            group = named(found[1], objects)
            assert len(group) > 1, f"'{phrase}' of one"
            best = max(measure(middle(placed)) for placed in group)
            return [placed for placed in group if measure(middle(placed)) == best]
    for pattern, size in SIZES.items():
        if found := re.fullmatch(pattern, phrase):
            words = next(words for words in found.groups() if words)
            # "boxes" and "brushes" lose two letters.
            group = named(words if words.split()[-1] in NOUNS or words.endswith(THINGS) else words[:-1], objects)
            assert len(group) > 1, f"'{phrase}' of one"
            best = max(map(size, group))
            return [placed for placed in group if size(placed) == best]
    found = re.fullmatch(rf"(.+?) ({'|'.join([*SIGNS, 'next to', 'beside', 'closest to'])}) the (.+)", phrase)
    if not found:
        return named(phrase, objects)
    anchors = named(found[3], objects)
    assert len(anchors) == 1, f"'{found[3]}' is ambiguous"
    group = [placed for placed in named(found[1], objects) if placed is not anchors[0]]
    here = middle(anchors[0])
    if found[2] in SIGNS:
        return [placed for placed in group if SIGNS[found[2]](middle(placed), here)]
    gaps = [math.dist(middle(placed), here) for placed in group]
    if found[2] == "closest to":
        return [placed for placed, gap in zip(group, gaps, strict=True) if gap == min(gaps)]
    return [placed for placed in group if gap_of(placed, anchors[0]) < 0.08]


def gap_of(first: PlacedObject, second: PlacedObject) -> float:
    a, b = Spot.of(first), Spot.of(second)
    return math.hypot(*(max(a.low[i] - b.high[i], b.low[i] - a.high[i], 0.0) for i in (0, 1)))


# -- scenes that physics would not allow are harder than those it would ------------------------------------------------
@st.composite
def tables(draw) -> list[PlacedObject]:
    few = draw(st.lists(st.sampled_from(CATALOGUE.objects), min_size=1, max_size=3))  # many of a kind
    count = draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    centimetres = st.tuples(st.integers(30, 70), st.integers(-25, 25))
    places = draw(st.lists(centimetres, min_size=count, max_size=count, unique=True))
    pool = few if draw(st.booleans()) else CATALOGUE.objects
    models = [CATALOGUE.vary(pool[int(rng.integers(len(pool)))], rng) for _ in range(count)]
    return [
        stood(m, x / 100, y / 100, f"{m.color}_{m.category}_{i}")
        for i, (m, (x, y)) in enumerate(zip(models, places, strict=True))
    ]


@settings(max_examples=trials(50, 150))
@given(tables(), st.integers(0, 2**32))
def test_every_description_means_one_object_of_the_scene(objects: list[PlacedObject], seed: int) -> None:
    rng = np.random.default_rng(seed)
    for target in objects:
        for _ in range(6):
            described = describe(target, objects, CATALOGUE, rng)
            if described is not None:
                assert meant(described.phrase, objects) == [target], described.text
                assert described.phrase in described.text


@settings(max_examples=60)
@given(tables())
def test_relations_and_their_opposites_never_hold_together(objects: list[PlacedObject]) -> None:
    spots = [Spot.of(placed) for placed in objects]
    for a in spots:
        for b in spots:
            if a is not b:
                for first, second in (("left of", "right of"), ("behind", "in front of")):
                    assert not (RELATIONS[first](a, b) and RELATIONS[second](a, b))
                    assert RELATIONS[first](a, b) == RELATIONS[second](b, a)
                    assert RELATIONS[first](a, b) is not True or RELATIONS[second](a, b) is False


def test_left_is_the_robots_left_and_behind_is_further_out() -> None:
    cup, ball = make("cup", "red", 0.5, 0.2), make("ball", "blue", 0.5, 0.0)
    a, b = Spot.of(cup), Spot.of(ball)
    assert [name for name, holds in RELATIONS.items() if holds(a, b)] == ["left of"]
    a = Spot.of(make("cup", "red", 0.7, 0.0))
    assert [name for name, holds in RELATIONS.items() if holds(a, b)] == ["behind"]
    a = Spot.of(make("cup", "red", 0.5, 0.09))
    assert RELATIONS["next to"](a, b)


def said_of(target: PlacedObject, objects: list[PlacedObject], count: int = 400) -> list[Description | None]:
    rng = np.random.default_rng(1)
    return [describe(target, objects, CATALOGUE, rng) for _ in range(count)]


def test_kinds_are_drawn_by_their_weights_where_all_are_possible() -> None:
    objects = [make("mug", "red", 0.5, 0.2), make("ball", "blue", 0.5, 0.0), make("box", "green", 0.4, -0.2)]
    kinds = Counter(described.kind for described in said_of(objects[0], objects, 2000))
    for kind, weight in WORDS.kinds.items():
        assert kinds[kind] / 2000 == pytest.approx(weight, abs=0.08)  # a relation that is not found is another kind


def test_what_colour_or_noun_alone_would_leave_open_is_said_in_full() -> None:
    objects = [make("mug", "red", 0.5, 0.2), make("cup", "blue", 0.5, 0.0), make("box", "red", 0.4, -0.2)]
    assert {described.kind for described in said_of(objects[0], objects)} == {"plain", "relation"}


def test_twins_are_told_apart_by_where_they_stand_or_not_at_all() -> None:
    twins = [make("mug", "red", 0.5, 0.2), make("mug", "red", 0.5, -0.2)]
    assert {described.kind for described in said_of(twins[0], twins) if described} == {"relation"}
    close = [make("mug", "red", 0.50, 0.01), make("mug", "red", 0.50, -0.01)]
    assert set(said_of(close[0], close, 20)) == {None}


def test_every_way_of_saying_it_is_heard() -> None:
    texts = []
    for seed in range(15):
        scene = grasping_scene("distractor", seed, "generation")
        rng = np.random.default_rng(seed)
        drawn = [describe(placed, scene.objects, CATALOGUE, rng) for placed in scene.objects for _ in range(15)]
        texts += [described.phrase for described in drawn if described]
    for way in (*SIGNS, "next to", "beside", "closest to the robot", "closest to", "leftmost", "nearest", "farthest"):
        assert any(way in text for text in texts), way


def test_generated_scenes_ask_for_their_target_in_many_ways() -> None:
    texts = set()
    for seed in range(40):
        scene = grasping_scene("basic", seed, "generation")
        texts.add(scene.instruction)
        for asking in sorted(set(WORDS.asking), key=len, reverse=True):
            if found := re.fullmatch(re.escape(asking).replace(r"\{\}", "(.+)"), scene.instruction):
                assert meant(found[1], list(scene.objects)) == [scene.target_object], scene.instruction
                break
        else:
            pytest.fail(f"nobody asks like this: {scene.instruction}")
    assert len(texts) > 35

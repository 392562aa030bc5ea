# SPDX-License-Identifier: Apache-2.0
"""Shapes between two of a table: of the same kind, of one half, and never broken."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from vla_ros.objects import procedural
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.category import categories
from vla_ros.objects.geometry import surface_points
from vla_ros.objects.paint import mix_paint
from vla_ros.objects.recipes.families import FAMILIES
from vla_ros.objects.recipes.families.mixing import like, mixed
from vla_ros.objects.recipes.pictured import PICTURED

BETWEEN = dataclasses.replace(load_catalogue(), between=True)


@pytest.mark.parametrize("category", sorted(set(FAMILIES) & set(BETWEEN.categories)))
def test_a_copy_between_two_shapes_is_whole_and_about_as_large(category: str) -> None:
    models, rng = BETWEEN.models(category, "generation"), np.random.default_rng(0)
    drawn = [model for model in models if model.name.removeprefix(f"{category}_") in FAMILIES[category][0]]
    longest = [max(model.size) for model in models]
    for model in drawn[:4]:
        copy = BETWEEN.vary(model, rng)
        assert copy.category == category
        for part in copy.parts:
            assert all(length > 1e-4 for length in part.size)
            if part.mesh is not None:
                assert np.isfinite(part.mesh.vertices).all()
                assert part.mesh.uv is None or np.isfinite(part.mesh.uv).all()
        assert 0.5 * min(longest) < max(copy.size) < 1.6 * max(longest)
        assert len(copy.resting) == len(model.resting)


def test_no_two_copies_are_of_one_shape_and_a_seed_is_a_shape() -> None:
    rows = FAMILIES["hammer"][0]
    model = next(m for m in BETWEEN.models("hammer", "generation") if m.name.removeprefix("hammer_") in rows)
    sizes = [BETWEEN.vary(model, np.random.default_rng(seed)).size for seed in range(6)]
    assert len(set(sizes)) == 6
    assert BETWEEN.vary(model, np.random.default_rng(3)).size == sizes[3]
    plain = load_catalogue()
    shapes = {
        tuple(np.divide(c.size, max(c.size)).round(3))
        for c in (plain.vary(model, np.random.default_rng(s)) for s in range(6))
    }
    assert len(shapes) == 1  # copies differ in size alone


def test_training_knows_nothing_of_what_evaluation_draws_from(monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[tuple[object, object]] = []

    def seen(one: object, other: object, rng: np.random.Generator) -> object:
        met.append((one, other))
        return mixed(one, other, rng)

    monkeypatch.setattr(procedural, "mixed", seen)
    rng = np.random.default_rng(0)
    for category in ("hammer", "wrench", "boat"):
        rows = FAMILIES[category][0]
        of_training = [rows[shape] for shape in categories()[category].training.shapes if shape in rows]
        of_training += PICTURED[category][0].values()
        for model in BETWEEN.models(category, "generation"):
            BETWEEN.vary(model, rng)
        assert met
        assert all(row in of_training for pair in met for row in pair)
        met.clear()


def test_numbers_lie_about_between_and_what_one_row_leaves_out_is_not_mixed_in() -> None:
    one, other = ("round", 1.0, (0.2, 0.0), None, True), ("square", 2.0, (0.4, 0.1), None, False)
    rows = [mixed(one, other, np.random.default_rng(seed)) for seed in range(60)]
    assert {row[0] for row in rows} == {"round", "square"}
    assert 0.6 < min(row[1] for row in rows) < 1.1 < 1.9 < max(row[1] for row in rows) < 2.9
    assert all(row[3] is None and len(row[2]) == 2 for row in rows)
    assert like(one, [other, ("round", 1.0, (), None, True), ("round", 0.0, (0.2, 0.0), None, True)]) == [other]
    assert like(one, [("round", 1.0, (0.0, 0.0), None, True)]) == []  # a boat without a house is none with a low one


@pytest.mark.parametrize("category", sorted(PICTURED))
def test_shapes_that_are_only_pictured_are_whole_and_nobody_elses(category: str) -> None:
    rows, make = PICTURED[category]
    known, made_by = FAMILIES.get(category, ({}, make))
    assert make is made_by
    assert not set(rows) & set(categories()[category].shapes)
    assert not [name for name, row in rows.items() if row in known.values()]
    longest = [max(model.size) for model in BETWEEN.models(category, "generation")]
    paint = mix_paint(categories()[category].training.colors[0], np.random.default_rng(0))
    for name, row in rows.items():
        parts = make(row, paint)
        assert any(part.collide for part in parts), name
        for part in parts:
            assert all(length > 1e-4 for length in part.size), name
            if part.mesh is not None:
                corners = part.mesh.vertices[part.mesh.faces]
                sides = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
                assert 0.5 * np.linalg.norm(sides, axis=1).sum() > 1e-6, name  # [m²] MuJoCo takes nothing smaller
        assert 0.4 * min(longest) < np.ptp(surface_points(parts), axis=0).max() < 1.7 * max(longest), name


def test_what_is_only_pictured_is_pictured_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[object] = []

    def seen(one: object, other: object, rng: np.random.Generator) -> object:
        met.extend((one, other))
        return mixed(one, other, rng)

    monkeypatch.setattr(procedural, "mixed", seen)
    rows, plain = FAMILIES["mug"][0], load_catalogue()
    further = {"pail": rows["enamel"]._replace(height=0.07)}
    monkeypatch.setitem(PICTURED, "mug", (further, FAMILIES["mug"][1]))
    rng = np.random.default_rng(0)
    for catalogue, stream in ((BETWEEN, "evaluation"), (plain, "generation")):
        for model in catalogue.models("mug", stream):
            catalogue.vary(model, rng)
    assert further["pail"] not in met
    for model in BETWEEN.models("mug", "generation") * 3:
        BETWEEN.vary(model, rng)
    assert further["pail"] in met


def test_what_training_never_sees_is_not_pictured_either() -> None:
    assert {categories()[category].split for category in PICTURED} == {"action", "grounding"}

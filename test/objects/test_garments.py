# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.objects.garments import fold_in_half, shorts, t_shirt
from vla_ros.objects.towels import towel


@pytest.fixture(params=[t_shirt, shorts])
def garment(request):
    return request.param("garment", "red", np.random.default_rng(0))


def area(model) -> float:
    a, b, c = model.flat[np.array(model.triangles)].transpose(1, 0, 2)
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    return float(np.abs(ux * vy - uy * vx).sum() / 2)


def test_a_whole_cloth_is_as_large_as_its_rectangle() -> None:
    model = towel("towel", "red", np.random.default_rng(0))
    assert area(model) == pytest.approx(model.size[0] * model.size[1])
    assert np.ptp(model.flat, axis=0) == pytest.approx(model.size)
    assert [model.grid[corner] for corner in model.corners] == [(0, 0), (0, 6), (6, 0), (6, 6)]


def test_a_garment_is_cut_out_of_one(garment) -> None:
    assert 0.6 < area(garment) / (garment.size[0] * garment.size[1]) < 0.98
    assert not set(garment.grid) & garment.left_out
    assert np.ptp(garment.flat, axis=0) == pytest.approx(garment.size)


def test_its_left_is_as_its_right(garment) -> None:
    mirrored = garment.flat * (1.0, -1.0)
    apart = np.linalg.norm(garment.flat[:, None] - mirrored[None], axis=2)
    assert apart.min(axis=1).max() < 1e-12


def test_what_meets_in_a_fold_lies_opposite(garment) -> None:
    fold = fold_in_half(garment)
    opposite = np.array((-1.0, 1.0) if fold.along == 0 else (1.0, -1.0))
    for one, other in fold.pairs:
        assert garment.flat[one] * opposite == pytest.approx(garment.flat[other])
    assert set(fold.edges) <= set(fold.pairs)
    ends = garment.flat[np.array(fold.edges)][:, :, fold.along]
    assert np.abs(ends).min() == pytest.approx(garment.size[fold.along] / 2)


def test_a_vertex_that_hangs_on_nothing_is_refused() -> None:
    model = towel("towel", "red", np.random.default_rng(0))
    with pytest.raises(ConfigError, match=r"vertex \(0, 0\) hangs on nothing"):
        dataclasses.replace(model, left_out=frozenset({(0, 1), (1, 0), (1, 1)}))
    with pytest.raises(ConfigError, match="was cut away"):
        _ = dataclasses.replace(model, left_out=frozenset({(0, 0)})).corners


def test_a_garment_that_hangs_is_the_same_with_firm_threads() -> None:
    lies, hung = (t_shirt("shirt", "red", np.random.default_rng(0), hangs=hangs) for hangs in (False, True))
    assert (lies.firm_threads, lies.drag) == (False, 0.0)
    assert hung.firm_threads
    assert hung.drag > 0.0
    np.testing.assert_array_equal(lies.flat, hung.flat)
    with pytest.raises(ConfigError, match="drag must be 0 per second or more, got -1"):
        dataclasses.replace(hung, drag=-1.0)

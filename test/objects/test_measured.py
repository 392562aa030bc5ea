# SPDX-License-Identifier: Apache-2.0
"""What is measured of many built-in objects is worked out once, and the same as of each alone."""

from __future__ import annotations

import dataclasses
import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.lying_size import lying_size, lying_sizes
from vla_ros.objects.measured import measured

CODE = Path(__file__)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "vla_ros" / "objects"


class Counting:
    """Says a mass, and how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, model) -> tuple[float, float]:
        self.asked += 1
        return model.mass, model.friction


def test_each_object_is_measured_once():
    models, counting = load_catalogue().models("mug"), Counting()
    first = measured(models, counting, "mass", CODE)
    assert (counting.asked, first.shape) == (len(models), (len(models), 2))
    np.testing.assert_array_equal(measured(models, counting, "mass", CODE), first)
    assert counting.asked == len(models)
    np.testing.assert_array_equal(first[:, 0], [model.mass for model in models])


def test_another_measure_other_code_and_other_objects_are_not_taken_for_it(tmp_path):
    models, counting = load_catalogue().models("mug"), Counting()
    measured(models, counting, "mass", CODE)
    measured(models, counting, "mass, opening 0.04", CODE)
    assert counting.asked == 2 * len(models)
    changed = tmp_path / "measure.py"
    changed.write_text("another\n")
    measured(models, counting, "mass", changed)
    assert counting.asked == 3 * len(models)
    measured(models[1:], counting, "mass", CODE)
    assert counting.asked == 4 * len(models) - 1


def test_an_object_that_is_not_built_in_is_measured_every_time(own_cache):
    model = load_catalogue().models("mug")[0]
    own, counting = [dataclasses.replace(model, mass=9.0)], Counting()
    for _ in range(2):
        assert measured(own, counting, "mass", CODE)[0, 0] == 9.0
    assert counting.asked == 2
    assert not list(own_cache.glob("*.npz"))


def test_an_entry_that_is_damaged_is_made_again(own_cache):
    models, counting = load_catalogue().models("mug"), Counting()
    first = measured(models, counting, "mass", CODE)
    (entry,) = own_cache.glob("measured_*.npz")
    for damage in (b"", entry.read_bytes()[:100]):
        entry.write_bytes(damage)
        np.testing.assert_array_equal(measured(models, counting, "mass", CODE), first)
    np.savez(entry, rows=first[1:])
    np.testing.assert_array_equal(measured(models, counting, "mass", CODE), first)
    assert counting.asked == 4 * len(models)


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(measured(load_catalogue().models("mug"), Counting(), "mass", CODE)) > 1


def _measure(where: str) -> None:
    def measure(model) -> tuple[float]:
        with Path(where).open("a") as file:
            file.write(".")
        return (model.mass,)

    measured(load_catalogue().models("mug"), measure, "mass", CODE)


def test_of_several_processes_one_measures(tmp_path):
    where = tmp_path / "asked"
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_measure, args=(str(where),)) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert len(where.read_text()) == len(load_catalogue().models("mug"))


def test_sizes_are_those_of_each_object_alone():
    models = load_catalogue().models("mug")[:4]
    for _ in range(2):  # measured, then kept
        assert lying_sizes(models) == [lying_size(model) for model in models]
    assert lying_sizes([]) == []

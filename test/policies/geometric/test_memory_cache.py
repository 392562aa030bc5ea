# SPDX-License-Identifier: Apache-2.0
"""A remembered shape memory is the imagined one, follows the objects, and survives a broken file."""

import resource
import signal

import numpy as np
import pytest
from assets import OBJECTS

from vla_ros.objects import cache as kept
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.geometric.perceiving import memory_cache
from vla_ros.policies.geometric.perceiving.recognition import RecognitionConfig, ShapeMemory

CONFIG = RecognitionConfig(turns=2, copies=1, points=300)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "vla_ros"


@pytest.fixture
def full_disk():
    """Let no file grow beyond a hundred bytes."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def imagined(monkeypatch):
    """Count how often a memory is imagined."""
    calls = []
    of = ShapeMemory.of

    def counted(catalogue, config):
        calls.append(config)
        return of(catalogue, config)

    monkeypatch.setattr(ShapeMemory, "of", counted)
    return calls


def test_second_start_reads_the_same_memory(imagined):
    catalogue = load_catalogue(OBJECTS)
    first, second = (memory_cache.remember(catalogue, CONFIG) for _ in range(2))
    assert len(imagined) == 1
    assert first.categories == second.categories
    np.testing.assert_array_equal(first.descriptors, second.descriptors)
    np.testing.assert_array_equal(first.category_of, second.category_of)
    assert second.softness == CONFIG.softness


def test_other_settings_or_objects_are_imagined_anew(imagined):
    catalogue = load_catalogue(OBJECTS)
    memory_cache.remember(catalogue, CONFIG)
    memory_cache.remember(catalogue, RecognitionConfig(turns=3, copies=1, points=300))
    assert len(imagined) == 2
    keys = {memory_cache._fingerprint(load_catalogue(folder), CONFIG) for folder in (None, OBJECTS)}
    assert len(keys) == 2


def test_a_broken_file_is_replaced(cache, imagined):
    catalogue = load_catalogue(OBJECTS)
    memory_cache.remember(catalogue, CONFIG)
    (path,) = cache.glob("shapes_*.npz")
    path.write_bytes(path.read_bytes()[:100])
    memory_cache.remember(catalogue, CONFIG)
    memory_cache.remember(catalogue, CONFIG)
    assert len(imagined) == 2


def test_a_home_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert len(memory_cache.remember(load_catalogue(OBJECTS), CONFIG).descriptors) > 0


def test_a_disk_that_is_full_is_left_no_fuller(cache, full_disk):
    assert len(memory_cache.remember(load_catalogue(OBJECTS), CONFIG).descriptors) > 0
    assert kept.store(None, "pieces", {"vertices": np.zeros((500, 3))}) is None
    assert not [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size > 0]

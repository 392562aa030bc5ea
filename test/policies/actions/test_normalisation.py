# SPDX-License-Identifier: Apache-2.0
"""Numbers to mean 0 and standard deviation 1 and back; what never changes stays what it is."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.policies.actions.normalisation import Normaliser, Statistics


def data(seed: int = 0) -> np.ndarray:
    """Return actions (100, 4, 3) of which the second number never changes but for what computing leaves."""
    rng = np.random.default_rng(seed)
    made = rng.normal(0.5, 2.0, (100, 4, 3))
    made[..., 1] = 0.08 + 1e-9 * rng.normal(size=(100, 4))
    return made


def test_what_changes_comes_back() -> None:
    normaliser = Normaliser.of(data())
    rows = data()[0]
    normalised = normaliser.normalise(rows)
    assert np.abs(normalised[:, [0, 2]]).max() < 5.0
    np.testing.assert_allclose(normaliser.restore(normalised), rows, atol=1e-8)


@pytest.mark.parametrize("said", [False, True])
def test_what_never_changes_is_restored_as_it_was_whatever_a_network_says(said: bool) -> None:
    normaliser = Statistics.of(data()).normaliser() if said else Normaliser.of(data())  # of a config.json, or of data
    restored = normaliser.restore(np.random.default_rng(1).normal(size=(50, 3)))
    np.testing.assert_allclose(restored[:, 1], 0.08, atol=1e-8)
    assert restored[:, 0].std() > 1.0
    # What comes in is shifted and no more: a state that was always the same may differ now.
    np.testing.assert_allclose(normaliser.normalise(np.array([0.5, 0.1, 0.5]))[1], 0.02, atol=1e-8)


def test_what_never_changed_and_moves_later_is_learned_unscaled() -> None:
    statistics, moved = Statistics.of(data()), data(seed=1)
    assert statistics.moved_by(moved) == statistics
    assert statistics.moved_by(moved[:0]) == statistics
    moved[3, 2, 1] = 0.03
    now = statistics.moved_by(moved)
    assert now.mean == statistics.mean
    assert (now.std[0], now.std[1], now.std[2]) == (statistics.std[0], 1.0, statistics.std[2])
    normaliser = now.normaliser()
    np.testing.assert_allclose(normaliser.restore(normaliser.normalise(moved)), moved, atol=1e-8)

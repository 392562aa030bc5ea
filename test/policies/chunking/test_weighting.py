# SPDX-License-Identifier: Apache-2.0
"""Weights are those of the papers."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.policies.chunking.similarity import cosine
from vla_ros.policies.chunking.weighting import ActWeighting, CogActWeighting, VoteWeighting

LEFT, RIGHT, AHEAD = (0.05, 0.1, 0.0), (0.05, -0.1, 0.0), (0.1, 0.02, 0.0)


def motions(*directions: tuple[float, float, float], count: int = 4) -> np.ndarray:
    """Return straight motions (P, K, 3) that end in the given offsets [m]."""
    return np.asarray(directions)[:, None] * np.linspace(0.25, 1.0, count)[:, None]


def everywhere(predictions: np.ndarray) -> np.ndarray:
    return np.ones(predictions.shape[:2], dtype=bool)


def test_act_weighs_the_oldest_most():
    three = motions(LEFT, LEFT, LEFT)
    np.testing.assert_allclose(
        ActWeighting(decay=0.01).weights(three, everywhere(three))[:, 0], np.exp([0, -0.01, -0.02])
    )


def test_act_counts_only_who_is_there():
    three = motions(LEFT, LEFT, LEFT)
    present = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]], dtype=bool)
    weights = ActWeighting(decay=0.5).weights(three, present)
    np.testing.assert_allclose(weights[:, 2], [0.0, 1.0, np.exp(-0.5)])
    np.testing.assert_allclose(weights[:, 3], [0.0, 0.0, 1.0])


def test_cogact_weighs_by_likeness_to_the_newest():
    two = motions(RIGHT, LEFT)
    similarity = np.dot(LEFT, RIGHT) / np.dot(LEFT, LEFT)
    weights = CogActWeighting(alpha=0.1).weights(two, everywhere(two))
    np.testing.assert_allclose(weights[:, -1], [np.exp(0.1 * similarity), np.exp(0.1)], rtol=1e-3)


def test_vote_keeps_the_side_of_the_newest_when_most_agree():
    three = motions(RIGHT, AHEAD, AHEAD)
    np.testing.assert_array_equal(VoteWeighting().weights(three, everywhere(three))[:, 0], [0, 1, 1])


def test_vote_overrules_the_newest():
    four = motions(RIGHT, RIGHT, RIGHT, LEFT)
    np.testing.assert_array_equal(VoteWeighting().weights(four, everywhere(four))[:, 0], [1, 1, 1, 0])


def test_a_tied_vote_goes_to_the_newest():
    two = motions(RIGHT, LEFT)
    np.testing.assert_array_equal(VoteWeighting().weights(two, everywhere(two))[:, 0], [0, 1])


def test_a_prediction_that_is_nearly_over_has_no_vote():
    four = motions(RIGHT, RIGHT, RIGHT, LEFT)
    present = everywhere(four)
    present[:3, 1:] = False
    np.testing.assert_array_equal(VoteWeighting().weights(four, present)[:, 0], [0, 0, 0, 1])


def test_motions_too_short_to_have_a_direction_agree():
    assert cosine(np.array([1e-4, 0.0]), np.array([-1e-4, 0.0])) > 0.99
    assert abs(cosine(np.array([1e-5, 0.0]), np.array([-0.1, 0.0]))) < 0.1
    assert cosine(np.array([0.1, 0.0]), np.array([-0.1, 0.0])) < -0.99


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ActWeighting(decay=-1.0), "decay must be >= 0, got -1.0"),
        (lambda: CogActWeighting(alpha=-0.1), "alpha must be >= 0, got -0.1"),
        (lambda: VoteWeighting(threshold=1.0), "threshold must be -1 to below 1, got 1.0"),
        (lambda: VoteWeighting(window=0), "window must be at least 1 prediction, got 0"),
    ],
)
def test_nonsense_is_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()

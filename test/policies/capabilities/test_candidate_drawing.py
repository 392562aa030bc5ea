# SPDX-License-Identifier: Apache-2.0
"""Candidates in a picture, coloured by score."""

from __future__ import annotations

import numpy as np

from vla_ros.policies.capabilities.candidate_drawing import draw_candidates
from vla_ros.policies.capabilities.scored_candidates import ScoredCandidates

K = np.array([[400.0, 0.0, 320.0], [0.0, 400.0, 240.0], [0.0, 0.0, 1.0]])
DOWN = np.diag([1.0, -1.0, -1.0])
CAMERA = np.eye(4)  # one metre up, looking down
CAMERA[:3, :3], CAMERA[:3, 3] = DOWN, (0.0, 0.0, 1.0)
GRAY = np.full((480, 640, 3), 128, np.uint8)


def scored(places: list[tuple[float, float, float]], merits: list[float], chosen: int | None) -> ScoredCandidates:
    rotations = np.tile(DOWN, (len(places), 1, 1))
    return ScoredCandidates(
        np.array(places).reshape(-1, 3), rotations, ["lift"], np.array(merits)[:, None], np.array(merits), chosen
    )


def like(picture: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    """Return the middle (x, y) of the pixels above the strip that are of about a colour."""
    rows, columns = np.nonzero((np.abs(picture[:-34].astype(int) - color) < 60).all(axis=2))
    return np.array([columns.mean(), rows.mean()])


def test_the_best_is_red_the_worst_blue_and_the_chosen_one_ringed():
    picture = draw_candidates(GRAY, scored([(-0.1, 0.0, 0.0), (0.1, 0.0, 0.0)], [0.2, 0.7], 1), K, CAMERA)
    assert picture.shape[1] == 800
    red, blue, white = (like(picture, color) for color in ((220, 40, 0), (70, 90, 220), (255, 255, 255)))
    assert blue[0] < 300 < 500 < red[0]  # x of the base is that of the picture
    np.testing.assert_allclose(white, red, atol=3.0)


def test_the_picture_shows_the_part_with_candidates():
    wide, narrow = (
        draw_candidates(GRAY, scored([(-x, -x, 0.0), (x, x, 0.0)], [0.2, 0.7], None), K, CAMERA) for x in (0.5, 0.05)
    )
    apart = [np.linalg.norm(like(one, (220, 40, 0)) - like(one, (70, 90, 220))) for one in (wide, narrow)]
    assert min(apart) > 300  # enlarged, where they are near each other


def test_what_cannot_be_seen_is_left_out():
    none = draw_candidates(GRAY, scored([], [], None), K, CAMERA)
    behind = draw_candidates(GRAY, scored([(0.0, 0.0, 1.5), (9.0, 9.0, 0.9)], [0.5, 0.5], 0), K, CAMERA)
    for picture in (none, behind):
        assert (picture[:-34] == 128).all()
    assert none.shape == (600 + 34, 800, 3)

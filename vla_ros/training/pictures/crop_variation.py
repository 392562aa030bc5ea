# SPDX-License-Identifier: Apache-2.0
"""Pictures of things, each shown otherwise whenever it is looked at: few shapes a category are to teach many.

A thing is turned, stretched, mirrored and moved. Of some scenes the colours are dealt anew, red for green and so on, in
the pictures and in the words alike: a carrot is a carrot in blue, and what is called blue is what is blue.
Shape legend: N crops, S pixels.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from vla_ros.policies.backbone import matching
from vla_ros.policies.backbone.crops import MARGIN
from vla_ros.training.pictures.frames import KEPT_MARGIN, KEPT_MATCH

TURN = np.radians(9.0)  # standard deviation
STRETCH = 0.10  # standard deviation of the logarithm, along each axis of the picture
ZOOM = 0.08  # the same, of both
SHIFT = 0.04  # of the side, standard deviation
DEALT = 0.25  # share of scenes whose colours are dealt anew
ORDERS = tuple(order for order in itertools.permutations(range(3)) if order != (0, 1, 2))


def varied(crops: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return crops (N, KEPT_MATCH, KEPT_MATCH, 3) uint8 as they might have looked, (N, CROP, CROP, 3)."""
    size = matching.CROP
    made = np.empty((len(crops), size, size, 3), dtype=np.uint8)
    # Of what is kept the policy would look at this much [px].
    side = KEPT_MATCH * MARGIN / KEPT_MARGIN
    for crop, result in zip(crops, made, strict=True):
        turn = TURN * rng.normal()
        scale = np.exp(STRETCH * rng.normal(size=2) + ZOOM * rng.normal()) * side / size
        mirror = np.array([rng.choice((-1.0, 1.0)), 1.0])
        cos, sin = np.cos(turn), np.sin(turn)
        matrix = np.array([[cos, -sin], [sin, cos]]) * (scale * mirror)
        middle = (KEPT_MATCH - 1) / 2 + SHIFT * side * rng.normal(size=2)
        offset = middle - matrix @ np.full(2, (size - 1) / 2)
        cv2.warpAffine(
            crop,
            np.column_stack([matrix, offset]),
            (size, size),
            dst=result,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    return made


def dealt_orders(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return in which order each of `count` scenes has red, green and blue: (count, 3)."""
    orders = np.tile(np.arange(3), (count, 1))
    chosen = rng.uniform(size=count) < DEALT
    orders[chosen] = np.array(ORDERS)[rng.integers(len(ORDERS), size=int(chosen.sum()))]
    return orders

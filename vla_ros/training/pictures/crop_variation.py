# SPDX-License-Identifier: Apache-2.0
"""Pictures of things, each shown otherwise whenever it is looked at: few shapes a category are to teach many.

A thing is turned, stretched, mirrored, moved and shaded in stripes and blotches. Of most scenes the colours are dealt
anew, in the pictures and in the words alike: all hues are turned by one angle and now and then mirrored, so that a
carrot is a carrot in blue, and what is called blue is what is blue. No category comes in all colours: what is only ever
seen in some is else known by them, and an orange mug is a cup.
Shape legend: N crops, S pixels.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.policies.backbone.crops import MARGIN
from vla_ros.training.pictures.frames import KEPT_MARGIN

TURN = np.radians(14.0)  # standard deviation
STRETCH = 0.16  # standard deviation of the logarithm, along each axis of the picture
ZOOM = 0.10  # the same, of both
SHIFT = 0.05  # of the side, standard deviation
DEALT = 0.7  # share of scenes whose colours are dealt anew
LEAST_TURN = np.radians(30.0)  # of their hues
SHADED = 0.4  # share of things over which stripes or blotches lie
SHADE = 0.3  # how much darker and brighter they are at most


def varied(crops: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return crops as they were kept, (N, K, K, 3) uint8, as they might have looked, (N, size, size, 3)."""
    kept = crops.shape[1]
    made = np.empty((len(crops), size, size, 3), dtype=np.uint8)
    # Of what is kept the policy would look at this much [px].
    side = kept * MARGIN / KEPT_MARGIN
    for crop, result in zip(crops, made, strict=True):
        turn = TURN * rng.normal()
        scale = np.exp(STRETCH * rng.normal(size=2) + ZOOM * rng.normal()) * side / size
        mirror = np.array([rng.choice((-1.0, 1.0)), 1.0])
        cos, sin = np.cos(turn), np.sin(turn)
        matrix = np.array([[cos, -sin], [sin, cos]]) * (scale * mirror)
        middle = (kept - 1) / 2 + SHIFT * side * rng.normal(size=2)
        offset = middle - matrix @ np.full(2, (size - 1) / 2)
        cv2.warpAffine(
            crop,
            np.column_stack([matrix, offset]),
            (size, size),
            dst=result,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        if rng.uniform() < SHADED:
            np.clip(result * _shading(size, rng), 0.0, 255.0, out=result, casting="unsafe")
    return made


def _shading(size: int, rng: np.random.Generator) -> np.ndarray:
    """Return by how much each pixel is brighter, (size, size, 1) around 1: stripes, waves or blotches."""
    depth = rng.uniform(0.05, SHADE)
    if rng.uniform() < 0.5:
        blotches = rng.normal(size=(int(rng.integers(2, 8)),) * 2).astype(np.float32)
        return 1.0 + 0.5 * depth * cv2.resize(blotches, (size, size), interpolation=cv2.INTER_CUBIC)[..., None]
    angle, waves = rng.uniform(0.0, np.pi), rng.uniform(2.0, 14.0)
    x, y = _grid(size)
    along_x, along_y = float(np.cos(angle)), float(np.sin(angle))  # NumPy's would make all of it double
    wave = np.sin(2.0 * np.pi * (waves * (along_x * x + along_y * y) + rng.uniform()))
    return 1.0 + depth * (np.sign(wave) if rng.uniform() < 0.5 else wave)[..., None]


@cache
def _grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.linspace(0.0, 1.0, size, dtype=np.float32), np.linspace(0.0, 1.0, size, dtype=np.float32))
    return x, y


def dealt_colors(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return what becomes of red, green and blue in each of `count` scenes: (count, 3, 3), gray stays what it is."""
    deals = np.tile(np.eye(3), (count, 1, 1))
    for i in np.flatnonzero(rng.uniform(size=count) < DEALT):
        angle = rng.uniform(LEAST_TURN, 2.0 * np.pi - LEAST_TURN)
        deals[i] = Rotation.from_rotvec(angle * np.ones(3) / np.sqrt(3.0)).as_matrix()
        if rng.uniform() < 0.5:
            deals[i] = deals[i][:, [1, 0, 2]]
    return deals


def dealt(crops: np.ndarray, deals: np.ndarray) -> np.ndarray:
    """Return crops (N, S, S, 3) uint8 in other colours, each by its own (N, 3, 3)."""
    if not len(crops):
        return crops
    return np.stack([cv2.transform(crop, deal) for crop, deal in zip(crops, deals, strict=True)])

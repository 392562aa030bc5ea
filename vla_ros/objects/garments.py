# SPDX-License-Identifier: Apache-2.0
"""Garments of a small child's sizes, each one layer of cloth: a T-shirt, shorts. Which edges meet in a fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_ros.objects.cloth import ClothModel
from vla_ros.objects.colors import color_ranges

_PIXELS = 128  # [px] edge of a texture
_AREA_DENSITY = 0.6  # [kg/m²] of both layers of a T-shirt's jersey or of shorts' twill
_THICKNESS = 0.006  # [m] of two layers and the air between: fingers hold it at that, and do not poke through it
_DRAG = 2.0  # [1/s]: of air, at which so heavy a cloth falls flat at 5 m/s
_FRICTION = 0.3  # of cotton on itself; on a table the table's, where that is more

# Rows run along x from a T-shirt's hem to its shoulders, and from the hems of the legs to the waist; columns along y.
_SHIRT_COUNT, _SLEEVE_ROWS, _SLEEVE_COLUMNS = (9, 11), 3, 2
_SHORTS_COUNT, _LEG_ROWS = (8, 9), 3


@dataclass(frozen=True)
class Fold:
    """A fold in half: which vertex comes to lie on which. The first of each pair is on one side, the other opposite."""

    pairs: tuple[tuple[int, int], ...]  # all that meet
    edges: tuple[tuple[int, int], ...]  # of these, the outermost, in order along the edge
    along: int  # axis of the cloth's frame that the fold turns over: 0, x, or 1, y


def t_shirt(
    name: str, color: str, rng: np.random.Generator, size: tuple[float, float] = (0.26, 0.32), hangs: bool = False
) -> ClothModel:
    """Return a T-shirt of `size` [m], from hem to shoulders and from sleeve to sleeve, with light hems.

    `hangs`: with firm threads and the drag of air, for what hangs freely and does not only lie.
    """
    rows, columns = _SHIRT_COUNT
    beside = (*range(_SLEEVE_COLUMNS), *range(columns - _SLEEVE_COLUMNS, columns))
    cut = {(row, column) for row in range(rows - _SLEEVE_ROWS) for column in beside}
    neck = (rows - 1, columns // 2)
    u, v = _picture()
    ring = np.hypot((1.0 - u) * size[0], (v - 0.5) * size[1])  # [m] about the notch
    sleeves = (_SLEEVE_COLUMNS - 1) / (columns - 1)
    light = (u < 0.04) | (v < 0.03) | (v > 0.97) | ((ring > 0.036) & (ring < 0.048))
    chest = (np.abs(u - rng.uniform(0.5, 0.65)) < 0.04) & (v > sleeves) & (v < 1.0 - sleeves) & (rng.uniform() < 0.5)
    return _garment(name, "T-shirt", color, rng, size, _SHIRT_COUNT, frozenset(cut | {neck}), light | chest, hangs)


def shorts(name: str, color: str, rng: np.random.Generator, size: tuple[float, float] = (0.24, 0.27)) -> ClothModel:
    """Return shorts of `size` [m], from hems to waist and from side to side, of one colour with a light waistband."""
    _, columns = _SHORTS_COUNT
    cut = {(row, columns // 2) for row in range(_LEG_ROWS)}
    u, v = _picture()
    light = (u > 0.93) | (u < 0.03)
    side = ((v < 0.04) | (v > 0.96)) & (rng.uniform() < 0.5)  # stripes along both sides
    return _garment(name, "shorts", color, rng, size, _SHORTS_COUNT, frozenset(cut), light | side)


def fold_in_half(model: ClothModel) -> Fold:
    """Return how a garment is folded in half: a T-shirt's hem onto its shoulders, one leg of shorts onto the other."""
    rows, columns = model.count
    along = 0 if model.category == "T-shirt" else 1
    pairs, edges = [], []
    for (row, column), vertex in model.vertex.items():
        place = (row, column)
        opposite = (rows - 1 - row, column) if along == 0 else (row, columns - 1 - column)
        if place[along] < (model.count[along] - 1) / 2 and opposite in model.vertex:
            pairs.append((vertex, model.vertex[opposite]))
            if place[along] == 0:
                edges.append(pairs[-1])
    return Fold(tuple(pairs), tuple(edges), along)


def _picture() -> tuple[np.ndarray, np.ndarray]:
    """Return where along x and along y, from 0 to 1, each pixel of a texture is (H, W)."""
    along = (np.arange(_PIXELS) + 0.5) / _PIXELS
    return np.broadcast_to(along[None], (_PIXELS,) * 2), np.broadcast_to(along[:, None], (_PIXELS,) * 2)


def _garment(
    name: str,
    category: str,
    color: str,
    rng: np.random.Generator,
    size: tuple[float, float],
    count: tuple[int, int],
    left_out: frozenset[tuple[int, int]],
    light: np.ndarray,  # (H, W) what of it is lighter
    hangs: bool = False,
) -> ClothModel:
    paint = np.asarray(color_ranges()[color].sample(rng)[:3])
    trim = 0.35 * paint + 0.65 if paint.min() < 0.8 else 0.6 * paint  # what is white has grey hems
    image = np.where(light[..., None], trim, paint)
    texture = (np.clip(image, 0.0, 1.0) * 255).astype(np.uint8)
    share = 1.0 - len(left_out) / (count[0] * count[1])
    mass = _AREA_DENSITY * size[0] * size[1] * share
    white = (1.0,) * 4  # the texture is coloured itself
    return ClothModel(
        name, category, color, size, count, mass, white, texture, _THICKNESS, _FRICTION,
        lies_by_vertices=True, firm_threads=hangs, drag=_DRAG if hangs else 0.0, left_out=left_out,
    )  # fmt: skip

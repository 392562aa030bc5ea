# SPDX-License-Identifier: Apache-2.0
"""The colours one object is painted with: a dominant one by name, an accent, and materials that keep their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vla_ros.objects.colors import Rgba, color_ranges
from vla_ros.objects.decorations import DECORATIONS, decorate
from vla_ros.objects.parts import Part

# The accents that stand out beside a dominant colour; never a shade that could be mistaken for it.
ACCENTS = {
    "red": ("white", "yellow", "black", "blue"),
    "orange": ("white", "blue", "black", "green"),
    "yellow": ("blue", "red", "green", "black"),
    "green": ("white", "yellow", "red", "black"),
    "blue": ("white", "yellow", "orange", "red"),
    "purple": ("yellow", "white", "green", "orange"),
    "pink": ("white", "purple", "blue", "green"),
    "brown": ("white", "yellow", "blue", "green"),
    "white": ("blue", "red", "green", "orange", "black"),
    "black": ("red", "yellow", "white", "orange"),
    "gray": ("red", "blue", "yellow", "orange"),
}


_WHITE: Rgba = (1.0, 1.0, 1.0, 1.0)


def shade(color: Rgba, factor: float) -> Rgba:
    """Return the colour darker (factor < 1) or mixed towards white (factor > 1, 2 is white)."""
    rgb = np.asarray(color[:3])
    mixed = rgb * factor if factor <= 1 else rgb + (1 - rgb) * (factor - 1)
    return (float(mixed[0]), float(mixed[1]), float(mixed[2]), color[3])


@dataclass(frozen=True, eq=False)
class Paint:
    """What a recipe paints with. All of it is drawn once, so that the parts of one object belong together."""

    color: str
    main: Rgba
    accent: Rgba
    wood: Rgba
    steel: Rgba
    dark: Rgba  # black plastic, rubber
    pale: Rgba  # paper, ivory
    style: int  # 0…3: which decoration a recipe that has several applies
    picture: Callable[[int, int], np.ndarray] = field(repr=False)  # (height, width) → label artwork, RGB uint8
    decoration: str = "plain"  # what covers the main colour, of decorations.py

    def dressed(self, parts: Iterable[Part]) -> tuple[Part, ...]:
        """Return the parts with the decoration on the meshes that are drawn in the main colour."""
        if DECORATIONS[self.decoration] is None:
            return tuple(parts)
        cover = self.picture(96, 128)
        return tuple(
            replace(part, rgba=_WHITE, texture=cover)
            if part.visible
            and part.rgba == self.main
            and part.texture is None
            and part.mesh
            and part.mesh.uv is not None
            else part
            for part in parts
        )


def mix_paint(
    color: str,
    rng: np.random.Generator,
    decorations: Sequence[str] = ("plain",),
    shades: tuple[float, float] = (0.0, 1.0),
) -> Paint:
    """Draw the paint of one object whose dominant colour has this name, in a share of its range."""
    ranges = color_ranges()
    accent = ranges[str(rng.choice(ACCENTS[color]))].sample(rng)
    main = ranges[color].part(*shades).sample(rng)
    grain = rng.uniform(0.85, 1.1)
    steel = rng.uniform(0.55, 0.72)
    artwork_seed = int(rng.integers(2**31))

    style = int(rng.integers(4))
    decoration = str(rng.choice(decorations))

    def picture(height: int, width: int) -> np.ndarray:
        if DECORATIONS[decoration] is None:
            return label_picture(height, width, main, accent, np.random.default_rng(artwork_seed))
        return decorate(decoration, height, width, main, accent, np.random.default_rng(artwork_seed))

    return Paint(
        color=color,
        main=main,
        accent=accent,
        wood=(min(0.80 * grain, 1), min(0.60 * grain, 1), min(0.38 * grain, 1), 1.0),
        steel=(steel, steel, steel * 1.03, 1.0),
        dark=(0.11, 0.11, 0.12, 1.0),
        pale=(0.94, 0.92, 0.86, 1.0),
        style=style,
        picture=picture,
        decoration=decoration,
    )


def label_picture(height: int, width: int, main: Rgba, accent: Rgba, rng: np.random.Generator) -> np.ndarray:
    """Return printed-looking artwork in two colours: a band, an emblem, lines of text. (H, W, 3) uint8.

    The main colour keeps most of the area, so that the object keeps its name.
    """
    image = np.empty((height, width, 3))
    image[:] = main[:3]
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    band = rng.uniform(0.55, 0.72)
    image[(y > band) & (y < band + 0.13)] = accent[:3]
    centre = rng.uniform(0.25, 0.42)
    for column in (0.5,) if width <= height else (0.25, 0.75):
        distance = np.hypot((x - column) * width / height, y - centre)
        image[distance < 0.16] = accent[:3]
        image[distance < 0.09] = np.asarray(main[:3]) * (0.6 if rng.random() < 0.5 else 1.0)
    ink = np.clip(np.asarray(accent[:3]) * 0.5 + 0.1, 0, 1)
    for line in range(int(rng.integers(1, 3))):
        top = band + 0.18 + 0.06 * line
        words = np.sin(x * width * rng.uniform(0.5, 0.9) + rng.uniform(0, 6)) > -0.3
        image[(y > top) & (y < top + 0.03) & (np.abs(x - 0.5) < 0.35) & words] = ink
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)

# SPDX-License-Identifier: Apache-2.0
"""What colour a person would call a pixel, whatever the light: a table from balanced RGB to colour words.

The table is a density: each word's surfaces are painted on a computer many times, lit more and less, and counted.

Shape legend: N pixels, K colour words, B bins a channel.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from vla_ros.objects.color_words import color_words
from vla_ros.objects.colors import ColorRange

BINS = 32
SAMPLES = 6000  # painted surfaces a word
DARKEST = 0.35  # share of the full light that a face turned away still gets
BRIGHTEST = 1.12
TINT = 0.06  # spread of what the white balance leaves uncorrected, a channel
UNNAMED = 0.3  # a cell in which no word is likelier than this is nobody's paint
NEAREST = 0.8  # how sure the nearest named colour is of such a cell
HIGHLIGHT = 0.12  # largest white gloss on top


class ColorNamer:
    """Name colours: word probabilities of pixels that have been balanced to a white of 1."""

    def __init__(self, ranges: Mapping[str, ColorRange], everything: bool = False) -> None:
        """Paint the table.

        `everything`: colours that no word's paint ever shows are named by the nearest named colour instead of by all
        words alike. For objects of a user, which come in any colour, dark maroon included; the built-in ones are
        painted from the ranges.
        """
        self.names = tuple(ranges)
        self._table = _density_table(list(ranges.values()))  # (B³, K)
        if everything:
            self._name_the_rest()

    def _name_the_rest(self) -> None:
        unnamed = self._table.max(axis=1) < UNNAMED
        levels = (np.arange(BINS) + 0.5) / BINS
        cells = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)[unnamed]
        columns = [self.names.index(str(word)) for word in color_words(cells)]
        rest = np.full((len(cells), len(self.names)), (1.0 - NEAREST) / (len(self.names) - 1), np.float32)
        rest[np.arange(len(cells)), columns] = NEAREST
        self._table[unnamed] = rest

    def probabilities(self, balanced: np.ndarray) -> np.ndarray:
        """Return each word's probability for balanced RGB in 0…1 (N, 3): (N, K)."""
        cells = np.clip(balanced * BINS, 0, BINS - 1).astype(np.int32)
        return self._table[(cells[:, 0] * BINS + cells[:, 1]) * BINS + cells[:, 2]]

    def shares(self, balanced: np.ndarray) -> np.ndarray:
        """Return how much of a surface each word covers (K,), summing to 1."""
        if len(balanced) == 0:
            return np.full(len(self.names), 1.0 / len(self.names))
        return self.probabilities(balanced).mean(axis=0)


def _density_table(ranges: list[ColorRange]) -> np.ndarray:
    rng = np.random.default_rng(0)
    density = np.empty((BINS, BINS, BINS, len(ranges)), np.float32)
    for word, color in enumerate(ranges):
        surface = _paint(color, rng)
        light = rng.uniform(DARKEST, BRIGHTEST, (SAMPLES, 1)) * (1.0 + TINT * rng.standard_normal((SAMPLES, 3)))
        gloss = np.maximum(rng.uniform(-2.0, 1.0, (SAMPLES, 1)), 0.0) * HIGHLIGHT
        seen = np.clip(surface * light + gloss + 0.01 * rng.standard_normal((SAMPLES, 3)), 0.0, 0.999)
        count, _ = np.histogramdd(seen, bins=BINS, range=[(0, 1)] * 3)
        density[..., word] = ndimage.gaussian_filter(count.astype(np.float32), 0.9)
    # Where nothing was painted every word is equally likely.
    density += 1e-3
    table = density / density.sum(axis=3, keepdims=True)
    return table.reshape(-1, len(ranges))


def _paint(color: ColorRange, rng: np.random.Generator) -> np.ndarray:
    """Draw surfaces of one word, RGB in 0…1 (SAMPLES, 3)."""
    hue = rng.uniform(*color.hue, SAMPLES) / 60.0 % 6.0
    saturation, value = rng.uniform(*color.saturation, SAMPLES), rng.uniform(*color.value, SAMPLES)
    # HSV to RGB, one channel at a time (Smith 1978).
    channels = []
    for offset in (5.0, 3.0, 1.0):
        k = (offset + hue) % 6.0
        channels.append(value - value * saturation * np.clip(np.minimum(k, 4.0 - k), 0.0, 1.0))
    return np.stack(channels, axis=1)


class WhiteBalance:
    """The light's colour and strength, from surfaces whose own colour is known: the robot's white links."""

    def __init__(self, smoothing: float = 0.5) -> None:
        self._smoothing = smoothing
        self._white: dict[str, np.ndarray] = {}  # camera → RGB of a fully lit white surface, 0…1

    def update(self, camera: str, colors: np.ndarray, reflectance: float) -> None:
        """Learn from pixels (N, 3) uint8 of surfaces that reflect this share of white light."""
        if len(colors) < 40:
            return
        brightness = colors.max(axis=1)
        # The brighter half: what faces the light. The very brightest are gloss.
        low, high = np.quantile(brightness, (0.6, 0.95))
        lit = colors[(brightness >= low) & (brightness <= high)]
        white = np.median(lit, axis=0) / 255.0 / reflectance
        old = self._white.get(camera)
        self._white[camera] = white if old is None else (1 - self._smoothing) * old + self._smoothing * white

    def apply(self, camera: str, colors: np.ndarray) -> np.ndarray:
        """Return RGB relative to white (N, 3) float32."""
        white = self._white.get(camera)
        if white is None:
            white = np.mean(list(self._white.values()), axis=0) if self._white else np.ones(3)
        return (colors / (255.0 * np.clip(white, 0.15, 1.5))).astype(np.float32)

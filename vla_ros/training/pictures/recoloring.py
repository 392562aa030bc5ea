# SPDX-License-Identifier: Apache-2.0
"""Scenes in which colours have become others, in the pictures and in the words alike.

To turn all hues (crop_variation.py) leaves black black and white white: of a category that training never shows in
black, a black one would be what nobody has seen. So what is of one colour is painted in another that the scene does
not hold, black, white or gray as often as all others together.
Shape legend: S pixels.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import cv2
import numpy as np

from vla_ros.objects.colors import ColorRange, color_ranges
from vla_ros.policies.backbone.word_tokens import Color, color_words
from vla_ros.sim.scenes.wording import family

RECOLORED = 0.7  # share of scenes
CHANGED = 0.5  # share of their colours
HUES_NEAR = 18.0, 34.0  # [degrees] from a colour's range: still all of it, no longer it
LEAST_SATURATION = 0.22, 0.38  # no longer a hue, all of one
GRAY_SATURATION = 0.12, 0.28  # all gray, no longer
GRAY_VALUES = {"black": (-1.0, 0.0, 0.30, 0.42), "gray": (0.12, 0.25, 0.65, 0.75), "white": (0.45, 0.6, 2.0, 3.0)}
GRAYS = tuple(GRAY_VALUES)
LIT = 75  # percentile of the brightness of what is painted over: that of a surface in full light
BRIGHTEST = 1.25


@dataclass(frozen=True)
class Recoloring:
    """What a scene's colours have become."""

    became: Mapping[str, str] = field(default_factory=dict)  # those that it does not hold are what they were

    def spoken(self, text: str) -> dict[str, Color]:
        """Return the words of colour of a sentence that say another one now, and that colour."""
        became = {word: self.became.get(name) for word, name in _said(text).items()}
        return {word: color_words()[name] for word, name in became.items() if name}

    def painted(self, crop: np.ndarray, color: str, rng: np.random.Generator) -> np.ndarray:
        """Return the picture (S, S, 3) uint8 of a thing of this colour as it is now, in a shade of its own."""
        return _paint(crop, color, color_ranges()[self.became[color]], rng) if color in self.became else crop


def draw_recoloring(there: Collection[str], texts: Sequence[str], rng: np.random.Generator) -> Recoloring:
    """Draw what becomes of a scene with things of these colours and these sentences about them.

    No colour is drawn that a sentence asks for: what is not there must not come to be there.
    """
    if rng.uniform() >= RECOLORED:
        return Recoloring()
    said = {name for text in texts for name in _said(text).values()}
    free = set(color_ranges()) - set(there) - said
    became: dict[str, str] = {}
    for source in rng.permutation(sorted(set(there) & set(color_ranges()))).tolist():
        groups = [group for group in (sorted(free & set(GRAYS)), sorted(free - set(GRAYS))) if group]
        if groups and rng.uniform() < CHANGED:
            became[source] = str(rng.choice(groups[int(rng.integers(len(groups)))]))
            free.discard(became[source])
    return Recoloring(became)


def _said(text: str) -> dict[str, str]:
    """Return the words of colour of a sentence and which of the catalogue's each is said of.

    "Steel blue" is blue in both words, "steel gray" gray.
    """
    names, pattern = _phrases()
    return {word: names[found[0]] for found in pattern.finditer(text.lower()) for word in found[0].split()}


@cache
def _phrases() -> tuple[dict[str, str], re.Pattern[str]]:
    """Return which colour each of training's words for it is said of, and where a sentence holds one, the longest."""
    names = {phrase: name for name, phrases in family("training").colors.items() for phrase in phrases}
    names |= {name: name for name in color_ranges()}
    longest = sorted(names, key=len, reverse=True)
    return names, re.compile(rf"\b({'|'.join(map(re.escape, longest))})\b")


def _paint(crop: np.ndarray, source: str, target: ColorRange, rng: np.random.Generator) -> np.ndarray:
    hsv = cv2.cvtColor(crop, cv2.COLOR_RGB2HSV).astype(np.float32) / np.array([0.5, 255.0, 255.0], dtype=np.float32)
    share, value = _share_of(hsv, source), hsv[..., 2]
    if not (share > 0.5).any():
        return crop
    shade = np.clip(value / max(float(np.percentile(value[share > 0.5], LIT)), 0.02), 0.0, BRIGHTEST)
    paint = shade[..., None] * (255.0 * np.array(target.sample(rng)[:3], dtype=np.float32))
    return np.clip(crop + share[..., None] * (paint - crop), 0.0, 255.0).astype(np.uint8)


def _share_of(hsv: np.ndarray, name: str) -> np.ndarray:
    """Return how much each pixel (…, 3), hue in degrees, is of a colour, 0 to 1."""
    hue, saturation, value = np.moveaxis(hsv, -1, 0)
    if name in GRAYS:
        return _falling(saturation, *GRAY_SATURATION) * _between(value, *GRAY_VALUES[name])
    low, high = color_ranges()[name].hue
    away = np.abs((hue - (low + high) / 2 + 180.0) % 360.0 - 180.0) - (high - low) / 2
    return _falling(away, *HUES_NEAR) * (1.0 - _falling(saturation, *LEAST_SATURATION))


def _falling(values: np.ndarray, start: float, end: float) -> np.ndarray:
    """Return 1 up to `start`, 0 from `end` on."""
    return np.clip((end - values) / (end - start), 0.0, 1.0)


def _between(values: np.ndarray, start: float, full: float, last: float, end: float) -> np.ndarray:
    return (1.0 - _falling(values, start, full)) * _falling(values, last, end)

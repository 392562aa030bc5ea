# SPDX-License-Identifier: Apache-2.0
"""Say which thing is meant by a colour: grey first frame, the thing under half a colour, words that name the colour.

GEAR-VLA, appendix F: a policy that follows the marked thing grasps what it has no name for.
"""

from __future__ import annotations

import re

import cv2
import numpy as np

from controllers.errors import ConfigError, unknown_name

SHARE = 0.5  # of the colour over the grey
COLORS = {
    "red": (230, 30, 30),
    "green": (30, 200, 60),
    "blue": (40, 80, 230),
    "yellow": (240, 220, 40),
    "magenta": (220, 50, 210),
    "cyan": (40, 210, 220),
}
_ARTICLES = r"(?:\b(?:the|a|an)\s+)?"


def guide(picture: np.ndarray, mask: np.ndarray, color: str) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 RGB in grey, with `color` over a mask (H, W) bool.

    Raises ConfigError for an unknown colour, a mask of another size, and an empty one, which would mean nothing.
    """
    _check(color)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or mask.shape != picture.shape[:2]:
        raise ConfigError(
            f"mask guide: give a uint8 picture (H, W, 3) and a mask of its size, got {picture.shape} and {mask.shape}"
        )
    if not mask.any():
        raise ConfigError("mask guide: the mask is empty: nothing would be meant")
    made = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    over = (1.0 - SHARE) * made[mask] + SHARE * np.array(COLORS[color])
    made[mask] = np.rint(over).astype(np.uint8)
    return made


def guided_words(instruction: str, thing: str, color: str) -> str:
    """Return an instruction that names the marked thing by its colour: "the object with the red-colored mask".

    Raises ConfigError for an unknown colour, and where the instruction does not name the thing exactly once.
    """
    _check(color)
    named = re.compile(rf"{_ARTICLES}\b{re.escape(thing.strip())}\b", re.IGNORECASE)
    found = named.findall(instruction) if thing.strip() else []
    if len(found) != 1:
        raise ConfigError(f"instruction '{instruction}' names '{thing}' {len(found)} times: once is needed")
    return named.sub(f"the object with the {color}-colored mask", instruction)


def draw_color(rng: np.random.Generator) -> str:
    """Return a colour at random: it is to mean the mark, never the thing."""
    return str(rng.choice(list(COLORS)))


def _check(color: str) -> None:
    if color not in COLORS:
        raise ConfigError(unknown_name("color", color, COLORS))

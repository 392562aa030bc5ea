# SPDX-License-Identifier: Apache-2.0
"""An instruction as rows of numbers: a public word embedding, and for words of colour the colour itself.

What people call which colour is from the XKCD colour survey (Munroe 2010), as matplotlib carries it, so that "crimson"
is near "red" although no training sentence holds it. Shape legend: T tokens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import numpy as np

from vla_ros.policies.backbone.words import WordEmbedding

SIZE = WordEmbedding.size + 4  # embedding; red, green, blue from -1 to 1, and 1 where the row is a colour
LENGTH = 20  # T: longer sentences are cut


Color = tuple[float, float, float]  # red, green, blue, -1 to 1


def word_tokens(text: str, colors: Mapping[str, Color] | None = None, length: int = LENGTH) -> np.ndarray:
    """Return (length, SIZE) float32, zeros after the last token: tokens of the text, then its words of colour.

    `colors` are what words of colour there are, color_words() when it is None.
    """
    colors = color_words() if colors is None else colors
    rows = np.zeros((length, SIZE), dtype=np.float32)
    words = [word for word in re.findall(r"[a-z]+", text.lower()) if word in colors][:4]
    embedded = WordEmbedding().tokens(text)[: length - len(words)]
    rows[: len(embedded), : WordEmbedding.size] = embedded
    for row, word in zip(rows[len(embedded) :], words, strict=False):
        row[-4:] = *colors[word], 1.0
    return rows


def filled(there: np.ndarray) -> int:
    """Return how many of (N,) bool there are up to the last that is true, at least 1: what comes after is only room."""
    return int(np.flatnonzero(there).max(initial=0)) + 1


@cache
def color_words() -> dict[str, Color]:
    """Return the colour of each word that is one."""
    from matplotlib.colors import CSS4_COLORS, XKCD_COLORS, to_rgb

    named = {**CSS4_COLORS, **{name.removeprefix("xkcd:"): value for name, value in XKCD_COLORS.items()}}
    # One word only: of "dark red" either word says its part.
    return {name: _signed(*to_rgb(value)) for name, value in named.items() if name.isalpha()}


def _signed(red: float, green: float, blue: float) -> Color:
    return 2 * red - 1, 2 * green - 1, 2 * blue - 1

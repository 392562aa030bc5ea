# SPDX-License-Identifier: Apache-2.0
"""Which of the colour words any colour is called, by whatever name or RGB it is given.

A colour inside a word's own range (colors.yaml) has that word; any other that of the nearest named colour
(color_names.yaml) in CIELAB, where distances are about as people see them. Shape legend: N colours, A named colours.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import share_directory
from vla_ros.documents import read_yaml
from vla_ros.objects.colors import Rgba, color_ranges

_HEX = re.compile(r"#?([0-9a-f]{6})")
_BETWEEN = re.compile(r"\s+and\s+|\s*[,/&+]\s*")
# A word before a colour's name: what is mixed in, white (1) or black (0), and how much of it.
_SHADES = {"light": (1.0, 0.4), "pale": (1.0, 0.55), "dark": (0.0, 0.45), "deep": (0.0, 0.25), "bright": (1.0, 0.0)}
_AT_ONCE = 4096  # colours: bounds the memory
_RGB_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])  # sRGB, D65
_WHITE = np.array([0.9505, 1.0, 1.0890])


@dataclass(frozen=True)
class NamedColor:
    """One colour as somebody called it."""

    word: str  # what instructions and policies call it: a name of colors.yaml
    rgba: Rgba


@cache
def _named() -> dict[str, NamedColor]:
    """Return every name without spaces, and its colour."""
    path = share_directory() / "config" / "objects" / "color_names.yaml"
    named = {}
    for word, names in read_yaml(path).items():
        if word not in color_ranges():
            raise ConfigError(f"{path}: {unknown_name('color', str(word), color_ranges())}")
        for name, value in names.items():
            matched = _HEX.fullmatch(str(value).lower())
            if matched is None:
                raise ConfigError(f"{path}: {word}: {name}: '{value}' is no colour: give six hexadecimal digits")
            named[_compact(name)] = NamedColor(word, _from_hex(matched.group(1)))
    return named


def color_name(text: str) -> NamedColor:
    """Return the colour that a name or #rrggbb stands for. Raises ConfigError with the nearest name."""
    name = text.strip().lower().replace("_", " ").replace("-", " ")
    ranges, named = color_ranges(), _named()
    if name == "grey":
        name = "gray"
    if name in ranges:
        return NamedColor(name, ranges[name].sample(np.random.default_rng(0)))
    if _compact(name) in named:
        return named[_compact(name)]
    if name.startswith("#") and (matched := _HEX.fullmatch(name)):
        rgba = _from_hex(matched.group(1))
        return NamedColor(str(color_words(np.array([rgba[:3]]))[0]), rgba)
    shade, _, rest = name.partition(" ")
    if shade in _SHADES and rest:
        base, (tone, share) = color_name(rest), _SHADES[shade]
        red, green, blue = (float(channel + share * (tone - channel)) for channel in base.rgba[:3])
        return NamedColor(base.word, (red, green, blue, 1.0))
    near = difflib.get_close_matches(_compact(text), [*ranges, *named], n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise ConfigError(
        f"unknown color '{text}': {hint}one of {', '.join(ranges)}, a name such as maroon or light blue, '#rrggbb', "
        "or several, the most of it first: 'red and white'"
    )


def read_colors(text: str) -> tuple[NamedColor, ...]:
    """Return the colours of "red and white", the dominant one first. Raises ConfigError."""
    return tuple(color_name(part) for part in _BETWEEN.split(text.strip()))


def color_words(rgb: np.ndarray) -> np.ndarray:
    """Return the colour word of each sRGB colour in 0…1 (N, 3): (N,) of str. Every colour has one."""
    anchors, words = _anchors()
    result = np.empty(len(rgb), dtype=words.dtype)
    for first in range(0, len(rgb), _AT_ONCE):
        some = rgb[first : first + _AT_ONCE]
        away = ((_lab(some)[:, None] - anchors) ** 2).sum(axis=2)  # (N, A)
        result[first : first + _AT_ONCE] = words[away.argmin(axis=1)]
    hue, saturation, value = _hsv(rgb)
    for word, limits in color_ranges().items():
        inside = ((hue - limits.hue[0]) % 360 <= limits.hue[1] - limits.hue[0]) | (saturation == 0)
        for axis, (low, high) in ((saturation, limits.saturation), (value, limits.value)):
            inside &= (axis >= low - 1e-9) & (axis <= high + 1e-9)
        result[inside] = word
    return result


def color_shares(rgb: np.ndarray, weights: np.ndarray) -> Mapping[str, float]:
    """Return how much of a surface each word covers, the most first: colours (N, 3) in 0…1, weights (N,)."""
    words, total = color_words(rgb), float(weights.sum())
    shares = {word: float(weights[words == word].sum()) / total for word in color_ranges()}
    return {word: share for word, share in sorted(shares.items(), key=lambda item: -item[1]) if share > 0}


@cache
def _anchors() -> tuple[np.ndarray, np.ndarray]:
    """Return the named colours (A, 3) in CIELAB and their words (A,), a few of every word's own range among them."""
    colors = [(color.rgba[:3], color.word) for color in _named().values()]
    for word, limits in color_ranges().items():
        colors += [(limits.sample(np.random.default_rng(seed))[:3], word) for seed in range(8)]
    return _lab(np.array([rgb for rgb, _ in colors])), np.array([word for _, word in colors])


def _lab(rgb: np.ndarray) -> np.ndarray:
    """Return sRGB in 0…1 (N, 3) as CIELAB (N, 3) under D65."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _RGB_TO_XYZ.T / _WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.column_stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])])


def _hsv(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return hue [degrees], saturation and value of (N, 3)."""
    high, low = rgb.max(axis=1), rgb.min(axis=1)
    spread = np.where(high > low, high - low, 1.0)
    red, green, blue = rgb.T
    hue = np.select(
        [high == red, high == green],
        [(green - blue) / spread % 6, (blue - red) / spread + 2],
        (red - green) / spread + 4,
    )
    return 60 * hue, np.where(high > 0, (high - low) / np.where(high > 0, high, 1.0), 0.0), high


def _compact(name: str) -> str:
    return re.sub(r"[^a-z]", "", str(name).lower()).replace("grey", "gray")


def _from_hex(digits: str) -> Rgba:
    return (*(int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)), 1.0)

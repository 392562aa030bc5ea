# SPDX-License-Identifier: Apache-2.0
"""Colour words: ranges of hue, saturation and value, read from config/objects/colors.yaml."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from controllers.errors import ConfigError
from vla_ros.configuration import build, share_directory
from vla_ros.documents import read_yaml

Rgba = tuple[float, ...]  # red, green, blue, alpha, each 0…1


@dataclass(frozen=True)
class ColorRange:
    """What one colour word covers."""

    hue: tuple[float, float]  # [degrees]; may run past 360
    saturation: tuple[float, float]  # 0…1
    value: tuple[float, float]  # 0…1

    def __post_init__(self) -> None:
        for name, top in (("hue", 720.0), ("saturation", 1.0), ("value", 1.0)):
            low, high = getattr(self, name)
            if not 0 <= low <= high <= top:
                raise ConfigError(f"{name} must be an increasing range within 0 to {top:g}, got [{low:g}, {high:g}]")

    def part(self, low: float, high: float) -> ColorRange:
        """Return the part of the range between two shares 0…1 of its hue; where any hue will do, of its value."""
        name = "value" if self.hue[1] - self.hue[0] > 180.0 or self.saturation[1] < 0.2 else "hue"
        first, last = getattr(self, name)
        limits = (first + low * (last - first), first + high * (last - first))
        return replace(self, hue=limits) if name == "hue" else replace(self, value=limits)

    def sample(self, rng: np.random.Generator) -> Rgba:
        """Draw one colour of this name, as sRGB with alpha 1."""
        hue, saturation, value = (rng.uniform(*limits) for limits in (self.hue, self.saturation, self.value))
        return (*colorsys.hsv_to_rgb(hue / 360 % 1, saturation, value), 1.0)


@cache
def color_ranges() -> dict[str, ColorRange]:
    """Return every colour word and what it covers."""
    path = share_directory() / "config" / "objects" / "colors.yaml"
    return {name: build(ColorRange, values, f"{path}: {name}") for name, values in read_yaml(path).items()}

# SPDX-License-Identifier: Apache-2.0
"""Lamps of a scene: mild differences everywhere; colour, direction, number and strength at random in the light set."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

from vla_ros.sim.scenes.scene import Light, Rgb

_WORKPLACE = np.array([0.5, 0.0, 0.1])  # [m]


@dataclass(frozen=True)
class StrongBand:
    """What strong lamps of one stream are drawn from; no value of one is in the other."""

    ambient: tuple[float, float]  # brightness from everywhere
    elevation: tuple[float, float]  # [rad] of a lamp above the table
    saturation: tuple[float, float]  # of a lamp's colour, 0 to 1


STRONG = {
    "generation": StrongBand((0.30, 0.42), (0.90, 1.45), (0.0, 0.24)),
    "evaluation": StrongBand((0.20, 0.28), (0.55, 0.86), (0.26, 0.45)),
}


def _lamp(azimuth: float, elevation: float, color: Rgb, strength: float, directional: bool, shadow: bool) -> Light:
    away = np.array([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])
    diffuse = strength * np.array(color)
    return Light(
        directional=directional,
        position=_triple(_WORKPLACE + 2.2 * away),
        direction=_triple(-away),
        diffuse=_triple(diffuse),
        specular=_triple(0.5 * diffuse),
        casts_shadow=shadow,
    )


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    x, y, z = values.tolist()
    return x, y, z


def _tint(rng: np.random.Generator, saturation: tuple[float, float]) -> Rgb:
    """Return a colour of full value with a saturation of this range."""
    return colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(*saturation), 1.0)


def _white(rng: np.random.Generator) -> Rgb:
    """Return the white of a lamp, between warm and cool."""
    warmth = rng.uniform(-1, 1)
    return (1.0, 0.97 - 0.02 * warmth, 0.95 - 0.07 * warmth) if warmth > 0 else (0.97 + 0.04 * warmth, 0.98, 1.0)


def sample_lights(kind: str, rng: np.random.Generator, stream: str = "evaluation") -> tuple[tuple[Light, ...], float]:
    """Draw the lamps and the ambient brightness. `kind` is mild or strong. The first lamp alone casts shadows.

    Strong ones have bands of their own in each stream: evaluation's are darker around, deeper in colour and lower.
    """
    if kind == "mild":
        key_azimuth, key_elevation = rng.uniform(-0.9, 0.9), rng.uniform(0.85, 1.25)
        key = _lamp(key_azimuth, key_elevation, _white(rng), rng.uniform(0.52, 0.68), True, True)
        fill = _lamp(key_azimuth + rng.uniform(1.8, 4.0), 0.8, _white(rng), rng.uniform(0.16, 0.26), True, False)
        return (key, fill), float(rng.uniform(0.30, 0.38))
    band = STRONG[stream]
    count = int(rng.integers(1, 5))
    ambient = rng.uniform(*band.ambient)
    total = rng.uniform(0.45, 1.20 - ambient)  # in sum at most what a camera's exposure still takes without burning out
    shares = rng.dirichlet(np.full(count, 2.0)) * total
    lamps = []
    for index, share in enumerate(sorted(shares, reverse=True)):
        azimuth, elevation = rng.uniform(-np.pi, np.pi), rng.uniform(*band.elevation)
        lamps.append(
            _lamp(azimuth, elevation, _tint(rng, band.saturation), float(share), bool(rng.uniform() < 0.6), index == 0)
        )
    return tuple(lamps), float(ambient)

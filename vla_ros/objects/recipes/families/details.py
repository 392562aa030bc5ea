# SPDX-License-Identifier: Apache-2.0
"""Details that many shapes have: bands and ribs around a body, handles beside it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import Profile, plate, rotated, tube, turned
from vla_ros.objects.solids import painted, rod, solid

DARK: Rgba = (0.11, 0.11, 0.12, 1.0)


def radius_at(outline: Profile, height: float) -> float:
    """Return the radius of a turned body at a height [m]."""
    pairs = sorted((z, r) for r, z in outline)
    return float(np.interp(height, [z for z, _ in pairs], [r for _, r in pairs]))


def band(outline: Profile, low: float, high: float, color: Rgba, out: float = 0.0008, sides: int = 28) -> Part:
    """Return a band around a turned body between two heights [m], standing out by `out`."""
    heights = np.linspace(low, high, 6)
    return turned([(radius_at(outline, z) + out, float(z)) for z in heights], color, 0.6, sides=sides)


def ribs(outline: Profile, heights: Sequence[float] | np.ndarray, color: Rgba, half: float = 0.0025) -> list[Part]:
    """Return raised rings around a turned body [m]."""
    parts = []
    for z in heights:
        r = radius_at(outline, float(z))
        parts.append(turned([(r - 0.0004, z - half), (r + 0.0016, z), (r - 0.0004, z + half)], color, 0.6))
    return parts


def handle(
    outline: Profile, kind: str, high: float, low: float, reach: float, wire: float, color: Rgba, side: int = 1
) -> list[Part]:
    """Return a handle beside a turned body in the xz plane, from height `high` down to `low` [m].

    loop, ear (widest at its top), square, ring, hook (held below alone), wedge (a triangle), wires (two that fold
    away) or tab (flat, sticking out at its top). `side`: +1 at +x, -1 at −x.
    """
    top, foot = radius_at(outline, high) - 0.003, radius_at(outline, low) - 0.003
    far, middle, up = max(top, foot) + 0.003 + reach, (high + low) / 2, (high - low) / 2
    if kind == "tab":
        half, at = (reach + 0.006) / 2, (side * (top + reach / 2), 0.0, 0.0)
        flat = plate(slab_outline(half, 0.0115, (1.0, 0.75, 1.0), 0.010), 0.0035, color, height=high)
        return [
            *rotated([flat], (0, 0, 0, 1), at),
            painted("cylinder", (0.0035, 0.0037), DARK, (side * (top + reach - 0.006), 0, high)),
            solid("box", (half, 0.0095, 0.0035), (at[0], 0, high), density=0.6),
        ]
    path = {
        "loop": [
            (top, high),
            (far - 0.2 * reach, high - 0.05 * up),
            (far, middle),
            (far - 0.3 * reach, low),
            (foot, low),
        ],
        "ear": [(top, high), (far - 0.1 * reach, high - 0.1 * up), (far - 0.1 * reach, middle + 0.1 * up), (foot, low)],
        "square": [(top, high), (far, high), (far, low), (foot, low)],
        "ring": [
            (max(top, foot) + up * 0.92 + up * np.cos(a), middle + up * np.sin(a)) for a in np.linspace(2.5, -2.5, 9)
        ],
        "wedge": [(top, high), (far, high), (foot, low)],
        "wires": [(top, high), (far, high), (far, low), (foot, low)],
        "hook": [(foot, low), (far, low + 0.1 * up), (far, high - 0.3 * up), (far - 0.4 * reach, high)],
    }[kind]
    points = [(side * x, 0.0, z) for x, z in path]
    if kind == "wires":
        parts = [
            tube([(x, y, z) for x, _, z in points], wire * 0.45, color, 20, 1.0, normal=(0, 1, 0))
            for y in (-0.007, 0.007)
        ]
    elif kind in ("square", "wedge"):
        parts = [tube([a, b], wire, color, 6, 0.7, normal=(0, 1, 0)) for a, b in itertools.pairwise(points)]
        parts += [painted("sphere", (wire,), color, corner, gloss=0.7) for corner in points[1:-1]]
    else:
        parts = [tube(points, (wire, wire, wire * 0.9), color, 18, 0.7, normal=(0, 1, 0))]
    outer = side * (max(abs(x) for x, _ in path) - wire * 0.3)
    tall = max(0.6 * up, 0.006)
    parts.append(rod((outer, 0, middle + tall), (outer, 0, middle - tall), wire * 0.9, density=0.6))
    return parts


def slab_outline(a: float, b: float, widths: Sequence[float], corner: float) -> list[tuple[float, float]]:
    """Return the outline (x, y) [m] of a flat body: its half width is `b` times `widths`, spread from −x to +x."""
    around = np.linspace(0, np.pi, 61)
    x = -a * np.cos(around)
    half = b * np.interp(x / a, np.linspace(-1, 1, len(widths)), widths)
    over = np.maximum(np.abs(x) - (a - corner), 0.0)
    half = np.maximum(half - corner + np.sqrt(np.maximum(corner**2 - over**2, 0.0)), 0.0005)
    lower = list(zip(x.tolist(), (-half).tolist(), strict=True))
    return [*lower, *[(u, -v) for u, v in reversed(lower)]]

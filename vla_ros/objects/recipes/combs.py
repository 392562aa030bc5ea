# SPDX-License-Identifier: Apache-2.0
"""Combs, lying flat."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.paint import Paint
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import bar, tube
from vla_ros.objects.solids import rod, solid

# Length, width [m] and what it is like.
COMBS = {
    "pocket": (0.125, 0.028, "plain"),
    "tail": (0.215, 0.026, "tail"),
    "wide": (0.150, 0.050, "wide"),
    "afro": (0.150, 0.060, "pick"),
    "barber": (0.180, 0.030, "plain"),
    "handled": (0.190, 0.042, "handle"),
    "curved": (0.140, 0.040, "arched"),
    "double": (0.100, 0.056, "double"),
}


def comb(shape: str, paint: Paint) -> list[Part]:
    """A comb lying flat, its teeth towards −y, or +x of a pick."""
    length, width, kind = COMBS[shape]
    a, b, half = length / 2, width / 2, 0.0044
    parts: list[Part] = []
    if kind == "pick":
        parts += [
            bar((0.024, b * 0.92, half), paint.main, (-0.004, 0, 0), 0.003),
            tube(
                [(-a, 0, 0), (-a * 0.5, 0, 0), (-0.02, 0, 0)], (0.0095, 0.0080, 0.0100), paint.main, 10, flatness=0.55
            ),
        ]
        for y in np.linspace(-b * 0.86, b * 0.86, 10):
            parts.append(tube([(0.014, y, 0), (a, y * 0.94, 0)], (0.0021, 0.0013), paint.main, 4))
        return [
            *parts,
            solid("box", (0.026, b * 0.92, half), (-0.004, 0, 0)),
            solid("box", (a * 0.38, 0.0085, 0.0055), (-a * 0.62, 0, 0)),
            solid("box", (a * 0.36, b * 0.86, 0.0030), (a * 0.60, 0, 0), density=0.4),
        ]
    begin = {"tail": -0.012, "handle": -0.010}.get(kind, -a + 0.006)
    spine = b * (0.36 if kind != "double" else 0.22)
    top = b - spine if kind != "double" else 0.0
    if kind == "arched":
        t = np.linspace(-1, 1, 15)
        parts.append(tube([(x * a, b * 0.72 - 0.014 * x * x, 0) for x in t], 0.0068, paint.main, 24, flatness=0.66))
    else:
        parts.append(bar(((a - begin) / 2 + 0.003, spine, half), paint.main, ((a + begin) / 2, top, 0), 0.003))
    if kind in ("tail", "handle"):
        grip = (0.0060, 0.0040, 0.0022) if kind == "tail" else (0.0085, 0.0100, 0.0080)
        parts.append(
            tube(
                [(begin, top * 0.9, 0), ((begin - a) / 2, top * 0.6, 0), (-a, top * 0.4, 0)],
                grip,
                paint.main,
                12,
                flatness=0.75 if kind == "tail" else 0.55,
            )
        )
    count = {"plain": 34, "tail": 26, "wide": 13, "handle": 15, "arched": 20, "double": 18}[kind]
    wire = {"wide": 0.0030, "handle": 0.0022, "double": 0.0020}.get(kind, 0.0011)
    for k, x in enumerate(np.linspace(begin + wire, a - wire, count)):
        edge = top - spine + 0.001 if kind != "arched" else b * 0.70 - 0.014 * (x / a) ** 2
        thin = 0.6 if kind == "plain" and k > count / 2 else 1.0
        low = -b + (0.0 if kind not in ("wide",) else 0.002 * abs(k - 6) / 3)
        parts.append(bar((wire * thin, (edge - low) / 2, half * 0.62), paint.main, (x, (edge + low) / 2, 0), 0.0006))
    if kind == "double":
        for x in np.linspace(begin, a, 36):
            parts.append(
                bar((0.0008, (b - spine) / 2, half * 0.62), paint.main, (x, (b + spine) / 2 - 0.001, 0), 0.0006)
            )
    ends = (begin - 0.001, a + 0.001) if kind in ("plain", "double") else ()
    for x in ends:
        parts.append(bar((0.0030, b * 0.98, half), paint.main, (x, 0, 0), 0.002))
    solids = [
        solid("box", ((a - begin) / 2 + 0.003, spine, half), ((a + begin) / 2, top, 0)),
        solid(
            "box",
            ((a - begin) / 2, (b - spine) if kind != "double" else b, half * 0.7),
            ((a + begin) / 2, -spine if kind != "double" else 0.0, 0),
            density=0.4,
        ),
    ]
    if kind == "arched":
        solids[0] = solid("box", (a, 0.0075, half), (0, b * 0.62, 0))
    if kind in ("tail", "handle"):
        solids.append(rod((begin, top * 0.8, 0), (-a + 0.006, top * 0.45, 0), 0.0046 if kind == "tail" else 0.0050))
    return [*parts, *solids]

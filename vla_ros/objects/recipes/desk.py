# SPDX-License-Identifier: Apache-2.0
"""Further markers; remotes."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.recipes.forms import about, bar, laid, rotated, stack, tube, turned
from vla_ros.objects.shapes import lathe, rounded_box, transformed
from vla_ros.objects.solids import painted, rod, skin, solid

MARKERS = ("chisel", "crayon", "fountain", "triangular", "double")


def marker(shape: str, paint: Paint) -> list[Part]:
    """A marker along x, cap or tip at +x."""
    trim = paint.pale if paint.color != "white" else paint.dark
    if shape == "triangular":
        prism = lathe([(0, -0.062), (0.0125, -0.062), (0.0125, 0.040), (0.0080, 0.050), (0, 0.050)], 3)
        parts = laid(
            [
                skin(prism, paint.main, gloss=0.5),
                turned([(0.0075, 0.048), (0.0040, 0.058), (0.0022, 0.062), (0, 0.062)], trim),
            ]
        )
        parts.append(bar((0.012, 0.004, 0.004), shade(paint.main, 0.6), (-0.050, 0, 0), 0.001))
        return [
            *parts,
            solid("box", (0.052, 0.0095, 0.0075), (-0.008, 0, -0.001)),
            rod((0.04, 0, 0), (0.062, 0, 0), 0.006, "cylinder"),
        ]
    outline, caps, cuts = {
        "chisel": (
            [(0, -0.058), (0.0130, -0.058), (0.0135, -0.054), (0.0135, 0.004), (0.0105, 0.012), (0.0105, 0.014)],
            [(0.0140, 0.010), (0.0150, 0.052), (0.0130, 0.058), (0, 0.058)],
            (-0.058, 0.010, 0.058),
        ),
        "crayon": (
            [
                (0, -0.052),
                (0.0090, -0.052),
                (0.0095, -0.048),
                (0.0095, 0.034),
                (0.0060, 0.036),
                (0.0028, 0.052),
                (0, 0.052),
            ],
            [],
            (-0.052, 0.036, 0.052),
        ),
        "fountain": (
            [(0, -0.066), (0.0070, -0.064), (0.0105, -0.040), (0.0115, 0.0), (0.0105, 0.004)],
            [(0.0122, 0.0), (0.0122, 0.030), (0.0090, 0.060), (0.0030, 0.066), (0, 0.066)],
            (-0.066, -0.035, 0.035, 0.066),
        ),
        "double": (
            [(0.0095, -0.030), (0.0095, 0.030)],
            [(0.0108, 0.026), (0.0105, 0.056), (0.0085, 0.066), (0, 0.066)],
            (-0.066, 0.066),
        ),
    }[shape]
    parts = [turned(outline, paint.main, 0.5)]
    if caps:
        parts.append(turned(caps, paint.main if shape == "double" else shade(paint.main, 0.75), 0.6))
    if shape == "double":  # a second cap at the other end
        parts += rotated([turned(caps, paint.accent, 0.6)], about("x", 180))
        parts.append(turned([(0.0098, -0.006), (0.0098, 0.006)], trim))
    elif shape == "crayon":
        parts += [
            turned([(0.0098, -0.044), (0.0098, 0.028)], shade(paint.main, 0.85), 0.1),
            turned([(0.0100, -0.036), (0.0100, -0.032)], paint.dark),
            turned([(0.0100, 0.016), (0.0100, 0.020)], paint.dark),
        ]
    elif shape == "fountain":
        parts += [turned([(0.0126, -0.001), (0.0126, 0.004)], (0.80, 0.62, 0.25, 1.0), 1.0)]
    else:
        parts += [turned([(0.0139, -0.044), (0.0139, -0.012)], trim)]
    parts += stack([*[p for p in outline if p[0]], *[p for p in caps if p[0]]], cuts)
    parts = laid(parts)
    if shape == "fountain":
        parts.append(bar((0.020, 0.0018, 0.0010), (0.80, 0.62, 0.25, 1.0), (0.034, 0, 0.0135), 0.0008, gloss=1.0))
    elif shape == "chisel":
        parts.append(bar((0.016, 0.0020, 0.0016), shade(paint.main, 0.7), (0.030, 0, 0.0155), 0.001))
    return parts


# Half edges [m] and the layout of the buttons.
REMOTES = {
    "television": ((0.080, 0.022, 0.0095), "grid"),
    "slim": ((0.065, 0.0165, 0.0080), "pad"),
    "waisted": ((0.080, 0.023, 0.0110), "grid"),
    "card": ((0.043, 0.023, 0.0065), "grid"),
    "air": ((0.062, 0.026, 0.0115), "screen"),
    "garage": ((0.034, 0.020, 0.0095), "two"),
    "long": ((0.105, 0.024, 0.0110), "dense"),
    "oval": ((0.066, 0.028, 0.0120), "pad"),
}


def remote(shape: str, paint: Paint) -> list[Part]:
    """A remote control lying on its back, its front end at +x."""
    half, layout = REMOTES[shape]
    a, b, c = half
    body = (
        rounded_box(half, min(0.006, c * 0.9))
        if shape != "oval"
        else lathe([(0, -c), (0.92, -c), (1.0, -c * 0.4), (1.0, c * 0.4), (0.92, c), (0, c)], 36)
    )
    if shape == "oval":
        body = transformed(body, (a, b, 1))
    elif shape == "waisted":
        pinch = 1 - 0.22 * np.exp(-(((body.vertices[:, 0] + 0.015) / 0.035) ** 2))
        body = Mesh(
            body.vertices * np.column_stack([np.ones_like(pinch), pinch, np.ones_like(pinch)]), body.faces, body.uv
        )
    parts: list[Part] = [skin(body, paint.main, gloss=0.4)]
    key: Rgba = paint.dark if paint.color != "black" else (0.55, 0.56, 0.58, 1.0)
    top = c + 0.0006
    red: Rgba = (0.85, 0.12, 0.10, 1.0) if paint.color != "red" else paint.pale
    if layout in ("grid", "dense"):
        columns = 3 if layout == "grid" else 4
        narrow = 0.80 if shape == "waisted" else 1.0
        for x in np.linspace(-a * 0.62, a * 0.42, 6 if a > 0.06 else 4):
            for y in np.linspace(-b * 0.58, b * 0.58, columns):
                parts.append(
                    bar((0.0040, 0.0036 if columns == 3 else 0.0028, 0.0014), key, (x, y * narrow, top), 0.001)
                )
        parts += [
            painted("cylinder", (0.0045, 0.0014), red, (a * 0.80, b * 0.52, top)),
            bar((0.0050, b * 0.26, 0.0014), paint.accent, (a * 0.62, 0, top), 0.001),
        ]
    elif layout == "pad":
        parts += [
            painted("cylinder", (b * 0.60, 0.0012), key, (a * 0.42, 0, top)),
            painted("cylinder", (b * 0.26, 0.0020), paint.accent, (a * 0.42, 0, top)),
            painted("cylinder", (0.0036, 0.0014), red, (a * 0.86, b * 0.40 if shape != "oval" else 0.0, top)),
        ]
        for x in (-0.10, -0.34, -0.58):
            for y in (-0.42, 0.42):
                parts.append(painted("cylinder", (0.0040, 0.0014), key, (a * x, b * y, top)))
    elif layout == "screen":
        parts += [
            bar((a * 0.26, b * 0.74, 0.0010), (0.62, 0.70, 0.60, 1.0), (a * 0.50, 0, top), 0.0008),
            bar((0.0045, 0.0080, 0.0016), red, (a * 0.04, 0, top), 0.001),
        ]
        for x in (-0.25, -0.50, -0.75):
            for y in (-0.5, 0.5):
                parts.append(bar((0.0036, 0.0070, 0.0014), key, (a * x, b * y, top), 0.001))
    else:
        parts += [
            painted("cylinder", (0.0080, 0.0018), key, (a * 0.36, 0, top)),
            painted("cylinder", (0.0080, 0.0018), red, (-a * 0.22, 0, top)),
        ]
        ring = [(-a - 0.002 - 0.008 + 0.008 * np.cos(t), 0.008 * np.sin(t), 0.0) for t in np.linspace(0, 2 * np.pi, 13)]
        parts.append(tube(ring, 0.0014, paint.steel, 25, gloss=1.0))
    parts.append(bar((0.0012, b * 0.55, c * 0.45), (0.20, 0.03, 0.06, 1.0), (a - 0.0004, 0, 0), 0.001, gloss=1.0))
    if shape == "oval":
        return [*parts, solid("box", (a * 0.72, b * 0.90, c)), solid("box", (a * 0.95, b * 0.50, c))]
    return [*parts, solid("box", (a, b * (0.90 if shape == "waisted" else 1.0), c))]

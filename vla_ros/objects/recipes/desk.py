# SPDX-License-Identifier: Apache-2.0
"""Further markers; remotes, phones, staplers."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.recipes.forms import about, bar, laid, rotated, stack, tube, turned
from vla_ros.objects.shapes import lathe, rounded_box
from vla_ros.objects.solids import ALONG_X, ALONG_Y, painted, rod, skin, solid

SCREEN: Rgba = (0.07, 0.08, 0.11, 1.0)
MARKERS = ("chisel", "crayon", "fountain", "triangular", "double")


def marker(shape: str, paint: Paint) -> list[Part]:
    """A marker along x, cap or tip at +x."""
    trim = paint.pale if paint.color != "white" else paint.dark
    if shape == "triangular":
        prism = lathe([(0, -0.062), (0.0125, -0.062), (0.0125, 0.040), (0.0080, 0.050), (0, 0.050)], 3)
        parts = laid([skin(prism, paint.main, gloss=0.5), turned([(0.0075, 0.048), (0.0040, 0.058), (0.0022, 0.062), (0, 0.062)], trim)])
        parts.append(bar((0.012, 0.004, 0.004), shade(paint.main, 0.6), (-0.050, 0, 0), 0.001))
        return [*parts, solid("box", (0.052, 0.0095, 0.0075), (-0.008, 0, -0.001)), rod((0.04, 0, 0), (0.062, 0, 0), 0.006, "cylinder")]
    outline, caps, cuts = {
        "chisel": ([(0, -0.058), (0.0130, -0.058), (0.0135, -0.054), (0.0135, 0.004), (0.0105, 0.012), (0.0105, 0.014)], [(0.0140, 0.010), (0.0150, 0.052), (0.0130, 0.058), (0, 0.058)], (-0.058, 0.010, 0.058)),
        "crayon": ([(0, -0.052), (0.0090, -0.052), (0.0095, -0.048), (0.0095, 0.034), (0.0060, 0.036), (0.0028, 0.052), (0, 0.052)], [], (-0.052, 0.036, 0.052)),
        "fountain": ([(0, -0.066), (0.0070, -0.064), (0.0105, -0.040), (0.0115, 0.0), (0.0105, 0.004)], [(0.0122, 0.0), (0.0122, 0.030), (0.0090, 0.060), (0.0030, 0.066), (0, 0.066)], (-0.066, -0.035, 0.035, 0.066)),
        "double": ([(0.0095, -0.030), (0.0095, 0.030)], [(0.0108, 0.026), (0.0105, 0.056), (0.0085, 0.066), (0, 0.066)], (-0.066, 0.066)),
    }[shape]  # fmt: skip
    parts = [turned(outline, paint.main, 0.5)]
    if caps:
        parts.append(turned(caps, paint.main if shape == "double" else shade(paint.main, 0.75), 0.6))
    if shape == "double":  # a second cap at the other end
        parts += rotated([turned(caps, paint.accent, 0.6)], about("x", 180))
        parts.append(turned([(0.0098, -0.006), (0.0098, 0.006)], trim))
    elif shape == "crayon":
        parts += [turned([(0.0098, -0.044), (0.0098, 0.028)], shade(paint.main, 0.85), 0.1), turned([(0.0100, -0.036), (0.0100, -0.032)], paint.dark), turned([(0.0100, 0.016), (0.0100, 0.020)], paint.dark)]
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
    body = rounded_box(half, min(0.006, c * 0.9)) if shape != "oval" else lathe([(0, -c), (0.92, -c), (1.0, -c * 0.4), (1.0, c * 0.4), (0.92, c), (0, c)], 36)
    if shape == "oval":
        body = Mesh(body.vertices * (a, b, 1), body.faces, body.uv)
    elif shape == "waisted":
        pinch = 1 - 0.22 * np.exp(-(((body.vertices[:, 0] + 0.015) / 0.035) ** 2))
        body = Mesh(body.vertices * np.column_stack([np.ones_like(pinch), pinch, np.ones_like(pinch)]), body.faces, body.uv)
    parts: list[Part] = [skin(body, paint.main, gloss=0.4)]
    key: Rgba = paint.dark if paint.color != "black" else (0.55, 0.56, 0.58, 1.0)
    top = c + 0.0006
    red: Rgba = (0.85, 0.12, 0.10, 1.0) if paint.color != "red" else paint.pale
    if layout in ("grid", "dense"):
        columns = 3 if layout == "grid" else 4
        narrow = 0.80 if shape == "waisted" else 1.0
        for x in np.linspace(-a * 0.62, a * 0.42, 6 if a > 0.06 else 4):
            for y in np.linspace(-b * 0.58, b * 0.58, columns):
                parts.append(bar((0.0040, 0.0036 if columns == 3 else 0.0028, 0.0014), key, (x, y * narrow, top), 0.001))
        parts += [painted("cylinder", (0.0045, 0.0014), red, (a * 0.80, b * 0.52, top)), bar((0.0050, b * 0.26, 0.0014), paint.accent, (a * 0.62, 0, top), 0.001)]
    elif layout == "pad":
        parts += [painted("cylinder", (b * 0.60, 0.0012), key, (a * 0.42, 0, top)), painted("cylinder", (b * 0.26, 0.0020), paint.accent, (a * 0.42, 0, top)), painted("cylinder", (0.0036, 0.0014), red, (a * 0.86, b * 0.40 if shape != "oval" else 0.0, top))]
        for x in (-0.10, -0.34, -0.58):
            for y in (-0.42, 0.42):
                parts.append(painted("cylinder", (0.0040, 0.0014), key, (a * x, b * y, top)))
    elif layout == "screen":
        parts += [bar((a * 0.26, b * 0.74, 0.0010), (0.62, 0.70, 0.60, 1.0), (a * 0.50, 0, top), 0.0008), bar((0.0045, 0.0080, 0.0016), red, (a * 0.04, 0, top), 0.001)]
        for x in (-0.25, -0.50, -0.75):
            for y in (-0.5, 0.5):
                parts.append(bar((0.0036, 0.0070, 0.0014), key, (a * x, b * y, top), 0.001))
    else:
        parts += [painted("cylinder", (0.0080, 0.0018), key, (a * 0.36, 0, top)), painted("cylinder", (0.0080, 0.0018), red, (-a * 0.22, 0, top))]
        ring = [(-a - 0.002 - 0.008 + 0.008 * np.cos(t), 0.008 * np.sin(t), 0.0) for t in np.linspace(0, 2 * np.pi, 13)]
        parts.append(tube(ring, 0.0014, paint.steel, 25, gloss=1.0))
    parts.append(bar((0.0012, b * 0.55, c * 0.45), (0.20, 0.03, 0.06, 1.0), (a - 0.0004, 0, 0), 0.001, gloss=1.0))
    if shape == "oval":
        return [*parts, solid("box", (a * 0.72, b * 0.90, c)), solid("box", (a * 0.95, b * 0.50, c))]
    return [*parts, solid("box", (a, b * (0.90 if shape == "waisted" else 1.0), c))]


# Half edges [m] and what kind it is.
PHONES = {
    "smart": ((0.070, 0.034, 0.0065), "screen"),
    "keypad": ((0.056, 0.023, 0.0090), "keys"),
    "brick": ((0.070, 0.024, 0.0140), "antenna"),
    "handset": ((0.092, 0.020, 0.0130), "bone"),
    "mini": ((0.054, 0.027, 0.0070), "screen"),
    "slider": ((0.052, 0.026, 0.0075), "slid"),
    "flip": ((0.046, 0.025, 0.0065), "open"),
    "cordless": ((0.078, 0.023, 0.0120), "antenna"),
}


def phone(shape: str, paint: Paint) -> list[Part]:
    """A telephone lying on its back, its upper end at +x."""
    (a, b, c), kind = PHONES[shape]
    key: Rgba = paint.pale if paint.color not in ("white", "yellow") else paint.dark
    top = c + 0.0004
    if kind == "bone":  # the handset of a desk telephone
        parts = [tube([(-a, 0, -0.004), (-a * 0.6, 0, 0.010), (a * 0.6, 0, 0.010), (a, 0, -0.004)], (0.0120, 0.0105, 0.0095, 0.0105, 0.0120), paint.main, 20, 0.5, normal=(0, 1, 0))]
        for side in (-1, 1):
            at = (side * a * 0.90, 0, -0.006)
            parts += rotated([turned([(0, -0.013), (0.019, -0.013), (0.021, -0.008), (0.016, 0.010), (0, 0.012)], paint.main), turned([(0.0150, -0.0135), (0, -0.0135)][::-1], paint.dark)], (0, 0, 0, 1), at)
            parts.append(solid("cylinder", (0.0195, 0.0115), (at[0], 0, at[2] - 0.001)))
        return [*parts, solid("box", (a * 0.80, 0.0100, 0.0090), (0, 0, 0.009))]
    parts = [bar((a, b, c), paint.main, radius=min(0.007, c * 0.9), gloss=0.6)]
    solids = [solid("box", (a, b, c))]
    if kind == "screen":
        parts += [bar((a * 0.93, b * 0.90, 0.0008), SCREEN, (0, 0, top), 0.0006, gloss=1.0)]
        colors = (paint.accent, (0.25, 0.60, 0.90, 1.0), (0.95, 0.75, 0.20, 1.0), (0.40, 0.75, 0.40, 1.0))
        for i, x in enumerate(np.linspace(-0.60, 0.60, 5)):
            for j, y in enumerate((-0.55, -0.18, 0.18, 0.55)):
                if shape == "smart" or i % 2:
                    parts.append(bar((0.0042, 0.0042, 0.0006), colors[(i + 2 * j) % 4], (a * x, b * y, top + 0.0008), 0.0004))
        if shape == "mini":
            parts.append(painted("cylinder", (0.0042, 0.0008), paint.pale, (-a * 0.88, 0, top + 0.0002)))
    else:
        height = {"keys": 0.34, "antenna": 0.22, "slid": 0.0, "open": 0.0}[kind]
        if height:
            parts.append(bar((a * height, b * 0.78, 0.0010), (0.56, 0.70, 0.52, 1.0) if kind == "antenna" else SCREEN, (a * 0.48, 0, top), 0.0008, gloss=1.0))
        low, high = (-0.80, -0.05) if height else (-0.85, 0.30 if kind == "slid" else 0.75)
        for x in np.linspace(low, high, 4):
            for y in (-0.52, 0.0, 0.52):
                parts.append(bar((a * 0.065, b * 0.18, 0.0012), key, (a * x, b * y, top), 0.0008))
        if kind == "keys":
            parts.append(painted("cylinder", (0.0055, 0.0014), paint.accent, (a * 0.08, 0, top)))
        elif kind == "antenna":
            parts += [painted("cylinder", (0.0042, 0.016), paint.dark, (a + 0.014, b * 0.60, 0), ALONG_X), painted("sphere", (0.0042,), paint.dark, (a + 0.030, b * 0.60, 0))]
            parts += [bar((0.0016, b * 0.30, 0.0008), paint.dark, (a * (0.80 + 0.06 * k), 0, top), 0.0005) for k in range(3)]
            solids.append(rod((a, b * 0.60, 0), (a + 0.033, b * 0.60, 0), 0.0045, "cylinder", 0.3))
        elif kind == "slid":
            lid = (a * 0.42, 0, 2 * c)
            parts += [bar((a, b, c * 0.8), paint.main, lid, 0.005, gloss=0.6), bar((a * 0.84, b * 0.84, 0.0008), SCREEN, (lid[0], 0, lid[2] + c * 0.8 + 0.0002), 0.0006, gloss=1.0)]
            solids.append(solid("box", (a, b, c * 0.8), lid))
        else:  # open: a lid that stands at its hinge
            turn, lean = about("y", -28), np.radians(28)
            place = (a + 0.004 + a * np.cos(lean), 0, c * 0.4 + a * np.sin(lean))
            parts += [bar((a, b, c * 0.75), paint.main, place, 0.004, turn, 0.6)]
            up = np.array([-np.sin(lean), 0, np.cos(lean)]) * (c * 0.75 + 0.0004)
            parts += [bar((a * 0.74, b * 0.78, 0.0008), SCREEN, tuple(np.array(place) + up), 0.0006, turn, 1.0), painted("cylinder", (0.0062, b * 0.9), paint.steel, (a + 0.002, 0, 0.001), ALONG_Y)]
            solids.append(solid("box", (a, b, c * 0.75), place, turn))
    return [*parts, *solids]


# Length, width, height [m] and what kind it is.
STAPLERS = {
    "desk": (0.130, 0.032, 0.046, "desk"),
    "mini": (0.065, 0.026, 0.032, "desk"),
    "long": (0.190, 0.030, 0.042, "desk"),
    "plier": (0.140, 0.022, 0.060, "plier"),
    "round": (0.100, 0.042, 0.044, "round"),
    "upright": (0.110, 0.044, 0.052, "wedge"),
    "heavy": (0.170, 0.046, 0.066, "heavy"),
    "slim": (0.120, 0.024, 0.034, "desk"),
}


def stapler(shape: str, paint: Paint) -> list[Part]:
    """A stapler standing on its base, its mouth at +x."""
    length, width, height, kind = STAPLERS[shape]
    a, b, h = length / 2, width / 2, height / 2
    base = [bar((a, b, 0.0045), paint.dark, (0, 0, -h + 0.0045), 0.003), painted("cylinder", (b * 0.5, 0.0012), paint.steel, (a * 0.80, 0, -h + 0.0095), gloss=1.0)]
    solids = [solid("box", (a, b, 0.0045), (0, 0, -h + 0.0045))]
    lean = np.arctan2(height * 0.34, length)
    turn = about("y", -float(np.degrees(lean)))
    middle = (0.0, 0.0, 0.004)
    if kind == "plier":
        grip = [(-a, 0, -h + 0.008), (-a * 0.2, 0, -h + 0.012), (a * 0.4, 0, -0.004)]
        parts = [tube(grip, (0.008, 0.0085, 0.009), paint.main, 14, 0.9, normal=(0, 1, 0)), tube([(-a, 0, h * 0.75), (-a * 0.2, 0, h * 0.45), (a * 0.4, 0, 0.004)], (0.007, 0.0085, 0.009), paint.main, 14, 0.9, normal=(0, 1, 0))]
        parts += [bar((a * 0.34, b, 0.009), paint.steel, (a * 0.66, 0, 0.010), 0.003, gloss=1.0), bar((a * 0.34, b * 0.8, 0.005), paint.steel, (a * 0.66, 0, -0.010), 0.003, gloss=1.0), painted("cylinder", (0.006, b + 0.001), paint.dark, (a * 0.38, 0, 0), ALONG_Y)]
        parts.append(bar((a * 0.5, b * 0.7, 0.003), paint.dark, (0, 0, -h + 0.003), 0.001))
        return [*parts, solid("box", (a * 0.7, 0.0085, 0.010), (-a * 0.28, 0, -h * 0.58)), solid("box", (a * 0.35, b, 0.016), (a * 0.66, 0, 0.002)), solid("box", (a * 0.55, 0.0080, 0.0075), (-a * 0.42, 0, h * 0.55), about("y", 10)), solid("box", (a * 0.6, b * 0.9, 0.004), (0.1 * a, 0, -h + 0.004))]
    if kind == "round":
        dome = laid([turned([(0, -a * 0.92), (b * 0.7, -a * 0.85), (b * 0.98, -a * 0.3), (b * 0.90, a * 0.5), (b * 0.55, a * 0.95), (0, a)], paint.main, 0.7)])
        parts = [*base, *[Part("mesh", (), (0, 0, 0.000), p.quaternion, p.rgba, p.texture, p.mesh, False, gloss=0.7) for p in dome]]
        parts += [bar((a * 0.8, b * 0.55, 0.003), paint.steel, (0.1 * a, 0, -h + 0.013), 0.001, gloss=1.0)]
        return [*parts, *solids, solid("ellipsoid", (a * 0.95, b * 0.96, b * 0.96), (0, 0, 0.0))]
    tall = {"desk": h * 0.30, "wedge": h * 0.42, "heavy": h * 0.32}[kind]
    parts = [*base, bar((a * 0.98, b * 0.86, tall), paint.main, middle, min(0.006, tall * 0.8), turn, 0.7), bar((a * 0.94, b * 0.52, 0.003), paint.steel, (0.004, 0, middle[2] - tall - 0.0015), 0.001, turn, 1.0)]
    parts += [bar((0.010, b * 0.90, h * 0.62), paint.dark, (-a + 0.012, 0, -h * 0.40), 0.003)]
    if kind == "heavy":
        parts += [tube([(-a * 0.6, 0, h * 0.35), (a * 0.1, 0, h * 0.86), (a * 0.85, 0, h * 0.92)], (0.007, 0.0085, 0.0095), paint.main, 12, 0.6, normal=(0, 1, 0)), bar((0.016, b * 0.7, 0.004), paint.accent, (a * 0.80, 0, h * 0.98), 0.002)]
        solids.append(solid("box", (a * 0.75, 0.0085, 0.008), (a * 0.12, 0, h * 0.70), about("y", -10)))
    else:
        parts.append(bar((a * 0.20, b * 0.60, 0.0016), paint.accent, (a * 0.62, 0, middle[2] + np.tan(lean) * a * 0.62 + tall + 0.0005), 0.001, turn))
    if kind == "wedge":
        parts.append(bar((0.016, b * 0.87, h * 0.34), shade(paint.main, 0.75), (a * 0.78, 0, h * 0.40), 0.005))
    solids += [solid("box", (a * 0.98, b * 0.86, tall), middle, turn), solid("box", (0.012, b * 0.90, h * 0.62), (-a + 0.013, 0, -h * 0.40))]
    return [*parts, *solids]

# SPDX-License-Identifier: Apache-2.0
"""Further bottles, cans, boxes, jars and tubes."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.recipes.forms import WHITE, bar, blob, stack, tube, turned
from vla_ros.objects.shapes import lathe, rounded_box, smooth, sweep
from vla_ros.objects.solids import ALONG_X, painted, rod, skin, solid

BOTTLES = ("milk", "flask", "spray", "square", "pump")
CANS = ("paint", "aerosol", "sardine", "oil", "keg")
BOXES = ("shoe", "milk", "hexagonal", "gift", "matches")
JARS = ("cookie", "hexagonal", "mason", "ginger", "cream")
TUBES = ("ointment", "crimped", "standing", "glue", "sunscreen")


def bottle(shape: str, paint: Paint) -> list[Part]:
    """A closed bottle standing up."""
    lid = paint.accent if paint.style != 1 else paint.pale
    if shape == "square":
        half = (0.026, 0.026, 0.055)
        return [
            bar(half, paint.main, (0, 0, -0.025), 0.008, gloss=0.8),
            turned([(0.024, 0.024), (0.012, 0.040), (0.012, 0.058)], paint.main, 0.8),
            turned([(0.0145, 0.052), (0.0145, 0.075), (0, 0.075)], lid),
            bar((0.0265, 0.020, 0.018), paint.pale, (0, 0, -0.03), 0.002),
            solid("box", (0.026, 0.026, 0.055), (0, 0, -0.025)),
            solid("cylinder", (0.014, 0.024), (0, 0, 0.052), density=0.5),
        ]
    profile = {
        "milk": [(0.031, -0.090), (0.033, -0.050), (0.033, 0.010), (0.022, 0.045), (0.0185, 0.070), (0.0205, 0.088)],
        "flask": [(0.028, -0.075), (0.039, -0.050), (0.036, -0.018), (0.014, 0.012), (0.0115, 0.060), (0.0125, 0.075)],
        "spray": [(0.030, -0.080), (0.034, -0.050), (0.026, 0.000), (0.030, 0.020), (0.013, 0.048), (0.012, 0.058)],
        "pump": [(0.030, -0.068), (0.031, -0.040), (0.031, 0.020), (0.020, 0.036), (0.0125, 0.044), (0.0125, 0.052)],
    }[shape]
    low, top = profile[0][1], profile[-1][1]
    smoothed = smooth(profile, 24)
    parts = [turned([(0, low), (profile[0][0] - 0.004, low), *smoothed, (0, top)], paint.main, 0.8)]
    cuts = {
        "milk": (low, 0.02, 0.05, top),
        "flask": (low, -0.015, 0.02, top),
        "spray": (low, 0.03, top),
        "pump": (low, 0.03, top),
    }[shape]
    parts += stack(smoothed, cuts)
    if shape == "milk":
        parts += [
            turned([(0.0215, top - 0.002), (0.0215, top + 0.010), (0, top + 0.011)], lid),
            solid("cylinder", (0.021, 0.006), (0, 0, top + 0.005)),
        ]
    elif shape == "flask":
        parts += [
            turned([(0.012, top - 0.002), (0.013, top + 0.018), (0, top + 0.019)], paint.wood),
            solid("cylinder", (0.0125, 0.010), (0, 0, top + 0.009)),
        ]
    elif shape == "spray":
        parts += [
            turned([(0.016, top - 0.008), (0.016, top + 0.010)], lid),
            bar((0.026, 0.010, 0.009), lid, (0.010, 0, top + 0.020), 0.004),
            painted("cylinder", (0.0055, 0.006), paint.dark, (0.040, 0, top + 0.022), ALONG_X),
            tube(
                [(0.022, 0, top + 0.012), (0.028, 0, top - 0.004), (0.024, 0, top - 0.016)],
                0.004,
                lid,
                normal=(0, 1, 0),
            ),
            solid("box", (0.026, 0.010, 0.014), (0.010, 0, top + 0.015), density=0.4),
        ]
    else:
        parts += [
            turned([(0.0145, top - 0.006), (0.0145, top + 0.008)], lid),
            turned([(0.004, top + 0.006), (0.004, top + 0.024)], paint.pale),
            bar((0.020, 0.0075, 0.005), lid, (0.010, 0, top + 0.028), 0.003),
            solid("box", (0.020, 0.0075, 0.014), (0.010, 0, top + 0.019), density=0.4),
        ]
    return parts


def can(shape: str, paint: Paint) -> list[Part]:
    """A can standing up, with metal ends and a printed side."""
    if shape == "sardine":
        half = (0.036, 0.026, 0.0125)
        return [
            skin(rounded_box(half, 0.010), WHITE, paint.picture(64, 96), gloss=0.8),
            bar((0.0345, 0.0245, 0.0012), paint.steel, (0, 0, half[2]), 0.001, gloss=1.0),
            painted("cylinder", (0.008, 0.0008), shade(paint.steel, 0.7), (0.020, 0, half[2] + 0.0015), gloss=1.0),
            bar((0.012, 0.004, 0.0008), shade(paint.steel, 0.7), (0.008, 0, half[2] + 0.0018), 0.0005, gloss=1.0),
            solid("box", half),
        ]
    radius, h = {"paint": (0.0325, 0.038), "aerosol": (0.0255, 0.066), "oil": (0.0300, 0.030), "keg": (0.0350, 0.052)}[
        shape
    ]
    side: list[tuple[float, ...]] = [(radius, -h), (radius, h)]
    if shape == "keg":
        side = smooth([(radius * 0.86, -h), (radius, -h * 0.3), (radius, h * 0.3), (radius * 0.86, h)], 12)
    parts = [
        turned(side, WHITE, 0.8, paint.picture(64, 128)),
        turned([(radius - 0.003, -h), (0, -h)][::-1], paint.steel, 1.0),
        turned([(radius * 0.9, h - 0.001), (0, h - 0.001)], paint.steel, 1.0),
    ]
    parts += stack(side, (-h, 0.0, h) if shape == "keg" else (-h, h), share=1.0)
    if shape in ("paint", "keg"):
        for z in (-h + 0.003, h - 0.003):
            rim = side[0][0] if shape == "keg" else radius
            parts.append(
                turned([(rim + 0.0004, z - 0.003), (rim + 0.0018, z), (rim + 0.0004, z + 0.003)], paint.steel, 1.0)
            )
    if shape == "paint":
        arc = [(0, (radius + 0.001) * np.cos(a), h * 0.55 - 0.030 * np.sin(a)) for a in np.linspace(0, np.pi, 9)]
        parts.append(
            tube(
                [(x + radius * 0.0 + 0.9 * radius * np.sin(np.pi * i / 8), y, z) for i, (x, y, z) in enumerate(arc)],
                0.0014,
                paint.steel,
                20,
            )
        )
    elif shape == "aerosol":
        parts += [
            turned(smooth([(radius, h), (radius * 0.85, h + 0.008), (0.011, h + 0.012)], 8), paint.steel, 1.0),
            turned([(0.0125, h + 0.010), (0.0125, h + 0.026), (0.010, h + 0.030), (0, h + 0.030)], paint.accent),
            painted("cylinder", (0.002, 0.001), paint.dark, (0.0122, 0, h + 0.022), ALONG_X),
            solid("cylinder", (0.0125, 0.014), (0, 0, h + 0.016), density=0.4),
        ]
    elif shape == "oil":
        parts += [
            turned([(radius, h), (0.008, h + 0.022), (0.006, h + 0.026)], paint.main, 0.8),
            turned([(0.0050, h + 0.022), (0.0030, h + 0.060)], paint.steel, 1.0),
            solid("cylinder", (0.018, 0.011), (0, 0, h + 0.009), density=0.5),
            solid("cylinder", (0.0055, 0.020), (0, 0, h + 0.040), density=0.3),
        ]
    return parts


def box(shape: str, paint: Paint) -> list[Part]:
    """A cardboard box standing on its base, printed on all sides."""
    picture = paint.picture(96, 96)
    if shape == "milk":  # a gable on top
        half, ridge = (0.030, 0.030, 0.045), 0.022
        top = half[2]
        roof = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0), (-1, 0, 1), (1, 0, 1)]) * (
            half[0],
            half[1],
            ridge,
        )
        faces = [(0, 1, 5), (0, 5, 4), (2, 3, 4), (2, 4, 5), (1, 2, 5), (3, 0, 4)]
        return [
            skin(rounded_box(half, 0.0015, 2), WHITE, picture),
            skin(
                Mesh(roof[np.array(faces).ravel()], np.arange(18, dtype=np.int32).reshape(-1, 3)),
                paint.main,
                position=(0, 0, top),
            ),
            bar((half[0], 0.002, 0.006), paint.pale, (0, 0, top + ridge + 0.004), 0.001),
            painted("cylinder", (0.008, 0.002), paint.accent, (0, -0.016, top + 0.012), (0.28, 0, 0, 0.96)),
            solid("box", half),
            solid("box", (half[0], 0.013, ridge / 2), (0, 0, top + ridge / 2), density=0.4),
            solid("box", (half[0], 0.0025, 0.006), (0, 0, top + ridge + 0.004), density=0.3),
        ]
    if shape == "hexagonal":
        profile = [(0, -0.030), (0.036, -0.030), (0.036, 0.020), (0, 0.020)]
        cover = lathe([(0.038, 0.012), (0.038, 0.030), (0, 0.030)], 6)
        return [
            skin(lathe(profile[1:3], 6), WHITE, picture),
            skin(lathe(profile[:2], 6), paint.main),
            skin(cover, paint.accent),
            Part("mesh", mesh=lathe([(0, -0.030), (0.036, -0.030), (0.037, 0.030), (0, 0.030)], 6), visible=False),
        ]
    half = {"shoe": (0.036, 0.060, 0.020), "gift": (0.033, 0.033, 0.033), "matches": (0.024, 0.045, 0.014)}[shape]
    parts = [skin(rounded_box(half, 0.0015, 2), WHITE, picture), solid("box", half)]
    if shape == "shoe":  # a lid that laps over
        parts[0] = skin(rounded_box((half[0], half[1], half[2]), 0.0015, 2), WHITE, picture)
        parts += [
            bar((half[0] + 0.002, half[1] + 0.002, 0.007), paint.main, (0, 0, half[2] - 0.004), 0.001),
            bar((half[0] + 0.0022, half[1] * 0.5, 0.004), paint.accent, (0, 0, half[2] - 0.004), 0.001),
            solid("box", (half[0] + 0.002, half[1] + 0.002, 0.007), (0, 0, half[2] - 0.004), density=0.3),
        ]
    elif shape == "gift":  # ribbons and a bow
        for size in ((half[0] + 0.0006, 0.005, half[2] + 0.0006), (0.005, half[1] + 0.0006, half[2] + 0.0006)):
            parts.append(bar(size, paint.accent, radius=0.0005))
        for a in (0.4, 1.97, 3.54, 5.11):
            at = (0.009 * np.cos(a), 0.009 * np.sin(a), half[2] + 0.006)
            parts.append(blob((0.010, 0.005, 0.006), paint.accent, at, 0.5, (0, 0, np.sin(a / 2), np.cos(a / 2))))
        parts.append(solid("cylinder", (0.014, 0.006), (0, 0, half[2] + 0.005), density=0.2))
    else:  # a drawer that stands out, a striking side
        parts += [
            bar((half[0] * 0.90, 0.006, half[2] * 0.80), paint.pale, (0, half[1] + 0.003, 0), 0.001),
            bar((0.0006, half[1] * 0.96, half[2] * 0.7), (0.30, 0.18, 0.14, 1.0), (half[0], 0, 0), 0.0003),
            solid("box", (half[0] * 0.90, 0.006, half[2] * 0.80), (0, half[1] + 0.003, 0), density=0.3),
        ]
    return parts


def jar(shape: str, paint: Paint) -> list[Part]:
    """A jar with a lid, standing up."""
    cover = paint.accent if paint.style else paint.steel
    if shape == "hexagonal":
        body = [(0, -0.038), (0.034, -0.038), (0.035, -0.034), (0.035, 0.014), (0.026, 0.022), (0.026, 0.026)]
        lid = [(0.029, 0.022), (0.029, 0.037), (0.027, 0.038), (0, 0.038)]
        return [
            skin(lathe(body, 6), paint.main, gloss=0.9),
            turned(lid, cover, 0.7),
            bar((0.013, 0.0315, 0.014), paint.pale, (0, 0, -0.012), 0.001),
            Part("mesh", mesh=lathe([(0, -0.038), (0.035, -0.038), (0.035, 0.016), (0, 0.016)], 6), visible=False),
            solid("cylinder", (0.028, 0.011), (0, 0, 0.027), density=0.5),
        ]
    profile, lid, cuts = {
        "cookie": (
            [(0.030, -0.036), (0.0385, -0.012), (0.036, 0.018), (0.030, 0.030)],
            [(0.033, 0.028), (0.030, 0.034), (0.016, 0.040), (0.005, 0.041)],
            (-0.036, 0.0, 0.034),
        ),
        "mason": (
            [(0.033, -0.045), (0.034, -0.035), (0.034, 0.015), (0.031, 0.025), (0.0265, 0.030)],
            [(0.0285, 0.027), (0.0285, 0.045), (0.026, 0.046), (0, 0.046)],
            (-0.045, 0.022, 0.046),
        ),
        "ginger": (
            [(0.020, -0.042), (0.027, -0.025), (0.039, 0.010), (0.034, 0.026), (0.019, 0.034)],
            [(0.022, 0.032), (0.022, 0.038), (0.013, 0.046), (0, 0.048)],
            (-0.042, -0.008, 0.030, 0.046),
        ),
        "cream": (
            [(0.034, -0.018), (0.036, -0.012), (0.036, 0.004), (0.034, 0.006)],
            [(0.037, 0.004), (0.037, 0.020), (0.035, 0.022), (0, 0.022)],
            (-0.018, 0.004, 0.022),
        ),
    }[shape]
    low = profile[0][1]
    outline = profile if shape in ("mason", "cream") else smooth(profile, 18)
    parts = [turned([(0, low), (profile[0][0] - 0.003, low), *outline], paint.main, 0.9), turned(lid, cover, 0.7)]
    parts += stack([*outline, *[(r, z) for r, z in lid if r > 0.01]], cuts)
    if shape == "cookie":
        parts += [
            painted("sphere", (0.010,), cover, (0, 0, 0.048), gloss=0.7),
            solid("sphere", (0.010,), (0, 0, 0.048), density=0.5),
        ]
    elif shape == "mason":
        for z in (-0.028, 0.004):
            parts.append(turned([(0.0342, z - 0.001), (0.0352, z), (0.0342, z + 0.001)], shade(paint.main, 0.7), 0.9))
        parts.append(bar((0.0348, 0.014, 0.008), paint.pale, (0, 0, -0.012), 0.001))
    elif shape == "ginger":
        parts.append(turned([(0.0385, 0.002), (0.0396, 0.010), (0.0385, 0.016)], paint.accent, 0.9))
    return parts


def tube_pack(shape: str, paint: Paint) -> list[Part]:
    """A squeezable tube along x, lying flat, cap at +x."""
    length, radius, cap, grip, flat = {
        "ointment": (0.090, 0.0125, 0.014, 0.55, 0.10),
        "crimped": (0.135, 0.0175, 0.012, 0.50, 0.10),
        "standing": (0.115, 0.0215, 0.018, 1.02, 0.10),
        "glue": (0.125, 0.0160, 0.034, 0.45, 0.12),
        "sunscreen": (0.120, 0.0220, 0.026, 0.80, 0.22),
    }[shape]
    start, end = -length / 2, length / 2 - cap
    t = np.linspace(0, 1, 12)
    x = start + t * (end - start)
    flatness = flat + (1 - flat) * np.clip(t * 1.15, 0, 1) ** 0.9
    wide = radius * (1.25 - 0.25 * t)
    shoulder = np.clip((1 - t) / 0.08, 0.55, 1) if shape in ("crimped", "glue", "ointment") else np.ones(12)
    lid = paint.accent if paint.style else paint.pale
    lid = paint.accent if paint.color == "white" else lid
    cone = {"glue": [(0, 0), (radius * 0.6, 0), (radius * 0.5, cap * 0.3), (0.0025, cap), (0, cap)]}.get(
        shape, [(0, 0), (radius * grip, 0), (radius * grip * (1.0 if shape == "standing" else 0.9), cap), (0, cap)]
    )
    middle = end - (end - start) * 0.4
    parts = [
        skin(sweep([(v, 0, 0) for v in x], wide * shoulder, 20, flatness), paint.main, gloss=0.6),
        skin(lathe(cone), lid, position=(end, 0, 0), quaternion=ALONG_X),
        solid("box", ((end - middle) / 2, radius * 0.78, radius * 0.93), ((end + middle) / 2, 0, 0)),
        solid("box", ((middle - start) / 2, radius * 1.12, radius * 0.48), ((middle + start) / 2, 0, 0), density=0.6),
        rod((end, 0, 0), (end + cap, 0, 0), radius * (grip if shape != "glue" else 0.36) * 0.97, "cylinder"),
    ]
    if shape in ("crimped", "ointment"):  # a folded end of metal
        parts.append(bar((0.005, radius * 1.25, 0.0028), paint.steel, (start + 0.004, 0, 0), 0.001, gloss=1.0))
    else:
        parts.append(bar((0.004, radius * 1.25, 0.0024), shade(paint.main, 0.75), (start + 0.003, 0, 0), 0.001))
    band = slice(4, 8) if shape != "sunscreen" else slice(3, 5)
    parts.append(
        skin(
            sweep([(v, 0, 0) for v in x[band]], wide[band] * 1.015, 20, flatness[band]),
            paint.accent if paint.style != 2 else paint.pale,
            gloss=0.6,
        )
    )
    return parts

# SPDX-License-Identifier: Apache-2.0
"""Further balls, cars and blocks; trains, boats, airplanes, rockets, ducks."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Mesh, Part
from vla_ros.objects.recipes.forms import WHITE, about, bar, blob, laid, plate, stack, tube, turned
from vla_ros.objects.shapes import lathe, smooth, sphere_profile
from vla_ros.objects.solids import ALONG_X, ALONG_Y, both, painted, rod, skin, solid

GLASS: Rgba = (0.13, 0.17, 0.22, 1.0)
BALLS = ("basket", "soccer", "golf", "volley", "bumpy")
CARS = ("bus", "jeep", "racer", "dumper", "beetle")
BLOCKS = ("arch", "roof", "cylinder", "cross", "stairs")


def ball(shape: str, paint: Paint) -> list[Part]:
    """A ball."""
    radius = {"basket": 0.0335, "soccer": 0.0330, "golf": 0.0230, "volley": 0.0325, "bumpy": 0.0290}[shape]
    if shape == "bumpy":
        parts: list[Part] = [blob((radius - 0.002,) * 3, paint.main, gloss=0.2)]
        count = 40
        for k in range(count):  # nubs, evenly spread
            z = 1 - 2 * (k + 0.5) / count
            a, r = k * 2.399963, np.sqrt(1 - z * z)
            parts.append(painted("sphere", (0.0042,), paint.accent if k % 5 == 0 else paint.main, tuple((radius - 0.0042) * np.array([r * np.cos(a), r * np.sin(a), z])), gloss=0.2))
        return [*parts, solid("sphere", (radius,))]
    v, u = np.mgrid[0:64, 0:128] / np.array([64, 128]).reshape(2, 1, 1)
    polar, around = np.pi * v, 2 * np.pi * u
    points = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], -1)
    image = np.empty((64, 128, 3))
    image[:] = paint.main[:3] if paint.decoration == "plain" else paint.picture(64, 128) / 255
    dark = np.array(paint.dark[:3]) if paint.color != "black" else np.array(paint.pale[:3])
    x, y, z = np.moveaxis(points, -1, 0)
    if shape == "basket":
        seams = np.minimum.reduce([np.abs(x), np.abs(y), np.abs(np.hypot(x + 0.95, z * 0.8) - 0.75), np.abs(np.hypot(x - 0.95, z * 0.8) - 0.75)])
        image[seams < 0.045] = dark
    elif shape == "soccer":
        golden = (1 + 5**0.5) / 2
        corners = np.array([(0, a, b * golden) for a in (-1, 1) for b in (-1, 1)])
        corners = np.concatenate([np.roll(corners, k, axis=1) for k in range(3)]) / np.hypot(1, golden)
        image[(points @ corners.T).max(axis=-1) > 0.955] = dark
    elif shape == "volley":
        axis = np.argmax(np.abs(points), axis=-1)
        across = np.take_along_axis(points, ((axis + 1) % 3)[..., None], -1)[..., 0] / np.take_along_axis(np.abs(points), axis[..., None], -1)[..., 0]
        image[np.abs(across) < 0.36] = paint.accent[:3]
        image[(np.abs(np.abs(across) - 0.36) < 0.04) | (np.abs(np.abs(across) - 0.97) < 0.05)] = np.array(paint.main[:3]) * 0.55
    else:  # dimples
        field = np.sin(22 * polar) * np.sin(np.round(22 * np.sin(polar)) * around)
        image[field > 0.45] *= 0.72
    texture = (np.clip(image, 0, 1) * 255).astype(np.uint8)
    return [skin(lathe(sphere_profile(radius, count=19), 36), WHITE, texture[::-1], gloss=0.4), solid("sphere", (radius,))]


def _wheel(x: float, y: float, z: float, radius: float, half: float, paint: Paint) -> list[Part]:
    return [both("cylinder", (radius, half), paint.dark, (x, y, z), ALONG_Y, 0.1), painted("cylinder", (radius * 0.5, half + 0.0004), paint.steel, (x, y, z), ALONG_Y, 1.0)]


def car(shape: str, paint: Paint) -> list[Part]:
    """A toy car standing on its wheels, front at +x."""
    parts: list[Part] = []
    wheels, radius, w = ((-0.030, 0.030), 0.0115, 0.0235)
    floor = -0.010
    if shape == "bus":
        parts += [bar((0.056, 0.0220, 0.0200), paint.main, (0, 0, 0.012), 0.005, gloss=0.9), bar((0.0563, 0.0180, 0.0060), GLASS, (0, 0, 0.020), 0.002, gloss=1.0)]
        parts += [bar((0.0070, 0.0223, 0.0060), GLASS, (x, 0, 0.020), 0.001, gloss=1.0) for x in (-0.042, -0.021, 0.0, 0.021, 0.042)]
        parts += [bar((0.0562, 0.0222, 0.0016), paint.accent, (0, 0, 0.006), 0.0005), solid("box", (0.056, 0.022, 0.020), (0, 0, 0.012))]
        wheels = (-0.034, 0.034)
    elif shape == "jeep":
        parts += [
            bar((0.045, 0.0225, 0.0085), paint.main, (0, 0, 0.000), 0.002), bar((0.017, 0.0215, 0.0050), paint.main, (0.027, 0, 0.010), 0.002),
            bar((0.001, 0.0200, 0.0080), GLASS, (0.009, 0, 0.018), 0.0005, about("y", 12)), bar((0.010, 0.007, 0.006), paint.dark, (-0.010, 0.010, 0.012), 0.002),
            bar((0.010, 0.007, 0.006), paint.dark, (-0.010, -0.010, 0.012), 0.002),
            tube([(-0.026, -0.020, 0.008), (-0.028, -0.018, 0.028), (-0.028, 0.018, 0.028), (-0.026, 0.020, 0.008)], 0.0020, paint.dark, 18, normal=(1, 0, 0)),
            painted("cylinder", (0.0120, 0.0045), paint.dark, (-0.049, 0, 0.006), ALONG_X), painted("cylinder", (0.0055, 0.0049), paint.accent, (-0.049, 0, 0.006), ALONG_X),
            solid("box", (0.045, 0.0225, 0.0100), (0, 0, 0.0015)), solid("box", (0.010, 0.0215, 0.013), (-0.020, 0, 0.015), density=0.2),
        ]  # fmt: skip
        radius, w = 0.0140, 0.0245
        wheels = (-0.029, 0.030)
    elif shape == "racer":
        parts += [
            tube([(-0.052, 0, 0.000), (-0.02, 0, 0.003), (0.020, 0, -0.001), (0.058, 0, -0.004)], (0.0120, 0.0155, 0.0125, 0.0050), paint.main, 18, 0.9, 0.72),
            bar((0.006, 0.0245, 0.0014), paint.accent, (0.056, 0, -0.006), 0.001), bar((0.008, 0.0220, 0.0014), paint.accent, (-0.052, 0, 0.018), 0.001),
            bar((0.005, 0.0014, 0.0085), paint.accent, (-0.052, 0.012, 0.010), 0.0008), bar((0.005, 0.0014, 0.0085), paint.accent, (-0.052, -0.012, 0.010), 0.0008),
            painted("sphere", (0.0075,), paint.accent, (-0.008, 0, 0.013), gloss=0.9), painted("ellipsoid", (0.004, 0.006, 0.003), GLASS, (-0.002, 0, 0.014), gloss=1.0),
            solid("box", (0.056, 0.0125, 0.0085), (0, 0, 0.000)), solid("box", (0.009, 0.0220, 0.010), (-0.052, 0, 0.010), density=0.2),
        ]  # fmt: skip
        w = 0.0200
        wheels, floor = (-0.036, 0.036), -0.004
    elif shape == "dumper":
        bed = [(-0.052, 0.006), (0.006, 0.006), (0.012, 0.026), (-0.058, 0.026)]
        side = plate(bed, 0.0225, paint.main, 0.4)
        parts += [
            Part("mesh", (), (0, 0, 0), about("x", 90), side.rgba, None, side.mesh, False, gloss=0.4),
            bar((0.026, 0.0190, 0.0015), shade(paint.main, 0.5), (-0.022, 0, 0.0262), 0.001),
            bar((0.052, 0.0170, 0.0055), paint.dark, (0, 0, -0.004), 0.002),
            bar((0.0165, 0.0210, 0.0170), paint.accent, (0.036, 0, 0.010), 0.004, gloss=0.9), bar((0.0168, 0.0170, 0.0055), GLASS, (0.0365, 0, 0.018), 0.001, gloss=1.0),
            solid("box", (0.032, 0.0225, 0.011), (-0.022, 0, 0.015)), solid("box", (0.0165, 0.0210, 0.0170), (0.036, 0, 0.010)), solid("box", (0.050, 0.0170, 0.0055), (0, 0, -0.004)),
        ]  # fmt: skip
        wheels, radius = (-0.034, 0.036), 0.0130
    else:  # beetle: round all over
        parts += [
            blob((0.050, 0.0225, 0.0155), paint.main, (0, 0, 0.002), 0.9), blob((0.027, 0.0190, 0.0200), paint.main, (-0.004, 0, 0.011), 0.9),
            blob((0.0230, 0.0194, 0.0090), GLASS, (-0.004, 0, 0.0205), 1.0), blob((0.0190, 0.0150, 0.0060), paint.main, (-0.004, 0, 0.0270), 0.9),
            solid("ellipsoid", (0.050, 0.0225, 0.0155), (0, 0, 0.002)), solid("ellipsoid", (0.027, 0.0190, 0.0200), (-0.004, 0, 0.011), density=0.4),
        ]  # fmt: skip
        for side in (-1, 1):
            for x in (-0.030, 0.030):
                parts.append(blob((0.0165, 0.0050, 0.0130), shade(paint.main, 0.85), (x, side * 0.0205, -0.003), 0.9))
        radius = 0.0110
    for side in (-1, 1):
        for x in wheels:
            parts += _wheel(x, side * (w - 0.003), floor, radius, 0.0050, paint)
        front = {"racer": 0.0}.get(shape, 1.0)
        if front:
            parts.append(painted("sphere", (0.0038,), (1, 0.95, 0.7, 1), ({"bus": 0.0555, "jeep": 0.0435, "dumper": 0.0515, "beetle": 0.0440}[shape], side * 0.0135, 0.004), gloss=1.0))
    return parts


def block(shape: str, paint: Paint) -> list[Part]:
    """A toy building block."""
    if shape == "cylinder":
        return [turned([(0, -0.030), (0.0195, -0.030), (0.0210, -0.0285), (0.0210, 0.0285), (0.0195, 0.030), (0, 0.030)], paint.main, 0.3), solid("cylinder", (0.021, 0.030))]
    if shape == "roof":
        half = np.array([0.030, 0.022, 0.016])
        corners = np.array([(-1, -1, -1), (1, -1, -1), (1, 1, -1), (-1, 1, -1), (-1, 0, 1), (1, 0, 1)]) * half
        faces = np.array([(0, 2, 1), (0, 3, 2), (0, 1, 5), (0, 5, 4), (2, 3, 4), (2, 4, 5), (1, 2, 5), (3, 0, 4)])
        drawn = Mesh(corners[faces.ravel()], np.arange(24, dtype=np.int32).reshape(-1, 3), np.tile([(0.1, 0.1), (0.9, 0.1), (0.5, 0.9)], (8, 1)))
        return [skin(drawn, paint.main, gloss=0.3), Part("mesh", mesh=Mesh(corners, faces.astype(np.int32)), visible=False)]
    if shape == "arch":
        parts = []
        for side in (-1, 1):
            parts += [bar((0.0095, 0.015, 0.021), paint.main, (side * 0.0265, 0, 0), 0.002), solid("box", (0.0095, 0.015, 0.021), (side * 0.0265, 0, 0))]
        parts += [bar((0.019, 0.015, 0.0055), paint.main, (0, 0, 0.0155), 0.001), solid("box", (0.019, 0.015, 0.0055), (0, 0, 0.0155))]
        for side in (-1, 1):
            parts.append(bar((0.0055, 0.0149, 0.0055), paint.main, (side * 0.0150, 0, 0.0085), 0.001, about("y", 45)))
        return parts
    if shape == "cross":
        parts = []
        for half in ((0.033, 0.0115, 0.0115), (0.0115, 0.033, 0.0115)):
            parts += [bar(half, paint.main, radius=0.002), solid("box", half)]
        return parts
    parts = []
    for k in range(3):  # stairs
        half = (0.033 - 0.011 * k, 0.018, 0.0075)
        place = (-0.011 * k, 0, -0.015 + 0.015 * k)
        parts += [bar(half, paint.main, place, 0.0012), solid("box", half, place)]
    return parts


TRAINS = ("steam", "tank", "diesel", "wagon", "bullet", "tram", "caboose", "tanker")


def train(shape: str, paint: Paint) -> list[Part]:
    """A toy train's engine or wagon on its wheels, front at +x."""
    base = [bar((0.052, 0.0185, 0.0045), paint.dark, (0, 0, -0.008), 0.001), solid("box", (0.052, 0.0185, 0.0045), (0, 0, -0.008))]
    brass: Rgba = (0.80, 0.62, 0.25, 1.0)
    parts: list[Part] = [*base]
    if shape in ("steam", "tank"):
        boiler = 0.0155 if shape == "steam" else 0.0130
        parts += [
            *laid([turned([(0, -0.030), (boiler, -0.030), (boiler, 0.030), (boiler - 0.002, 0.032), (0, 0.032)], paint.main, 0.8), turned([(boiler + 0.0004, -0.004), (boiler + 0.0012, -0.002), (boiler + 0.0012, 0.002), (boiler + 0.0004, 0.004)], brass, 1.0)], (0.018, 0, boiler - 0.002)),
            bar((0.0170, 0.0190, 0.0200), paint.main if shape == "steam" else paint.accent, (-0.032, 0, 0.016), 0.002), bar((0.0190, 0.0210, 0.0020), paint.accent, (-0.032, 0, 0.0375), 0.001),
            bar((0.0090, 0.0193, 0.0065), GLASS, (-0.032, 0, 0.024), 0.001), painted("sphere", (0.006,), brass, (0.010, 0, 2 * boiler), gloss=1.0),
            rod((-0.012, 0, boiler - 0.002), (0.050, 0, boiler - 0.002), boiler, "cylinder"), solid("box", (0.0175, 0.0190, 0.0220), (-0.032, 0, 0.018)),
        ]  # fmt: skip
        chimney = [(0.005, 0.0), (0.005, 0.012), (0.0085, 0.018), (0.0085, 0.020), (0.006, 0.020)] if shape == "steam" else [(0.0065, 0.0), (0.0065, 0.010), (0.0075, 0.011)]
        at = (0.036, 0, 2 * boiler - 0.004)
        parts += [Part("mesh", (), at, (0, 0, 0, 1), paint.dark, None, lathe(chimney), False), solid("cylinder", (0.006, 0.010), (0.036, 0, at[2] + 0.009), density=0.3)]
        if shape == "tank":
            for side in (-1, 1):
                parts.append(bar((0.024, 0.0055, 0.0090), paint.main, (0.012, side * 0.0135, 0.008), 0.002))
        else:
            parts.append(bar((0.005, 0.0170, 0.004), (0.75, 0.10, 0.10, 1.0), (0.053, 0, -0.011), 0.001, about("y", 25)))
    elif shape == "diesel":
        parts += [bar((0.050, 0.0185, 0.0140), paint.main, (0, 0, 0.009), 0.003, gloss=0.9), bar((0.0150, 0.0187, 0.0070), paint.main, (0.020, 0, 0.026), 0.003), bar((0.0155, 0.0150, 0.0042), GLASS, (0.020, 0, 0.027), 0.001), bar((0.0502, 0.0187, 0.0030), paint.accent, (0, 0, 0.005), 0.0005)]
        parts += [bar((0.012, 0.010, 0.002), shade(paint.main, 0.6), (-0.022, 0, 0.024), 0.001), solid("box", (0.050, 0.0185, 0.0140), (0, 0, 0.009)), solid("box", (0.0150, 0.0187, 0.0070), (0.020, 0, 0.026), density=0.4)]
    elif shape == "wagon":  # open, with a load
        for size, at in (((0.046, 0.0016, 0.012), (0, 0.0170, 0.008)), ((0.046, 0.0016, 0.012), (0, -0.0170, 0.008)), ((0.0016, 0.0170, 0.012), (0.046, 0, 0.008)), ((0.0016, 0.0170, 0.012), (-0.046, 0, 0.008))):
            parts.append(bar(size, paint.main, at, 0.001))
        for k in range(16):
            parts.append(painted("sphere", (0.0085,), (0.16, 0.15, 0.15, 1.0) if k % 3 else (0.28, 0.27, 0.26, 1.0), (-0.036 + 0.010 * (k % 8), -0.008 + 0.016 * (k // 8), 0.013), gloss=0.1))
        parts.append(solid("box", (0.0475, 0.0185, 0.0130), (0, 0, 0.008)))
    elif shape == "bullet":
        parts += [tube([(-0.056, 0, 0.010), (0.0, 0, 0.010), (0.035, 0, 0.008), (0.066, 0, -0.002)], (0.0190, 0.0190, 0.0175, 0.0040), paint.main, 20, 0.95), bar((0.030, 0.0193, 0.0036), GLASS, (-0.018, 0, 0.015), 0.001, gloss=1.0), painted("ellipsoid", (0.012, 0.010, 0.005), GLASS, (0.040, 0, 0.018), (0, 0.2, 0, 0.98), 1.0), bar((0.050, 0.0194, 0.0018), paint.accent, (-0.006, 0, 0.006), 0.0005)]
        parts += [solid("box", (0.050, 0.0175, 0.0170), (-0.006, 0, 0.010)), solid("box", (0.010, 0.0110, 0.0090), (0.052, 0, 0.001), density=0.6)]
    elif shape == "tram":
        parts += [bar((0.050, 0.0180, 0.0180), paint.main, (0, 0, 0.013), 0.004), bar((0.0503, 0.0150, 0.0055), GLASS, (0, 0, 0.020), 0.001), bar((0.0440, 0.0160, 0.0020), paint.accent, (0, 0, 0.032), 0.001)]
        parts += [bar((0.0075, 0.0183, 0.0060), GLASS, (x, 0, 0.020), 0.001) for x in (-0.036, -0.018, 0.0, 0.018, 0.036)]
        for a, b in (((-0.012, 0, 0.034), (0.0, 0, 0.046)), ((0.012, 0, 0.034), (0.0, 0, 0.046))):
            parts.append(tube([a, b], 0.0013, paint.dark, 4, normal=(0, 1, 0)))
        parts += [bar((0.0012, 0.010, 0.0012), paint.dark, (0, 0, 0.0465), 0.0005), solid("box", (0.050, 0.0180, 0.0190), (0, 0, 0.014))]
    elif shape == "caboose":
        parts += [bar((0.036, 0.0180, 0.0160), paint.main, (0, 0, 0.011), 0.001), bar((0.050, 0.0205, 0.0018), paint.accent, (0, 0, 0.028), 0.001), bar((0.0120, 0.0150, 0.0070), paint.main, (0, 0, 0.036), 0.001), bar((0.0150, 0.0175, 0.0016), paint.accent, (0, 0, 0.044), 0.001)]
        parts += [bar((0.0050, 0.0183, 0.0050), GLASS, (x, 0, 0.013), 0.001) for x in (-0.022, 0.0, 0.022)]
        for x in (-0.048, 0.048):
            parts.append(bar((0.0010, 0.0170, 0.0070), paint.accent, (x, 0, 0.002), 0.0005))
        parts += [solid("box", (0.050, 0.0185, 0.0170), (0, 0, 0.012)), solid("box", (0.0150, 0.0170, 0.0085), (0, 0, 0.0365), density=0.4)]
    else:  # tanker: a barrel on a wagon
        barrel = [(0, -0.046), (0.012, -0.045), (0.0180, -0.038), (0.0180, 0.038), (0.012, 0.045), (0, 0.046)]
        parts += [*laid([turned(barrel, paint.main, 0.9), turned([(0.0184, -0.006), (0.0184, 0.006)], paint.accent)], (0, 0, 0.014)), painted("cylinder", (0.007, 0.004), paint.accent, (0, 0, 0.034)), rod((-0.043, 0, 0.014), (0.043, 0, 0.014), 0.0178, "cylinder"), solid("cylinder", (0.007, 0.004), (0, 0, 0.034), density=0.3)]
    for side in (-1, 1):
        for x in (-0.036, -0.014, 0.014, 0.036) if shape not in ("steam", "tank") else (-0.034, -0.006, 0.020, 0.040):
            parts.append(painted("cylinder", (0.0085, 0.0022), paint.dark, (x, side * 0.0160, -0.0150), ALONG_Y))
            parts.append(painted("cylinder", (0.0050, 0.0025), (0.70, 0.12, 0.12, 1.0) if shape == "steam" else paint.steel, (x, side * 0.0160, -0.0150), ALONG_Y))
    for x in (-0.055, 0.055):
        parts.append(painted("cylinder", (0.0040, 0.003), paint.steel, (x, 0, -0.008), ALONG_X, 0.9))
    return [*parts, solid("box", (0.044, 0.0165, 0.0060), (0, 0, -0.0175))]


# Length, width, height of the hull [m].
BOATS = {
    "sailing": (0.110, 0.040, 0.022),
    "tug": (0.095, 0.044, 0.026),
    "speed": (0.125, 0.040, 0.020),
    "steamer": (0.130, 0.038, 0.024),
    "rowing": (0.120, 0.046, 0.022),
    "fishing": (0.105, 0.042, 0.026),
    "catamaran": (0.110, 0.052, 0.020),
    "submarine": (0.120, 0.034, 0.034),
}


def boat(shape: str, paint: Paint) -> list[Part]:
    """A toy boat on its keel, bow at +x."""
    length, width, tall = BOATS[shape]
    h, w = length / 2, width / 2
    parts: list[Part] = []
    if shape == "submarine":
        hull = smooth([(0, -h), (w * 0.7, -h * 0.82), (w, -h * 0.35), (w, h * 0.4), (w * 0.7, h * 0.85), (0, h)], 20)
        parts += [*laid([turned([(max(r, 0), z) for r, z in hull], paint.main, 0.7), turned([(w + 0.0005, -0.004), (w + 0.0005, 0.004)], paint.accent)]), bar((0.017, 0.0085, 0.012), paint.main, (0.004, 0, w + 0.008), 0.006), tube([(0.010, 0, w + 0.018), (0.010, 0, w + 0.032), (0.018, 0, w + 0.033)], 0.0020, paint.steel, 10, normal=(0, 1, 0))]
        for side in (-1, 1):
            parts += [bar((0.010, 0.012, 0.0018), paint.accent, (-h * 0.82, side * 0.012, 0), 0.001)]
            for x in (-0.025, 0.0, 0.025):
                parts.append(painted("cylinder", (0.0045, 0.0012), GLASS, (x, side * w * 0.985, 0.002), ALONG_Y, 1.0))
        parts += [bar((0.010, 0.0018, 0.014), paint.accent, (-h * 0.82, 0, 0), 0.001), rod((-h * 0.72, 0, 0), (h * 0.72, 0, 0), w * 0.97), solid("box", (0.015, 0.0085, 0.013), (0.004, 0, w + 0.006), density=0.3)]
        return [*parts, solid("box", (h * 0.5, w * 0.45, 0.003), (0, 0, -w + 0.002), density=1.0)]
    t = np.linspace(0, 1, 12)
    blunt = {"tug": 1.6, "fishing": 1.8, "steamer": 1.9, "rowing": 2.4, "sailing": 1.7, "speed": 1.3, "catamaran": 2.2}[shape]
    halves = [(0.0, 1.0)] if shape != "catamaran" else [(-w * 0.66, 0.34), (w * 0.66, 0.34)]
    deck: Rgba = (0.80, 0.64, 0.42, 1.0)
    for offset, share in halves:
        stern = 0.75 if shape != "rowing" else 0.0
        beam = w * share * np.where(t < 0.45, stern + (1 - stern) * np.sin(t / 0.45 * np.pi / 2), np.maximum(1 - (np.maximum(t - 0.45, 0.0) / 0.55) ** blunt, 0.015))
        x = -h + t * length
        outline = [*zip(x.tolist(), (-beam).tolist(), strict=True), *zip(x[::-1].tolist(), beam[::-1].tolist(), strict=True)]
        for level, (narrow, z) in enumerate(((0.66, -tall * 0.36), (0.88, -tall * 0.08), (1.0, tall * 0.22))):
            parts.append(plate([(px * (0.90 + 0.05 * level), py * narrow + offset) for px, py in outline], tall * 0.16, paint.main if level else (paint.accent if shape != "rowing" else paint.main), 0.5, z))
        top = [(px * 0.94, py * 0.86 + offset) for px, py in outline]
        parts.append(plate(top, 0.0008, shade(paint.main, 0.5) if shape == "rowing" else deck, 0.2, tall * 0.38))
        parts += [solid("box", (h * 0.62, w * share * 0.92, tall * 0.40), (-h * 0.28, offset, 0)), solid("box", (h * 0.34, w * share * 0.50, tall * 0.34), (h * 0.56, offset, 0.001), density=0.6)]
    top_z = tall * 0.40
    if shape == "sailing":
        parts += [tube([(0.004, 0, top_z), (0.004, 0, top_z + 0.075)], 0.0020, paint.wood, 4, normal=(0, 1, 0)), solid("cylinder", (0.004, 0.036), (0.004, 0, top_z + 0.036), density=0.1)]
        for corners in (((-0.002, 0.010), (-0.002, 0.070), (-0.044, 0.010)), ((0.010, 0.010), (0.010, 0.060), (0.042, 0.010))):
            sail = plate([(x, z) for x, z in corners], 0.0010, paint.pale if paint.color != "white" else paint.accent, 0.1)
            parts.append(Part("mesh", (), (0, 0, top_z), about("x", 90), sail.rgba, None, sail.mesh, False))
    elif shape == "catamaran":
        parts += [bar((h * 0.62, w * 0.9, 0.0025), paint.pale, (-0.006, 0, top_z), 0.002), bar((0.020, 0.015, 0.010), paint.main, (-0.010, 0, top_z + 0.011), 0.004), bar((0.0205, 0.0152, 0.0035), GLASS, (-0.010, 0, top_z + 0.013), 0.001), solid("box", (0.024, 0.017, 0.012), (-0.010, 0, top_z + 0.010), density=0.3)]
    elif shape == "rowing":
        for x in (-0.022, 0.012):
            parts.append(bar((0.006, w * 0.84, 0.0018), paint.wood, (x, 0, top_z), 0.001))
        for side in (-1, 1):
            parts.append(tube([(-0.030, side * w * 0.5, top_z + 0.003), (0.030, side * w * 0.55, top_z + 0.003)], (0.0040, 0.0022, 0.0022), paint.wood, 8, flatness=0.6))
    else:
        house = {"tug": (0.020, 0.0150, 0.0130, -0.006), "speed": (0.020, 0.0140, 0.0060, -0.008), "steamer": (0.036, 0.0120, 0.0090, -0.006), "fishing": (0.013, 0.0135, 0.0140, 0.018)}[shape]
        a, b, c, x = house
        parts += [bar((a, b, c), paint.pale if paint.color != "white" else paint.accent, (x, 0, top_z + c), 0.003), bar((a + 0.0004, b + 0.0004, c * 0.28), GLASS, (x, 0, top_z + c * 1.25), 0.001, gloss=1.0), solid("box", (a, b, c), (x, 0, top_z + c), density=0.3)]
        if shape in ("tug", "steamer"):
            for dx in (0.0,) if shape == "tug" else (-0.020, 0.0, 0.018):
                parts += [turned_at([(0.0055, 0), (0.0055, 0.014)], paint.main, (x + dx, 0, top_z + 2 * c - 0.002)), turned_at([(0.0058, 0.010), (0.0058, 0.015), (0, 0.015)], paint.dark, (x + dx, 0, top_z + 2 * c - 0.002))]
        elif shape == "fishing":
            parts += [tube([(-0.018, 0, top_z), (-0.018, 0, top_z + 0.040)], 0.0016, paint.wood, 4, normal=(0, 1, 0)), tube([(-0.018, 0, top_z + 0.036), (-0.046, 0, top_z + 0.020)], 0.0012, paint.wood, 4, normal=(0, 1, 0)), bar((0.012, 0.013, 0.004), (0.30, 0.42, 0.48, 1.0), (-0.030, 0, top_z + 0.003), 0.002)]
        else:
            parts += [bar((0.0010, 0.0140, 0.0060), GLASS, (0.016, 0, top_z + 0.008), 0.0005, about("y", -35)), bar((0.005, 0.006, 0.010), paint.dark, (-h - 0.003, 0, 0.004), 0.002)]
    return parts


def turned_at(profile: list[tuple[float, float]], color: Rgba, place: tuple[float, ...], gloss: float = 0.5) -> Part:
    """Return a body turned about z at a place [m], drawn alone."""
    return skin(lathe(profile), color, position=place, gloss=gloss)


# Length and width [m], where the wings sit (share), sweep, kind.
AIRPLANES = {
    "liner": (0.150, 0.150, 0.02, 0.045, "low"),
    "biplane": (0.110, 0.130, 0.20, 0.0, "double"),
    "jet": (0.145, 0.100, -0.20, 0.050, "delta"),
    "glider": (0.120, 0.190, 0.10, 0.008, "high"),
    "prop": (0.115, 0.140, 0.14, 0.0, "low"),
    "cargo": (0.130, 0.150, 0.06, 0.015, "high"),
    "sea": (0.120, 0.140, 0.10, 0.0, "floats"),
    "concorde": (0.170, 0.085, -0.15, 0.070, "delta"),
}


def airplane(shape: str, paint: Paint) -> list[Part]:
    """A toy airplane, nose at +x."""
    length, span, at, swept, kind = AIRPLANES[shape]
    h, half = length / 2, span / 2
    fat = {"liner": 0.0115, "biplane": 0.0125, "jet": 0.0085, "glider": 0.0075, "prop": 0.0120, "cargo": 0.0165, "sea": 0.0120, "concorde": 0.0080}[shape]
    nose = 0.25 if kind != "delta" else 0.08
    parts = [tube([(-h, 0, fat * 0.5), (-h * 0.5, 0, 0.001), (h * 0.4, 0, 0), (h, 0, -0.001)], (fat * 0.28, fat * 0.80, fat, fat, fat * 0.95, fat * nose), paint.main, 22, 0.8)]
    chord = {"delta": 0.050, "high": 0.022, "double": 0.026}.get(kind, 0.026)
    root = at * h
    wing = [(root + chord * 0.5, 0.0), (root + chord * 0.3 - swept, half), (root - chord * 0.25 - swept, half), (root - chord * 0.6, 0.0), (root - chord * 0.25 - swept, -half), (root + chord * 0.3 - swept, -half)]
    if kind == "delta":
        wing = [(root + chord * 1.1, 0.0), (root - chord * 0.55, half), (root - chord * 0.8, half), (root - chord * 0.7, 0), (root - chord * 0.8, -half), (root - chord * 0.55, -half)]
    levels = {"low": (-fat * 0.35,), "high": (fat * 0.85,), "double": (-fat * 0.6, fat * 1.55), "delta": (-fat * 0.2,), "floats": (fat * 0.85,)}[kind]
    for z in levels:
        parts.append(plate(_filled(wing), 0.0026, paint.accent if kind == "double" and z > 0 else paint.main, 0.6, z))
    if kind == "double":
        for side in (-1, 1):
            for dx in (-0.006, 0.008):
                parts.append(tube([(root + dx, side * half * 0.62, levels[0]), (root + dx, side * half * 0.62, levels[1])], 0.0012, paint.wood, 4, normal=(1, 0, 0)))
    tail = [(-h + 0.016, 0.0), (-h + 0.004, half * 0.32), (-h - 0.006, half * 0.32), (-h, 0.0), (-h - 0.006, -half * 0.32), (-h + 0.004, -half * 0.32)]
    if kind != "delta":
        parts.append(plate(_filled(tail), 0.0020, paint.main, 0.6, fat * 0.5))
    fin = plate([(-h + 0.024, fat * 0.3), (-h - 0.002, fat * 0.3), (-h - 0.004, fat * 0.5 + 0.024), (-h + 0.006, fat * 0.5 + 0.024)], 0.0018, paint.accent, 0.6)
    parts.append(Part("mesh", (), (0, 0, 0), about("x", 90), fin.rgba, None, fin.mesh, False, gloss=0.6))
    if shape in ("biplane", "prop", "sea"):  # a propeller
        parts += [painted("sphere", (0.0045,), paint.dark, (h + 0.001, 0, 0)), bar((0.0010, 0.0030, 0.022), paint.wood, (h + 0.002, 0, 0), 0.0008, about("x", 35))]
    if shape in ("liner", "cargo"):
        for side in (-1, 1):
            for k in (0.38,) if shape == "liner" else (0.32, 0.62):
                parts.append(painted("capsule", (0.0052, 0.008), paint.accent, (root + 0.008 - swept * k, side * half * k, levels[0] - 0.006), ALONG_X))
    if shape in ("biplane", "jet", "glider", "prop", "sea"):
        parts.append(painted("ellipsoid", (0.014, fat * 0.62, fat * 0.6), GLASS, (h * 0.28, 0, fat * 0.72), gloss=1.0))
    else:
        parts.append(painted("ellipsoid", (0.006, fat * 0.7, fat * 0.3), GLASS, (h * 0.80, 0, fat * 0.42), gloss=1.0))
        for x in np.linspace(-0.5, 0.55, 9) * h:
            for side in (-1, 1):
                parts.append(painted("cylinder", (0.0016, 0.0008), GLASS, (x, side * fat * 0.965, fat * 0.22), ALONG_Y))
    low = -fat - 0.006
    feet = [(h * 0.55, 0.0), (root - 0.012, 0.022), (root - 0.012, -0.022)]
    if kind == "floats":
        for side in (-1, 1):
            parts += [painted("capsule", (0.0062, 0.034), paint.accent, (0.010, side * 0.024, low - 0.003), ALONG_X), tube([(0.01, side * 0.024, low), (0.01, side * 0.008, -0.004)], 0.0013, paint.steel, 4, normal=(1, 0, 0))]
    else:
        for x, y in feet:
            parts += [painted("cylinder", (0.0052, 0.0022), paint.dark, (x, y, low + 0.001), ALONG_Y), tube([(x, y, low + 0.004), (x, y * 0.6, -fat * 0.2)], 0.0012, paint.steel, 4, normal=(1, 0, 0))]
    mean = chord * 0.42
    parts += [rod((-h * 0.80, 0, 0.002), (h * 0.82, 0, 0), fat * 0.92)]
    parts.append(solid("box", (mean + swept * 0.45, half * 0.96, 0.0028), (root - swept * 0.45 if kind != "delta" else root - chord * 0.3, 0, levels[-1]), density=0.5))
    parts.append(solid("box", (max(h * 0.42, 0.03), 0.026 if kind != "floats" else 0.028, 0.0035), (root * 0.5 + 0.006, 0, low - 0.0005 if kind != "floats" else low - 0.0055), density=0.6))
    return parts


def _filled(outline: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return an outline with points between its corners."""
    ends = [*outline[1:], outline[0]]
    return [(a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])) for a, b in zip(outline, ends, strict=True) for t in (0.0, 0.34, 0.67)]


# Radius, height [m], fins, and what it is like.
ROCKETS = {
    "classic": (0.0185, 0.125, 3, "ogive"),
    "stout": (0.0250, 0.100, 4, "ogive"),
    "slim": (0.0130, 0.150, 4, "cone"),
    "moon": (0.0230, 0.115, 3, "bulge"),
    "boosted": (0.0155, 0.135, 0, "boosters"),
    "capsule": (0.0200, 0.115, 4, "capsule"),
    "shuttle": (0.0165, 0.120, 2, "ogive"),
    "stepped": (0.0215, 0.140, 4, "steps"),
}


def rocket(shape: str, paint: Paint) -> list[Part]:
    """A toy rocket standing on its fins, or lying."""
    radius, height, fins, kind = ROCKETS[shape]
    h = height / 2
    body = {
        "ogive": [(radius * 0.72, -h + 0.008), (radius, -h * 0.45), (radius, h * 0.15), (radius * 0.62, h * 0.68), (0.0005, h)],
        "cone": [(radius, -h + 0.006), (radius, -h * 0.3), (radius, h * 0.55), (radius * 0.5, h * 0.80), (0.0005, h)],
        "bulge": [(radius * 0.45, -h + 0.012), (radius * 0.95, -h * 0.40), (radius, h * 0.05), (radius * 0.55, h * 0.66), (0.0005, h)],
        "boosters": [(radius, -h + 0.004), (radius, -h * 0.3), (radius, h * 0.45), (radius * 0.62, h * 0.75), (0.0005, h)],
        "capsule": [(radius, -h + 0.006), (radius, h * 0.30), (radius * 0.55, h * 0.62), (radius * 0.50, h * 0.66), (0.0005, h)],
        "steps": [(radius, -h + 0.006), (radius, -h * 0.12), (radius * 0.70, -h * 0.02), (radius * 0.70, h * 0.48), (radius * 0.42, h * 0.56), (radius * 0.42, h * 0.82), (0.0005, h)],
    }[kind]  # fmt: skip
    sharp = kind in ("cone", "capsule", "steps")
    outline = body if sharp else smooth(body, 24)
    parts: list[Part] = [turned([(0, outline[0][1]), *outline], paint.main, 0.8)]
    nose = [(r + 0.0006, z) for r, z in (outline if not sharp else smooth_line(outline)) if z > h * 0.55]
    parts.append(turned(nose, paint.accent, 0.8))
    z = h * 0.18 if kind != "steps" else h * 0.22
    r = float(np.interp(z, [p[1] for p in outline], [p[0] for p in outline]))
    for a in (0.0, np.pi):
        quat = ALONG_X
        parts += [painted("cylinder", (min(r * 0.42, 0.0085), 0.0016), paint.steel, ((r - 0.0006) * np.cos(a), 0, z), quat, 1.0), painted("cylinder", (min(r * 0.30, 0.006), 0.0022), GLASS, ((r - 0.0006) * np.cos(a), 0, z), quat, 1.0)]
    parts.append(turned([(radius * 0.62, -h), (radius * 0.42, -h + 0.012)], paint.dark))
    band = float(np.interp(-h * 0.35, [p[1] for p in outline], [p[0] for p in outline]))
    parts.append(turned([(band + 0.0005, -h * 0.42), (band + 0.0005, -h * 0.30)], paint.accent))
    out = radius * (1.15 if kind != "bulge" else 1.0)
    for k in range(fins):
        a = 2 * np.pi * k / fins + (np.pi / 2 if fins == 2 else 0.5)
        fin = plate([(radius * 0.55, -h * 0.25), (radius * 0.55, -h * 0.85), (radius * 0.8 + out, -h), (radius * 0.8 + out, -h * 0.72)], 0.0020, paint.accent, 0.6)
        turn = np.array(about("z", np.degrees(a)))
        quat = (Rotation.from_quat(turn) * Rotation.from_euler("x", 90, degrees=True)).as_quat()
        parts.append(Part("mesh", (), (0, 0, 0), tuple(quat.tolist()), fin.rgba, None, fin.mesh, False, gloss=0.6))
    if kind == "boosters":
        for a in (0, np.pi / 2, np.pi, 3 * np.pi / 2):
            at = (radius * 1.62 * np.cos(a), radius * 1.62 * np.sin(a), -h * 0.45)
            parts += [Part("mesh", (), at, (0, 0, 0, 1), paint.accent, None, lathe(smooth([(0.0105, -h * 0.52), (0.0105, h * 0.2), (0.006, h * 0.42), (0.0, h * 0.52)], 12)), False, gloss=0.8)]
        parts.append(solid("box", (radius * 1.62 + 0.009, radius * 0.6, h * 0.45), (0, 0, -h * 0.50), density=0.6))
        parts.append(solid("box", (radius * 0.6, radius * 1.62 + 0.009, h * 0.45), (0, 0, -h * 0.50), density=0.6))
    parts += stack(outline, (outline[0][1], -h * 0.1, h * 0.5, h * 0.93))
    foot = radius * 0.8 + out if fins else radius
    parts.append(solid("cylinder", (foot * 0.80, 0.006), (0, 0, -h + 0.006), density=2.0))
    return parts


def smooth_line(outline: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return an outline with points between its corners."""
    return [(a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])) for a, b in zip(outline, outline[1:], strict=False) for t in (0.0, 0.25, 0.5, 0.75)] + [outline[-1]]


# Half axes of the body, radius of the head, where that is (x, z), and what it wears.
DUCKS = {
    "hat": ((0.040, 0.028, 0.024), 0.0195, (0.017, 0.036), "hat"),
    "mallard": ((0.048, 0.026, 0.020), 0.0160, (0.030, 0.032), "ring"),
    "chick": ((0.030, 0.028, 0.027), 0.0210, (0.008, 0.034), ""),
    "swimmer": ((0.044, 0.030, 0.018), 0.0170, (0.026, 0.022), "belt"),
    "decoy": ((0.056, 0.024, 0.021), 0.0150, (0.040, 0.028), "wings"),
}


def duck(shape: str, paint: Paint) -> list[Part]:
    """A rubber duck that looks along +x."""
    (a, b, c), head, (x, z), worn = DUCKS[shape]
    beak: Rgba = (0.98, 0.52, 0.08, 1.0) if paint.color != "orange" else (0.85, 0.15, 0.1, 1.0)
    long = 0.020 if shape in ("decoy", "mallard") else 0.011
    parts = [
        blob((a, b, c), paint.main, gloss=0.7), painted("sphere", (head,), shade(paint.main, 0.8) if shape == "decoy" else paint.main, (x, 0, z), gloss=0.7),
        tube([(x * 0.9, 0, c * 0.5), (x, 0, z)], (head * 0.85, head * 0.75), paint.main, 6, 0.7, normal=(0, 1, 0)),
        tube([(-a * 0.70, 0, c * 0.15), (-a * 0.95, 0, c * 0.55), (-a * 1.15, 0, c * 1.1)], (c * 0.6, c * 0.42, 0.002), paint.main, 8, 0.7, 0.8, (0, 1, 0)),
        painted("ellipsoid", (long, 0.0085, 0.0032), beak, (x + head + long * 0.35, 0, z - 0.004), gloss=0.6),
        solid("ellipsoid", (a, b, c)), solid("sphere", (head,), (x, 0, z)), solid("cylinder", (b * 0.66, c * 0.10), (0, 0, -c * 0.92), density=2.0),
    ]  # fmt: skip
    for side in (-1, 1):
        parts += [
            painted("sphere", (0.0040,), (1, 1, 1, 1), (x + head * 0.76, side * head * 0.48, z + head * 0.38), gloss=1.0),
            painted("sphere", (0.0025,), (0.03, 0.03, 0.03, 1), (x + head * 0.90, side * head * 0.52, z + head * 0.42), gloss=1.0),
            painted("ellipsoid", (a * (0.55 if worn == "wings" else 0.42), 0.006, c * 0.5), shade(paint.main, 0.62 if worn == "wings" else 0.88), (-a * 0.15, side * b * 0.88, c * 0.25), gloss=0.7),
        ]  # fmt: skip
    if worn == "hat":
        parts += [turned_at([(head * 1.15, 0), (head * 1.15, 0.0016), (head * 0.62, 0.002), (head * 0.58, 0.016), (0, 0.016)], paint.dark if paint.color != "black" else paint.accent, (x, 0, z + head * 0.72)), solid("cylinder", (head * 0.6, 0.008), (x, 0, z + head * 0.72 + 0.008), density=0.3)]
    elif worn == "ring":
        parts.append(turned_at([(head * 0.98, -0.002), (head * 1.04, 0.0), (head * 0.98, 0.002)], (1, 1, 1, 1), (x * 0.96, 0, z - head * 0.75)))
    elif worn == "belt":
        around = [(1.06 * a * np.cos(t), 1.10 * b * np.sin(t), 0.0) for t in np.linspace(0, 2 * np.pi, 17)]
        parts.append(tube(around, 0.0062, paint.accent, 33))
    elif worn == "":
        parts.append(painted("ellipsoid", (0.003, 0.003, 0.007), paint.main, (x - 0.002, 0, z + head + 0.003)))
    return parts

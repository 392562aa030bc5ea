# SPDX-License-Identifier: Apache-2.0
"""Further toy cars; toy trains."""

from __future__ import annotations

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, bar, blob, laid, plate, tube, turned
from vla_ros.objects.shapes import lathe
from vla_ros.objects.solids import ALONG_X, ALONG_Y, both, painted, rod, solid

GLASS: Rgba = (0.13, 0.17, 0.22, 1.0)


CARS = ("bus", "jeep", "racer", "dumper", "beetle")


def _wheel(x: float, y: float, z: float, radius: float, half: float, paint: Paint) -> list[Part]:
    return [
        both("cylinder", (radius, half), paint.dark, (x, y, z), ALONG_Y, 0.1),
        painted("cylinder", (radius * 0.5, half + 0.0004), paint.steel, (x, y, z), ALONG_Y, 1.0),
    ]


def car(shape: str, paint: Paint) -> list[Part]:
    """A toy car standing on its wheels, front at +x."""
    parts: list[Part] = []
    wheels, radius, w = ((-0.030, 0.030), 0.0115, 0.0235)
    floor = -0.010
    if shape == "bus":
        parts += [
            bar((0.056, 0.0220, 0.0200), paint.main, (0, 0, 0.012), 0.005, gloss=0.9),
            bar((0.0563, 0.0180, 0.0060), GLASS, (0, 0, 0.020), 0.002, gloss=1.0),
        ]
        parts += [
            bar((0.0070, 0.0223, 0.0060), GLASS, (x, 0, 0.020), 0.001, gloss=1.0)
            for x in (-0.042, -0.021, 0.0, 0.021, 0.042)
        ]
        parts += [
            bar((0.0562, 0.0222, 0.0016), paint.accent, (0, 0, 0.006), 0.0005),
            solid("box", (0.056, 0.022, 0.020), (0, 0, 0.012)),
        ]
        wheels = (-0.034, 0.034)
    elif shape == "jeep":
        parts += [
            bar((0.045, 0.0225, 0.0085), paint.main, (0, 0, 0.000), 0.002),
            bar((0.017, 0.0215, 0.0050), paint.main, (0.027, 0, 0.010), 0.002),
            bar((0.001, 0.0200, 0.0080), GLASS, (0.009, 0, 0.018), 0.0005, about("y", 12)),
            bar((0.010, 0.007, 0.006), paint.dark, (-0.010, 0.010, 0.012), 0.002),
            bar((0.010, 0.007, 0.006), paint.dark, (-0.010, -0.010, 0.012), 0.002),
            tube(
                [(-0.026, -0.020, 0.008), (-0.028, -0.018, 0.028), (-0.028, 0.018, 0.028), (-0.026, 0.020, 0.008)],
                0.0020,
                paint.dark,
                18,
                normal=(1, 0, 0),
            ),
            painted("cylinder", (0.0120, 0.0045), paint.dark, (-0.049, 0, 0.006), ALONG_X),
            painted("cylinder", (0.0055, 0.0049), paint.accent, (-0.049, 0, 0.006), ALONG_X),
            solid("box", (0.045, 0.0225, 0.0100), (0, 0, 0.0015)),
            solid("box", (0.010, 0.0215, 0.013), (-0.020, 0, 0.015), density=0.2),
        ]
        radius, w = 0.0140, 0.0245
        wheels = (-0.029, 0.030)
    elif shape == "racer":
        parts += [
            tube(
                [(-0.052, 0, 0.000), (-0.02, 0, 0.003), (0.020, 0, -0.001), (0.058, 0, -0.004)],
                (0.0120, 0.0155, 0.0125, 0.0050),
                paint.main,
                18,
                0.9,
                0.72,
            ),
            bar((0.006, 0.0245, 0.0014), paint.accent, (0.056, 0, -0.006), 0.001),
            bar((0.008, 0.0220, 0.0014), paint.accent, (-0.052, 0, 0.018), 0.001),
            bar((0.005, 0.0014, 0.0085), paint.accent, (-0.052, 0.012, 0.010), 0.0008),
            bar((0.005, 0.0014, 0.0085), paint.accent, (-0.052, -0.012, 0.010), 0.0008),
            painted("sphere", (0.0075,), paint.accent, (-0.008, 0, 0.013), gloss=0.9),
            painted("ellipsoid", (0.004, 0.006, 0.003), GLASS, (-0.002, 0, 0.014), gloss=1.0),
            solid("box", (0.056, 0.0125, 0.0085), (0, 0, 0.000)),
            solid("box", (0.009, 0.0220, 0.010), (-0.052, 0, 0.010), density=0.2),
        ]
        w = 0.0200
        wheels, floor = (-0.036, 0.036), -0.004
    elif shape == "dumper":
        bed = [(-0.052, 0.006), (0.006, 0.006), (0.012, 0.026), (-0.058, 0.026)]
        side = plate(bed, 0.0225, paint.main, 0.4)
        parts += [
            Part("mesh", (), (0, 0, 0), about("x", 90), side.rgba, None, side.mesh, False, gloss=0.4),
            bar((0.026, 0.0190, 0.0015), shade(paint.main, 0.5), (-0.022, 0, 0.0262), 0.001),
            bar((0.052, 0.0170, 0.0055), paint.dark, (0, 0, -0.004), 0.002),
            bar((0.0165, 0.0210, 0.0170), paint.accent, (0.036, 0, 0.010), 0.004, gloss=0.9),
            bar((0.0168, 0.0170, 0.0055), GLASS, (0.0365, 0, 0.018), 0.001, gloss=1.0),
            solid("box", (0.032, 0.0225, 0.011), (-0.022, 0, 0.015)),
            solid("box", (0.0165, 0.0210, 0.0170), (0.036, 0, 0.010)),
            solid("box", (0.050, 0.0170, 0.0055), (0, 0, -0.004)),
        ]
        wheels, radius = (-0.034, 0.036), 0.0130
    else:  # beetle: round all over
        parts += [
            blob((0.050, 0.0225, 0.0155), paint.main, (0, 0, 0.002), 0.9),
            blob((0.027, 0.0190, 0.0200), paint.main, (-0.004, 0, 0.011), 0.9),
            blob((0.0230, 0.0194, 0.0090), GLASS, (-0.004, 0, 0.0205), 1.0),
            blob((0.0190, 0.0150, 0.0060), paint.main, (-0.004, 0, 0.0270), 0.9),
            solid("ellipsoid", (0.050, 0.0225, 0.0155), (0, 0, 0.002)),
            solid("ellipsoid", (0.027, 0.0190, 0.0200), (-0.004, 0, 0.011), density=0.4),
        ]
        for sign in (-1, 1):
            for x in (-0.030, 0.030):
                parts.append(blob((0.0165, 0.0050, 0.0130), shade(paint.main, 0.85), (x, sign * 0.0205, -0.003), 0.9))
        radius = 0.0110
    for sign in (-1, 1):
        for x in wheels:
            parts += _wheel(x, sign * (w - 0.003), floor, radius, 0.0050, paint)
        front = {"racer": 0.0}.get(shape, 1.0)
        if front:
            parts.append(
                painted(
                    "sphere",
                    (0.0038,),
                    (1, 0.95, 0.7, 1),
                    ({"bus": 0.0555, "jeep": 0.0435, "dumper": 0.0515, "beetle": 0.0440}[shape], sign * 0.0135, 0.004),
                    gloss=1.0,
                )
            )
    return parts


TRAINS = ("steam", "tank", "diesel", "wagon", "bullet", "tram", "caboose", "tanker")


def train(shape: str, paint: Paint) -> list[Part]:
    """A toy train's engine or wagon on its wheels, front at +x."""
    base = [
        bar((0.052, 0.0185, 0.0045), paint.dark, (0, 0, -0.008), 0.001),
        solid("box", (0.052, 0.0185, 0.0045), (0, 0, -0.008)),
    ]
    brass: Rgba = (0.80, 0.62, 0.25, 1.0)
    parts: list[Part] = [*base]
    if shape in ("steam", "tank"):
        boiler = 0.0155 if shape == "steam" else 0.0130
        parts += [
            *laid(
                [
                    turned(
                        [(0, -0.030), (boiler, -0.030), (boiler, 0.030), (boiler - 0.002, 0.032), (0, 0.032)],
                        paint.main,
                        0.8,
                    ),
                    turned(
                        [
                            (boiler + 0.0004, -0.004),
                            (boiler + 0.0012, -0.002),
                            (boiler + 0.0012, 0.002),
                            (boiler + 0.0004, 0.004),
                        ],
                        brass,
                        1.0,
                    ),
                ],
                (0.018, 0, boiler - 0.002),
            ),
            bar((0.0170, 0.0190, 0.0200), paint.main if shape == "steam" else paint.accent, (-0.032, 0, 0.016), 0.002),
            bar((0.0190, 0.0210, 0.0020), paint.accent, (-0.032, 0, 0.0375), 0.001),
            bar((0.0090, 0.0193, 0.0065), GLASS, (-0.032, 0, 0.024), 0.001),
            painted("sphere", (0.006,), brass, (0.010, 0, 2 * boiler), gloss=1.0),
            rod((-0.012, 0, boiler - 0.002), (0.050, 0, boiler - 0.002), boiler, "cylinder"),
            solid("box", (0.0175, 0.0190, 0.0220), (-0.032, 0, 0.018)),
        ]
        chimney = (
            [(0.005, 0.0), (0.005, 0.012), (0.0085, 0.018), (0.0085, 0.020), (0.006, 0.020)]
            if shape == "steam"
            else [(0.0065, 0.0), (0.0065, 0.010), (0.0075, 0.011)]
        )
        at = (0.036, 0, 2 * boiler - 0.004)
        parts += [
            Part("mesh", (), at, (0, 0, 0, 1), paint.dark, None, lathe(chimney), False),
            solid("cylinder", (0.006, 0.010), (0.036, 0, at[2] + 0.009), density=0.3),
        ]
        if shape == "tank":
            for side in (-1, 1):
                parts.append(bar((0.024, 0.0055, 0.0090), paint.main, (0.012, side * 0.0135, 0.008), 0.002))
        else:
            parts.append(
                bar((0.005, 0.0170, 0.004), (0.75, 0.10, 0.10, 1.0), (0.053, 0, -0.011), 0.001, about("y", 25))
            )
    elif shape == "diesel":
        parts += [
            bar((0.050, 0.0185, 0.0140), paint.main, (0, 0, 0.009), 0.003, gloss=0.9),
            bar((0.0150, 0.0187, 0.0070), paint.main, (0.020, 0, 0.026), 0.003),
            bar((0.0155, 0.0150, 0.0042), GLASS, (0.020, 0, 0.027), 0.001),
            bar((0.0502, 0.0187, 0.0030), paint.accent, (0, 0, 0.005), 0.0005),
        ]
        parts += [
            bar((0.012, 0.010, 0.002), shade(paint.main, 0.6), (-0.022, 0, 0.024), 0.001),
            solid("box", (0.050, 0.0185, 0.0140), (0, 0, 0.009)),
            solid("box", (0.0150, 0.0187, 0.0070), (0.020, 0, 0.026), density=0.4),
        ]
    elif shape == "wagon":  # open, with a load
        for size, place in (
            ((0.046, 0.0016, 0.012), (0.0, 0.0170, 0.008)),
            ((0.046, 0.0016, 0.012), (0.0, -0.0170, 0.008)),
            ((0.0016, 0.0170, 0.012), (0.046, 0.0, 0.008)),
            ((0.0016, 0.0170, 0.012), (-0.046, 0.0, 0.008)),
        ):
            parts.append(bar(size, paint.main, place, 0.001))
        for k in range(16):
            parts.append(
                painted(
                    "sphere",
                    (0.0085,),
                    (0.16, 0.15, 0.15, 1.0) if k % 3 else (0.28, 0.27, 0.26, 1.0),
                    (-0.036 + 0.010 * (k % 8), -0.008 + 0.016 * (k // 8), 0.013),
                    gloss=0.1,
                )
            )
        parts.append(solid("box", (0.0475, 0.0185, 0.0130), (0, 0, 0.008)))
    elif shape == "bullet":
        parts += [
            tube(
                [(-0.056, 0, 0.010), (0.0, 0, 0.010), (0.035, 0, 0.008), (0.066, 0, -0.002)],
                (0.0190, 0.0190, 0.0175, 0.0040),
                paint.main,
                20,
                0.95,
            ),
            bar((0.030, 0.0193, 0.0036), GLASS, (-0.018, 0, 0.015), 0.001, gloss=1.0),
            painted("ellipsoid", (0.012, 0.010, 0.005), GLASS, (0.040, 0, 0.018), (0, 0.2, 0, 0.98), 1.0),
            bar((0.050, 0.0194, 0.0018), paint.accent, (-0.006, 0, 0.006), 0.0005),
        ]
        parts += [
            solid("box", (0.050, 0.0175, 0.0170), (-0.006, 0, 0.010)),
            solid("box", (0.010, 0.0110, 0.0090), (0.052, 0, 0.001), density=0.6),
        ]
    elif shape == "tram":
        parts += [
            bar((0.050, 0.0180, 0.0180), paint.main, (0, 0, 0.013), 0.004),
            bar((0.0503, 0.0150, 0.0055), GLASS, (0, 0, 0.020), 0.001),
            bar((0.0440, 0.0160, 0.0020), paint.accent, (0, 0, 0.032), 0.001),
        ]
        parts += [
            bar((0.0075, 0.0183, 0.0060), GLASS, (x, 0, 0.020), 0.001) for x in (-0.036, -0.018, 0.0, 0.018, 0.036)
        ]
        for a, b in (((-0.012, 0, 0.034), (0.0, 0, 0.046)), ((0.012, 0, 0.034), (0.0, 0, 0.046))):
            parts.append(tube([a, b], 0.0013, paint.dark, 4, normal=(0, 1, 0)))
        parts += [
            bar((0.0012, 0.010, 0.0012), paint.dark, (0, 0, 0.0465), 0.0005),
            solid("box", (0.050, 0.0180, 0.0190), (0, 0, 0.014)),
        ]
    elif shape == "caboose":
        parts += [
            bar((0.036, 0.0180, 0.0160), paint.main, (0, 0, 0.011), 0.001),
            bar((0.050, 0.0205, 0.0018), paint.accent, (0, 0, 0.028), 0.001),
            bar((0.0120, 0.0150, 0.0070), paint.main, (0, 0, 0.036), 0.001),
            bar((0.0150, 0.0175, 0.0016), paint.accent, (0, 0, 0.044), 0.001),
        ]
        parts += [bar((0.0050, 0.0183, 0.0050), GLASS, (x, 0, 0.013), 0.001) for x in (-0.022, 0.0, 0.022)]
        for x in (-0.048, 0.048):
            parts.append(bar((0.0010, 0.0170, 0.0070), paint.accent, (x, 0, 0.002), 0.0005))
        parts += [
            solid("box", (0.050, 0.0185, 0.0170), (0, 0, 0.012)),
            solid("box", (0.0150, 0.0170, 0.0085), (0, 0, 0.0365), density=0.4),
        ]
    else:  # tanker: a barrel on a wagon
        barrel = [(0, -0.046), (0.012, -0.045), (0.0180, -0.038), (0.0180, 0.038), (0.012, 0.045), (0, 0.046)]
        parts += [
            *laid(
                [turned(barrel, paint.main, 0.9), turned([(0.0184, -0.006), (0.0184, 0.006)], paint.accent)],
                (0, 0, 0.014),
            ),
            painted("cylinder", (0.007, 0.004), paint.accent, (0, 0, 0.034)),
            rod((-0.043, 0, 0.014), (0.043, 0, 0.014), 0.0178, "cylinder"),
            solid("cylinder", (0.007, 0.004), (0, 0, 0.034), density=0.3),
        ]
    for side in (-1, 1):
        for x in (-0.036, -0.014, 0.014, 0.036) if shape not in ("steam", "tank") else (-0.034, -0.006, 0.020, 0.040):
            parts.append(painted("cylinder", (0.0085, 0.0022), paint.dark, (x, side * 0.0160, -0.0150), ALONG_Y))
            parts.append(
                painted(
                    "cylinder",
                    (0.0050, 0.0025),
                    (0.70, 0.12, 0.12, 1.0) if shape == "steam" else paint.steel,
                    (x, side * 0.0160, -0.0150),
                    ALONG_Y,
                )
            )
    for x in (-0.055, 0.055):
        parts.append(painted("cylinder", (0.0040, 0.003), paint.steel, (x, 0, -0.008), ALONG_X, 0.9))
    return [*parts, solid("box", (0.044, 0.0165, 0.0060), (0, 0, -0.0175))]

# SPDX-License-Identifier: Apache-2.0
"""Further hammers, screwdrivers and wrenches; pliers. All lie along x."""

from __future__ import annotations

from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.forms import about, bar, laid, plate, rotated, stack, tube, turned
from vla_ros.objects.shapes import lathe, smooth
from vla_ros.objects.solids import ALONG_X, ALONG_Y, painted, rod, skin, solid

HAMMERS = {"ballpeen": 0.225, "rubber": 0.215, "gavel": 0.180, "tack": 0.210, "tenderiser": 0.200}


SCREWDRIVERS = ("ball", "tee", "square", "ratchet", "egg")


WRENCHES = ("ring", "allen", "pipe", "socket", "stubby")


def hammer(shape: str, paint: Paint) -> list[Part]:
    """A hammer lying down: handle along x, head across it at +x."""
    length, grip = HAMMERS[shape], 0.0125
    start, head = -length / 2, length / 2 - 0.016
    wooden = shape in ("gavel", "tack")
    handle = paint.main if shape not in ("rubber",) else paint.wood
    widths = (0.9, 1.1, 0.85, 0.75) if not wooden else (1.0, 0.8, 0.65, 0.6)
    parts = [tube([(start, 0, 0), (start * 0.3, 0, 0), (head, 0, 0)], [grip * w for w in widths], handle, 16)]
    head_color = paint.steel
    if shape == "ballpeen":
        parts += rotated(
            [
                turned(
                    [
                        (0.0135, -0.036),
                        (0.0150, -0.032),
                        (0.0150, -0.022),
                        (0.009, -0.018),
                        (0.012, -0.008),
                        (0.012, 0.010),
                        (0.008, 0.016),
                    ],
                    head_color,
                    0.9,
                ),
                turned([(0, -0.0365), (0.0135, -0.036)], head_color, 0.9),
                painted("sphere", (0.0125,), head_color, (0, 0, 0.024), gloss=0.9),
            ],
            ALONG_Y,
            (head, 0, 0),
        )
        parts += [
            solid("cylinder", (0.0145, 0.018), (head, -0.020, 0), ALONG_Y, 4.0),
            solid("capsule", (0.0115, 0.012), (head, 0.016, 0), ALONG_Y, 4.0),
        ]
    elif shape == "rubber":
        parts += rotated(
            [
                turned(
                    [(0, -0.038), (0.026, -0.038), (0.029, -0.035), (0.029, 0.035), (0.026, 0.038), (0, 0.038)],
                    paint.main,
                    0.1,
                )
            ],
            ALONG_Y,
            (head, 0, 0),
        )
        parts += [solid("cylinder", (0.0285, 0.038), (head, 0, 0), ALONG_Y, 0.8)]
    elif shape == "gavel":
        shell = [
            (0, -0.036),
            (0.019, -0.036),
            (0.022, -0.030),
            (0.017, -0.020),
            (0.021, -0.012),
            (0.021, 0.012),
            (0.017, 0.020),
            (0.022, 0.030),
            (0.019, 0.036),
            (0, 0.036),
        ]
        parts += rotated(
            [turned(shell, paint.main, 0.7), turned([(0.0215, -0.005), (0.0215, 0.005)], paint.accent, 0.9)],
            ALONG_Y,
            (head, 0, 0),
        )
        parts += [solid("cylinder", (0.0205, 0.036), (head, 0, 0), ALONG_Y, 1.0)]
    elif shape == "tack":  # a slim, long head that tapers
        parts += [
            tube(
                [(head, -0.050, 0), (head, 0, 0), (head - 0.003, 0.046, 0)],
                (0.0085, 0.0105, 0.0085, 0.0030),
                paint.steel,
                14,
                gloss=0.9,
                normal=(1, 0, 0),
            )
        ]
        parts += [
            solid("cylinder", (0.0095, 0.025), (head, -0.025, 0), ALONG_Y, 4.0),
            solid("box", (0.007, 0.022, 0.007), (head, 0.022, 0), density=3.0),
        ]
    else:  # a block with teeth on both faces
        parts += [
            bar((0.021, 0.032, 0.021), paint.steel, (head, 0, 0), 0.003, gloss=0.8),
            solid("box", (0.021, 0.035, 0.021), (head, 0, 0), density=2.0),
        ]
        for side in (-1, 1):
            for x in (-0.012, 0.0, 0.012):
                for z in (-0.012, 0.0, 0.012):
                    parts.append(
                        painted(
                            "box",
                            (0.0036, 0.003, 0.0036),
                            shade(paint.steel, 0.8),
                            (head + x, side * 0.0335, z),
                            gloss=0.8,
                        )
                    )
    return [*parts, rod((start + grip, 0, 0), (head, 0, 0), grip * 0.9)]


def screwdriver(shape: str, paint: Paint) -> list[Part]:
    """A screwdriver: handle at −x, shaft to +x."""
    grip, shaft = {
        "ball": (0.042, 0.100),
        "tee": (0.030, 0.105),
        "square": (0.095, 0.080),
        "ratchet": (0.105, 0.060),
        "egg": (0.062, 0.070),
    }[shape]
    start = -(grip + shaft) / 2
    end = start + grip
    trim = paint.accent if paint.style or paint.color == "black" else paint.dark
    parts: list[Part] = []
    radius = 0.0130
    if shape == "tee":  # a bar across
        parts += rotated(
            [
                turned(
                    [
                        (0, -0.040),
                        (0.010, -0.040),
                        (0.0115, -0.034),
                        (0.0105, 0),
                        (0.0115, 0.034),
                        (0.010, 0.040),
                        (0, 0.040),
                    ],
                    paint.main,
                    0.6,
                )
            ],
            ALONG_Y,
            (start + 0.012, 0, 0),
        )
        parts += [
            painted("cylinder", (0.008, 0.010), trim, (start + 0.026, 0, 0), ALONG_X),
            solid("capsule", (0.0105, 0.030), (start + 0.012, 0, 0), ALONG_Y),
        ]
        radius = 0.008
    elif shape == "square":
        parts += [
            bar((grip / 2, 0.0125, 0.0125), paint.main, (start + grip / 2, 0, 0), 0.004, about("x", 0), 0.6),
            bar((0.006, 0.0130, 0.0130), trim, (start + 0.012, 0, 0), 0.003),
        ]
        parts += [solid("box", (grip / 2, 0.0125, 0.0125), (start + grip / 2, 0, 0))]
    else:
        outline = {
            "ball": [(0, 0), (0.014, 0.002), (0.021, 0.018), (0.016, 0.033), (0.008, grip), (0, grip)],
            "ratchet": [
                (0, 0),
                (0.012, 0),
                (0.0165, 0.010),
                (0.0165, 0.040),
                (0.013, 0.060),
                (0.0175, 0.072),
                (0.0175, 0.092),
                (0.010, grip),
                (0, grip),
            ],
            "egg": [(0, 0), (0.012, 0.004), (0.018, 0.022), (0.014, 0.046), (0.007, grip), (0, grip)],
        }[shape]
        body = smooth(outline, 20) if shape != "ratchet" else outline
        body = [(max(r, 0.0), z) for r, z in body]
        parts += laid([turned(body, paint.main, 0.7), *stack(body, (0.002, grip * 0.5, grip))], (start, 0, 0))
        if shape == "ratchet":
            parts += laid([turned([(0.0180, 0.074), (0.0180, 0.090)], trim)], (start, 0, 0))
        else:
            parts += laid([turned([(0.0085, grip - 0.008), (0.0085, grip)], trim)], (start, 0, 0))
    parts += [
        painted("cylinder", (0.0036, shaft / 2), paint.steel, (end + shaft / 2, 0, 0), ALONG_X, 1.0),
        painted("box", (0.005, 0.005, 0.0016), shade(paint.steel, 0.8), (end + shaft - 0.004, 0, 0), gloss=1.0),
        rod((end - radius * 0.5, 0, 0), (end + shaft, 0, 0), 0.0045, "cylinder", 3.0),
    ]
    return parts


def wrench(shape: str, paint: Paint) -> list[Part]:
    """A wrench lying flat: jaws at +x."""
    trim = shade(paint.main, 0.7)
    if shape == "allen":  # a bent hexagonal key
        arm = 0.0062
        parts = [
            skin(
                lathe([(0, -0.070), (arm, -0.070), (arm, 0.070), (0, 0.070)], 6),
                paint.main,
                quaternion=ALONG_X,
                gloss=0.9,
            ),
            skin(
                lathe([(0, -0.024), (arm, -0.024), (arm, 0.024), (0, 0.024)], 6),
                paint.main,
                position=(0.066, 0.022, 0),
                quaternion=ALONG_Y,
                gloss=0.9,
            ),
            bar((0.026, 0.009, 0.0085), paint.accent, (-0.040, 0, 0), 0.003),
        ]
        return [*parts, solid("box", (0.070, arm, arm), (0, 0, 0)), solid("box", (arm, 0.024, arm), (0.066, 0.022, 0))]
    length, width, thick = {
        "ring": (0.175, 0.0090, 0.0065),
        "pipe": (0.190, 0.0120, 0.0085),
        "socket": (0.180, 0.0110, 0.0085),
        "stubby": (0.110, 0.0120, 0.0075),
    }[shape]
    h = length / 2
    parts = [
        bar((h - 0.018, width, thick * 0.8), paint.main, radius=0.004, gloss=0.8),
        solid("box", (h - 0.018, width, thick * 0.85)),
    ]
    if shape == "ring":
        for sign, size in ((1, 0.0185), (-1, 0.0150)):
            at = (sign * (h - 0.016), 0, 0)
            hoop = [(size * 0.56, -thick), (size, -thick), (size, thick), (size * 0.56, thick), (size * 0.56, -thick)]
            parts += [
                skin(lathe(hoop, 12), paint.main, position=at, gloss=0.8),
                solid("cylinder", (size * 0.97, thick), at),
            ]
    elif shape == "socket":  # a ratchet's round head with a square drive, a rubber grip
        at = (h - 0.018, 0, 0)
        parts += [
            skin(
                lathe([(0, -thick), (0.0185, -thick), (0.0185, thick), (0, thick)]), paint.steel, position=at, gloss=0.9
            ),
            skin(
                lathe([(0, 0), (0.011, 0), (0.011, 0.012), (0, 0.012)], 6),
                paint.steel,
                position=(at[0], 0, thick),
                gloss=0.9,
            ),
            painted("cylinder", (0.007, 0.0006), paint.dark, (at[0], 0, thick + 0.012)),
            bar((0.034, 0.0125, 0.0095), paint.accent, (-h + 0.050, 0, 0), 0.005),
            solid("cylinder", (0.0185, thick), at),
            solid("cylinder", (0.011, 0.006), (at[0], 0, thick + 0.006)),
            solid("box", (0.034, 0.0120, 0.0092), (-h + 0.050, 0, 0)),
        ]
    elif shape == "pipe":  # a hook over a heel, teeth, a nut
        x = h - 0.030
        hook = [
            (x - 0.012, 0.010),
            (x - 0.012, 0.030),
            (x + 0.026, 0.030),
            (x + 0.026, 0.018),
            (x + 0.006, 0.018),
            (x + 0.004, 0.010),
        ]
        parts += [
            plate(hook, thick, paint.steel, 0.8),
            bar((0.017, 0.0085, thick), paint.main, (x + 0.008, -0.006, 0), 0.002),
            skin(
                lathe([(0.0055, -0.010), (0.0085, -0.010), (0.0085, 0.010), (0.0055, 0.010)], 12),
                paint.steel,
                position=(x - 0.012, 0.006, 0),
                quaternion=ALONG_Y,
                gloss=1.0,
            ),
            solid("box", (0.019, 0.006, thick), (x + 0.007, 0.024, 0)),
            solid("box", (0.017, 0.0085, thick), (x + 0.008, -0.006, 0)),
            solid("box", (0.007, 0.012, thick), (x - 0.010, 0.012, 0)),
        ]
        parts += [bar((0.001, 0.001, thick), trim, (x + 0.008 + k * 0.004, 0.0035, 0), 0.0005) for k in range(-2, 4)]
    else:  # stubby: two open jaws
        for sign, size in ((1, 0.019), (-1, 0.016)):
            c = sign * (h - 0.017)
            for side in (-1, 1):
                parts += [
                    bar(
                        (size * 0.60, size * 0.24, thick * 0.9),
                        paint.main,
                        (c + sign * size * 0.30, side * size * 0.68, 0),
                        0.003,
                    ),
                    solid(
                        "box", (size * 0.60, size * 0.24, thick * 0.82), (c + sign * size * 0.30, side * size * 0.68, 0)
                    ),
                ]
            parts += [bar((size * 0.34, size * 0.92, thick), paint.main, (c - sign * size * 0.42, 0, 0), 0.005)]
    return parts


# Length [m] and what the jaws are like.
PLIERS = {
    "combination": (0.170, "blunt"),
    "needle": (0.165, "long"),
    "cutter": (0.150, "cutter"),
    "round": (0.140, "thin"),
    "slip": (0.180, "angled"),
    "locking": (0.185, "locking"),
    "flat": (0.150, "flat"),
    "nipper": (0.140, "nipper"),
}


def pliers(shape: str, paint: Paint) -> list[Part]:
    """A pair of pliers lying flat, jaws at +x, a little open at the handles."""
    length, kind = PLIERS[shape]
    start, tip = -length / 2, length / 2
    jaw = {
        "blunt": 0.042,
        "long": 0.062,
        "cutter": 0.026,
        "thin": 0.045,
        "angled": 0.045,
        "locking": 0.040,
        "flat": 0.042,
        "nipper": 0.030,
    }[kind]
    pivot, half = tip - jaw - 0.010, 0.0068
    spread = {"locking": 0.016, "nipper": 0.026}.get(kind, 0.021)
    parts: list[Part] = []
    for side in (-1, 1):
        grip = [
            (pivot, side * 0.004, 0),
            (pivot - 0.030, side * spread * 0.72, 0),
            ((start + pivot) / 2 - 0.01, side * spread, 0),
            (start, side * spread * 0.78, 0),
        ]
        metal = shape == "locking" and side > 0
        parts.append(
            tube(
                grip, (0.0055, 0.0065, 0.0078, 0.0078, 0.0065), paint.steel if metal else paint.main, 18, flatness=0.85
            )
        )
        outline = {
            "blunt": [(pivot - 0.010, 0.011), (tip - 0.010, 0.0085), (tip, 0.006), (tip, 0.0008), (pivot, 0.0)],
            "long": [(pivot - 0.008, 0.010), (pivot + 0.015, 0.0075), (tip, 0.0030), (tip, 0.0006), (pivot, 0.0)],
            "cutter": [(pivot - 0.010, 0.013), (pivot + 0.012, 0.0145), (tip, 0.002), (tip, 0.0005), (pivot, 0.0)],
            "thin": [
                (pivot - 0.008, 0.010),
                (pivot + 0.010, 0.0065),
                (tip, 0.0030),
                (tip, 0.0012),
                (pivot + 0.012, 0.0020),
                (pivot, 0.0),
            ],
            "angled": [(pivot - 0.012, 0.013), (tip - 0.010, 0.013), (tip, 0.009), (tip, 0.0012), (pivot, 0.0)],
            "locking": [
                (pivot - 0.010, 0.014),
                (tip - 0.008, 0.013),
                (tip, 0.008),
                (tip, 0.0025),
                (pivot + 0.012, 0.004),
                (pivot, 0.0),
            ],
            "flat": [(pivot - 0.008, 0.011), (pivot + 0.012, 0.0100), (tip, 0.0095), (tip, 0.0006), (pivot, 0.0)],
            "nipper": [
                (pivot - 0.006, 0.010),
                (pivot + 0.010, 0.018),
                (tip - 0.004, 0.019),
                (tip, 0.014),
                (tip, 0.0006),
                (tip - 0.006, 0.0006),
                (pivot + 0.008, 0.007),
                (pivot, 0.002),
            ],
        }[kind]
        parts.append(plate([(x, side * y) for x, y in outline][::-side], half * 0.9, shade(paint.steel, 0.9), 0.9))
        parts.append(
            solid(
                "box",
                ((pivot - start) / 2 - 0.004, 0.0070, 0.0064),
                ((pivot + start) / 2 - 0.006, side * spread * 0.86, 0),
            )
        )
    wide = {"cutter": 0.012, "nipper": 0.017, "long": 0.0065, "thin": 0.006, "angled": 0.012, "locking": 0.0125}.get(
        kind, 0.0095
    )
    parts += [
        painted("cylinder", (0.0115, half), paint.steel, (pivot - 0.002, 0, 0), gloss=0.9),
        painted("cylinder", (0.0050, half + 0.0014), shade(paint.steel, 0.6), (pivot - 0.002, 0, 0), gloss=0.9),
        solid("box", ((jaw + 0.014) / 2, wide, half), (tip - (jaw + 0.014) / 2, 0, 0), density=2.0),
        solid("box", (0.014, spread * 0.75, half * 0.9), (pivot - 0.020, 0, 0), density=1.5),
    ]
    if shape == "locking":
        parts.append(painted("cylinder", (0.0065, 0.008), paint.steel, (start - 0.004, spread * 0.78, 0), ALONG_X, 1.0))
    return parts

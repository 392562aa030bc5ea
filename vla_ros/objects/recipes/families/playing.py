# SPDX-License-Identifier: Apache-2.0
"""What balls, blocks and markers are made of besides, bear and are fitted with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.colors import Rgba
from vla_ros.objects.paint import Paint, shade
from vla_ros.objects.parts import IDENTITY, Mesh, Part
from vla_ros.objects.recipes.forms import about, bar, blob, laid, plate, tube, turned
from vla_ros.objects.shapes import lathe
from vla_ros.objects.solids import ALONG_X, painted, rod, skin, solid, towards

GOLDEN = (1 + 5**0.5) / 2
# The axes through the corners of an icosahedron, one of each two that lie opposite.
AXES = [np.roll((0.0, 1.0, sign * GOLDEN), k) / np.hypot(1.0, GOLDEN) for k in range(3) for sign in (-1, 1)]


def made_of(form: str, r: float, paint: Paint) -> list[Part]:
    """Return a ball of this radius that is woven of strips, has rubber strings, is a lattice of rings, or grooved."""
    parts: list[Part] = []
    if form == "strips":
        parts.append(blob((r * 0.88,) * 3, shade(paint.main, 0.25), gloss=0.0))
        for k, axis in enumerate(AXES):
            for shift in (-0.15, 0.15):
                tone = (paint.main, shade(paint.main, 0.8), paint.accent)[k % 3 if shift > 0 else 0]
                wide = r * np.sqrt(1 - shift**2)
                strip = turned(
                    [(wide * 0.94, (shift - 0.11) * r), (wide, shift * r), (wide * 0.94, (shift + 0.11) * r)], tone, 0.4
                )
                parts.append(replace(strip, quaternion=towards(axis)))
    elif form == "strings":
        parts.append(blob((r * 0.62,) * 3, paint.main, gloss=0.3))
        for k in range(150):
            h = 1 - 2 * (k + 0.5) / 150
            way = np.array([np.sqrt(1 - h * h) * np.cos(k * 2.399963), np.sqrt(1 - h * h) * np.sin(k * 2.399963), h])
            tone = paint.accent if k % 6 == 0 else shade(paint.main, 0.85 + 0.3 * (k % 2))
            parts.append(painted("capsule", (r * 0.042, r * 0.32), tone, tuple(way * r * 0.64), towards(way), 0.3))
    elif form == "rings":
        for k, axis in enumerate([*AXES, *[-axis for axis in AXES]]):
            wire = [
                (r * (0.50 + 0.075 * np.cos(t)), r * (0.83 + 0.075 * np.sin(t))) for t in np.linspace(-np.pi, np.pi, 11)
            ]
            tone = paint.accent if k % 4 == 3 else paint.main
            parts.append(skin(lathe(wire, 24), tone, None, (0, 0, 0), towards(axis), 0.6))
    else:  # grooved
        around = np.linspace(-np.pi / 2, np.pi / 2, 60)
        swell = r * (1 - 0.012 * (1 + np.cos(20 * around)) * (np.abs(around) < 1.3))
        outline = [(max(float(s * np.cos(t)), 0.0), float(s * np.sin(t))) for s, t in zip(swell, around, strict=True)]
        parts += [
            turned(outline, paint.main, 0.5, sides=36),
            *[painted("cylinder", (r * 0.10, r * 0.012), shade(paint.main, 0.7), (0, 0, z)) for z in (-r, r)],
        ]
    return parts


def borne(form: str, r: float, paint: Paint) -> list[Part]:
    """Return what a ball of this radius bears: a cap to hang it by, or horns to hold on to."""
    if form == "cap":
        gold: Rgba = (0.83, 0.68, 0.30, 1.0)
        loop = [(0.0050 * np.cos(t), 0, r + 0.0110 + 0.0050 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 13)]
        cap = [(r * 0.30, r * 0.93), (r * 0.30, r + 0.0045), (r * 0.22, r + 0.0062), (0, r + 0.0062)]
        return [
            turned(cap, gold, 1.0),
            tube(loop, 0.0009, gold, 20, 1.0, normal=(0, 1, 0)),
            solid("cylinder", (r * 0.28, 0.004), (0, 0, r + 0.003), density=0.3),
        ]
    parts: list[Part] = []
    for side in (-1, 1):
        horn = [(0, side * r * 0.34, r * 0.84), (0, side * r * 0.52, r * 1.20), (0, side * r * 0.46, r * 1.52)]
        parts += [
            tube(horn, (r * 0.17, r * 0.13, r * 0.10), paint.main, 12, 0.5, normal=(1, 0, 0)),
            *[
                painted("sphere", (r * (0.13 - 0.012 * k),), shade(paint.main, 0.8), (0, side * r * y, r * z))
                for k, (y, z) in enumerate(((0.44, 1.02), (0.50, 1.18), (0.50, 1.34), (0.46, 1.50)))
            ],
            rod(horn[0], horn[2], r * 0.12, density=0.3),
        ]
    return parts


def bow(inner: float, outer: float, half: float, paint: Paint) -> list[Part]:
    """Return half a ring that stands on its two ends, with its contacts [m]."""
    section = [(inner, half), (inner, -half), (outer, -half), (outer, half), (inner, half)]
    shown = skin(lathe(section, 28, (0.0, np.pi)), paint.main, gloss=0.3)
    middle, wide = (inner + outer) / 2, (outer - inner) / 2
    parts = [replace(shown, quaternion=about("x", 90), position=(0, 0, -outer / 2))]
    for side in (-1, 1):
        parts.append(bar((wide, half, 0.0008), paint.main, (side * middle, 0, -outer / 2), 0.0003))
    for t in np.linspace(0, np.pi, 10)[:-1] + np.pi / 18:
        place = (middle * np.cos(t), 0, middle * np.sin(t) - outer / 2)
        turn = Rotation.from_euler("y", np.pi / 2 - t).as_quat()
        parts.append(solid("box", (outer * 0.17, half, wide), place, turn))
    return parts


def decked(details: Sequence[str], half: tuple[float, float, float], paint: Paint) -> list[Part]:
    """Return what is on a block's first box: a domino's spots, a baby's patches and tags, a pane."""
    (a, b, c), parts = half, []
    pale = paint.pale if paint.color not in ("white", "yellow") else paint.dark
    if "domino" in details:
        parts.append(bar((0.0010, b * 0.86, 0.0006), pale, (0, 0, c), 0.0004))
        for x, y in (
            (-0.74, -0.55),
            (-0.50, 0.0),
            (-0.26, 0.55),
            (0.26, -0.55),
            (0.26, 0.55),
            (0.74, -0.55),
            (0.74, 0.55),
        ):
            parts.append(painted("ellipsoid", (b * 0.17, b * 0.17, 0.0010), pale, (x * a, y * b, c)))
    if "soft" in details:
        for sign in (-1, 1):
            parts += [
                painted("ellipsoid", (a * 0.56, b * 0.56, 0.0016), paint.accent, (0, 0, sign * c), gloss=0.0),
                painted("ellipsoid", (0.0016, b * 0.52, c * 0.52), pale, (sign * a, 0, 0), gloss=0.0),
                bar((a * 0.34, 0.0016, c * 0.34), paint.accent, (0, sign * b, 0), 0.0012, gloss=0.0),
            ]
        for x, y in ((1.0, 0.3), (-1.0, -0.3)):
            tag = [
                (x * a, y * b, c * 0.9),
                (x * (a + 0.006), y * b, c * 1.16),
                (x * (a + 0.001), y * b, c * 1.30),
                (x * a * 0.9, y * b, c),
            ]
            parts.append(tube(tag, 0.0012, paint.accent, 16, 0.1, 4.0, (0, 1, 0)))
    if "pane" in details:  # in an opening whose sill the first box is
        parts.append(bar((a * 0.9, 0.0016, a * 0.9), paint.accent, radius=0.0008, gloss=1.0))
        parts += [
            bar(size, shade(paint.main, 0.7), radius=0.0008)
            for size in ((a * 0.9, 0.0024, 0.0014), (0.0014, 0.0024, a * 0.9))
        ]
    return parts


def fitted(
    details: Sequence[str], ends: tuple[float, float, float], radii: tuple[float, float], paint: Paint, lid: Rgba
) -> list[Part]:
    """Return what a marker is fitted with; where its body begins, its cap does and ends; radii of both [m]."""
    (low, seam, end), (wide, cap), parts = ends, radii, []
    gold: Rgba = (0.83, 0.68, 0.30, 1.0)
    if "sliders" in details:
        tones: tuple[Rgba, ...] = (
            (0.75, 0.12, 0.10, 1),
            (0.10, 0.25, 0.70, 1),
            (0.10, 0.50, 0.20, 1),
            (0.08, 0.08, 0.09, 1),
        )
        for k, tone in enumerate(tones):
            y, z = wide * np.cos(k * np.pi / 2), wide * np.sin(k * np.pi / 2)
            parts.append(
                bar(
                    (0.0060, 0.0014 + abs(y) * 0.12, 0.0014 + abs(z) * 0.12),
                    tone,
                    (low + 0.014 - 0.003 * (k == 0), y, z),
                    0.001,
                )
            )
    if "eraser" in details:
        parts += [
            *laid([turned([(cap * 1.02, end - 0.004), (cap * 1.02, end + 0.002), (0, end + 0.002)], paint.dark)]),
            *laid(
                [
                    turned(
                        [
                            (0, end),
                            (cap * 0.94, end),
                            (cap * 0.94, end + 0.009),
                            (cap * 0.7, end + 0.010),
                            (0, end + 0.010),
                        ],
                        (0.42, 0.42, 0.44, 1.0),
                        0.0,
                    )
                ]
            ),
            rod((end, 0, 0), (end + 0.010, 0, 0), cap * 0.94, "cylinder", 0.3),
        ]
    if "feather" in details:
        long = 0.086
        vane = [
            (0.0, -0.0015),
            (0.35, -0.0090),
            (0.80, -0.0125),
            (1.0, -0.0020),
            (0.92, 0.0060),
            (0.55, 0.0130),
            (0.20, 0.0075),
            (0.0, 0.0015),
        ]
        feather = plate([(low - 0.004 - u * long, -y) for u, y in vane], 0.0009, paint.main, 0.1)
        parts += [
            feather,
            tube(
                [(low + 0.004, 0, 0), (low - 0.04, 0, 0.0004), (low - long * 0.96, 0.003, 0.0004)],
                (0.0026, 0.0016, 0.0008),
                paint.pale,
                14,
            ),
            rod((low, 0, 0), (low - long * 0.9, 0, 0), 0.0024, density=0.1),
        ]
        for u in np.linspace(0.16, 0.88, 8):  # slits in the vane
            x = low - 0.004 - u * long
            parts += [
                bar(
                    (0.0050, 0.0003, 0.0010),
                    shade(paint.main, 0.7),
                    (x - 0.003, s * 0.0055, 0),
                    0.0002,
                    tuple(Rotation.from_euler("z", -0.7 * s).as_quat().tolist()),
                )
                for s in (-1, 1)
            ]
    if "topper" in details:
        at, r = low - 0.010, 0.0135
        parts += [
            painted("sphere", (r,), paint.accent, (at - r * 0.4, 0, 0), gloss=0.1),
            *[
                painted("sphere", (r * 0.34,), paint.accent, (at - r * 1.15, y, 0), gloss=0.1)
                for y in (-r * 0.66, r * 0.66)
            ],
            *[
                painted("sphere", (r * 0.24,), (1, 1, 1, 1), (at - r * 0.75, y, r * 0.82))
                for y in (-r * 0.34, r * 0.34)
            ],
            *[
                painted("sphere", (r * 0.13,), (0.03, 0.03, 0.03, 1), (at - r * 0.80, y, r * 1.0))
                for y in (-r * 0.34, r * 0.34)
            ],
            painted("ellipsoid", (r * 0.2, r * 0.26, r * 0.14), paint.dark, (at - r * 0.25, 0, r * 0.95)),
            solid("sphere", (r,), (at - r * 0.4, 0, 0), density=0.3),
        ]
    if "chain" in details:
        for k in range(15):
            x, y = low - 0.004 - 0.0040 * k, 0.011 * np.sin(k * 0.55)
            parts.append(painted("sphere", (0.0018,), paint.steel, (x, y, 0), gloss=1.0))
        parts += [
            *laid([turned([(0.0030, low - 0.004), (wide * 0.8, low), (wide * 0.9, low + 0.003)], paint.steel, 1.0)]),
            rod((low, 0, 0), (low - 0.056, 0, 0), 0.0018, density=0.1),
        ]
    if "posted" in details:  # its cap is on its other end
        post = [
            (cap_r, low - 0.018 + z)
            for cap_r, z in ((wide * 0.72, 0.0), (wide * 1.10, 0.004), (wide * 1.16, 0.040), (wide * 1.02, 0.0405))
        ]
        parts += [
            *laid([turned([(0, low - 0.018), *post], shade(paint.main, 0.72), 0.6)]),
            bar((0.015, 0.0018, 0.0012), shade(paint.main, 0.72), (low + 0.004, 0, wide * 1.16 + 0.0014), 0.0008),
            rod((low - 0.018, 0, 0), (low + 0.022, 0, 0), wide * 1.14, "cylinder"),
        ]
    if "ribs" in details:
        for t in np.arange(16) * np.pi / 8:
            place = (seam + (end - seam) * 0.34, cap * np.cos(t), cap * np.sin(t))
            parts.append(painted("capsule", (cap * 0.10, (end - seam) * 0.26), shade(lid, 0.8), place, ALONG_X))
    if "gold" in details:
        for x, r in ((seam + 0.001, cap), (seam - 0.003, cap), (low + 0.006, wide * 0.78), (end - 0.004, cap * 0.40)):
            parts += laid(
                [
                    turned(
                        [(r * 1.04 + 0.0003, x - 0.0012), (r * 1.06 + 0.0003, x), (r * 1.04 + 0.0003, x + 0.0012)],
                        gold,
                        1.0,
                    )
                ]
            )
        parts += [
            bar((0.017, 0.0014, 0.0009), gold, (low + 0.024, 0, wide + 0.0026), 0.0006, gloss=1.0),
            painted("sphere", (0.0022,), gold, (low + 0.041, 0, wide + 0.0016), gloss=1.0),
        ]
    if "knurl" in details:
        for x in np.linspace(seam - 0.030, seam - 0.006, 9):
            parts += laid(
                [
                    turned(
                        [(wide * 1.01, x - 0.001), (wide * 1.01 + 0.0007, x), (wide * 1.01, x + 0.001)],
                        paint.steel,
                        0.9,
                    )
                ]
            )
        parts += laid([turned([(0.0012, end), (0.0005, end + 0.007), (0, end + 0.007)], paint.steel, 1.0)])
        parts.append(painted("cylinder", (wide * 1.02, 0.002), paint.accent, (low + 0.004, 0, 0), ALONG_X))
    if "wedge" in details:
        nib = plate(
            [
                (end - 0.004, -cap * 0.86),
                (end + 0.010, -cap * 0.86),
                (end + 0.004, cap * 0.86),
                (end - 0.004, cap * 0.86),
            ],
            cap * 0.30,
            shade(paint.main, 0.6),
            0.1,
        )
        parts += [nib, rod((end, 0, 0), (end + 0.006, 0, 0), cap * 0.5, "cylinder", 0.2)]
    return parts


def flattened(part: Part, share: float) -> Part:
    """Return a part that lies along x pressed flat along z: what is drawn as a mesh, and boxes for cylinders."""
    if part.mesh is not None:
        turn = Rotation.from_quat(part.quaternion)
        placed = turn.apply(part.mesh.vertices) + part.position
        mesh = Mesh(placed * (1, 1, share), part.mesh.faces, part.mesh.uv)
        return replace(part, mesh=mesh, position=(0.0, 0.0, 0.0), quaternion=IDENTITY)
    x, y, z = part.position
    if part.shape == "cylinder":
        r, half = part.size
        return replace(part, shape="box", size=(half, r, r * share), position=(x, y, z * share), quaternion=IDENTITY)
    return replace(part, position=(x, y, z * share))

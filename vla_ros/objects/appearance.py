# SPDX-License-Identifier: Apache-2.0
"""What an object looks like against what its YAML says: the share of its surface in each colour word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vla_ros.objects.color_words import color_shares
from vla_ros.objects.parts import Part

_SAMPLES = 4000  # triangles of a part that are looked at
_LEAST = 0.2  # share that the stated colours must cover before anybody wonders


def surface_colors(parts: Sequence[Part]) -> Mapping[str, float]:
    """Return the share of the drawn surface that each colour word covers, the most first."""
    colors, weights = [], []
    for part in parts:
        if not part.visible:
            continue
        rgb, area = _part_colors(part)
        colors.append(rgb)
        weights.append(area)
    return color_shares(np.concatenate(colors), np.concatenate(weights)) if colors else {}


def disagreement(stated: Sequence[str], shares: Mapping[str, float]) -> str:
    """Return what is wrong with the stated colour words, or ""."""
    covered = sum(shares.get(word, 0.0) for word in stated)
    if not shares or covered >= _LEAST:
        return ""
    seen = ", ".join(f"{word} {100 * share:.0f} %" for word, share in list(shares.items())[:3])
    return (
        f"color says {' and '.join(stated)}, which is {100 * covered:.0f} % of what is drawn ({seen}): "
        f"say '{next(iter(shares))}', or give another texture"
    )


def _part_colors(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Return colours (N, 3) in 0…1 and the areas (N,) they cover [m²]."""
    rgba = np.array(part.rgba[:3], dtype=float)
    if part.mesh is None:
        edges = np.resize(np.asarray(part.size, dtype=float), 3)
        area = 8 * (edges[0] * edges[1] + edges[1] * edges[2] + edges[2] * edges[0])
        return rgba[None], np.array([area])
    corners = part.mesh.vertices[part.mesh.faces]
    areas = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    if part.texture is None or part.mesh.uv is None or not areas.sum() > 0:
        return rgba[None], np.array([max(float(areas.sum()), 1e-12)])
    # As many looks at each triangle as its area deserves: one large triangle may carry the whole picture.
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(areas), _SAMPLES, p=areas / areas.sum())
    u, v = np.sqrt(rng.random((_SAMPLES, 1))), rng.random((_SAMPLES, 1))
    a, b, c = (part.mesh.uv[part.mesh.faces[chosen, i]] for i in range(3))
    place = ((1 - u) * a + u * (1 - v) * b + u * v * c) % 1.0
    height, width = part.texture.shape[:2]
    columns = np.minimum((place[:, 0] * width).astype(int), width - 1)
    rows = np.minimum(((1 - place[:, 1]) * height).astype(int), height - 1)
    return part.texture[rows, columns] / 255 * rgba, np.full(_SAMPLES, areas.sum() / _SAMPLES)

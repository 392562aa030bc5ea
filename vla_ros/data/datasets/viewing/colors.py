# SPDX-License-Identifier: Apache-2.0
"""Colours of curves and boxes, none of them twice."""

from __future__ import annotations

import colorsys

# Told apart by most eyes, and dark enough for lines on white.
_FIRST = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#e07b00", "#0f9aa8", "#8c564b", "#d64fb0", "#6b6b6b", "#8a8a00")
_GOLDEN = 0.618033988749895  # a turn by it lands where no hue is yet
_LIGHTNESS = (0.32, 0.45, 0.24)


def colors(count: int) -> list[str]:
    """Return so many different colours."""
    found = list(_FIRST[:count])
    step = 0
    while len(found) < count:
        hue, lightness = (0.1 + step * _GOLDEN) % 1.0, _LIGHTNESS[step % len(_LIGHTNESS)]
        color = "#{:02x}{:02x}{:02x}".format(*(round(255 * part) for part in colorsys.hls_to_rgb(hue, lightness, 0.75)))
        step += 1
        if color not in found:
            found.append(color)
    return found

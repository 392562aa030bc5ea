# SPDX-License-Identifier: Apache-2.0
"""One sinusoidal embedding of places in 3D, for patches, groups of points and candidates alike (GAM, figure 2b).

What two places say of each other, the product of their embeddings, depends on the way from one to the other alone.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

LONGEST, SHORTEST = 8.0, 0.05  # wavelengths, in units of ActionScales.position: 2.4 m to 15 mm


def position_embedding(places: Tensor, width: int) -> Tensor:
    """Return (..., width) of places (..., 3): sines, then cosines, of x, y and z at each wavelength, then zeros."""
    count = width // 6
    steps = torch.arange(count, device=places.device, dtype=places.dtype) / max(count - 1, 1)
    frequencies = 2.0 * math.pi / LONGEST * (LONGEST / SHORTEST) ** steps
    angles = (places[..., None] * frequencies).flatten(-2)  # (..., 3 count)
    spare = angles.new_zeros((*angles.shape[:-1], width - 6 * count))
    return torch.cat([angles.sin(), angles.cos(), spare], dim=-1)

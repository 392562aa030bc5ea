# SPDX-License-Identifier: Apache-2.0
"""Where a candidate takes the elements of its tool: cups where they are, fingers by its width and depth.

Shape legend: B samples, N candidates, K elements, A numbers of a candidate. Lengths in units of ActionScales.position.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_ros.policies.gam.actions import DEPTH, POSITION, ROTATION, WIDTH
from vla_ros.policies.gam.config import ActionScales
from vla_ros.policies.gam.networks.conditioning import Conditioning


def places_in_tool(actions: Tensor, conditioning: Conditioning, scales: ActionScales) -> Tensor:
    """Return places (B, N, K, 3) of lips and finger tips in the tool's frame at candidates (B, N, A).

    A candidate without a width has its fingers open and in, as it comes.
    """
    said = (actions[..., WIDTH] != 0.0) | (actions[..., DEPTH] != 0.0)  # both are 0 where they do not matter
    widths, depths = (
        (actions[..., index] + 1.0) / 2.0 * scale for index, scale in ((WIDTH, scales.width), (DEPTH, scales.depth))
    )
    opening = conditioning.openings[:, None].expand_as(widths)
    closed = torch.where(said, (opening - widths).clamp(min=0.0), 0.0)  # (B, N) [m]
    out = torch.where(said, depths.clamp(min=0.0), 0.0)
    aside = closed[..., None, None] * conditioning.closing[:, None]
    along = (out[..., None] * conditioning.fingers[:, None])[..., None]
    moved = torch.cat([aside, along], dim=-1) / scales.position
    return conditioning.element_places[:, None] + moved


def rotations(actions: Tensor) -> Tensor:
    """Return rotations (B, N, 3, 3) of scene from tool at candidates (B, N, A)."""
    first, second = actions[..., ROTATION].unflatten(-1, (2, 3)).unbind(dim=-2)
    x = nn.functional.normalize(first, dim=-1)
    y = nn.functional.normalize(second - (x * second).sum(dim=-1, keepdim=True) * x, dim=-1)
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1)


def in_scene(actions: Tensor, places: Tensor) -> Tensor:
    """Return places (B, N, K, 3) of the tool's frame in the scene's."""
    return actions[..., None, POSITION] + places @ rotations(actions).transpose(-1, -2)

# SPDX-License-Identifier: Apache-2.0
"""Pictures as tokens, a patch each, at the 3D place where the patch's surface is (GAM, figure 2b).

A small vision transformer whose patches are made by convolutions, which learns from less (Xiao et al. 2021).
Shape legend: B samples, V views, H, W pixels, P patches of a view, D numbers of a token.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_ros.policies.act.attention import EncoderLayer, sine_grid
from vla_ros.policies.gam.config import PATCH, GamSizes
from vla_ros.policies.gam.networks.position_embedding import position_embedding

CHANNELS = (3, 24, 48, 96)  # each convolution halves the picture; the last one makes D of them


class ImageTokens(nn.Module):
    """The vision transformer of one view at a time."""

    def __init__(self, sizes: GamSizes) -> None:
        super().__init__()
        scene, width = sizes.scene, sizes.width
        layers: list[nn.Module] = []
        for before, after in zip(CHANNELS, (*CHANNELS[1:], width), strict=True):
            layers += [nn.Conv2d(before, after, 3, 2, padding=1), nn.GELU()]
        self.patches = nn.Sequential(*layers[:-1])
        self._grid = scene.height // PATCH, scene.width // PATCH
        self.layers = nn.ModuleList(
            EncoderLayer(width, sizes.heads, sizes.feedforward, 0.0) for _ in range(scene.image_layers)
        )
        self.norm = nn.LayerNorm(width)
        self.nowhere = nn.Parameter(0.02 * torch.randn(width))  # of a patch without a depth

    def forward(self, images: Tensor, places: Tensor) -> Tensor:
        """Return tokens (B, V P, D) of images (B, V, H, W, 3) uint8 and the places of their pixels (B, V, H, W, 3).

        Places are in the scene's frame, in units of ActionScales.position, NaN where there is no depth.
        """
        batch, views = images.shape[:2]
        pixels = images.flatten(0, 1).permute(0, 3, 1, 2).float() / 127.5 - 1.0
        tokens = self.patches(pixels).flatten(2).transpose(1, 2)  # (B V, P, D)
        grid = sine_grid(*self._grid, tokens.shape[2] // 2 * 2).to(tokens)
        for layer in self.layers:
            tokens = layer(tokens, grid)
        centres, seen = patch_centres(places.flatten(0, 1))
        embedded = position_embedding(centres, tokens.shape[2])
        tokens = self.norm(tokens) + torch.where(seen[..., None], embedded, self.nowhere)
        return tokens.unflatten(0, (batch, views)).flatten(1, 2)


def patch_centres(places: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean place (B, P, 3) of each patch's pixels (B, H, W, 3), and (B, P) bool which have one at all."""
    known = places.isfinite().all(dim=3, keepdim=True)
    cells = torch.cat([torch.where(known, places, 0.0), known.to(places)], dim=3)
    sums = nn.functional.avg_pool2d(cells.permute(0, 3, 1, 2), PATCH).flatten(2).transpose(1, 2)  # (B, P, 4)
    share = sums[..., 3:]
    return sums[..., :3] / share.clamp(min=1e-6), share[..., 0] > 0.0

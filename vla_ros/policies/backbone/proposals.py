# SPDX-License-Identifier: Apache-2.0
"""Where things are: boxes of whatever stands on the table, from one small picture, whatever the instruction.

Objects as points (Zhou et al. 2019): a heat map of box centres, cross-entropy on its cells, sizes and offsets beside.
Shape legend: B pictures, h, w cells, K proposals.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vla_ros.policies.backbone.blocks import Residual, conv, normalised

HEIGHT, WIDTH = 144, 192  # [px] of the picture it looks at
CELL = 4  # [px] of it
FEATURES = 48


def small_pictures(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Return pictures (H, W, 3) uint8 as the network looks at them: (B, HEIGHT, WIDTH, 3)."""
    return np.stack([cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for picture in pictures])


class ProposalNetwork(nn.Module):
    """A picture to a map of centres and, in each cell, the box around the centre there."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.stem = conv(3, width, 4, 4)
        self.fine = Residual(width)
        self.down = conv(width, 2 * width, 3, 2)
        self.coarse = nn.Sequential(*[Residual(2 * width) for _ in range(3)])
        self.deep = nn.Sequential(conv(2 * width, 2 * width, 3, 2), Residual(2 * width))
        self.join = conv(width + 4 * width, FEATURES, 3)
        self.heads = nn.Conv2d(FEATURES, 5, 1)  # centre, offset x y [cells], log width, log height [cells]
        with torch.no_grad():
            self.heads.bias.copy_(torch.tensor([-4.0, 0.0, 0.0, 0.0, 0.0]))  # type: ignore[union-attr]

    def forward(self, images: Tensor) -> Tensor:
        """Return (B, 5, h, w) of pictures (B, HEIGHT, WIDTH, 3) uint8."""
        return self.heads(self.features(images))

    def features(self, images: Tensor) -> Tensor:
        """Return what the maps are read from (B, FEATURES, h, w) of pictures (B, HEIGHT, WIDTH, 3) uint8."""
        fine = self.fine(self.stem(normalised(images)))
        coarse = self.coarse(self.down(fine))
        deep = F.interpolate(self.deep(coarse), size=coarse.shape[-2:], mode="nearest")
        up = F.interpolate(torch.cat([coarse, deep], dim=1), size=fine.shape[-2:], mode="nearest")
        return self.join(torch.cat([fine, up], dim=1))


def decode(maps: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the best boxes (B, K, 4), x1 y1 x2 y2 as shares of the picture, and their scores (B, K)."""
    maps = maps.float()
    heat = maps[:, 0].sigmoid()
    peaks = heat * (heat == F.max_pool2d(heat[:, None], 3, 1, 1)[:, 0])
    rows, columns = heat.shape[-2:]
    scores, cells = peaks.flatten(1).topk(count)
    numbers = maps[:, 1:].flatten(2).gather(2, cells[:, None].expand(-1, 4, -1))
    x = (cells % columns + 0.5 + numbers[:, 0]) / columns
    y = (cells // columns + 0.5 + numbers[:, 1]) / rows
    half_w, half_h = numbers[:, 2].exp() / (2 * columns), numbers[:, 3].exp() / (2 * rows)
    return torch.stack([x - half_w, y - half_h, x + half_w, y + half_h], dim=2), scores


def proposal_loss(maps: Tensor, boxes: Tensor, seen: Tensor) -> dict[str, Tensor]:
    """Return the losses of maps (B, 5, h, w) for boxes (B, N, 4) as shares of the picture, `seen` (B, N) bool."""
    maps = maps.float()
    rows, columns = maps.shape[-2:]
    cells = maps.new_tensor([columns, rows])
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2 * cells
    size = (boxes[..., 2:] - boxes[..., :2]) * cells
    heat = _heat(centre, size, seen, rows, columns)
    losses = {"centre": _focal(maps[:, 0], heat)}
    # Cells next to the centre learn the box as well: the peak may be off by one.
    near_x, near_y = torch.meshgrid(torch.arange(-1, 2), torch.arange(-1, 2), indexing="xy")
    shift = torch.stack([near_x.flatten(), near_y.flatten()], dim=1).to(maps.device)  # (9, 2)
    cell = centre.floor().long()[:, :, None] + shift  # (B, N, 9, 2)
    inside = (cell >= 0).all(-1) & (cell[..., 0] < columns) & (cell[..., 1] < rows) & seen[..., None]
    index = (cell[..., 1].clamp(0, rows - 1) * columns + cell[..., 0].clamp(0, columns - 1)).flatten(1)
    numbers = maps[:, 1:].flatten(2).gather(2, index[:, None].expand(-1, 4, -1)).transpose(1, 2)
    wanted = torch.cat(
        [
            centre[:, :, None] - cell - 0.5,
            size.clamp(min=0.25).log()[:, :, None].expand(-1, -1, 9, -1),
        ],
        dim=-1,
    ).flatten(1, 2)
    weight = inside.flatten(1)[..., None].to(maps.dtype)
    losses["box"] = (F.smooth_l1_loss(numbers, wanted, reduction="none", beta=0.2) * weight).sum() / weight.sum().clamp(
        min=1.0
    )
    return losses


def _heat(centre: Tensor, size: Tensor, seen: Tensor, rows: int, columns: int) -> Tensor:
    """Return Gaussians around the centres' cells (B, h, w), 1 in each."""
    y = torch.arange(rows, device=centre.device)[:, None] + 0.5
    x = torch.arange(columns, device=centre.device)[None] + 0.5
    middle = centre.floor() + 0.5
    spread = (size.amin(dim=-1) / 5.0).clamp(0.6, 1.6)[..., None, None]
    distance = (x - middle[..., 0, None, None]) ** 2 + (y - middle[..., 1, None, None]) ** 2  # (B, N, h, w)
    return (torch.exp(-0.5 * distance / spread**2) * seen[..., None, None]).amax(dim=1)


def _focal(logits: Tensor, heat: Tensor) -> Tensor:
    """Return the penalty-reduced focal loss (Law and Deng 2018, equation 1)."""
    p = logits.sigmoid().clamp(1e-4, 1 - 1e-4)
    positive = heat > 0.999
    at = ((1 - p) ** 2 * p.log())[positive].sum()
    off = ((1 - heat) ** 4 * p**2 * (1 - p).log())[~positive].sum()
    return -(at + off) / positive.sum().clamp(min=1)

# SPDX-License-Identifier: Apache-2.0
"""The grasp network for cameras that move and see by turns: one encoder for all views, whoever sees a point says of it.

Shape legend: B samples, V views, P points, C features.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vla_ros.policies.backbone.blocks import sample
from vla_ros.policies.grasp_finding.grasp_network import CropFeatures, GraspHeads, from_tool

MOST = 3  # views that count


@dataclass(frozen=True, eq=False)
class SeenCrops:
    """What crops show."""

    maps: Tensor  # (B, V, C, CROP/4, CROP/4)
    summary: Tensor  # (B, W)
    shown: Tensor  # (B, V) bool: the view shows the thing at all


class AnyViewsGrasp(GraspHeads):
    """Of points seen by any number of views, of which each is of a kind: a head's, a left wrist's."""

    def __init__(self, kinds: int, size: int = 48, width: int = 96) -> None:
        super().__init__(width)
        self.view = CropFeatures(size)
        self.kind = nn.Embedding(kinds, size)
        self.point = nn.Linear(2 * size + 1 + 6, width)
        self.summary = nn.Linear(2 * size, width)

    def encode(self, crops: Tensor, kinds: Tensor, shown: Tensor) -> SeenCrops:
        """Return what crops (B, V, CROP, CROP, 3) uint8 of views of these kinds (V,) show, where `shown` (B, V)."""
        batch, views = shown.shape
        maps, summaries = self.view(crops.flatten(0, 1))
        maps = maps.unflatten(0, (batch, views)) + self.kind(kinds)[None, :, :, None, None]
        weight = shown[..., None].to(summaries.dtype)
        summary = (weight * summaries.unflatten(0, (batch, views))).sum(dim=1) / weight.sum(dim=1).clamp(min=1.0)
        return SeenCrops(maps, self.summary(summary), shown)

    def query(self, seen: SeenCrops, places: Tensor, points: Tensor, tool: Tensor) -> Tensor:
        """Return what is known about points (B, P, W).

        `places` (B, V, P, 2) is where the crops show them, -1 to 1, beyond it they do not; `points` (B, P, 3) where
        they are and `tool` (B, 3) where the nearest tool point is, relative to the middle of the question [m].
        """
        views = range(seen.maps.shape[1])
        # Places in single precision: half a pixel is two millimetres.
        found = torch.stack([sample(seen.maps[:, i].float(), places[:, i].float()) for i in views], dim=1)
        sees = seen.shown[..., None] & (places.abs() <= 1.0).all(dim=3)  # (B, V, P)
        count = sees.sum(dim=1)[..., None].float()
        kept = found.masked_fill(~sees[..., None], 0.0)
        most = found.masked_fill(~sees[..., None], -torch.inf).amax(dim=1)
        numbers = [
            kept.sum(dim=1) / count.clamp(min=1.0),
            torch.where(count > 0, most, 0.0),
            count / MOST,
            10.0 * points.float(),
            from_tool(points, tool),
        ]
        return F.silu(self.point(torch.cat(numbers, dim=2)) + seen.summary[:, None])


@dataclass(frozen=True, eq=False)
class TheseViews:
    """The network, asked in views of these kinds (V,), all of which show the thing (grasp_search.Asked)."""

    network: AnyViewsGrasp
    kinds: Tensor

    def encode(self, crops: Tensor) -> SeenCrops:
        """Return what crops (1, V, CROP, CROP, 3) uint8 show."""
        return self.network.encode(crops, self.kinds, torch.ones(1, len(self.kinds), dtype=torch.bool))

    def query(self, seen: SeenCrops, places: Tensor, points: Tensor, tool: Tensor) -> Tensor:
        """Return what is known about points (1, P, W)."""
        return self.network.query(seen, places, points, tool)

    def judge(self, known: Tensor) -> Tensor:
        """Return logits (1, P) of a grasp's tool point being there."""
        return self.network.judge(known)

    def turn(self, known: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (1, P, ANGLES) of the orientation, and opening [dm] and slope [rad] (1, P, 2)."""
        return self.network.turn(known)

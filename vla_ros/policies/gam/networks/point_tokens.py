# SPDX-License-Identifier: Apache-2.0
"""Points as tokens, a group of neighbours each: of the instance of interest, and of what is around it.

Centres by farthest-point sampling, a small PointNet over each centre's nearest points (Qi et al. 2017), then attention
among the groups. Shape legend: B samples, N points, G groups, M points of a group, F features, D numbers of a token.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_ros.policies.act.attention import EncoderLayer
from vla_ros.policies.gam.config import GamSizes
from vla_ros.policies.gam.networks.position_embedding import position_embedding

COLOR = 3  # red, green, blue, −1 to 1
FEATURES = COLOR + 1  # of a point: its colour, and 1 on the instance of interest
_NEAR = 0.1  # units of a group's offsets: 30 mm


class PointTokens(nn.Module):
    """The encoder of the point cloud."""

    def __init__(self, sizes: GamSizes) -> None:
        super().__init__()
        scene, width = sizes.scene, sizes.width
        self._counts, self._neighbours = (scene.object_groups, scene.surrounding_groups), scene.neighbours
        self.point = nn.Sequential(nn.Linear(3 + FEATURES, width // 2), nn.GELU(), nn.Linear(width // 2, width))
        self.group = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.layers = nn.ModuleList(
            EncoderLayer(width, sizes.heads, sizes.feedforward, 0.0) for _ in range(scene.point_layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, points: Tensor, features: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Return tokens (B, G, D), and (B, G) bool which there are, of points (B, N, 3), features (B, N, F).

        Points are in the scene's frame, in units of ActionScales.position; `there` (B, N) bool: which there are. What
        stands in place of the others makes no difference.
        """
        points, features = (torch.where(there[..., None], values, 0.0) for values in (points, features))
        on_object = there & (features[..., COLOR] > 0.5)
        picked = [
            farthest_points(points, among, count)
            for among, count in zip((on_object, there & ~on_object), self._counts, strict=True)
        ]
        chosen, real = torch.cat([one[0] for one in picked], dim=1), torch.cat([one[1] for one in picked], dim=1)
        centres = _gathered(points, chosen)  # (B, G, 3)
        tokens = self.group(self._groups(points, features, there, centres))
        embedded = position_embedding(centres, tokens.shape[2])
        some = real | ~real.any(dim=1, keepdim=True)  # attention to nothing at all is not a number
        for layer in self.layers:
            tokens = layer(tokens, embedded, some)
        return self.norm(tokens) + embedded, real

    def _groups(self, points: Tensor, features: Tensor, there: Tensor, centres: Tensor) -> Tensor:
        """Return (B, G, D), the strongest of each feature over the points nearest to each centre."""
        count = min(self._neighbours, points.shape[1])
        squares = (centres[:, :, None] - points[:, None]).square().sum(dim=3)  # (B, G, N)
        near = squares.masked_fill(~there[:, None], torch.inf).topk(count, dim=2, largest=False, sorted=False)
        index = near.indices.flatten(1)
        offsets = _gathered(points, index).unflatten(1, near.indices.shape[1:]) - centres[:, :, None]
        joined = torch.cat([offsets / _NEAR, _gathered(features, index).unflatten(1, near.indices.shape[1:])], dim=3)
        own = near.values.isfinite()[..., None]
        pooled = self.point(joined).masked_fill(~own, -torch.inf).amax(dim=2)
        return torch.where(own.any(dim=2), pooled, 0.0)


def farthest_points(points: Tensor, among: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return (B, count) indices of points (B, N, 3) that lie far from each other, and (B, count) bool which are real.

    `among` (B, N) bool: which may be chosen. The first is the farthest from their mean, so that the order of the points
    makes no difference; where there are fewer points than places, the last ones are not real.
    """
    weights = among.to(points)[..., None]
    mean = (points * weights).sum(dim=1, keepdim=True) / weights.sum(dim=1, keepdim=True).clamp(min=1.0)
    distances = (points - mean).square().sum(dim=2).masked_fill(~among, -1.0)
    chosen: list[Tensor] = []
    closest = torch.full_like(distances, torch.inf).masked_fill(~among, -1.0)
    for _ in range(count):
        index = distances.argmax(dim=1, keepdim=True)  # (B, 1)
        chosen.append(index)
        closest = torch.minimum(closest, (points - _gathered(points, index)).square().sum(dim=2))
        distances = closest
    real = torch.arange(count, device=points.device) < among.sum(dim=1, keepdim=True)
    return torch.cat(chosen, dim=1), real


def _gathered(values: Tensor, index: Tensor) -> Tensor:
    return values.gather(1, index[..., None].expand(-1, -1, values.shape[2]))

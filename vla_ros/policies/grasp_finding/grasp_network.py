# SPDX-License-Identifier: Apache-2.0
"""Where and how to grasp: a question to two crops at once, asked of points in space.

A point is looked up in the feature maps of both views where the calibration says it is seen; what is found there
says how good a grasp with its tool point there would be. The best of a grid of points, refined, is the grasp: depth
comes from two views agreeing, several grasps of one object never average into a bad one, and a camera that has moved
is only another calibration. Each point is also told where it lies from the tool (proprioception comes before the grasp
in the chain): where the hand is seen and where it is known to be give away what the calibration is wrong by.
Shape legend: B samples, P points, C features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vla_ros.policies.backbone.blocks import Residual, conv, mlp, normalised, sample
from vla_ros.policies.grasp_finding.grasp_pose import TILTS, YAWS

CROP = 96  # [px]
EXTENT = 0.24  # [m] a crop shows at the object's distance
ANGLES = YAWS * TILTS


class CropFeatures(nn.Module):
    """A crop to a map at a quarter of its size, and a summary."""

    def __init__(self, size: int = 48) -> None:
        super().__init__()
        self.fine = nn.Sequential(conv(3, 24, 3, 2), conv(24, size, 3, 2), Residual(size))
        self.coarse = nn.Sequential(conv(size, 2 * size, 3, 2), Residual(2 * size), Residual(2 * size))
        self.back = nn.Conv2d(2 * size, size, 1)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """Return maps (B, C, CROP/4, CROP/4) and summaries (B, 2C) of crops (B, CROP, CROP, 3) uint8."""
        fine = self.fine(normalised(crops))
        coarse = self.coarse(fine)
        up = F.interpolate(self.back(coarse), size=fine.shape[-2:], mode="bilinear", align_corners=False)
        return fine + up, coarse.mean(dim=(2, 3))


class GraspHeads(nn.Module):
    """Quality, orientation and opening of grasps at points of which something is known (B, P, W)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.quality = mlp(width, width, 1)
        self.orientation = mlp(width, 2 * width, ANGLES + 2)  # angle bins, opening [dm], slope [rad]

    def judge(self, known: Tensor) -> Tensor:
        """Return logits (B, P) of a grasp's tool point being there."""
        return self.quality(known)[..., 0].float()

    def turn(self, known: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, P, ANGLES) of the orientation, and opening [dm] and slope [rad] (B, P, 2)."""
        numbers = self.orientation(known).float()
        return numbers[..., :ANGLES], numbers[..., ANGLES:]


def from_tool(points: Tensor, tool: Tensor) -> Tensor:
    """Return where points (B, P, 3) lie from the tool (B, 3) [m], as numbers; 0 where that is NaN.

    Far away only the direction matters, near by every millimetre.
    """
    return torch.nan_to_num(torch.asinh(30.0 * (points.float() - tool.float()[:, None])), 0.0)


class GraspNetwork(GraspHeads):
    """Of points seen by two views, each with an encoder of its own."""

    def __init__(self, size: int = 48, width: int = 96) -> None:
        super().__init__(width)
        self.views = nn.ModuleList([CropFeatures(size), CropFeatures(size)])
        self.point = nn.Linear(2 * size + 6, width)
        self.summary = nn.Linear(4 * size, width)

    def encode(self, crops: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the views' maps and a summary (B, W) of crops (B, 2, CROP, CROP, 3) uint8."""
        maps, summaries = zip(*(view(crops[:, i]) for i, view in enumerate(self.views)), strict=True)
        return list(maps), self.summary(torch.cat(summaries, dim=1))

    def query(self, seen: tuple[list[Tensor], Tensor], places: Tensor, points: Tensor, tool: Tensor) -> Tensor:
        """Return what is known about points (B, P, W).

        `places` (B, 2, P, 2) is where both crops show them, -1 to 1; `points` (B, P, 3) where they are and
        `tool` (B, 3) where the tool point is, both relative to the middle of the question [m]; NaN where it is unknown.
        """
        maps, summary = seen
        # Places in single precision: half a pixel is two millimetres.
        found = [sample(maps[i].float(), places[:, i].float()) for i in range(2)]
        numbers = torch.cat([*found, 10.0 * points.float(), from_tool(points, tool)], dim=2)
        return F.silu(self.point(numbers) + summary[:, None])

# SPDX-License-Identifier: Apache-2.0
"""The geometry encoder: colour of several views to depth, points and camera poses, and the features behind them.

VGGT (Wang et al. 2025) on the small scale, with its interface: any number of views, of which the first gives the frame
that points and poses are in; attention within each view alternates with attention among all.
Shape legend: B samples, V views, C = ROWS · COLUMNS cells of a view, G numbers of a feature, h, w = MAP_ROWS,
MAP_COLUMNS of a map.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, pixel_shuffle

from vla_ros.policies.act.attention import EncoderLayer, sine_grid
from vla_ros.policies.act.network import image_encoder
from vla_ros.policies.backbone.blocks import normalised
from vla_ros.policies.gear_vla.cells import COLUMNS, ROWS
from vla_ros.policies.gear_vla.geometry.config import GeometryConfig

DETAIL = 4  # points on an edge of a cell
MAP_ROWS, MAP_COLUMNS = DETAIL * ROWS, DETAIL * COLUMNS
POSE = 3 + 6 + 1  # position [m], two columns of the rotation, focal length as a share of the picture's height


@dataclass(frozen=True, eq=False)
class Geometry:
    """What is where."""

    depth: Tensor  # (B, V, h, w) logarithm of the depth [m] along the optical axis
    points: Tensor  # (B, V, h, w, 3) [m] in the first view's optical frame
    poses: Tensor  # (B, V, POSE) of the cameras in the first view's optical frame


class GeometryNetwork(nn.Module):
    """All weights."""

    places: Tensor

    def __init__(self, config: GeometryConfig) -> None:
        super().__init__()
        self.config, size = config, config.size
        self.eye = image_encoder(config.width, size)
        self.camera = nn.Parameter(0.02 * torch.randn(2, size))  # the first view's token, and that of each other
        layer = size, config.heads, config.feedforward, 0.0
        self.within = nn.ModuleList(EncoderLayer(*layer) for _ in range(config.layers))
        self.among = nn.ModuleList(EncoderLayer(*layer) for _ in range(config.layers))
        self.norm = nn.LayerNorm(size)
        self.depth = nn.Linear(size, DETAIL * DETAIL)
        self.points = nn.Linear(size, 3 * DETAIL * DETAIL)
        self.pose = nn.Linear(size, POSE)
        self.register_buffer("places", torch.cat([torch.zeros(1, size), sine_grid(ROWS, COLUMNS, size)]), False)

    def features(self, pictures: Tensor) -> Tensor:
        """Return features (B, V, 1 + C, G) of pictures (B, V, HEIGHT, WIDTH, 3) uint8: of each camera and its cells."""
        count, views = pictures.shape[:2]
        maps = adaptive_avg_pool2d(self.eye(normalised(pictures.flatten(0, 1))), (ROWS, COLUMNS))
        cells = maps.flatten(2).transpose(1, 2).unflatten(0, (count, views))
        which = torch.ones(views, dtype=torch.long, device=pictures.device)
        which[0] = 0
        cameras = self.camera[which][None, :, None].expand(count, -1, -1, -1)
        x = torch.cat([cameras, cells], dim=2)
        everywhere = self.places.repeat(views, 1)
        for within, among in zip(self.within, self.among, strict=True):
            x = within(x.flatten(0, 1), self.places).unflatten(0, (count, views))
            x = among(x.flatten(1, 2), everywhere).unflatten(1, (views, -1))
        return self.norm(x)

    def forward(self, pictures: Tensor) -> Geometry:
        """Return what is where in pictures (B, V, HEIGHT, WIDTH, 3) uint8."""
        features = self.features(pictures)
        cells = features[:, :, 1:]
        points = self._map(self.points(cells)).unflatten(2, (3, MAP_ROWS)).movedim(2, -1)
        return Geometry(self._map(self.depth(cells)), points, self.pose(features[:, :, 0]))

    @staticmethod
    def _map(numbers: Tensor) -> Tensor:
        """Return numbers of cells (B, V, C, N · DETAIL²) as maps (B, V, N · h, w), one below the other."""
        maps = numbers.flatten(0, 1).transpose(1, 2).unflatten(2, (ROWS, COLUMNS))
        return pixel_shuffle(maps, DETAIL).flatten(1, 2).unflatten(0, numbers.shape[:2])

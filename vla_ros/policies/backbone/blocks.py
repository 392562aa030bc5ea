# SPDX-License-Identifier: Apache-2.0
"""Layers the networks share. Shape legend: B batch, C channels, H, W pixels."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval


def normalised(images: Tensor) -> Tensor:
    """Return pictures (B, H, W, 3) uint8 as (B, 3, H, W) float of about unit variance, channels last in memory."""
    return images.permute(0, 3, 1, 2).float().sub_(127.5).mul_(1.0 / 64.0)


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Return convolution, batch normalisation and SiLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2 if stride < kernel else 0, bias=False),
        nn.BatchNorm2d(outputs),
        nn.SiLU(inplace=True),
    )


class Residual(nn.Module):
    """Two convolutions around a short cut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, C, H, W)."""
        return F.silu(x + self.second(self.first(x)))


def mlp(*sizes: int) -> nn.Sequential:
    """Return linear layers of these widths with SiLU between them."""
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.SiLU()]
    return nn.Sequential(*layers[:-1])


def sample(features: Tensor, places: Tensor) -> Tensor:
    """Read features (B, C, H, W) at places (B, P, 2), x and y from -1 to 1 over the picture; returns (B, P, C)."""
    return F.grid_sample(features, places[:, :, None], align_corners=False)[..., 0].transpose(1, 2)


def freeze(network: nn.Module) -> None:
    """Let a network only infer: every normalisation after a convolution becomes part of it."""
    network.eval()
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential):
            for i in range(len(module) - 1):
                before, after = module[i], module[i + 1]
                if isinstance(before, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
                    module[i], module[i + 1] = fuse_conv_bn_eval(before, after), nn.Identity()
    network.requires_grad_(False)

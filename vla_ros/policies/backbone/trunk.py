# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 without its classifier (Sandler et al. 2018, table 2): what looks closely at each thing.

It sees much for what it costs, and there are public weights of it that have seen a thousand kinds of things.
Shape legend: B pictures, C channels, H, W pixels.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from vla_ros.policies.backbone.blocks import freeze

STRIDE = 32  # [px] of a picture for one cell of the map
STEM = 32  # channels of the first convolution
# Table 2: expansion, channels, blocks, stride of the first of them.
GROUPS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


class Trunk(nn.Sequential):
    """The convolutions. The first `still` blocks learn nothing, their statistics neither."""

    still = 0

    def keep_still(self, blocks: int) -> None:
        """Let the first `blocks` learn nothing: edges and textures, of large maps, which cost most."""
        self.still = blocks
        for block in list(self)[:blocks]:
            block.requires_grad_(False)

    def train(self, mode: bool = True) -> Trunk:
        """Let all but what stays still learn."""
        super().train(mode)
        for block in list(self)[: self.still]:
            block.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, channels(width), H / STRIDE, W / STRIDE) of (B, 3, H, W)."""
        if not (self.training and self.still):
            return super().forward(x)
        with torch.no_grad():
            x = self._inferring(x.device)(x)
        for block in list(self)[self.still :]:
            x = block(x)
        return x

    def _inferring(self, device: torch.device) -> nn.Module:
        """Return a copy of what stays still with its normalisation made part of the convolutions: a third faster."""
        made = self.__dict__.get("_copied")  # no child of the network: it is neither saved nor trained
        if made is None or next(made.parameters()).device != device:
            made = copy.deepcopy(nn.Sequential(*list(self)[: self.still]))
            freeze(made)
            self.__dict__["_copied"] = made.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return made


def trunk(width: float = 1.0) -> Trunk:
    """Return the convolutions, (B, 3, H, W) to (B, channels(width), H / STRIDE, W / STRIDE).

    `width` is the paper's multiplier of all channels.
    """
    inputs = _channels(STEM, width)
    blocks: list[nn.Module] = [_convolution(3, inputs, 3, 2)]
    for expansion, count, repeats, stride in GROUPS:
        outputs = _channels(count, width)
        for number in range(repeats):
            blocks.append(InvertedResidual(inputs, outputs, stride if number == 0 else 1, expansion))
            inputs = outputs
    return Trunk(*blocks)


def channels(width: float) -> int:
    """Return how many channels the map has."""
    return _channels(GROUPS[-1][1], width)


class InvertedResidual(nn.Module):
    """Widen, look at neighbours channel by channel, narrow again without a non-linearity."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        layers: list[nn.Module] = [] if expansion == 1 else [_convolution(inputs, wide, 1)]
        layers += [
            _convolution(wide, wide, 3, stride, groups=wide),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        self.layers = nn.Sequential(*layers)
        self.short_cut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, outputs, H / stride, W / stride) of (B, inputs, H, W)."""
        return x + self.layers(x) if self.short_cut else self.layers(x)


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    )


def _channels(count: int, width: float) -> int:
    """Return a multiple of eight near `width` times `count`, never less than nine tenths of it."""
    wanted = count * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded

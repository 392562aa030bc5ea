# SPDX-License-Identifier: Apache-2.0
"""A tool as tokens: a cylinder each of its cups and fingers, in bins (GAM, section II-C).

z_k = Emb_x(q(x_k)) + Emb_y(q(y_k)) + Emb_r(q(r_k)), and of ours, where the configuration
has them, Emb_kind + Emb_stroke.
Shape legend: B samples, K elements, D numbers of a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from controllers.errors import ConfigError
from vla_ros.policies.act.attention import sine_line
from vla_ros.policies.gam.config import ToolBins
from vla_ros.robots.tools.description import CUP, FINGER, Tool

KINDS = (CUP, FINGER)


@dataclass(frozen=True, eq=False)
class ToolNumbers:
    """What the network is told of tools, padded to as many elements."""

    cylinders: Tensor  # (B, K, 3) x, y, radius [m]
    kinds: Tensor  # (B, K) int64, index into KINDS
    strokes: Tensor  # (B, K) [m]
    there: Tensor  # (B, K) bool: which elements there are
    closing: Tensor  # (B, K, 2) x, y [m] that a finger moves while the width between them falls by a metre; 0 of cups
    openings: Tensor  # (B,) [m] width between fingers that are open

    def to(self, device: torch.device | str) -> ToolNumbers:
        """Return the same on a device."""
        return ToolNumbers(*(value.to(device) for value in vars(self).values()))


def tool_numbers(tools: Sequence[Tool], room: int | None = None) -> ToolNumbers:
    """Return the numbers of tools, one a sample, with room for `room` elements, or for those of the largest.

    Raises ConfigError for a tool that has more.
    """
    most = max(len(tool.names) for tool in tools)
    room = most if room is None else room
    if most > room:
        raise ConfigError(f"a tool has {most} cups and fingers: give room for as many ('elements'), got {room}")
    cylinders, strokes = np.zeros((len(tools), room, 3), np.float32), np.zeros((len(tools), room), np.float32)
    kinds, there = np.zeros((len(tools), room), np.int64), np.zeros((len(tools), room), bool)
    closing, openings = np.zeros((len(tools), room, 2), np.float32), np.zeros(len(tools), np.float32)
    for row, tool in enumerate(tools):
        count = len(tool.names)
        cylinders[row, :count], strokes[row, :count] = tool.cylinders, tool.strokes
        kinds[row, :count], there[row, :count] = [KINDS.index(kind) for kind in tool.kinds], True
        if tool.fingers:
            ways = np.array([finger.direction for finger in tool.fingers]) / tool.opening_rate
            closing[row, len(tool.cups) : count], openings[row] = ways, tool.opening
    arrays = (cylinders, kinds, strokes, there, closing, openings)
    return ToolNumbers(*(torch.from_numpy(array) for array in arrays))


class ToolTokens(nn.Module):
    """Embeddings of bins, summed."""

    def __init__(self, bins: ToolBins, width: int) -> None:
        super().__init__()
        self._bins = bins
        self.x, self.y = (_ordered(bins.places, width) for _ in range(2))
        self.radius = _ordered(bins.radii, width)
        self.kind = nn.Embedding(len(KINDS), width) if bins.kind else None
        self.stroke = _ordered(bins.strokes, width) if bins.with_strokes else None

    def forward(self, tools: ToolNumbers) -> Tensor:
        """Return tokens (B, K, D)."""
        bins = self._bins
        x, y, radius = tools.cylinders.unbind(dim=2)
        tokens = self.x(_bin(x, -bins.reach, bins.reach, bins.places))
        tokens = tokens + self.y(_bin(y, -bins.reach, bins.reach, bins.places))
        tokens = tokens + self.radius(_bin(radius, 0.0, bins.radius, bins.radii))
        if self.kind is not None:
            tokens = tokens + self.kind(tools.kinds)
        if self.stroke is not None:
            tokens = tokens + self.stroke(_bin(tools.strokes, 0.0, bins.stroke, bins.strokes))
        return tokens


def _bin(values: Tensor, low: float, high: float, count: int) -> Tensor:
    return ((values - low) / (high - low) * count).long().clamp(0, count - 1)


def _ordered(count: int, width: int) -> nn.Embedding:
    """Return an embedding whose neighbours begin alike: a bin that no tool of the training fell into is not noise."""
    table = nn.Embedding(count, width)
    with torch.no_grad():
        turned = nn.init.orthogonal_(torch.empty(width, width))  # another direction a quantity, or sums are ambiguous
        table.weight.copy_(sine_line(count, width) @ turned)
    return table

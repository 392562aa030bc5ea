# SPDX-License-Identifier: Apache-2.0
"""Transformer layers as DETR has them (Carion et al. 2020): positions are added to queries and keys of every layer.

Each layer normalises before it attends, which needs no long warm-up.
Shape legend: B samples, Q queries, K keys, D numbers of a token.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Multi-head attention."""

    def __init__(self, size: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query, self.key, self.value = (nn.Linear(size, size) for _ in range(3))
        self.out = nn.Linear(size, size)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, there: Tensor | None = None) -> Tensor:
        """Return (B, Q, D) of queries (B, Q, D), keys and values (B, K, D); `there` (B, K) bool: which are attended."""
        q, k, v = (
            linear(tokens).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for linear, tokens in ((self.query, query), (self.key, key), (self.value, value))
        )
        mask = None if there is None else there[:, None, None]
        dropout = self.dropout if self.training else 0.0
        return self.out(F.scaled_dot_product_attention(q, k, v, mask, dropout).transpose(1, 2).flatten(2))


class FeedForward(nn.Sequential):
    """Two linear layers."""

    def __init__(self, size: int, hidden: int, dropout: float) -> None:
        super().__init__(nn.Linear(size, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, size))


class EncoderLayer(nn.Module):
    """Tokens that attend to each other."""

    def __init__(self, size: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(size), Attention(size, heads, dropout)
        self.feed_norm, self.feed = nn.LayerNorm(size), FeedForward(size, hidden, dropout)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, positions: Tensor, there: Tensor | None = None) -> Tensor:
        """Return tokens (B, K, D) of tokens (B, K, D) at positions (K, D)."""
        normed = self.norm(x)
        placed = normed + positions
        x = x + self.drop(self.attention(placed, placed, normed, there))
        return x + self.drop(self.feed(self.feed_norm(x)))


class DecoderLayer(nn.Module):
    """Queries that attend to each other, then to a memory."""

    def __init__(self, size: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(size), Attention(size, heads, dropout)
        self.cross_norm, self.cross = nn.LayerNorm(size), Attention(size, heads, dropout)
        self.feed_norm, self.feed = nn.LayerNorm(size), FeedForward(size, hidden, dropout)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, queries: Tensor, memory: Tensor, positions: Tensor, there: Tensor) -> Tensor:
        """Return (B, Q, D) of x (B, Q, D) at queries (Q, D), and a memory (B, K, D) at positions (K, D)."""
        normed = self.norm(x)
        placed = normed + queries
        x = x + self.drop(self.attention(placed, placed, normed))
        x = x + self.drop(self.cross(self.cross_norm(x) + queries, memory + positions, memory, there))
        return x + self.drop(self.feed(self.feed_norm(x)))


def sine_line(count: int, size: int) -> Tensor:
    """Return sines and cosines (count, size) of places 0, 1, … (Vaswani et al. 2017)."""
    angles = torch.arange(count)[:, None] * torch.exp(torch.arange(0, size, 2) * (-math.log(10_000.0) / size))
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


def sine_grid(rows: int, columns: int, size: int) -> Tensor:
    """Return the same of cells, row by row (rows · columns, size): one half of the numbers is of y, the other of x."""
    y, x = sine_line(rows, size // 2), sine_line(columns, size // 2)
    return torch.cat([y[:, None].expand(-1, columns, -1), x[None].expand(rows, -1, -1)], dim=2).flatten(0, 1)

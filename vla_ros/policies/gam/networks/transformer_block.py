# SPDX-License-Identifier: Apache-2.0
"""A block of actor and critic: a candidate's tokens see each other, then the scene or the task, then feed forward.

In the actor the diffusion's time enters by adaptive layer norms that begin as nothing (AdaLN-Zero, Peebles and Xie
2023). Shape legend: B samples, N candidates, C tokens of a candidate, M tokens of what is read, D numbers of a token.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, scaled_dot_product_attention

MODULATIONS = 9  # shift, scale and gate, of each of the three parts
Pair = tuple[Tensor, Tensor]  # keys and values (B, heads, M, head size)


class TransformerBlock(nn.Module):
    """Self-attention within a candidate, cross-attention to what is read, and a feed-forward network."""

    def __init__(self, width: int, heads: int, feedforward: int, timed: bool) -> None:
        super().__init__()
        self._heads = heads
        self.modulation = nn.Linear(width, MODULATIONS * width) if timed else None
        if self.modulation is not None:
            nn.init.zeros_(self.modulation.weight)
            nn.init.zeros_(self.modulation.bias)
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=not timed) for _ in range(3))
        self.own, self.own_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.read_norm = nn.LayerNorm(width)
        self.query, self.read_out = nn.Linear(width, width), nn.Linear(width, width)
        self.pair = nn.Linear(width, 2 * width)
        self.up, self.down = nn.Linear(width, feedforward), nn.Linear(feedforward, width)

    def read(self, memory: Tensor) -> Pair:
        """Return keys and values of what is read (B, M, D): once for all candidates and all steps."""
        key, value = self.pair(self.read_norm(memory)).chunk(2, dim=2)
        return self._split(key), self._split(value)

    def forward(self, tokens: Tensor, when: Tensor | None, sees: Tensor, pair: Pair, there: Tensor) -> Tensor:
        """Return tokens (B, N, C, D).

        `when` (B or 1, N or 1, 1, D) is what the time says; `sees` (B, 1, C, C) bool: which of a candidate's tokens see
        which; `there` (B, M) bool: which of what is read there are.
        """
        if self.modulation is None:
            parts: tuple[Tensor | float, ...] = (0.0, 0.0, 1.0) * 3
        else:
            parts = self.modulation(when).chunk(MODULATIONS, dim=3)
        batch, candidates, count = tokens.shape[:3]
        # Within a candidate.
        normed = _modulated(self.norms[0](tokens), parts[0], parts[1]).flatten(0, 1)  # (B N, C, D)
        query, key, value = (self._split(part) for part in self.own(normed).chunk(3, dim=2))
        mask = sees.expand(-1, candidates, -1, -1).reshape(batch * candidates, 1, count, count)
        seen = _joined(scaled_dot_product_attention(query, key, value, attn_mask=mask))
        tokens = tokens + parts[2] * self.own_out(seen).unflatten(0, (batch, candidates))
        # To the scene or the task: the candidates of a sample share its keys and values.
        normed = _modulated(self.norms[1](tokens), parts[3], parts[4]).flatten(1, 2)  # (B, N C, D)
        read = scaled_dot_product_attention(self._split(self.query(normed)), *pair, attn_mask=there[:, None, None])
        tokens = tokens + parts[5] * self.read_out(_joined(read)).unflatten(1, (candidates, count))
        normed = _modulated(self.norms[2](tokens), parts[6], parts[7])
        return tokens + parts[8] * self.down(gelu(self.up(normed)))

    def _split(self, vectors: Tensor) -> Tensor:
        return vectors.unflatten(2, (self._heads, -1)).transpose(1, 2)


def _joined(vectors: Tensor) -> Tensor:
    return vectors.transpose(1, 2).flatten(2)


def _modulated(normed: Tensor, shift: Tensor | float, scale: Tensor | float) -> Tensor:
    return normed * (1.0 + scale) + shift


def modulated_norm(tokens: Tensor, modulation: Tensor) -> Tensor:
    """Return tokens (..., D), normalised, then scaled and shifted by a modulation (..., 2 D)."""
    shift, scale = modulation.chunk(2, dim=-1)
    return _modulated(layer_norm(tokens, tokens.shape[-1:]), shift, scale)


def among(there: Tensor) -> Tensor:
    """Return (B, 1, C, C) bool: each of a candidate's tokens sees those that there are (B, C)."""
    return torch.ones_like(there)[:, None, :, None] & there[:, None, None, :]

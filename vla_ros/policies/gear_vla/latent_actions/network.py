# SPDX-License-Identifier: Apache-2.0
"""The causal VQ-VAE: frames to codes of what changes, and from the first frame and codes to the later ones.

Encoder, attention and codebook make latent actions; the decoder is there to train them (GEAR-VLA, appendix A, figures
5 and 6). Queries of a transition see its two frames and what was before, never what comes.

Shape legend: B clips, T frames, K = T − 1 transitions, Q codes a transition, P patches, X features, D numbers a code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, pixel_shuffle, scaled_dot_product_attention

from vla_ros.policies.gear_vla.latent_actions.codebook import GroupedCodebook, Quantised
from vla_ros.policies.gear_vla.latent_actions.config import PATCH, LatentActionConfig


class LatentActionNetwork(nn.Module):
    """Encoder, codebook and decoder."""

    learned: Tensor  # () batches, while it trains

    def __init__(self, config: LatentActionConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("learned", torch.zeros((), dtype=torch.long))
        size = config.features
        self.look = _FrameEncoder(config)
        self.before = nn.Linear(2 * size, size)  # a patch with what it was one frame earlier
        self.queries = nn.Parameter(0.02 * torch.randn(config.transitions, config.codes, size))
        self.reading = nn.ModuleList(_Layer(size, config.heads) for _ in range(config.depth))
        self.to_code = nn.Linear(size, config.code_size)
        self.codebook = GroupedCodebook(config.codes, config.groups, config.entries, config.code_size)
        self.from_code = nn.Linear(config.code_size, size)
        self.place = nn.Parameter(0.02 * torch.randn(config.transitions, config.codes, size))
        self.drawing = nn.ModuleList(_DecoderLayer(size, config.heads) for _ in range(config.depth))
        self.paint = nn.Linear(size, 3 * PATCH * PATCH)

    def encode(self, frames: Tensor) -> Quantised:
        """Return the codes of clips (B, T, 3, height, width), −1 to 1: `values` (B·K, Q, D), `ids` (B·K, Q)."""
        return self._quantised(self._patches(frames))

    def forward(
        self, frames: Tensor, share: float = 1.0, rng: torch.Generator | None = None
    ) -> tuple[Tensor, Quantised]:
        """Return the changes since the first frame (B, K, 3, height, width) as the codes tell them, and the codes.

        `share` of the transitions are quantised, as the codebook has it.
        """
        patches = self._patches(frames)
        quantised = self._quantised(patches, share, rng)
        return self._drawn(patches[:, 0], quantised.values), quantised

    def draw(self, first: Tensor, ids: Tensor) -> Tensor:
        """Return the changes (B, K, 3, height, width) that codes (B, K, Q) make of a first frame (B, 3, …)."""
        return self._drawn(self.look(first), self.codebook.values(ids).flatten(0, 1))

    def _patches(self, frames: Tensor) -> Tensor:
        return self.look(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])  # (B, T, P, X)

    def _quantised(self, patches: Tensor, share: float = 1.0, rng: torch.Generator | None = None) -> Quantised:
        config, batch = self.config, len(patches)
        earlier = torch.cat([patches[:, :1], patches[:, :-1]], dim=1)
        moving = patches + self.before(torch.cat([patches, patches - earlier], dim=-1))
        mask = self._may_see(patches.device)
        tokens = self.queries.flatten(0, 1).expand(batch, -1, -1)  # (B, K·Q, X)
        for layer in self.reading:
            tokens = layer(tokens, moving.flatten(1, 2), mask)
        features = self.to_code(tokens).reshape(batch * config.transitions, config.codes, -1)
        return self.codebook(features, share, rng)

    def _may_see(self, device: torch.device) -> Tensor | None:
        """Return which features (K·Q, T·P) each query may read: the frame its transition leads to, and earlier ones."""
        config = self.config
        if not config.causal:
            return None
        to = torch.arange(1, config.frames, device=device).repeat_interleave(config.codes)
        frame = torch.arange(config.frames, device=device).repeat_interleave(config.patches)
        return frame[None] <= to[:, None]

    def _drawn(self, first: Tensor, values: Tensor) -> Tensor:
        config, batch = self.config, len(first)
        codes = self.from_code(values).reshape(batch, config.transitions * config.codes, -1)
        codes = codes + self.place.flatten(0, 1)
        # Frame k is drawn from the transitions up to it: one clip's frames are a batch of their own.
        known = torch.ones(config.transitions, config.transitions, dtype=torch.bool, device=first.device).tril()
        mask = known.repeat_interleave(config.codes, dim=1)[:, None, None]  # (K, 1, 1, K·Q)
        patches = first.repeat_interleave(config.transitions, dim=0)
        codes, mask = codes.repeat_interleave(config.transitions, dim=0), mask.repeat(batch, 1, 1, 1)
        for layer in self.drawing:
            patches = layer(patches, codes, mask)
        rows, columns = config.height // PATCH, config.width // PATCH
        changes = pixel_shuffle(self.paint(patches).transpose(1, 2).unflatten(2, (rows, columns)), PATCH)
        return changes.unflatten(0, (batch, config.transitions))


class _FrameEncoder(nn.Module):
    """One frame to its patches, each with its place: no frame knows of another."""

    def __init__(self, config: LatentActionConfig) -> None:
        super().__init__()
        size = config.features
        self.layers = nn.Sequential(
            nn.Conv2d(3, size // 2, 4, stride=4),
            nn.GELU(),
            nn.Conv2d(size // 2, size, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(size, size, 3, padding=1),
        )
        self.place = nn.Parameter(0.02 * torch.randn(config.patches, size))

    def forward(self, frames: Tensor) -> Tensor:
        """Return patches (N, P, X) of frames (N, 3, height, width)."""
        return self.layers(frames).flatten(2).transpose(1, 2) + self.place


class _Attention(nn.Module):
    """Queries that read from others."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self._heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(size, size) for _ in range(4))

    def forward(self, tokens: Tensor, others: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return what tokens (B, N, X) read of others (B, M, X); `mask` broadcasts to (B, heads, N, M)."""
        query, key, value = (
            linear(given).unflatten(2, (self._heads, -1)).transpose(1, 2)
            for linear, given in ((self.query, tokens), (self.key, others), (self.value, others))
        )
        return self.out(scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(1, 2).flatten(2))


class _Layer(nn.Module):
    """Read from others, then a feed-forward network."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(3))
        self.read = _Attention(size, heads)
        self.up, self.down = nn.Linear(size, 2 * size), nn.Linear(2 * size, size)

    def forward(self, tokens: Tensor, others: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return tokens (B, N, X) after reading others (B, M, X)."""
        tokens = tokens + self.read(self.norms[0](tokens), self.norms[1](others), mask)
        return tokens + self.down(gelu(self.up(self.norms[2](tokens))))


class _DecoderLayer(nn.Module):
    """Patches look at each other, then at the codes."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.among = _Attention(size, heads)
        self.codes = _Layer(size, heads)

    def forward(self, patches: Tensor, codes: Tensor, mask: Tensor) -> Tensor:
        """Return patches (B, P, X) after reading codes (B, K·Q, X)."""
        normed = self.norm(patches)
        return self.codes(patches + self.among(normed, normed), codes, mask)

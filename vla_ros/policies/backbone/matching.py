# SPDX-License-Identifier: Apache-2.0
"""Which of the things is meant: every proposal of both views against the words, and against one another.

Precision is easy, choosing the right object is hard: so each proposal is looked at again at full resolution, and a
small transformer compares all of them with the sentence, which "left of" and "largest" need. Colour and category of
each thing are learned beside it, as GraspVLA's grounding data teaches the names of things.
Shape legend: B scenes, N proposals of both views, T tokens of text, S sentences a scene, D features.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vla_ros.policies.backbone.blocks import mlp, normalised
from vla_ros.policies.backbone.standing import NUMBERS
from vla_ros.policies.backbone.trunk import STRIDE, channels, trunk
from vla_ros.policies.backbone.word_tokens import SIZE as WORD_SIZE

CROP = 64  # [px] where a checkpoint says nothing else
KeysValues = tuple[Tensor, Tensor]
IN_PICTURE = 7  # x1 y1 x2 y2 as shares of the picture, proposal score, one of two views
GEOMETRY = IN_PICTURE + NUMBERS  # and where it stands


class CropEncoder(nn.Module):
    """A thing's picture to features (…, D)."""

    def __init__(self, size: int, trunk_width: float, crop: int) -> None:
        super().__init__()
        self.trunk = trunk(trunk_width)
        cells = math.ceil(crop / STRIDE) ** 2
        self.out = nn.Linear(cells * channels(trunk_width), size)

    def forward(self, crops: Tensor) -> Tensor:
        """Return (N, D) of crops (N, crop, crop, 3) uint8."""
        return self.out(self.trunk(normalised(crops)).flatten(1))


class MatchNetwork(nn.Module):
    """Scores of proposals for a sentence."""

    def __init__(
        self,
        categories: int,
        colors: int,
        size: int = 128,
        depth: int = 4,
        trunk_width: float = 1.0,
        crop: int = CROP,
    ) -> None:
        super().__init__()
        self.crop = crop
        self.crops = CropEncoder(size, trunk_width, crop)
        self.geometry = mlp(GEOMETRY, 64, size)
        self.words = nn.Sequential(nn.Linear(WORD_SIZE, size), nn.SiLU(), nn.Linear(size, size))
        self.order = nn.Parameter(0.02 * torch.randn(64, size))  # of the words
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(size, 4, 2 * size, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(depth)
        )
        self.score = mlp(size, size, 1)
        self.category, self.color = nn.Linear(size, categories), nn.Linear(size, colors)

    def encode(self, crops: Tensor) -> Tensor:
        """Return what crops (N, crop, crop, 3) uint8 show, (N, D): once a picture, whatever is asked of it."""
        return self.crops(crops)

    def forward(self, looks: Tensor, geometry: Tensor, there: Tensor, words: Tensor) -> Tensor:
        """Return logits (B, N): is it the one that is meant?

        `looks` (B, N, D), `geometry` (B, N, GEOMETRY), `there` (B, N) bool, `words` (B, T, WORD_SIZE), zero rows
        where there is no token.
        """
        things = self.attend(looks, geometry, there, words)[-1][:, : looks.shape[1]]
        return self.score(things)[..., 0].float().masked_fill(~there, -30.0)

    def attend(self, looks: Tensor, geometry: Tensor, there: Tensor, words: Tensor) -> list[Tensor]:
        """Return things and words (B, N + T, D) as each layer takes them, and last as the last one leaves them."""
        things = looks + self.geometry(geometry)
        spoken = self.words(words) + self.order[: words.shape[1]]
        tokens = [torch.cat([things, spoken], dim=1)]
        missing = torch.cat([~there, (words == 0).all(dim=2)], dim=1)
        for layer in self.layers:
            tokens.append(layer(tokens[-1], src_key_padding_mask=missing))
        return tokens

    def keys_values(self, tokens: Sequence[Tensor]) -> tuple[KeysValues, ...]:
        """Return each layer's keys and values (…, H, M, D/H) of what it takes (…, M, D)."""
        return tuple(layer_keys_values(layer, taken) for layer, taken in zip(self.layers, tokens, strict=True))


def layer_keys_values(layer: nn.Module, tokens: Tensor) -> KeysValues:
    """Return the keys and values (…, H, M, D/H) that a layer attends to in its tokens (…, M, D)."""
    assert isinstance(layer, nn.TransformerEncoderLayer)
    attention = layer.self_attn
    size = attention.embed_dim
    weight, bias = attention.in_proj_weight[size:], attention.in_proj_bias[size:]
    both = F.linear(layer.norm1(tokens), weight, bias)  # (…, M, 2D)
    keys, values = (part.unflatten(-1, (attention.num_heads, -1)).transpose(-3, -2) for part in both.chunk(2, dim=-1))
    return keys, values

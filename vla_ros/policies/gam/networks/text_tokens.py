# SPDX-License-Identifier: Apache-2.0
"""Prompts as tokens: a frozen public word embedding, then attention among the words of a prompt.

Shape legend: B prompts, T words, D numbers of a token.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from vla_ros.policies.act.attention import EncoderLayer, sine_line
from vla_ros.policies.backbone.word_tokens import SIZE, word_tokens
from vla_ros.policies.gam.config import GamSizes

LENGTH = 20  # words of a prompt at most


def prompt_words(prompts: Sequence[str]) -> Tensor:
    """Return the embedded words (B, T, SIZE) of prompts. Raises ConfigError where the embedding is not installed."""
    return torch.from_numpy(np.stack([word_tokens(prompt, {}, LENGTH) for prompt in prompts]))


class TextTokens(nn.Module):
    """The encoder of prompts, of modes and of criteria."""

    def __init__(self, sizes: GamSizes) -> None:
        super().__init__()
        width = sizes.width
        self.words = nn.Linear(SIZE, width)
        self.layers = nn.ModuleList(
            EncoderLayer(width, sizes.heads, sizes.feedforward, 0.0) for _ in range(sizes.text_layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """Return tokens (B, T, D), and (B, T) bool which there are, of embedded words (B, T, SIZE)."""
        there = (words != 0).any(dim=2)
        some = there | ~there.any(dim=1, keepdim=True)  # attention to nothing at all is not a number
        tokens = self.words(words)
        places = sine_line(words.shape[1], tokens.shape[2]).to(tokens)
        for layer in self.layers:
            tokens = layer(tokens, places, some)
        return self.norm(tokens), there

    def sentences(self, words: Tensor) -> Tensor:
        """Return one token (B, D) a prompt: the mean of its words."""
        tokens, there = self(words)
        weights = there.to(tokens)[..., None]
        return (tokens * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)

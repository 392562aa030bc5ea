# SPDX-License-Identifier: Apache-2.0
"""Vocabulary added to a language model: one token a bin, with tables of its own.

The language model's own tables stay as they came, so any one fits; and because each kind of bin (boxes, grasp poses)
is scored by its own head, no other kind and no word can come out: decoding is constrained by construction, and the
cross-entropy is of the same distribution that is decoded from.

Shape legend: B batch, T tokens, W width of the language model, K bins.
"""

from __future__ import annotations

from torch import Tensor, nn


class BinVocabulary(nn.Module):
    """Embeddings and scores of one kind of bin; `spread` is the standard deviation of fresh embeddings."""

    def __init__(self, bins: int, width: int, spread: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(bins, width)
        self.head = nn.Linear(width, bins, bias=False)
        nn.init.normal_(self.embedding.weight, std=spread)
        nn.init.normal_(self.head.weight, std=spread)

    def embed(self, bins: Tensor) -> Tensor:
        """Return embeddings (B, T, W) of bins (B, T)."""
        return self.embedding(bins)

    def score(self, hidden: Tensor) -> Tensor:
        """Return logits (B, T, K), in float32, of the bins that follow hidden states (B, T, W)."""
        return self.head(hidden).float()

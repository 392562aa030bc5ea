# SPDX-License-Identifier: Apache-2.0
"""What says the tokens of actions, one after the other: latent actions of the coming second, then FAST tokens.

GEAR-VLA's equation 1 on the small scale: each token is predicted from those before it and from what was seen, said and
felt. Its keys and values at latent actions are what the action transformer reads.

Shape legend: B samples, M tokens of the memory, N own tokens, L latent actions, F FAST tokens, D numbers of a token,
K heads, E head size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from vla_ros.policies.act.attention import sine_line
from vla_ros.policies.gear_vla.config import GearVlaSizes, TokenSizes

Pair = tuple[Tensor, Tensor]  # keys and values (B, K, N, E)


@dataclass(frozen=True, eq=False)
class Memory:
    """What was seen, said and felt."""

    tokens: Tensor  # (B, M, D)
    seen: Tensor  # (B, M) bool: which of them may be read
    pairs: list[Pair]  # keys and values of them, a layer of the decoder


@dataclass(frozen=True, eq=False)
class Decoded:
    """What was predicted, and the cache."""

    latent: Tensor  # (B, L, vocabulary) logits of the latent actions
    fast: Tensor  # (B, F, vocabulary) logits of the FAST tokens
    pairs: list[Pair]  # a layer: of the begin token and of the latent actions (B, K, 1 + L, E)


class TokenDecoder(nn.Module):
    """A causal transformer over tokens of actions, which looks up what it needs in a memory."""

    places: Tensor

    def __init__(self, sizes: GearVlaSizes, tokens: TokenSizes) -> None:
        super().__init__()
        size = sizes.size
        self.count = tokens.latent_actions
        self.begin = nn.Parameter(0.02 * torch.randn(size))
        self.latent = nn.Embedding(tokens.latent_vocabulary, size)
        self.fast = nn.Embedding(tokens.fast_vocabulary, size)
        self.layers = nn.ModuleList(_Layer(sizes) for _ in range(sizes.decoder_layers))
        self.norm = nn.LayerNorm(size)
        self.to_latent = nn.Linear(size, tokens.latent_vocabulary)
        self.to_fast = nn.Linear(size, tokens.fast_vocabulary)
        self.register_buffer("places", sine_line(1 + self.count + tokens.fast_most, size), persistent=False)

    def memory_pairs(self, memory: Tensor) -> list[Pair]:
        """Return keys and values of a memory (B, M, D), a layer."""
        return [layer.memory_pair(memory) for layer in self.layers]  # type: ignore[operator]  # a _Layer

    def forward(self, memory: Memory, latent: Tensor, fast: Tensor) -> Decoded:
        """Predict latent actions (B, L) and FAST tokens (B, F) of those before each; F may be 0."""
        count, steps = self.count, fast.shape[1]
        x = torch.cat([self._begun(len(latent)), self.latent(latent), self.fast(fast[:, :-1])], dim=1)
        x, pairs = self._through(x + self.places[: x.shape[1]], memory)
        logits = self.to_fast(x[:, count : count + steps]) if steps else x.new_zeros(len(x), 0, 1)
        return Decoded(
            self.to_latent(x[:, :count]), logits, [(k[:, :, : 1 + count], v[:, :, : 1 + count]) for k, v in pairs]
        )

    def say(self, memory: Memory) -> tuple[Tensor, list[Pair]]:
        """Return the likeliest latent actions (B, L), each given those before it, and the cache as `Decoded` has it."""
        x = self._begun(len(memory.tokens))
        past: list[Pair] | None = None
        said: list[Tensor] = []
        for place in range(1 + self.count):
            made, past = self._through(x + self.places[place], memory, past)
            if place < self.count:
                said.append(self.to_latent(made[:, -1]).argmax(dim=1))
                x = self.latent(said[-1])[:, None]
        assert past is not None
        return torch.stack(said, dim=1), past

    def _begun(self, batch: int) -> Tensor:
        return self.begin.expand(batch, 1, -1)

    def _through(self, x: Tensor, memory: Memory, past: list[Pair] | None = None) -> tuple[Tensor, list[Pair]]:
        pairs = []
        mask = memory.seen[:, None, None]
        for number, layer in enumerate(self.layers):
            x, pair = layer(x, memory.pairs[number], mask, None if past is None else past[number])
            pairs.append(pair)
        return self.norm(x), pairs


class _Layer(nn.Module):
    """Attention to tokens before, then to the memory, then a feed-forward network."""

    def __init__(self, sizes: GearVlaSizes) -> None:
        super().__init__()
        size, self._heads = sizes.size, sizes.heads
        self.norms = nn.ModuleList(nn.LayerNorm(size) for _ in range(3))
        self.own, self.own_out = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.ask, self.look_up, self.ask_out = nn.Linear(size, size), nn.Linear(size, 2 * size), nn.Linear(size, size)
        self.up, self.down = nn.Linear(size, sizes.feedforward), nn.Linear(sizes.feedforward, size)

    def memory_pair(self, memory: Tensor) -> Pair:
        """Return keys and values (B, K, M, E) of a memory (B, M, D)."""
        keys, values = self._split(self.look_up(memory), 2)
        return keys, values

    def forward(self, x: Tensor, memory: Pair, mask: Tensor, past: Pair | None) -> tuple[Tensor, Pair]:
        """Return tokens (B, N, D), and keys and values of them and of those in `past`, which they come after.

        `mask` (B, 1, 1, M) is True where the memory may be read. Behind a `past` there is one token at a time.
        """
        query, key, value = self._split(self.own(self.norms[0](x)), 3)
        if past is not None:
            key, value = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)
        x = x + self.own_out(_joined(scaled_dot_product_attention(query, key, value, is_causal=past is None)))
        (asked,) = self._split(self.ask(self.norms[1](x)), 1)
        x = x + self.ask_out(_joined(scaled_dot_product_attention(asked, *memory, attn_mask=mask)))
        return x + self.down(gelu(self.up(self.norms[2](x)))), (key, value)

    def _split(self, vectors: Tensor, parts: int) -> tuple[Tensor, ...]:
        return tuple(part.unflatten(2, (self._heads, -1)).transpose(1, 2) for part in vectors.chunk(parts, dim=2))


def _joined(vectors: Tensor) -> Tensor:
    return vectors.transpose(1, 2).flatten(2)

# SPDX-License-Identifier: Apache-2.0
"""The action diffusion transformer: half as deep as the vision-language model, it reads the latter half of its cache.

GR-3's section 2. Input: a token of the robot's state, then one a noisy action. In each layer they attend to the keys
and values that the vision-language model made there, to the state and, causally, to actions before them. The flow's
time enters by adaptive layer norms (AdaLN, Peebles and Xie 2023). RMSNorm stands after the linear layers of attention
and feed-forward network, without which the report saw training become unstable.

Several times τ of one chunk share one prefix: their tokens stand side by side and do not see each other, so that the
vision-language model runs once for all of them.

Shape legend: B batch, M times a chunk, H actions, A numbers of an action, S numbers of the state, T tokens of the
prefix, N = M (1 + H) own tokens, X width, Q heads, K key-value heads, E head size.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from controllers.errors import ConfigError
from vla_ros.policies.action_transformer.sizes import ActionTransformerSizes
from vla_ros.policies.flow.network import TIME_FEATURES, time_features
from vla_ros.policies.kv_cache.prefix import Prefix

MODULATIONS = 6  # of a layer: shift, scale and gate, of attention and of the feed-forward network


class Positions(Protocol):
    """Turns queries and keys by their positions, as the vision-language model turned its keys."""

    def turn(self, vectors: Tensor, positions: Tensor) -> Tensor:
        """Return vectors (B, heads, N, E) turned to positions (B, N)."""
        ...


class Unturned:
    """For a vision-language model whose keys know no position."""

    def turn(self, vectors: Tensor, positions: Tensor) -> Tensor:
        """Return the vectors as they are."""
        return vectors


class ActionTransformer(nn.Module):
    """v(a^τ, τ | state, prefix). Raises ConfigError when its heads do not fit those of the cache."""

    def __init__(
        self,
        sizes: ActionTransformerSizes,
        depth: int,
        kv_heads: int,
        head_size: int,
        state_size: int,
        horizon: int,
        action_size: int,
        positions: Positions | None = None,
    ) -> None:
        """`depth` is of this network, `kv_heads` and `head_size` are of the cache that it reads."""
        super().__init__()
        if sizes.heads % kv_heads:
            raise ConfigError(f"heads are {sizes.heads}: take a multiple of the {kv_heads} that the cache has")
        width = sizes.width
        self.horizon, self.action_size, self.state_size = horizon, action_size, state_size
        self.state, self.action = nn.Linear(state_size, width), nn.Linear(action_size, width)
        self.step = nn.Parameter(0.02 * torch.randn(1 + horizon, width))
        self.time = nn.Sequential(nn.Linear(TIME_FEATURES, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self._positions = positions or Unturned()
        self.layers = nn.ModuleList(_Layer(sizes, kv_heads, head_size, self._positions) for _ in range(depth))
        self.last = nn.Linear(width, 2 * width)
        self.velocity = nn.Linear(width, action_size)
        # Each layer begins as nothing, and so does the field (AdaLN-Zero).
        for linear in (self.last, self.velocity):
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor, tau: Tensor, state: Tensor, prefix: Prefix) -> Tensor:
        """Return velocities (B, M, H, A), in float32, of noised actions (B, M, H, A) at tau (B, M), state (B, S)."""
        return self.velocities(self.hidden(x, tau, state, prefix))

    def velocities(self, hidden: Tensor) -> Tensor:
        """Return velocities (B, M, H, A), in float32, of `hidden`'s tokens."""
        return self.velocity(hidden).float()

    def hidden(self, x: Tensor, tau: Tensor, state: Tensor, prefix: Prefix) -> Tensor:
        """Return the last layer's tokens (B, M, H, X) of the actions, of what `forward` takes."""
        batch, times = tau.shape
        dtype = self.action.weight.dtype
        own = self.state(state.to(dtype))[:, None, None].expand(-1, times, -1, -1)
        tokens = torch.cat([own, self.action(x.to(dtype))], dim=2) + self.step  # (B, M, 1 + H, X)
        when = self.time(time_features(tau.flatten()).to(dtype)).unflatten(0, (batch, times))[:, :, None]
        places = torch.arange(1 + self.horizon, device=x.device).repeat(times)  # (N,)
        positions = prefix.next_position[:, None] + places
        mask = torch.cat(
            [prefix.mask[:, None].expand(-1, len(places), -1), self._causal(times, x.device).expand(batch, -1, -1)],
            dim=2,
        )[:, None]  # (B, 1, N, T + N)
        for layer, keys, values in zip(self.layers, prefix.keys, prefix.values, strict=True):
            tokens = layer(tokens, when, keys, values, mask, positions)
        shift, scale = self.last(when).chunk(2, dim=3)
        return _modulated(tokens, shift, scale)[:, :, 1:]

    def _causal(self, times: int, device: torch.device) -> Tensor:
        """Return who sees whom (N, N) bool: of the same time, oneself and what stands before."""
        before = torch.ones(1 + self.horizon, 1 + self.horizon, dtype=torch.bool, device=device).tril()
        return torch.block_diag(*[before] * times).bool()


class _Layer(nn.Module):
    """Attention over the cache and the own tokens, then a feed-forward network, both modulated by the time."""

    def __init__(self, sizes: ActionTransformerSizes, kv_heads: int, head_size: int, positions: Positions) -> None:
        super().__init__()
        width = sizes.width
        self._head_size, self._positions = head_size, positions
        self.modulation = nn.Linear(width, MODULATIONS * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)
        self.query = _normed(width, sizes.heads * head_size, sizes.norm)
        self.key, self.value = (_normed(width, kv_heads * head_size, sizes.norm) for _ in range(2))
        self.out = _normed(sizes.heads * head_size, width, sizes.norm)
        self.up = _normed(width, sizes.feedforward, sizes.norm)
        self.down = _normed(sizes.feedforward, width, sizes.norm)

    def forward(
        self, tokens: Tensor, when: Tensor, keys: Tensor, values: Tensor, mask: Tensor, positions: Tensor
    ) -> Tensor:
        """Return tokens (B, M, 1 + H, X) after reading keys and values (B, K, T, E).

        `when` (B, M, 1, X) is what the time says; `mask` (B, 1, N, T + N) is True where one may look.
        """
        shift, scale, gate, feed_shift, feed_scale, feed_gate = self.modulation(when).chunk(MODULATIONS, dim=3)
        normed = _modulated(tokens, shift, scale).flatten(1, 2)  # (B, N, X)
        query, key, value = (self._heads(linear(normed)) for linear in (self.query, self.key, self.value))
        query, key = self._positions.turn(query, positions), self._positions.turn(key, positions)
        keys, values = torch.cat([keys.to(key.dtype), key], dim=2), torch.cat([values.to(value.dtype), value], dim=2)
        seen = scaled_dot_product_attention(query, keys, values, attn_mask=mask, enable_gqa=True)
        tokens = tokens + gate * self.out(seen.transpose(1, 2).flatten(2)).unflatten(1, tokens.shape[1:3])
        return tokens + feed_gate * self.down(gelu(self.up(_modulated(tokens, feed_shift, feed_scale))))

    def _heads(self, vectors: Tensor) -> Tensor:
        return vectors.unflatten(2, (-1, self._head_size)).transpose(1, 2)


def _normed(inputs: int, outputs: int, norm: bool) -> nn.Sequential:
    linear = nn.Linear(inputs, outputs, bias=False)
    return nn.Sequential(linear, nn.RMSNorm(outputs, eps=1e-6)) if norm else nn.Sequential(linear)


def _modulated(tokens: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return nn.functional.layer_norm(tokens, tokens.shape[-1:]) * (1.0 + scale) + shift

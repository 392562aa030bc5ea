# SPDX-License-Identifier: Apache-2.0
"""The action expert: a smaller transformer beside the language model, layer by layer, that carries noise to actions.

In each layer the action tokens attend to every key and value that the language model cached there, images, words,
boxes, proprioception and grasp pose alike, and to each other (GraspVLA section 4, after π₀). It reads the cache and
never adds to it. Output: the velocity u = a − ε of a^τ = (1 − τ) ε + τ a.

Shape legend: B batch, H action tokens, D numbers an action, T tokens of the prefix, X width of the expert,
Q its heads, K key-value heads, E head size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import PretrainedConfig

from controllers.errors import ConfigError
from vla_ros.policies.flow.network import TIME_FEATURES, time_features
from vla_ros.policies.graspvla.full.config import ExpertConfig
from vla_ros.policies.graspvla.full.language_model import LanguageModel
from vla_ros.policies.kv_cache.prefix import Prefix
from vla_ros.policies.kv_cache.rotary import Rotary

EPSILON = 1e-6  # of the norms


class Expert(nn.Module, ABC):
    """v(x, τ | prefix), in the paper's form or the released one."""

    def forward(self, x: Tensor, tau: Tensor, prefix: Prefix) -> Tensor:
        """Return velocities (B, H, D), in float32, of noised actions (B, H, D) at tau (B,)."""
        return self.velocities(self.hidden(x, tau, prefix))

    @abstractmethod
    def hidden(self, x: Tensor, tau: Tensor, prefix: Prefix) -> Tensor:
        """Return the last layer's tokens (B, H, X) of what `forward` takes."""

    @abstractmethod
    def velocities(self, hidden: Tensor) -> Tensor:
        """Return velocities (B, H, D), in float32, of `hidden`'s tokens."""


class FullActionExpert(Expert):
    """v(x, τ | prefix) over H actions of D numbers.

    Raises ConfigError when layers or heads do not fit the language model.
    """

    def __init__(
        self, config: ExpertConfig, language: LanguageModel, words: PretrainedConfig, horizon: int, action_size: int
    ) -> None:
        """Read the cache of `language`, whose configuration is `words`."""
        super().__init__()
        if config.heads % language.kv_heads:
            raise ConfigError(
                f"expert heads are {config.heads}: take a multiple of the language model's {language.kv_heads} "
                "key-value heads"
            )
        self.reads = config.layers or tuple(range(language.depth))
        if self.reads[-1] >= language.depth:
            raise ConfigError(f"expert layer {self.reads[-1]}: the language model has layers 0 to {language.depth - 1}")
        self.action = nn.Linear(action_size, config.width)
        self.time = nn.Sequential(
            nn.Linear(TIME_FEATURES, config.width), nn.SiLU(), nn.Linear(config.width, config.width)
        )
        self.step = nn.Parameter(0.02 * torch.randn(horizon, config.width))
        rotary = Rotary(words, language.head_size)
        self.layers = nn.ModuleList(
            ExpertLayer(config, language.kv_heads, language.head_size, rotary) for _ in self.reads
        )
        self.norm = nn.RMSNorm(config.width, eps=EPSILON)
        self.velocity = nn.Linear(config.width, action_size)

    def velocities(self, hidden: Tensor) -> Tensor:
        """Return velocities (B, H, D), in float32, of `hidden`'s tokens."""
        return self.velocity(hidden).float()

    def hidden(self, x: Tensor, tau: Tensor, prefix: Prefix) -> Tensor:
        """Return the last layer's tokens (B, H, X) of what `forward` takes."""
        dtype = self.action.weight.dtype
        tokens = self.action(x.to(dtype)) + self.time(time_features(tau).to(dtype))[:, None] + self.step
        positions = prefix.next_position[:, None] + torch.arange(x.shape[1], device=x.device)  # (B, H)
        own = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)
        mask = torch.cat([prefix.mask, own], dim=1)[:, None, None]  # (B, 1, 1, T + H): actions see each other both ways
        for layer, read in zip(self.layers, self.reads, strict=True):
            tokens = layer(tokens, prefix.keys[read], prefix.values[read], mask, positions)
        return self.norm(tokens)


class ExpertLayer(nn.Module):
    """One layer: attention over the cache and the actions, then a gated multilayer perceptron, both residual."""

    def __init__(
        self, config: ExpertConfig, kv_heads: int, head_size: int, rotary: Rotary, epsilon: float = EPSILON
    ) -> None:
        super().__init__()
        self._sizes = (config.heads, kv_heads, kv_heads)
        self._head_size, self._rotary = head_size, rotary
        self.attention_norm = nn.RMSNorm(config.width, eps=epsilon)
        self.query_key_value = nn.Linear(config.width, sum(self._sizes) * head_size, bias=False)
        self.attention_out = nn.Linear(config.heads * head_size, config.width, bias=False)
        self.mlp_norm = nn.RMSNorm(config.width, eps=epsilon)
        self.gate_up = nn.Linear(config.width, 2 * config.mlp, bias=False)
        self.down = nn.Linear(config.mlp, config.width, bias=False)

    def forward(self, tokens: Tensor, keys: Tensor, values: Tensor, mask: Tensor, positions: Tensor) -> Tensor:
        """Return tokens (B, H, X) after reading keys and values (B, K, T, E); mask True where one may look."""
        return self.extend(tokens, keys, values, mask, positions)[0]

    def extend(
        self, tokens: Tensor, keys: Tensor, values: Tensor, mask: Tensor, positions: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the same tokens, and the keys and values (B, K, T + H, E) that theirs are among."""
        heads = self.query_key_value(self.attention_norm(tokens)).unflatten(2, (-1, self._head_size)).transpose(1, 2)
        query, key, value = heads.split(self._sizes, dim=1)  # (B, Q or K, H, E)
        query, key = self._rotary.turn(query, positions), self._rotary.turn(key, positions)
        keys, values = torch.cat([keys.to(key.dtype), key], dim=2), torch.cat([values.to(value.dtype), value], dim=2)
        seen = scaled_dot_product_attention(query, keys, values, attn_mask=mask, enable_gqa=True)
        tokens = tokens + self.attention_out(seen.transpose(1, 2).flatten(2))
        gate, up = self.gate_up(self.mlp_norm(tokens)).chunk(2, dim=2)
        return tokens + self.down(nn.functional.silu(gate) * up), keys, values

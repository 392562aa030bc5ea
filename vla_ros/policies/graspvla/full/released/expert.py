# SPDX-License-Identifier: Apache-2.0
"""The action expert of the released code: the language model's own layers, narrower, over states and noised actions.

The two states come first, attend to the prefix and each other, and never to actions. Nothing of them changes while
noise becomes actions, so they are read once, into the prefix. Time runs from noise at t = 1 to actions at t = 0, and
the output is ε − a; here, as everywhere, τ = 1 − t and u = a − ε.

Shape legend: B batch, M states, H action tokens, D numbers an action, T tokens of the prefix, X width of the expert.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig

from controllers.errors import ConfigError
from vla_ros.policies.graspvla.full.config import STATE_SIZE, ExpertConfig
from vla_ros.policies.graspvla.full.expert import Expert, ExpertLayer
from vla_ros.policies.graspvla.full.language_model import LanguageModel
from vla_ros.policies.kv_cache.prefix import Prefix
from vla_ros.policies.kv_cache.rotary import Rotary

PERIOD_MIN, PERIOD_MAX = 4e-3, 4.0  # of the time's sines and cosines


class ReleasedExpert(Expert):
    """v(x, τ | prefix). Raises ConfigError when layers or heads do not fit the language model."""

    def __init__(
        self, config: ExpertConfig, language: LanguageModel, words: PretrainedConfig, horizon: int, action_size: int
    ) -> None:
        super().__init__()
        if config.layers or config.heads != language.heads or config.width % 2:
            raise ConfigError(
                f"expert has layers {list(config.layers)}, {config.heads} heads and width {config.width}: the released "
                f"form has every layer (give none), the language model's {language.heads} heads and an even width"
            )
        width, self._horizon = config.width, horizon
        epsilon = getattr(words, "rms_norm_eps", 1e-6)
        self.state = nn.Linear(STATE_SIZE, width)
        self.action = nn.Linear(action_size, width)
        self.time = nn.Sequential(nn.Linear(2 * width, width), nn.SiLU(), nn.Linear(width, width))
        rotary = Rotary(words, language.head_size)
        self.layers = nn.ModuleList(
            ExpertLayer(config, language.kv_heads, language.head_size, rotary, epsilon) for _ in range(language.depth)
        )
        self.norm = nn.RMSNorm(width, eps=epsilon)
        self.velocity = nn.Linear(width, action_size)

    def read_states(self, states: Tensor, prefix: Prefix) -> Prefix:
        """Return the prefix grown by normalised proprioception (B, M, 7)."""
        tokens = self.state(states.to(self.state.weight.dtype))
        positions, mask = _places(tokens, prefix)
        keys, values = [], []
        for layer, key, value in zip(self._layers(), prefix.keys, prefix.values, strict=True):
            tokens, key, value = layer.extend(tokens, key, value, mask[:, None, None], positions)
            keys.append(key)
            values.append(value)
        return Prefix(tuple(keys), tuple(values), mask)

    def velocities(self, hidden: Tensor) -> Tensor:
        """Return velocities (B, H, D), in float32, of `hidden`'s tokens; the released one's lead to the noise."""
        return -self.velocity(hidden).float()

    def hidden(self, x: Tensor, tau: Tensor, prefix: Prefix) -> Tensor:
        """Return the last layer's tokens (B, H, X) of what `forward` takes, after `read_states`."""
        dtype = self.action.weight.dtype
        action = self.action(x.to(dtype))
        time = time_waves(1.0 - tau, action.shape[-1]).to(dtype)[:, None].expand(-1, x.shape[1], -1)
        tokens = self.time(torch.cat([action, time], dim=2))
        positions, mask = _places(tokens, prefix)
        for layer, key, value in zip(self.layers, prefix.keys, prefix.values, strict=True):
            tokens = layer(tokens, key, value, mask[:, None, None], positions)
        return self.norm(tokens)

    def _layers(self) -> Iterator[ExpertLayer]:
        return (layer for layer in self.layers if isinstance(layer, ExpertLayer))  # all are; the list forgot


def time_waves(t: Tensor, width: int) -> Tensor:
    """Return sines, then cosines (B, X) of t (B,), their periods in geometric steps."""
    share = torch.linspace(0.0, 1.0, width // 2, device=t.device)
    angles = t.float()[:, None] * (2.0 * math.pi / (PERIOD_MIN * (PERIOD_MAX / PERIOD_MIN) ** share))
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def _places(tokens: Tensor, prefix: Prefix) -> tuple[Tensor, Tensor]:
    """Return the positions (B, H) of new tokens, and who may be looked at (B, T + H)."""
    positions = prefix.next_position[:, None] + torch.arange(tokens.shape[1], device=tokens.device)
    return positions, torch.cat([prefix.mask, prefix.mask.new_ones(tokens.shape[:2])], dim=1)

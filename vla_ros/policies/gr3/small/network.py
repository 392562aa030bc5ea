# SPDX-License-Identifier: Apache-2.0
"""The small GR-3's weights: the backbone, layers behind it, what finds grasps, and the action transformer.

Things of all views and words are tokens, as the backbone compares them; beside what each looks like stands where it is
for the hands (thing_numbers.py).
Shape legend: B batch, N things of all views, T words, D numbers of a token, H actions, A numbers of an action.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vla_ros.policies.action_transformer.network import ActionTransformer
from vla_ros.policies.action_transformer.state_numbers import state_size
from vla_ros.policies.backbone.blocks import mlp
from vla_ros.policies.backbone.checkpoint import new_backbone
from vla_ros.policies.backbone.matching import layer_keys_values
from vla_ros.policies.gr3.small.config import SmallConfig
from vla_ros.policies.gr3.small.grasp_numbers import GRASP_NUMBERS
from vla_ros.policies.gr3.small.thing_numbers import THING_NUMBERS, VIEWS
from vla_ros.policies.grasp_finding.any_views import AnyViewsGrasp
from vla_ros.policies.kv_cache.prefix import Prefix

HEADS = 4  # of the backbone's layers
ROLES = 2  # of a thing in a sentence: it is to be taken, it is where that is to go
NOT_THERE = -30.0  # logit


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen and said."""

    looks: Tensor  # (B, N, D) as the backbone looks at things
    geometry: Tensor  # (B, N, GEOMETRY) as it places them
    numbers: Tensor  # (B, N, THING_NUMBERS)
    there: Tensor  # (B, N) bool
    words: Tensor  # (B, T, WORD_SIZE), zero rows where there is no token


@dataclass(frozen=True, eq=False)
class Understood:
    """What the vision-language layers make of it."""

    tokens: list[
        Tensor
    ]  # things and words (B, N + T, D) as each layer takes them, and last as the last one leaves them
    roles: Tensor  # (B, N, ROLES) logits: is it the one that is to be taken, is it where that is to go?


class SmallGr3(nn.Module):
    """All weights."""

    def __init__(self, config: SmallConfig) -> None:
        super().__init__()
        size, acting = config.backbone.size, config.acting
        self.backbone = new_backbone(config.backbone)
        self.placing = mlp(THING_NUMBERS, size, size)
        self.receptacle = mlp(size, size, 1)
        self.marking = mlp(ROLES, size, size)
        later = [
            nn.TransformerEncoderLayer(size, HEADS, 2 * size, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(config.later)
        ]
        self.later = nn.ModuleList(later)
        self.grasp = AnyViewsGrasp(VIEWS)
        self.transformer = ActionTransformer(
            acting.transformer,
            config.depth // 2,
            HEADS,
            size // HEADS,
            state_size(acting.state) + GRASP_NUMBERS,
            acting.action.horizon,
            acting.action_size,
        )
        # What was trained before says at first what it said.
        _silence(self.placing[-1])
        _silence(self.marking[-1])
        for layer in later:
            _silence(layer.self_attn.out_proj)
            _silence(layer.linear2)

    def understand(self, seen: Seen) -> Understood:
        """Compare things with words, mark those that the words mean, and go on from there."""
        matching = self.backbone.matching
        tokens = matching.attend(seen.looks + self.placing(seen.numbers), seen.geometry, seen.there, seen.words)
        count = seen.there.shape[1]
        things = tokens[-1][:, :count]
        logits = torch.cat([matching.score(things), self.receptacle(things)], dim=2).float()
        roles = logits.masked_fill(~seen.there[..., None], NOT_THERE)
        # What moves hands need not find out once more what is meant: the layers behind are told.
        marked = things + self.marking(torch.sigmoid(roles).to(things.dtype))
        tokens[-1] = torch.cat([marked, tokens[-1][:, count:]], dim=1)
        missing = ~_mask(seen)
        for layer in self.later:
            tokens.append(layer(tokens[-1], src_key_padding_mask=missing))
        return Understood(tokens, roles)

    def prefix(self, seen: Seen, tokens: list[Tensor]) -> Prefix:
        """Return keys and values of the latter half of the layers."""
        layers = [*self.backbone.matching.layers, *self.later]
        first = len(layers) // 2
        pairs = [layer_keys_values(layer, taken) for layer, taken in zip(layers[first:], tokens[first:-1], strict=True)]
        keys, values = zip(*pairs, strict=True)
        return Prefix(keys, values, _mask(seen))


def _mask(seen: Seen) -> Tensor:
    """Return which tokens there are (B, N + T)."""
    return torch.cat([seen.there, (seen.words != 0).any(dim=2)], dim=1)


def _silence(layer: nn.Module) -> None:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)

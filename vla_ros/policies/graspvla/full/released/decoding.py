# SPDX-License-Identifier: Apache-2.0
"""From pictures and words to boxes, grasp pose and a last word, as the released code generates them.

Greedy over the whole vocabulary: nothing keeps a word that stands for no number out, as nothing does there. The word
after the grasp pose is generated and read like the others: the expert sees its keys and values too.

Shape legend: B batch (one), V views, S pixels a side, L words, T tokens, W width, C count of words to write.
"""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import DynamicCache

from controllers.errors import ConfigError
from vla_ros.policies.graspvla.full.config import POSE_SIZE
from vla_ros.policies.graspvla.full.decoding import Chain
from vla_ros.policies.graspvla.full.released.network import ReleasedNetwork
from vla_ros.policies.graspvla.stage_clock import StageClock
from vla_ros.policies.kv_cache.prefix import Prefix


def reason_released(
    network: ReleasedNetwork, images: Tensor, words: Tensor, word_mask: Tensor, states: Tensor, clock: StageClock
) -> Chain:
    """Decode pictures (1, V, 3, S, S) uint8, words (1, L) and normalised states (1, M, 7). Gradients: the caller's.

    Boxes and grasp of the chain are words. Raises ConfigError for padded words: one sample at a time.
    """
    if not word_mask.all():
        raise ConfigError("words are padded: the released form reads one instruction at a time")
    with clock.stage("vision"):
        seen = network.see(images)
    writer = _Writer(network, seen.device)
    with clock.stage("boxes"):
        boxes = writer.write(network.read(seen, words), network.config.box_tokens)
    with clock.stage("grasp"):
        embed = network.language.embed
        between = torch.cat([boxes[:, -1:], network.number_words(states)], dim=1)
        grasp = writer.write(embed(between), POSE_SIZE)
        end = writer.write(embed(grasp[:, -1:]), 1)
        prefix = network.expert.read_states(states, writer.prefix(embed(end)))
    return Chain(boxes, grasp, prefix)


class _Writer:
    """What was read and written so far."""

    def __init__(self, network: ReleasedNetwork, device: torch.device) -> None:
        self._network = network
        self._cache: DynamicCache | None = None
        self._mask = torch.ones((1, 0), dtype=torch.bool, device=device)  # (B, T)

    def write(self, new: Tensor, count: int) -> Tensor:
        """Return `count` words (B, C) after reading embeddings (B, T, W); the last one is not read yet."""
        written: list[Tensor] = []
        for _ in range(count):
            hidden, _cache = self._read(new)
            written.append(self._network.score(hidden).argmax(dim=1))
            new = self._network.language.embed(written[-1][:, None])
        return torch.stack(written, dim=1)

    def prefix(self, last: Tensor) -> Prefix:
        """Return keys and values of everything, the last embeddings (B, 1, W) included."""
        _hidden, cache = self._read(last)
        return self._network.language.prefix(cache, self._mask)

    def _read(self, new: Tensor) -> tuple[Tensor, DynamicCache]:
        self._mask = torch.cat([self._mask, self._mask.new_ones(new.shape[:2])], dim=1)
        hidden, self._cache = self._network.language(new, self._mask, self._cache)
        return hidden, self._cache

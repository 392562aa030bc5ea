# SPDX-License-Identifier: Apache-2.0
"""From images and words to boxes and grasp pose, token by token over a cache that is made once a chunk.

Greedy. A box token is chosen among box bins alone and a grasp token among grasp bins alone (bin_vocabulary.py), and a
box's second corner never before its first. Proprioception enters after the boxes, so boxes cannot depend on it.

Shape legend: B batch, V views, S pixels a side, L words, N box tokens (4 V), P grasp tokens (6), M states (2),
T tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vla_ros.policies.graspvla.full.config import BOX_SIZE, POSE_SIZE
from vla_ros.policies.graspvla.full.network import GraspVlaNetwork
from vla_ros.policies.graspvla.stage_clock import StageClock
from vla_ros.policies.kv_cache.prefix import Prefix


@dataclass(frozen=True, eq=False)
class Chain:
    """What was reasoned, and the keys and values of all of it."""

    boxes: Tensor  # (B, N) bins
    grasp: Tensor  # (B, P) bins
    prefix: Prefix


def reason(
    network: GraspVlaNetwork, images: Tensor, words: Tensor, word_mask: Tensor, states: Tensor, clock: StageClock
) -> Chain:
    """Decode images (B, V, 3, S, S) uint8, words (B, L) and normalised states (B, M, 7). Gradients: the caller's."""
    with clock.stage("vision"):
        seen = network.see(images)
    language = network.language
    with clock.stage("boxes"):
        embeddings, mask = network.read(seen, words, word_mask)
        hidden, cache = language(embeddings, mask)
        boxes: list[Tensor] = []
        for number in range(network.config.box_tokens):
            if boxes:
                mask = _longer(mask, 1)
                hidden, cache = language(network.boxes.embed(boxes[-1][:, None]), mask, cache)
            first_corner = boxes[number - 2] if number % BOX_SIZE >= BOX_SIZE // 2 else None
            boxes.append(best_bin(network.boxes.score(hidden[:, -1:])[:, 0], first_corner))
    with clock.stage("grasp"):
        new = torch.cat([network.boxes.embed(boxes[-1][:, None]), network.embed_states(states)], dim=1)
        grasp: list[Tensor] = []
        for _ in range(POSE_SIZE):
            mask = _longer(mask, new.shape[1])
            hidden, cache = language(new, mask, cache)
            grasp.append(best_bin(network.grasp.score(hidden[:, -1:])[:, 0]))
            new = network.grasp.embed(grasp[-1][:, None])
        mask = _longer(mask, 1)
        _, cache = language(
            new, mask, cache
        )  # nothing follows the last token, but the expert reads its keys and values
        prefix = language.prefix(cache, mask)
    return Chain(torch.stack(boxes, dim=1), torch.stack(grasp, dim=1), prefix)


def best_bin(logits: Tensor, lowest: Tensor | None = None) -> Tensor:
    """Return the likeliest bin (B,) of logits (B, bins), none below `lowest` (B,)."""
    if lowest is not None:
        below = torch.arange(logits.shape[1], device=logits.device) < lowest[:, None]
        logits = logits.masked_fill(below, float("-inf"))
    return logits.argmax(dim=1)


def _longer(mask: Tensor, count: int) -> Tensor:
    return torch.cat([mask, mask.new_ones((len(mask), count))], dim=1)

# SPDX-License-Identifier: Apache-2.0
"""The network: views and words, box tokens, proprioception, grasp-pose tokens, then the expert (GraspVLA, Fig. 3).

One sequence, causal throughout: [patches of view 1 | … | padding | words | boxes | two states | grasp pose]. Padding
stands before the words, so that in every sample the first box token follows the last word.

Shape legend: B batch, V views, S pixels a side, L words, N box tokens (4 V), P grasp tokens (6), M states (2),
T tokens, W width of the language model, H actions, D numbers an action.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, SiglipVisionConfig

from vla_ros.policies.actions.single_arm import ACTION_SIZE
from vla_ros.policies.graspvla.full.bin_vocabulary import BinVocabulary
from vla_ros.policies.graspvla.full.config import POSE_SIZE, STATE_SIZE, STATE_STEPS, FullConfig
from vla_ros.policies.graspvla.full.expert import Expert, FullActionExpert
from vla_ros.policies.graspvla.full.language_model import LanguageModel
from vla_ros.policies.graspvla.full.vision import Dinov2AnyConfig, VisionTowers
from vla_ros.policies.kv_cache.prefix import Prefix


@dataclass(frozen=True)
class PartConfigs:
    """The Hugging Face configurations of the three backbones."""

    dinov2: Dinov2AnyConfig
    siglip: SiglipVisionConfig
    llm: PretrainedConfig


class Network(nn.Module):
    """What both forms of the network share: the backbones, and a projector that brings one's features to the other.

    Raises ConfigError when the parts do not fit each other.
    """

    projector: nn.Sequential
    expert: Expert

    def __init__(self, config: FullConfig, parts: PartConfigs) -> None:
        super().__init__()
        self.config, self.parts = config, parts
        self.vision = VisionTowers(config.vision, parts.dinov2, parts.siglip)
        self.language = LanguageModel(parts.llm)

    def see(self, images: Tensor) -> Tensor:
        """Return visual tokens (B, V·G², W) of images (B, V, 3, S, S) uint8 RGB."""
        batch, views = images.shape[:2]
        features = self.vision(images.flatten(0, 1).float() / 255.0)
        return self.projector(features).unflatten(0, (batch, views)).flatten(1, 2)


class GraspVlaNetwork(Network):
    """All weights of the paper's form, and its forward pass over a sequence that is known (training)."""

    def __init__(self, config: FullConfig, parts: PartConfigs) -> None:
        super().__init__(config, parts)
        width = self.language.width
        self.projector = nn.Sequential(nn.Linear(self.vision.channels, width), nn.GELU(), nn.Linear(width, width))
        spread = getattr(parts.llm, "initializer_range", 0.02)
        self.boxes = BinVocabulary(config.box_bins, width, spread)
        self.state = nn.Linear(STATE_SIZE, width)
        self.grasp = BinVocabulary(config.grasp.bins, width, spread)
        self.expert = FullActionExpert(config.expert, self.language, parts.llm, config.action.horizon, ACTION_SIZE)

    @property
    def dtype(self) -> torch.dtype:
        """Return the type of the weights."""
        return self.state.weight.dtype

    def read(self, seen: Tensor, words: Tensor, word_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return embeddings (B, T, W) and mask (B, T) of visual tokens and words (B, L), padded at the left."""
        embeddings = torch.cat([seen, self.language.embed(words)], dim=1)
        return embeddings, torch.cat([word_mask.new_ones(seen.shape[:2]), word_mask], dim=1)

    def embed_states(self, states: Tensor) -> Tensor:
        """Return tokens (B, M, W) of normalised proprioception (B, M, 7): continuous, never quantised."""
        return self.state(states.to(self.dtype))

    def forward(self, images: Tensor, words: Tensor, word_mask: Tensor, boxes: Tensor, states: Tensor,
                grasp: Tensor) -> tuple[Tensor, Tensor, Prefix]:  # fmt: skip
        """Return box logits (B, N, bins), grasp logits (B, P, bins) and the prefix, teacher-forced.

        `boxes` (B, N) and `grasp` (B, P) are bins. Logit i is of the token i, from everything before it.
        """
        embeddings, mask = self.read(self.see(images), words, word_mask)
        chain = [self.boxes.embed(boxes), self.embed_states(states), self.grasp.embed(grasp)]
        embeddings = torch.cat([embeddings, *chain], dim=1)
        steps = boxes.shape[1] + STATE_STEPS + POSE_SIZE
        mask = torch.cat([mask, mask.new_ones((len(mask), steps))], dim=1)
        hidden, cache = self.language(embeddings, mask)
        before_boxes = hidden[:, -steps - 1 : -STATE_STEPS - POSE_SIZE - 1]
        before_grasp = hidden[:, -POSE_SIZE - 1 : -1]
        return self.boxes.score(before_boxes), self.grasp.score(before_grasp), self.language.prefix(cache, mask)

# SPDX-License-Identifier: Apache-2.0
"""The network as the released code builds it: three layers of projector, and every number a word.

One sequence, causal: [first word | patches of view 1 | … | other words | boxes | two states | grasp pose | end]. The
language model reads and writes all but the patches as words, so it keeps its head, which scores the whole vocabulary.

Shape legend: B batch, V views, L words, T tokens, W width of the language model, N numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_ros.policies.actions.single_arm import ACTION_SIZE
from vla_ros.policies.graspvla.full.config import FullConfig
from vla_ros.policies.graspvla.full.network import Network, PartConfigs
from vla_ros.policies.graspvla.full.released.expert import ReleasedExpert
from vla_ros.policies.graspvla.full.released.form import ReleasedForm
from vla_ros.policies.graspvla.full.released.number_words import NumberWords

PROJECTOR_SCALE = 4  # of its first layer's width to the towers' channels


class ReleasedNetwork(Network):
    """All weights of the released form. Raises ConfigError when the parts do not fit each other."""

    expert: ReleasedExpert

    def __init__(self, config: FullConfig, form: ReleasedForm, parts: PartConfigs) -> None:
        super().__init__(config, parts)
        self.form = form
        self.numbers = NumberWords(form.vocabulary, config.box_bins)
        width, channels = self.language.width, self.vision.channels
        inner = PROJECTOR_SCALE * channels
        self.projector = nn.Sequential(
            nn.Linear(channels, inner), nn.GELU(), nn.Linear(inner, width), nn.GELU(), nn.Linear(width, width)
        )
        self.head = nn.Linear(width, self.language.vocabulary_size, bias=False)
        self.expert = ReleasedExpert(config.expert, self.language, parts.llm, config.action.horizon, ACTION_SIZE)

    def read(self, seen: Tensor, words: Tensor) -> Tensor:
        """Return embeddings (B, T, W): the first of words (B, L), the visual tokens, the other words."""
        said = self.language.embed(words)
        return torch.cat([said[:, :1], seen, said[:, 1:]], dim=1)

    def number_words(self, states: Tensor) -> Tensor:
        """Return the words (B, N) of normalised proprioception (B, M, 7)."""
        words = self.numbers.encode(states.flatten(1).double().cpu().numpy())
        return torch.as_tensor(words, device=states.device)

    def score(self, hidden: Tensor) -> Tensor:
        """Return logits (B, words), in float32, of what follows the last of hidden states (B, T, W)."""
        return self.head(hidden[:, -1]).float()

# SPDX-License-Identifier: Apache-2.0
"""The network: a vision-language model, and an action transformer half as deep that reads the latter half of its cache.

GR-3's Fig. 3. Shape legend: B batch, T tokens, N images.
"""

from __future__ import annotations

from torch import Tensor, nn
from transformers import Qwen2_5_VLConfig

from vla_ros.policies.action_transformer.network import ActionTransformer
from vla_ros.policies.action_transformer.state_numbers import state_size
from vla_ros.policies.gr3.full.config import FullConfig
from vla_ros.policies.gr3.full.vision_language import VisionLanguageModel

TIED_HEAD = "vision_language.model.lm_head.weight"


class Gr3FullNetwork(nn.Module):
    """All weights of the model. Raises ConfigError when its parts do not fit each other."""

    def __init__(self, config: FullConfig, qwen: Qwen2_5_VLConfig) -> None:
        super().__init__()
        self.config, self.qwen = config, qwen
        self.vision_language = VisionLanguageModel(qwen, config.image)
        self.action_transformer = ActionTransformer(
            config.transformer,
            depth=self.vision_language.depth_read,
            kv_heads=self.vision_language.kv_heads,
            head_size=self.vision_language.head_size,
            state_size=state_size(config.state),
            horizon=config.action.horizon,
            action_size=config.action_size,
            positions=self.vision_language.rotary,
        )

    def weights(self) -> dict[str, Tensor]:
        """Return what a checkpoint holds: every weight once, so without a head that is the embedding."""
        state = self.state_dict()
        if self.vision_language.tied:
            del state[TIED_HEAD]
        return state

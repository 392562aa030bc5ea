# SPDX-License-Identifier: Apache-2.0
"""What Qwen2.5-VL caches of one observation: every camera's view in the configured order, and the instruction."""

from __future__ import annotations

import torch

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.action_transformer.policy import Reading
from vla_ros.policies.gr3.full.checkpoint import Checkpoint
from vla_ros.policies.gr3.full.image_patches import scaled_image
from vla_ros.policies.observation import Observation


class QwenReader:
    """One pass over pictures and words, anew for each observation (gr3/policy.py: PrefixReader)."""

    def __init__(self, checkpoint: Checkpoint, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._model = checkpoint.network.vision_language.to(self._device).eval().requires_grad_(False)
        self._prompt, self._config = checkpoint.prompt(), checkpoint.network.config

    def read(self, observation: Observation) -> Reading:
        """Return keys and values of the latter half of the layers. Raises ConfigError for a camera that is missing."""
        for name in self._config.cameras:
            if name not in observation.cameras:
                raise ConfigError(unknown_name("camera", name, observation.cameras))
        size = self._config.image
        views = [
            scaled_image(observation.cameras[name].color, size.height, size.width) for name in self._config.cameras
        ]
        tokens, mask = self._prompt.ask([observation.instruction], len(views))
        images = torch.stack(views)
        return Reading(self._model.read(*(each.to(self._device) for each in (tokens, mask, images))))

    def reset(self) -> None:
        """Nothing outlasts an observation."""

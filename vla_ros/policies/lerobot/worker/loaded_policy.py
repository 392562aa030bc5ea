# SPDX-License-Identifier: Apache-2.0
"""A checkpoint as lerobot loads it: the policy of config.json's type between its own pre- and post-processor.

Shape legend: T observations, oldest first, B = 1, H rows of a chunk, D numbers of an action.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from lerobot.configs import PreTrainedConfig
from lerobot.policies.factory import get_policy_class, make_pre_post_processors
from lerobot.policies.utils import populate_queues, prepare_observation_for_inference
from lerobot.utils.constants import ACTION, OBS_IMAGES

BACKBONE_WEIGHTS = "pretrained_backbone_weights"


class LoadedPolicy:
    """Chunks for whole observations: nothing is remembered from one request to the next."""

    def __init__(self, folder: str, device: str) -> None:
        """Load the weights, every one of them, onto a device; empty: the one that config.json names, if it is here."""
        config = PreTrainedConfig.from_pretrained(folder, local_files_only=True)
        if device:
            config.device = device
        if getattr(config, BACKBONE_WEIGHTS, None):
            setattr(config, BACKBONE_WEIGHTS, None)  # where training began; they are in the checkpoint, trained
        if config.device == "cpu":
            torch.set_num_threads(1)  # control has the other core
        self.device = str(config.device)
        self._policy = get_policy_class(config.type).from_pretrained(folder, config=config, strict=True)
        self._policy.eval()
        here = {"device": self.device}
        self._before, self._after = make_pre_post_processors(
            config,
            folder,
            preprocessor_overrides={"device_processor": here},
            postprocessor_overrides={"device_processor": {"device": "cpu"}},
        )

    @torch.inference_mode()
    def actions(self, arrays: Mapping[str, np.ndarray], task: str, steps: int) -> np.ndarray:
        """Return rows (H, D) float32 in the dataset's own units, `steps` at most.

        `arrays`: by the dataset's keys, pictures (T, height, width, 3) uint8, states (T, S).
        """
        self._policy.reset()
        self._before.reset()
        self._after.reset()
        count = min(len(array) for array in arrays.values())
        batch: dict[str, Any] = {}
        for step in range(count):
            seen = {
                key: np.array(array[step], dtype=np.uint8 if array.ndim == 4 else np.float32)
                for key, array in arrays.items()
            }
            batch = self._before(prepare_observation_for_inference(seen, torch.device(self.device), task))
            batch.pop(ACTION, None)  # a place for one, as of a dataset's frame
            batch = self._queued(batch)
        rows = self._policy.predict_action_chunk(batch)[:, :steps]  # (B, H, D)
        # LeRobot's own post-processors take a row at a time.
        done = [self._after(rows[:, k]) for k in range(rows.shape[1])]
        return torch.stack(done, dim=1)[0].float().cpu().numpy()

    def _queued(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Remember an observation where the policy's chunk is made of several that it queues itself."""
        queues = getattr(self._policy, "_queues", None) or {}
        if not set(queues) - {ACTION}:
            return batch
        if OBS_IMAGES in queues:
            views = [batch[key] for key in self._policy.config.image_features]
            batch = {**batch, OBS_IMAGES: torch.stack(views, dim=-4)}
        self._policy._queues = populate_queues(queues, batch, exclude_keys=[ACTION])
        return batch

# SPDX-License-Identifier: Apache-2.0
"""Latent actions of a clip of frames, and the tokenizer on disk: config.json and model.safetensors, never a pickle.

Shape legend: B clips, T frames, K transitions, Q codes a transition.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from controllers.errors import ConfigError
from vla_ros.policies.families.checkpoint_config import read_checkpoint_config
from vla_ros.policies.families.network_file import load_network, save_network
from vla_ros.policies.gear_vla.latent_actions.config import KIND, LatentActionConfig
from vla_ros.policies.gear_vla.latent_actions.network import LatentActionNetwork


def as_input(frames: np.ndarray) -> Tensor:
    """Return uint8 frames (..., height, width, 3) as the network reads them: (..., 3, height, width), −1 to 1."""
    return torch.as_tensor(frames).movedim(-1, -3).float() / 127.5 - 1.0


class LatentActionTokenizer:
    """A trained network that says what changes in a video."""

    def __init__(self, network: LatentActionNetwork) -> None:
        self.config, self.network = network.config, network.eval().requires_grad_(False)

    @classmethod
    def load(cls, folder: Path) -> LatentActionTokenizer:
        """Read a folder. Raises ConfigError for one that is missing, torn, or of other sizes."""
        config = read_checkpoint_config(LatentActionConfig, folder, KIND, "a latent-action tokenizer")
        return cls(load_network(folder, lambda: LatentActionNetwork(config)))

    def save(self, folder: Path) -> None:
        """Write the folder."""
        save_network(folder, self.network, dataclasses.asdict(self.config))

    def codes(self, frames: np.ndarray) -> np.ndarray:
        """Return the latent actions (B, K, Q), 0 to the vocabulary's size − 1, of uint8 clips (B, T, height, width, 3).

        Raises ConfigError for clips of other sizes.
        """
        config = self.config
        wanted = (config.frames, config.height, config.width, 3)
        if frames.dtype != np.uint8 or frames.shape[1:] != wanted:
            raise ConfigError(f"latent actions: give uint8 clips (B, {wanted}), got {frames.dtype} {frames.shape}")
        with torch.inference_mode():
            ids = self.network.encode(as_input(frames)).ids
        return ids.reshape(len(frames), config.transitions, config.codes).numpy()

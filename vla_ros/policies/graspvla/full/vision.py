# SPDX-License-Identifier: Apache-2.0
"""Frozen DINOv2 and SigLIP, their patch features side by side (GraspVLA section 4, after OpenVLA).

Shape legend: N images, S pixels a side, G patches a side, C channels of both towers.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from transformers import (
    Dinov2Config,
    Dinov2Model,
    Dinov2WithRegistersConfig,
    Dinov2WithRegistersModel,
    SiglipVisionConfig,
    SiglipVisionModel,
)

from controllers.errors import ConfigError
from vla_ros.policies.graspvla.full.config import VisionConfig

# Mean and standard deviation of RGB in [0, 1] as each tower was trained: ImageNet's, and one half.
DINOV2_COLORS = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
SIGLIP_COLORS = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
Dinov2AnyConfig = Dinov2Config | Dinov2WithRegistersConfig


class VisionTowers(nn.Module):
    """Images in, one token a patch out; never trained.

    Raises ConfigError when image size, patch sizes and layer do not fit each other.
    """

    def __init__(self, config: VisionConfig, dinov2: Dinov2AnyConfig, siglip: SiglipVisionConfig) -> None:
        super().__init__()
        for name, tower in (("dinov2", dinov2), ("siglip", siglip)):
            if config.image_size % patch_side(tower):
                raise ConfigError(
                    f"image_size {config.image_size} px is no multiple of {name}'s patch of {patch_side(tower)} px: "
                    "choose a common multiple, such as 224"
                )
            last = tower.num_hidden_layers  # hidden state 0 is the embedding
            if not -last - 1 <= config.layer <= last:
                raise ConfigError(
                    f"vision layer {config.layer}: {name} has hidden states 0 to {last}, or −1 from the end"
                )
        self._layer, self._grid = config.layer, config.grid or config.image_size // patch_side(dinov2)
        self._before_patches = 1  # its class, then its registers
        self.dinov2: Dinov2Model | Dinov2WithRegistersModel
        if isinstance(dinov2, Dinov2WithRegistersConfig):
            self._before_patches += dinov2.num_register_tokens
            self.dinov2 = Dinov2WithRegistersModel(dinov2)
        else:
            self.dinov2 = Dinov2Model(dinov2)
        self.siglip = SiglipVisionModel(siglip)
        self.channels = dinov2.hidden_size + siglip.hidden_size
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> VisionTowers:
        """Stay in evaluation mode: frozen, dropout included."""
        return super().train(False)

    @property
    def tokens(self) -> int:
        """Count the tokens of one image."""
        return self._grid**2

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Return features (N, G², C) of RGB images (N, 3, S, S) in [0, 1]."""
        dinov2 = self.dinov2(pixel_values=_standard(images, DINOV2_COLORS, self.dinov2), output_hidden_states=True)
        siglip = self.siglip(
            pixel_values=_standard(images, SIGLIP_COLORS, self.siglip),
            interpolate_pos_encoding=True,
            output_hidden_states=True,
        )
        # SigLIP has patches alone.
        features = dinov2.hidden_states[self._layer][:, self._before_patches :], siglip.hidden_states[self._layer]
        return torch.cat([self._to_grid(feature) for feature in features], dim=2)

    def _to_grid(self, feature: Tensor) -> Tensor:
        side = round(feature.shape[1] ** 0.5)
        if side == self._grid:
            return feature
        square = feature.transpose(1, 2).unflatten(2, (side, side))
        size = (self._grid, self._grid)
        return interpolate(square, size, mode="bilinear", align_corners=False).flatten(2).transpose(1, 2)


def patch_side(tower: Dinov2AnyConfig | SiglipVisionConfig) -> int:
    """Return the side of a patch [px]. Raises ConfigError when patches are not square."""
    if not isinstance(tower.patch_size, int):
        raise ConfigError(f"{tower.model_type}: patches of {tower.patch_size} px: use a tower with square ones")
    return tower.patch_size


def _standard(images: Tensor, colors: tuple[tuple[float, ...], tuple[float, ...]], tower: Any) -> Tensor:
    mean, spread = (torch.tensor(values, device=images.device)[:, None, None] for values in colors)
    return ((images - mean) / spread).to(tower.dtype)

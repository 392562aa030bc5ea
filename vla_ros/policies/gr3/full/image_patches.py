# SPDX-License-Identifier: Apache-2.0
"""A camera's image as Qwen2.5-VL's vision tower takes it: scaled, normalised, cut into patches.

The same numbers as transformers' image processor for Qwen2-VL (Qwen2VLImageProcessorPil), which scales by Pillow too;
that one chooses a size for each image, here all have the one that is configured.

Shape legend: N images, h × w pixels, P patches of an image, F numbers of a patch, G side of a merged block in patches.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from controllers.errors import ConfigError

# Of RGB in [0, 1]: those of CLIP, with which Qwen's tower was trained.
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


def scaled_image(color: np.ndarray, height: int, width: int) -> Tensor:
    """Return an image (height, width, 3) uint8 RGB as (3, h, w) uint8: bicubic, without aliasing, stretched to fit."""
    if color.ndim != 3 or color.shape[2] != 3 or color.dtype != np.uint8:
        raise ConfigError(f"image is {color.shape} {color.dtype}: give (height, width, 3) uint8 RGB")
    scaled = Image.fromarray(color).resize((width, height), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(scaled)).permute(2, 0, 1)


def image_patches(images: Tensor, side: int, merge: int, frames: int) -> Tensor:
    """Return patches (N, P, F) in float32 of images (N, 3, h, w) uint8.

    `side` [px] is of a patch. Patches that the tower merges into one token, `merge` × `merge` of them, follow each
    other. An image stands still: it is shown `frames` times, because the tower reads videos.
    """
    mean, std = (torch.tensor(values, device=images.device)[:, None, None] for values in (MEAN, STD))
    pixels = (images.float() / 255.0 - mean) / std
    rows, columns = images.shape[2] // (side * merge), images.shape[3] // (side * merge)
    blocks = pixels.reshape(-1, 3, rows, merge, side, columns, merge, side)
    patches = blocks.permute(0, 2, 5, 3, 6, 1, 4, 7)  # (N, rows, columns, G, G, 3, side, side)
    still = patches.unsqueeze(6).expand(-1, -1, -1, -1, -1, -1, frames, -1, -1)
    return still.reshape(len(images), rows * columns * merge**2, 3 * frames * side**2)

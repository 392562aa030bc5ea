# SPDX-License-Identifier: Apache-2.0
"""How many of Qwen's tokens one view takes, and which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transformers import Qwen2_5_VLConfig

from controllers.errors import ConfigError
from vla_ros.policies.gr3.full.config import ImageSize


@dataclass(frozen=True)
class ImageTokens:
    """The tokens of every view, which all have one size."""

    start: int
    pad: int  # stands for one block of merged patches
    end: int
    count: int  # of pads a view
    grid: tuple[int, int, int]  # frames, rows, columns of patches, as the vision tower wants to be told
    side: int  # [px] of a patch
    merge: int  # patches a side that become one token
    frames: int  # that a still image is shown as

    @classmethod
    def of(cls, config: Qwen2_5_VLConfig, image: ImageSize) -> ImageTokens:
        """Return those of images of one size. Raises ConfigError when the size fits no whole number of tokens."""
        vision: Any = config.vision_config  # transformers declares what a file may hold, not what it made of it
        text: Any = config.text_config
        words = text.vocab_size
        side, merge, frames = vision.patch_size, vision.spatial_merge_size, vision.temporal_patch_size
        if not isinstance(side, int) or not isinstance(frames, int):
            raise ConfigError(f"qwen2_5_vl: patches of {side} px, {frames} frames: use a tower with square patches")
        token = side * merge
        if image.width % token or image.height % token:
            near = [max(1, round(pixels / token)) * token for pixels in (image.width, image.height)]
            raise ConfigError(
                f"image is {image.width}x{image.height} px, a token is {token} px: take multiples, such as "
                f"{near[0]}x{near[1]}"
            )
        rows, columns = image.height // side, image.width // side
        ids = (config.vision_start_token_id, config.image_token_id, config.vision_end_token_id)
        if len(set(ids)) < 3 or not all(0 <= token < words for token in ids):
            raise ConfigError(f"qwen2_5_vl: image tokens {list(ids)}: three of the {words} words of its vocabulary")
        return cls(*ids, rows * columns // merge**2, (1, rows, columns), side, merge, frames)

    @property
    def block(self) -> list[int]:
        """Return the tokens of one view."""
        return [self.start, *[self.pad] * self.count, self.end]

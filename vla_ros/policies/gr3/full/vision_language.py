# SPDX-License-Identifier: Apache-2.0
"""Qwen2.5-VL, of which the action transformer reads the latter half of the layers (GR-3, section 2).

The architecture is transformers' own, called as it documents (seen with 5.23): one pass with `use_cache=True`, whose
cache holds a layer's keys and values, already turned to their positions. Positions are Qwen's multimodal ones: a
token of an image has a frame, a row and a column, a word the same number three times. What stands behind the prompt
counts on from the largest of them, so that plain rotary positions fit (kv_cache/rotary.py). Gradient checkpointing
inside transformers switches the cache off, and so cannot be used here.

Shape legend: B batch, T tokens, N images, h × w pixels, W width, L layers, K key-value heads, E head size.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from controllers.errors import ConfigError
from vla_ros.policies.gr3.full.config import ImageSize
from vla_ros.policies.gr3.full.image_patches import image_patches
from vla_ros.policies.gr3.full.image_tokens import ImageTokens
from vla_ros.policies.kv_cache.prefix import Prefix
from vla_ros.policies.kv_cache.rotary import Rotary


class VisionLanguageModel(nn.Module):
    """Pictures and words in; keys and values out, or what comes next.

    Raises ConfigError for a configuration whose layers cannot be halved or do not keep every token.
    """

    def __init__(self, config: Qwen2_5_VLConfig, image: ImageSize) -> None:
        super().__init__()
        text: Any = config.text_config  # transformers declares what a file may hold, not what it made of it
        layers = text.num_hidden_layers
        if layers < 2 or layers % 2:
            raise ConfigError(
                f"qwen2_5_vl: {layers} layers: take an even number, the action transformer reads the latter half"
            )
        if set(text.layer_types) != {"full_attention"}:
            raise ConfigError(
                "qwen2_5_vl: a layer forgets (sliding window): use one with full attention in every layer"
            )
        self.kv_heads, self.head_size = text.num_key_value_heads, text.hidden_size // text.num_attention_heads
        sections = text.rope_parameters.get("mrope_section")
        if not sections or 2 * sum(sections) != self.head_size:
            raise ConfigError(
                f"qwen2_5_vl: mrope_section {sections}: must add up to half of the head size, {self.head_size // 2}"
            )
        self.depth_read = layers // 2  # of the cache; the action transformer's depth
        self.image = ImageTokens.of(config, image)
        self.rotary = Rotary(text, self.head_size)
        self.tied = config.tie_word_embeddings  # the head is the embedding, and has no weight of its own
        try:
            self.model = Qwen2_5_VLForConditionalGeneration(config)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise ConfigError(f"qwen2_5_vl: cannot be built ({str(error).splitlines()[0]})") from None

    @property
    def vocabulary_size(self) -> int:
        """Count the words it can read."""
        return self.model.lm_head.out_features

    def read(self, tokens: Tensor, mask: Tensor, images: Tensor) -> Prefix:
        """Return what the latter half of the layers caches of tokens (B, T) with mask (B, T) bool.

        `images` (N, 3, h, w) uint8 are those of all samples in order, as many as the tokens have blocks.
        """
        output, positions = self._run(tokens, mask, images, use_cache=True)
        latter = output.past_key_values.layers[-self.depth_read :]
        following = positions.masked_fill(~mask, -1).amax(dim=(0, 2)) + 1
        return Prefix(tuple(layer.keys for layer in latter), tuple(layer.values for layer in latter), mask, following)

    def hidden(self, tokens: Tensor, mask: Tensor, images: Tensor) -> Tensor:
        """Return hidden states (B, T, W) of the last layer; arguments as of `read`."""
        return self._run(tokens, mask, images, use_cache=False)[0].last_hidden_state

    def score(self, hidden: Tensor) -> Tensor:
        """Return logits (…, words), in float32, of the token that follows hidden states (…, W)."""
        return self.model.lm_head(hidden).float()

    def positions(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Return the positions (3, B, T) of tokens: frame, row and column."""
        kinds = (tokens == self.image.pad).int()
        count = int(kinds.sum()) // self.image.count
        grids = torch.tensor([self.image.grid] * count) if count else None  # on the CPU: it is read number by number
        return self.model.model.get_rope_index(tokens, kinds, image_grid_thw=grids, attention_mask=mask)[0]

    def _run(self, tokens: Tensor, mask: Tensor, images: Tensor, use_cache: bool) -> tuple[Any, Tensor]:
        positions = self.positions(tokens, mask)
        seen = {}
        if len(images):
            patches = image_patches(images, self.image.side, self.image.merge, self.image.frames)
            grids = torch.tensor([self.image.grid] * len(images), device=tokens.device)
            seen = {"pixel_values": patches.flatten(0, 1), "image_grid_thw": grids}
        output = self.model.model(
            input_ids=tokens, attention_mask=mask.long(), position_ids=positions, use_cache=use_cache, **seen
        )
        return output, positions

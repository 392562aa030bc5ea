# SPDX-License-Identifier: Apache-2.0
"""Rotary positions as the language model turns its cached keys, so that the expert's queries meet them.

RoPE (Su et al. 2021) in the half-split layout of Llama, InternLM2, Qwen and their kin. A model without rotary positions
leaves queries unturned.

Shape legend: B batch, H tokens, F frequencies, E head size.
"""

from __future__ import annotations

import torch
from torch import Tensor
from transformers import PretrainedConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from controllers.errors import ConfigError


class Rotary:
    """Turn queries and keys by their positions.

    The frequencies are no buffer: casting a module to bfloat16 would cast them, and far positions would blur.
    """

    def __init__(self, config: PretrainedConfig, head_size: int) -> None:
        parameters = getattr(config, "rope_parameters", None)
        self._frequencies: Tensor | None = None  # (F,)
        self._scale = 1.0
        if not parameters:
            return
        kind = parameters.get("rope_type", "default")
        if "rope_theta" not in parameters or kind not in ("default", *ROPE_INIT_FUNCTIONS):
            raise ConfigError(
                f"{config.model_type}: rotary positions '{kind}' are not understood: "
                "use a language model with one rope_theta for all layers"
            )
        with torch.device("cpu"):
            if kind == "default":
                turned = int(head_size * parameters.get("partial_rotary_factor", 1.0))
                self._frequencies = parameters["rope_theta"] ** (-torch.arange(0, turned, 2).float() / turned)
            else:
                self._frequencies, self._scale = ROPE_INIT_FUNCTIONS[kind](config)

    def turn(self, vectors: Tensor, positions: Tensor) -> Tensor:
        """Return vectors (B, heads, H, E) turned to positions (B, H)."""
        if self._frequencies is None:
            return vectors
        angles = positions[:, None, :, None].float() * self._frequencies.to(vectors.device)  # (B, 1, H, F)
        cos, sin = angles.cos() * self._scale, angles.sin() * self._scale
        count = angles.shape[-1]
        first, second, rest = vectors[..., :count], vectors[..., count : 2 * count], vectors[..., 2 * count :]
        turned = torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
        return torch.cat([turned.to(vectors.dtype), rest], dim=-1)

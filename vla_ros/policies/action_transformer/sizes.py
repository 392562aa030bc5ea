# SPDX-License-Identifier: Apache-2.0
"""How large the action transformer is. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError


@dataclass(frozen=True)
class ActionTransformerSizes:
    """Its head size is the vision-language model's, because it reads that one's keys.

    Raises ConfigError for sizes that no network can have.
    """

    width: int = 192  # X, numbers of a token
    heads: int = 8  # a multiple of the vision-language model's key-value heads
    feedforward: int = 768
    norm: bool = True  # RMSNorm after the linear layers; without it: the report's ablation "w/o Norm"
    status: bool = True  # the task status is one more action dimension; without it: "w/o TS"

    def __post_init__(self) -> None:
        for name in ("width", "heads", "feedforward"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")

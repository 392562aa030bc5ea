# SPDX-License-Identifier: Apache-2.0
"""The words that a policy is told, chunk after chunk the same: embedded once.

Shape legend: T tokens.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from vla_ros.policies.backbone.word_tokens import word_tokens


class SaidWords:
    """Tokens of the last instruction."""

    def __init__(self, embed: Callable[[str], np.ndarray] = word_tokens) -> None:
        """`embed` returns the tokens (T, SIZE) of an instruction."""
        self._embed = embed
        self._last: tuple[str, Tensor] | None = None

    def tokens(self, instruction: str) -> Tensor:
        """Return the tokens (1, T, SIZE) of an instruction."""
        if self._last is None or self._last[0] != instruction:
            self._last = instruction, torch.from_numpy(self._embed(instruction))[None]
        return self._last[1]

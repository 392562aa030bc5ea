# SPDX-License-Identifier: Apache-2.0
"""What was seen, said and reasoned before the actions, as keys and values.

Shape legend: B batch, T tokens, K key-value heads, E head size.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Prefix:
    """Keys and values of all that was read, for the expert to attend to; made once a chunk, never grown."""

    keys: tuple[Tensor, ...]  # a layer: (B, K, T, E)
    values: tuple[Tensor, ...]
    mask: Tensor  # (B, T) bool, False where padded
    following: Tensor | None = None  # (B,) position that comes next, where it is not the number of tokens

    @property
    def next_position(self) -> Tensor:
        """Return the position that comes next (B,): by default the number of tokens that are no padding."""
        return self.mask.sum(dim=1) if self.following is None else self.following

# SPDX-License-Identifier: Apache-2.0
"""Instructions to tokens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from vla_ros.policies.hugging_face.tokenizer_file import check_vocabulary, read_tokenizer


class InstructionTokenizer:
    """Turn instructions into tokens."""

    def __init__(self, tokenizer: Tokenizer, prompt: str) -> None:
        """Put instructions where `prompt` says {instruction}."""
        self.tokenizer, self._prompt = tokenizer, prompt

    @classmethod
    def read(cls, folder: Path, prompt: str) -> InstructionTokenizer:
        """Read a folder that a tokenizer was saved to. Raises ConfigError when tokenizer.json is missing or broken."""
        return cls(read_tokenizer(folder), prompt)

    def check(self, vocabulary: int) -> None:
        """Raise ConfigError when a word's token lies outside the language model's vocabulary."""
        check_vocabulary(self.tokenizer, vocabulary)

    def __call__(self, instructions: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return tokens (B, L) int64, padded at the left with 0, and their mask (B, L) bool."""
        rows = [self.tokenizer.encode(self._prompt.replace("{instruction}", text)).ids for text in instructions]
        longest = max(1, *map(len, rows))
        tokens = torch.tensor([[0] * (longest - len(row)) + row for row in rows], dtype=torch.long)
        mask = torch.tensor([[False] * (longest - len(row)) + [True] * len(row) for row in rows])
        return tokens, mask

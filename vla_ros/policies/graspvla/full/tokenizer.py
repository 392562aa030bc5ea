# SPDX-License-Identifier: Apache-2.0
"""Instructions to tokens by a folder's tokenizer.json, the one file that needs no code of its own to be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from controllers.errors import ConfigError

FILE = "tokenizer.json"


class InstructionTokenizer:
    """Turn instructions into tokens."""

    def __init__(self, tokenizer: Tokenizer, prompt: str) -> None:
        """Put instructions where `prompt` says {instruction}."""
        self.tokenizer, self._prompt = tokenizer, prompt

    @classmethod
    def read(cls, folder: Path, prompt: str) -> InstructionTokenizer:
        """Read a folder that a tokenizer was saved to. Raises ConfigError when tokenizer.json is missing or broken."""
        path = folder / FILE
        if not path.is_file():
            raise ConfigError(f"{path}: not found: save a fast tokenizer there with save_pretrained")
        try:
            return cls(Tokenizer.from_file(str(path)), prompt)
        except Exception as error:  # the library raises nothing narrower
            raise ConfigError(f"{path}: no tokenizer ({_line(error)}): restore it from a copy") from None

    def check(self, vocabulary: int) -> None:
        """Raise ConfigError when a word's token lies outside the language model's vocabulary."""
        largest = max(self.tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
        if largest >= vocabulary:
            raise ConfigError(
                f"tokenizer: token {largest} is outside the language model's vocabulary of {vocabulary}: "
                "use the tokenizer the language model was trained with"
            )

    def __call__(self, instructions: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return tokens (B, L) int64, padded at the left with 0, and their mask (B, L) bool."""
        rows = [self.tokenizer.encode(self._prompt.replace("{instruction}", text)).ids for text in instructions]
        longest = max(1, *map(len, rows))
        tokens = torch.tensor([[0] * (longest - len(row)) + row for row in rows], dtype=torch.long)
        mask = torch.tensor([[False] * (longest - len(row)) + [True] * len(row) for row in rows])
        return tokens, mask


def _line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__

# SPDX-License-Identifier: Apache-2.0
"""A question about pictures as Qwen's tokens: a block for each view, then the words, in the form of a chat.

Shape legend: B batch, T tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from controllers.errors import ConfigError
from vla_ros.policies.gr3.full.config import INSTRUCTION, VIEWS
from vla_ros.policies.gr3.full.image_tokens import ImageTokens

IGNORED = -100  # a label that cross-entropy leaves out


class Prompt:
    """Turn instructions into tokens. Raises ConfigError when the prompt itself holds the tokens of an image."""

    def __init__(self, tokenizer: Tokenizer, prompt: str, answer_end: str, image: ImageTokens) -> None:
        """Put pictures and words where `prompt` says {views} and {instruction}; `answer_end` closes an answer."""
        self.tokenizer, self._image, self._answer_end = tokenizer, image, answer_end
        self._before, _, self._after = prompt.partition(VIEWS)
        if image.pad in self._ask("", 0):
            raise ConfigError(f"prompt holds token {image.pad}, which stands for a piece of an image: write {VIEWS}")

    def ask(self, instructions: Sequence[str], views: int) -> tuple[Tensor, Tensor]:
        """Return tokens (B, T) int64, padded at the left, and their mask (B, T) bool."""
        return self._padded([self._ask(text, views) for text in instructions])

    def answered(
        self, questions: Sequence[str], answers: Sequence[str], views: Sequence[int]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return tokens (B, T), mask (B, T) and labels (B, T) of questions with their answers, `views` of each.

        A label is the token itself where the answer stands, its end included, and IGNORED elsewhere.
        """
        asked = [self._ask(text, count) for text, count in zip(questions, views, strict=True)]
        said = [self._tokens(_plain(text) + self._answer_end) for text in answers]
        tokens, mask = self._padded([ask + answer for ask, answer in zip(asked, said, strict=True)])
        labels = torch.full_like(tokens, IGNORED)
        for row, answer in enumerate(said):
            labels[row, -len(answer) :] = tokens[row, -len(answer) :]
        return tokens, mask, labels

    def _ask(self, text: str, views: int) -> list[int]:
        before, after = (self._tokens(part.replace(INSTRUCTION, _plain(text))) for part in (self._before, self._after))
        return before + views * self._image.block + after

    def _tokens(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def _padded(self, rows: list[list[int]]) -> tuple[Tensor, Tensor]:
        longest = max(map(len, rows))
        # Padding is masked; it must only be no piece of an image, of which the model counts all.
        tokens = torch.tensor([[self._image.end] * (longest - len(row)) + row for row in rows], dtype=torch.long)
        mask = torch.tensor([[False] * (longest - len(row)) + [True] * len(row) for row in rows])
        return tokens, mask


def _plain(text: str) -> str:
    """Return words that are words alone: who speaks to the robot ends no turn and shows no picture."""
    return text.replace("<|", "< |")

# SPDX-License-Identifier: Apache-2.0
"""Chunks of actions to FAST tokens and back; which token may come next, so that what is sampled is a whole chunk.

Shape legend: N chunks, H steps, D numbers an action, V tokens of the vocabulary.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from controllers.errors import ConfigError
from vla_ros.configuration import build
from vla_ros.documents import read_json
from vla_ros.new_file import replace_file
from vla_ros.policies.actions.fast.coefficients import FastConfig, fit_config, from_coefficients, to_coefficients
from vla_ros.policies.hugging_face.tokenizer_file import FILE, read_tokenizer

CONFIG = "fast.json"
VOCABULARY = 1024  # as published
FIRST = 0x4E00  # the character of the smallest coefficient: 20 000 from here on are letters, none combines


class FastTokenizer:
    """A fitted tokenizer: a cosine transform over time, rounded, its coefficients merged by byte-pair encoding.

    Raises ConfigError when the vocabulary cannot spell every coefficient of the config.
    """

    def __init__(self, config: FastConfig, tokenizer: Tokenizer) -> None:
        self.config, self._tokenizer = config, tokenizer
        self._words = [tokenizer.id_to_token(token) or "" for token in range(tokenizer.get_vocab_size())]
        alphabet = {chr(FIRST + value) for value in range(config.span)}
        if any(not word or not set(word) <= alphabet for word in self._words) or not alphabet <= set(self._words):
            raise ConfigError(
                f"FAST tokenizer: its vocabulary of {len(self._words)} is not of coefficients {config.smallest} to "
                f"{config.largest}: fit it again"
            )
        self.lengths = np.array([len(word) for word in self._words])  # (V,) coefficients that a token stands for

    @classmethod
    def fit(cls, chunks: np.ndarray, vocabulary: int = VOCABULARY, scale: float = 10.0) -> FastTokenizer:
        """Return the tokenizer of actions (N, H, D) in physical units: bounds, then merges.

        Raises ConfigError when the coefficients alone are more than the vocabulary.
        """
        config = fit_config(np.asarray(chunks, dtype=np.float64), scale)
        if config.span > vocabulary:
            raise ConfigError(
                f"FAST tokenizer: {config.span} coefficients do not fit a vocabulary of {vocabulary}: "
                f"give a smaller scale than {scale:g}, or a larger vocabulary"
            )
        tokenizer = Tokenizer(BPE())
        trainer = BpeTrainer(
            vocab_size=vocabulary,
            show_progress=False,
            initial_alphabet=[chr(FIRST + value) for value in range(config.span)],
            max_token_length=config.count,
        )
        tokenizer.train_from_iterator(_spell(to_coefficients(chunks, config), config), trainer)
        return cls(config, tokenizer)

    @classmethod
    def load(cls, folder: Path) -> FastTokenizer:
        """Read what `save` wrote. Raises ConfigError for what is missing, broken, or does not belong together."""
        path = folder / CONFIG
        if not path.is_file():
            raise ConfigError(f"{path}: not found: name the folder of a FAST tokenizer")
        return cls(build(FastConfig, read_json(path), str(path)), read_tokenizer(folder))

    def save(self, folder: Path) -> None:
        """Write tokenizer.json, then fast.json: a folder without it is no tokenizer yet."""
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / FILE, self._tokenizer.to_str(pretty=True).encode())
        replace_file(folder / CONFIG, (json.dumps(dataclasses.asdict(self.config), indent=1) + "\n").encode())

    @property
    def vocabulary(self) -> int:
        """Return V."""
        return len(self.lengths)

    def encode(self, chunks: np.ndarray) -> list[list[int]]:
        """Return the tokens of each of N chunks (N, H, D) in physical units; chunks differ in how many.

        Raises ConfigError for chunks of another shape, or that are not finite.
        """
        chunks = np.asarray(chunks, dtype=np.float64)
        if chunks.shape[1:] != (self.config.horizon, len(self.config.low)) or not np.isfinite(chunks).all():
            raise ConfigError(
                f"FAST tokenizer: give finite chunks (N, {self.config.horizon}, {len(self.config.low)}), "
                f"got shape {chunks.shape}"
            )
        spelled = _spell(to_coefficients(chunks, self.config), self.config)
        return [encoding.ids for encoding in self._tokenizer.encode_batch(spelled)]

    def decode(self, tokens: Sequence[int]) -> np.ndarray:
        """Return the chunk (H, D), in physical units, of its tokens.

        Raises ConfigError for tokens that are no chunk: one too many or too few shifts every number after it, so that
        nothing of it may move a robot.
        """
        if any(not 0 <= token < self.vocabulary for token in tokens):
            raise ConfigError(f"FAST tokens: one of {list(tokens)} is outside the vocabulary of {self.vocabulary}")
        spelled = "".join(self._words[token] for token in tokens)
        if len(spelled) != self.config.count:
            raise ConfigError(
                f"FAST tokens: {len(spelled)} coefficients, a chunk has {self.config.count}: nothing is executed"
            )
        coefficients = np.array([[ord(letter) - FIRST + self.config.smallest for letter in spelled]])
        return from_coefficients(coefficients, self.config)[0]

    def left(self, tokens: Sequence[int]) -> int:
        """Return how many coefficients are missing after the first `tokens` of a chunk."""
        return self.config.count - int(self.lengths[list(tokens)].sum())

    def admitted(self, left: int) -> np.ndarray:
        """Return which tokens (V,) may come next when `left` coefficients are missing: with those alone decode works.

        Every single coefficient is a token, so that there is one until nothing is left.
        """
        return self.lengths <= left


def _spell(coefficients: np.ndarray, config: FastConfig) -> list[str]:
    letters = coefficients - config.smallest + FIRST
    return ["".join(map(chr, row)) for row in letters.tolist()]

# SPDX-License-Identifier: Apache-2.0
"""A folder's tokenizer.json, the one file of a tokenizer that needs no code of its own to be read."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer

from controllers.errors import ConfigError

FILE = "tokenizer.json"


def read_tokenizer(folder: Path) -> Tokenizer:
    """Read a folder that a tokenizer was saved to. Raises ConfigError when tokenizer.json is missing or broken.

    Of a training that padded or cut texts to one length the file still says so: here every word counts, and no other.
    """
    path = folder / FILE
    if not path.is_file():
        raise ConfigError(f"{path}: not found: save a fast tokenizer there with save_pretrained")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"{path}: no tokenizer ({line}): restore it from a copy") from None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def check_vocabulary(tokenizer: Tokenizer, vocabulary: int) -> None:
    """Raise ConfigError when a word's token lies outside the language model's vocabulary."""
    largest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
    if largest >= vocabulary:
        raise ConfigError(
            f"tokenizer: token {largest} is outside the language model's vocabulary of {vocabulary}: "
            "use the tokenizer the language model was trained with"
        )

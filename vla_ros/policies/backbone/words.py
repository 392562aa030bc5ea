# SPDX-License-Identifier: Apache-2.0
"""Words to vectors through a frozen public embedding: WordLlama's, which pip installs with its weights (MIT).

The package's table and tokenizer are read from its folder, and its code is left alone: it would bring in requests and
pydantic, reconfigure logging, and look for its own tokenizer in a folder that is not there and so fetch it from the
network. 32 000 sub-word tokens of Llama 2 × 256 numbers; how long a row is says how much its token means ("the" is
short). A word of several sub-words is less than their sum: "truck" lies nearer to "duck" than to "car". Loaded once
a process, at the first word: 0.1 s, 30 MB.
"""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from controllers.errors import ConfigError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PACKAGE, VERSION = "wordllama", "0.3.9"
SIZE = 256
_WEIGHTS = "wordllama/weights/l2_supercat_256.safetensors"
_TENSOR = "embedding.weight"
_TOKENIZER = "wordllama/tokenizers/l2_supercat_tokenizer_config.json"


@dataclass(frozen=True, eq=False)
class _Table:
    tokenizer: Tokenizer
    rows: np.ndarray  # (V, SIZE) float16; V = 32 000


class WordEmbedding:
    """Embed texts. Letter case, punctuation and hyphens make no difference."""

    size = SIZE

    def tokens(self, text: str) -> np.ndarray:
        """Return a row a token in the order of the text: (T, 256) float32; T is 0 when there is no word in it.

        Raises ConfigError when the embedding is not installed.
        """
        table = _table()
        # A word in capitals, and one behind a hyphen, are other tokens to a model that has read the whole web.
        plain = " ".join(re.findall(r"\w+", text.lower().replace("_", " ")))
        return table.rows[table.tokenizer.encode(plain, add_special_tokens=False).ids].astype(np.float32)

    def sub_words(self, least: int = 3) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return sub-words of `least` plain letters or more that words begin with, and those they go on with."""
        made = [piece for piece in sorted(_table().tokenizer.get_vocab()) if piece.isascii() or piece[0] == "▁"]
        starts = [piece[1:] for piece in made if piece[0] == "▁"]
        others = [piece for piece in made if piece[0] != "▁"]
        plain = re.compile(rf"[a-z]{{{least},}}")
        return tuple(filter(plain.fullmatch, starts)), tuple(filter(plain.fullmatch, others))

    def sentence(self, text: str) -> np.ndarray:
        """Return the mean over the tokens: (256,) float32; zeros when there is no word in the text."""
        rows = self.tokens(text)
        return rows.mean(axis=0) if len(rows) else np.zeros(SIZE, dtype=np.float32)


@cache
def _table() -> _Table:
    remedy = f"pip install {PACKAGE}=={VERSION}"
    try:
        from safetensors import SafetensorError, safe_open
        from tokenizers import Tokenizer

        package = importlib.metadata.distribution(PACKAGE)
    except ImportError as error:  # PackageNotFoundError is one
        raise ConfigError(f"words need {error.name}, which is not installed: {remedy}") from None
    weights, tokenizer = (Path(str(package.locate_file(name))) for name in (_WEIGHTS, _TOKENIZER))
    for path in (weights, tokenizer):
        if not path.is_file():
            raise ConfigError(f"{path}: is missing from {PACKAGE} {package.version}: {remedy}")
    try:
        with safe_open(str(weights), "numpy") as file:
            rows = file.get_tensor(_TENSOR)
        table = _Table(Tokenizer.from_file(str(tokenizer)), rows)
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{weights}: cannot be read ({error}): {remedy} --force-reinstall") from None
    except Exception as error:  # tokenizers raises nothing narrower
        raise ConfigError(f"{tokenizer}: cannot be read ({error}): {remedy} --force-reinstall") from None
    if rows.ndim != 2 or rows.shape != (table.tokenizer.get_vocab_size(), SIZE):
        raise ConfigError(f"{weights}: has rows of shape {rows.shape}, expected (V, {SIZE}): {remedy}")
    return table

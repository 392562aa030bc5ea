# SPDX-License-Identifier: Apache-2.0
"""InternLM2's tokenizer as the released code makes it: words added, a first word before every text.

Only tokenizer.json is read; the code that comes with InternLM2 is not.
"""

from __future__ import annotations

from pathlib import Path

from tokenizers import AddedToken, Tokenizer
from tokenizers.processors import TemplateProcessing

from controllers.errors import ConfigError
from vla_ros.policies.graspvla.full.released.download import Download
from vla_ros.policies.graspvla.full.tokenizer import InstructionTokenizer
from vla_ros.policies.hugging_face.tokenizer_file import read_tokenizer

FIRST, PADDING = "<s>", "<PAD>"
PROMPT = "In: What action should the robot take to {instruction}?\nOut: "


def released_words(folder: Path, download: Download) -> tuple[InstructionTokenizer, int]:
    """Return the tokenizer of InternLM2's folder with what was added, and how many words it had before.

    Raises ConfigError when tokenizer.json is missing or has no first word.
    """
    tokenizer: Tokenizer = read_tokenizer(folder)
    own = tokenizer.get_vocab_size(with_added_tokens=False)
    first = tokenizer.token_to_id(FIRST)
    if first is None:
        raise ConfigError(f"{folder}: its tokenizer has no '{FIRST}': give the folder of internlm2-1_8b")
    tokenizer.add_special_tokens([AddedToken(word, special=True) for word in (*download.special_words, PADDING)])
    tokenizer.post_processor = TemplateProcessing(single=f"{FIRST}:0 $A:0", special_tokens=[(FIRST, first)])
    return InstructionTokenizer(tokenizer, PROMPT), own


def table_rows(words: InstructionTokenizer, download: Download) -> int:
    """Return the rows of the language model's tables: all words, up to the next multiple."""
    count = words.tokenizer.get_vocab_size(with_added_tokens=True)
    return -(-count // download.rows_multiple) * download.rows_multiple

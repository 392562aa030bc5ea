# SPDX-License-Identifier: Apache-2.0
"""Words as a tokenizer's file has them, whatever a training made of them last."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: VLA_EXTRAS=learning ./vla test")

from tiny.graspvla_full import tiny_words

from vla_ros.policies.hugging_face.tokenizer_file import FILE, read_tokenizer


def test_a_tokenizer_that_a_training_left_padding_and_cutting_reads_every_word(tmp_path: Path) -> None:
    text, tokenizer = "pick up the red mug", tiny_words().tokenizer
    plain = tokenizer.encode(text).ids
    tokenizer.enable_padding(length=8, pad_token="?")
    tokenizer.enable_truncation(3)
    tokenizer.save(str(tmp_path / FILE))
    assert read_tokenizer(tmp_path).encode(text).ids == plain

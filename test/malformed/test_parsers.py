# SPDX-License-Identifier: Apache-2.0
"""No file that is damaged by chance ends in a traceback, a crash, or without memory or end.

The files of test/assets/corpus are damaged again and again; VLA_FUZZ_FILES=100000 tries as many for each parser.
"""

from __future__ import annotations

import os
import random

import pytest
from parser_fuzz import CORPUS, PARSERS, bounded, damaged, fuzz

FILES = int(os.environ.get("VLA_FUZZ_FILES", "30"))


@pytest.mark.timeout(max(180, 2 * FILES))
@pytest.mark.parametrize("parser", PARSERS)
def test_damaged_files_end_in_one_line(parser: str) -> None:
    assert fuzz(parser, FILES) == []


def test_every_parser_has_files_and_the_corpus_is_small() -> None:
    sizes = {path: path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()}
    assert {path.relative_to(CORPUS).parts[0] for path in sizes} == set(PARSERS)
    assert sum(sizes.values()) < 1_000_000


def test_damage_is_done_and_failures_are_seen(tmp_path) -> None:
    content = (CORPUS / "json/contract.json").read_bytes()
    assert sum(damaged(content, random.Random(i)) != content for i in range(20)) > 15

    def fails(path) -> None:
        raise KeyError(path)

    assert "KeyError" in bounded(fails, tmp_path)

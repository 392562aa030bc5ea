# SPDX-License-Identifier: Apache-2.0
"""Instructions of several sentences: how they are told apart, and which cannot follow each other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.errors import ConfigError
from vla_ros.tasks.sentences import NEXT, SentenceResult, SentenceState, numbered, same, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("lift the mug", ("lift the mug",)),
        ("lift the mug; drop it", ("lift the mug", "drop it")),
        (" a;b ;c", ("a", "b", "c")),
        ("a; b; a", ("a", "b", "a")),
    ],
)
def test_sentences_are_told_apart(text: str, sentences: tuple[str, ...]) -> None:
    assert split_sentences(text) == sentences


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a; ; c", "sentence 2 of 3 is empty: leave it out"),
        ("a; b;", "sentence 3 of 3 is empty: leave it out"),
        ("", "sentence 1 of 1 is empty"),
        ("a; A ", "sentence 2 says what sentence 1 says"),
    ],
)
def test_what_cannot_follow_is_named_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as error:
        split_sentences(text, "instruction:=")
    assert str(error.value).startswith(f"instruction:='{text}': ")
    assert "\n" not in str(error.value)


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1, max_size=5))
def test_what_is_joined_is_split_again(sentences: list[str]) -> None:
    text = NEXT.join(sentences)
    if any(same(one, following) for one, following in pairwise(sentences)):
        with pytest.raises(ConfigError, match="could not tell them apart"):
            split_sentences(text)
    else:
        assert split_sentences(text) == tuple(sentences)


def test_the_sentence_that_counts_is_numbered_where_there_are_several() -> None:
    done, ahead = SentenceResult("a", SentenceState.DONE), SentenceResult("b")
    assert numbered((done, ahead, SentenceResult("c")), "b") == "2 of 3: b"
    assert numbered((ahead,), "b") == numbered((), "b") == "b"
    assert numbered((done, done), "a") == "a"

# SPDX-License-Identifier: Apache-2.0
"""Sentences one after the other, by what a policy and a person say: the logic alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.chunks.chunk import TaskStatus, instruction_hash
from controllers.errors import ConfigError
from vla_ros.nodes.instruction.sequence import NOT_THERE, STOPPED, InstructionSequence
from vla_ros.tasks.sentences import SentenceState, same

ONGOING, TERMINATED, INVALID = TaskStatus.ONGOING, TaskStatus.TERMINATED, TaskStatus.INVALID
SENTENCES = ("lift a", "lift b", "lift c")
DONE, REFUSED, SKIPPED, REPLACED, AHEAD = (
    SentenceState.DONE, SentenceState.REFUSED, SentenceState.SKIPPED, SentenceState.REPLACED, SentenceState.AHEAD,
)  # fmt: skip


def sequence(*sentences: str, enough: int = 3) -> InstructionSequence:
    return InstructionSequence("; ".join(sentences or SENTENCES), enough)


def hear(it: InstructionSequence, status: TaskStatus, count: int = 3, sentence: str | None = None) -> None:
    """Let the policy say this of the sentence that counts now, or of another one."""
    said = instruction_hash(it.instruction if sentence is None else sentence)
    for _ in range(count):
        it.note_chunk(said, status)


def states(it: InstructionSequence) -> list[tuple[str, SentenceState]]:
    return [(one.sentence, one.state) for one in it.results]


def test_each_that_is_terminated_is_done_and_the_next_one_follows() -> None:
    it = sequence()
    for sentence in SENTENCES:
        assert it.instruction == sentence
        hear(it, ONGOING, 5)
        hear(it, TERMINATED)
    assert (it.finished, it.success, it.instruction) == (True, True, "")
    assert states(it) == [(one, DONE) for one in SENTENCES]
    assert it.take_events() == [
        "1 of 3: lift a", "done: 1 of 3: lift a", "2 of 3: lift b", "done: 2 of 3: lift b", "3 of 3: lift c",
        "done: 3 of 3: lift c",
    ]  # fmt: skip
    assert it.take_events() == []


def test_one_chunk_alone_decides_nothing() -> None:
    it = sequence()
    for _ in range(5):
        hear(it, TERMINATED, 2)
        hear(it, INVALID, 2)
        hear(it, ONGOING, 1)
    assert it.instruction == "lift a"
    assert not it.waits
    hear(it, TERMINATED)
    assert it.instruction == "lift b"


def test_what_is_said_of_another_sentence_does_not_count() -> None:
    it = sequence()
    hear(it, TERMINATED)
    hear(it, TERMINATED, 10, sentence="lift a")  # late chunks of the sentence before
    hear(it, TERMINATED, 10, sentence="")  # and of a policy that reads none
    assert it.instruction == "lift b"
    hear(it, TERMINATED, 2)
    assert it.instruction == "lift b"


def test_nothing_goes_on_after_a_refusal_until_a_person_skips_it() -> None:
    it = sequence()
    hear(it, TERMINATED)
    hear(it, INVALID)
    it.take_events()
    assert (it.waits, it.instruction, it.finished) == (True, "", False)
    hear(it, TERMINATED, 10, sentence="lift b")
    it.explain("no b is in view")
    it.explain("no b is in view")
    assert it.take_events() == ["refused: 2 of 3: lift b (no b is in view)"]
    assert states(it) == [("lift a", DONE), ("lift b", REFUSED), ("lift c", AHEAD)]
    assert it.skip() == "2 of 3: lift b"
    assert it.instruction == "lift c"
    hear(it, TERMINATED)
    assert (it.finished, it.success) == (True, False)
    assert it.results[1].reason == "no b is in view"


def test_another_sentence_after_a_refusal_goes_before_what_is_left() -> None:
    it = sequence()
    hear(it, INVALID)
    it.say("lift d; lift e")
    assert states(it)[0] == ("lift a", REFUSED)
    assert it.results[0].reason == NOT_THERE
    for sentence in ("lift d", "lift e", "lift b", "lift c"):
        assert it.instruction == sentence
        hear(it, TERMINATED)
    assert (it.finished, it.success) == (True, False)


def test_the_same_sentence_after_a_refusal_is_tried_again() -> None:
    it = sequence("lift a")
    hear(it, INVALID)
    it.say("Lift a")
    assert not it.waits
    hear(it, TERMINATED)
    assert it.success


def test_another_sentence_in_the_middle_stands_for_the_one_that_counts_now() -> None:
    it = sequence()
    hear(it, TERMINATED, 2)
    it.say("lift d")
    assert it.instruction == "lift d"
    assert states(it) == [("lift a", REPLACED), ("lift d", AHEAD), ("lift b", AHEAD), ("lift c", AHEAD)]
    hear(it, TERMINATED, 2)  # what was said before is no part of it
    assert it.instruction == "lift d"
    hear(it, TERMINATED, 1)
    hear(it, TERMINATED)
    hear(it, TERMINATED)
    assert it.success


def test_saying_the_sentence_that_counts_changes_nothing_and_the_next_one_comes_once() -> None:
    it = sequence()
    it.take_events()
    it.say(" lift  A")
    assert it.take_events() == []
    it.say("lift b")
    assert states(it) == [("lift a", REPLACED), ("lift b", AHEAD), ("lift c", AHEAD)]


def test_nothing_to_do_ends_it_all() -> None:
    it = sequence()
    hear(it, TERMINATED)
    it.say(" ")
    assert (it.finished, it.success, it.instruction) == (True, False, "")
    assert states(it) == [("lift a", DONE), ("lift b", SKIPPED), ("lift c", SKIPPED)]
    assert {one.reason for one in it.results[1:]} == {STOPPED}
    it.say("lift d")
    assert it.skip() == ""
    assert it.finished


@pytest.mark.parametrize("text", ["lift d; ; lift e", ";", "lift d; lift d"])
def test_what_cannot_follow_is_refused_and_changes_nothing(text: str) -> None:
    it = sequence()
    it.take_events()
    with pytest.raises(ConfigError, match="sentence"):
        it.say(text)
    assert it.instruction == "lift a"
    assert it.take_events() == []
    with pytest.raises(ConfigError, match="sentence"):
        sequence(text)


ACTS = st.one_of(
    st.tuples(st.just("hear"), st.sampled_from([ONGOING, TERMINATED, INVALID]), st.integers(1, 4)),
    st.tuples(st.just("late"), st.sampled_from([TERMINATED, INVALID]), st.integers(1, 4)),
    st.tuples(st.just("say"), st.sampled_from(["lift a", "lift b", "lift d", "lift d; lift a", "lift b; lift d"])),
    st.tuples(st.just("skip")),
)


@given(st.lists(ACTS, max_size=40), st.integers(1, 4))
def test_whatever_happens_no_sentence_is_lost_and_success_is_all_done(acts: list[tuple], enough: int) -> None:
    it = sequence(enough=enough)
    for act, *values in acts:
        before = it.instruction
        over = [one for one in it.results if one.state is not AHEAD][: -1 if it.waits else None]
        if act == "hear":
            hear(it, *values)
        elif act == "late":
            hear(it, *values, sentence="lift z")
            assert it.instruction == before
        elif act == "say":
            it.say(*values)
        else:
            it.skip()
        results = it.results
        assert list(results[: len(over)]) == over  # what is over stays so; a refusal may still be tried again
        ahead = [one.sentence for one in results if one.state is AHEAD]
        assert it.finished == (not ahead and not it.waits)
        assert it.instruction == ("" if it.finished or it.waits else ahead[0])
        assert not any(same(one, following) for one, following in pairwise(ahead))
        assert {"lift a", "lift b", "lift c"} <= {one.sentence for one in results}
        counted = {one.state for one in results if one.state is not REPLACED}
        assert it.success == (it.finished and counted == {DONE})

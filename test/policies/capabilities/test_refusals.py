# SPDX-License-Identifier: Apache-2.0
"""What a script does about refused chunks: send again, plan again, give up, and begin anew once one is taken."""

from __future__ import annotations

from vla_ros.policies.capabilities.refusals import MOST, Answer, Refusals


def answers(refusals: Refusals, count: int) -> list[Answer | None]:
    found = []
    for number in range(count):
        refusals.hear(f"reason {number}")
        found.append(refusals.answer())
    return found


def test_the_same_is_sent_again_then_planned_again_then_given_up():
    refusals = Refusals()
    assert refusals.answer() is None
    found = answers(refusals, MOST)
    assert found == [Answer.SEND_AGAIN, Answer.PLAN_AGAIN, Answer.SEND_AGAIN, Answer.PLAN_AGAIN, Answer.GIVE_UP]
    assert f"reason {MOST - 1}" in refusals.explanation


def test_a_chunk_that_is_taken_ends_the_count():
    refusals = Refusals()
    answers(refusals, 2)
    assert refusals.answer() is None
    assert answers(refusals, 1) == [Answer.SEND_AGAIN]

# SPDX-License-Identifier: Apache-2.0
"""Chunks that take long to plan keep nobody waiting, come in order, and are refused before they pile up."""

from __future__ import annotations

import threading

import pytest

from vla_ros.nodes.arm.chunk_intake import WAITING_MAX, ChunkIntake


def test_whoever_leaves_a_chunk_does_not_wait_for_it_to_be_planned() -> None:
    begun, go_on, taken = threading.Event(), threading.Event(), []

    def plan(message: bytes, source: str) -> None:
        begun.set()
        assert go_on.wait(10.0)
        taken.append((message, source))

    intake = ChunkIntake(plan)
    assert intake.put(b"0", "policy") == ""
    assert begun.wait(10.0)
    assert [intake.put(str(n).encode(), "teleop") for n in range(1, WAITING_MAX + 1)] == [""] * WAITING_MAX
    assert "still to be planned" in intake.put(b"too much", "teleop")
    go_on.set()
    while len(taken) <= WAITING_MAX:
        threading.Event().wait(0.01)
    intake.close()
    assert taken == [(b"0", "policy"), *((str(n).encode(), "teleop") for n in range(1, WAITING_MAX + 1))]


def test_what_waits_at_the_end_is_not_planned_any_more() -> None:
    begun, go_on, taken = threading.Event(), threading.Event(), []

    def plan(message: bytes, source: str) -> None:
        begun.set()
        assert go_on.wait(10.0)
        taken.append(message)

    intake = ChunkIntake(plan)
    for n in range(WAITING_MAX + 1):
        intake.put(str(n).encode(), "policy")
        assert begun.wait(10.0)
    threading.Timer(0.1, go_on.set).start()
    intake.close()
    assert taken == [b"0"]
    assert not intake._thread.is_alive()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_the_program_is_seen() -> None:
    intake = ChunkIntake(lambda message, source: [][0])
    intake.put(b"0", "policy")
    intake._thread.join(10.0)
    assert intake.failed
    intake.close()

# SPDX-License-Identifier: Apache-2.0
"""Parts of the operator's bridge by themselves: the way home, reports of chunks."""

from __future__ import annotations

import asyncio
import sys
import time

import pytest
from diagnostic_msgs.msg import DiagnosticStatus

from vla_ros import messages
from vla_ros.nodes.bridge.chunk_reports import ChunkReports
from vla_ros.nodes.bridge.homing import HomeRun

LONG_S = 20.0


@pytest.mark.parametrize("before", [False, True])
def test_a_way_home_that_is_held_while_it_is_being_started_ends(before):
    """Whether or not there was one before."""
    home, ended = HomeRun("/", "franka", {}), []

    async def run() -> float:
        if before:
            home._words = [sys.executable, "-c", "print('home')"]
            home.start(lambda arrived, text: ended.append((arrived, text)))
            while home.under_way:
                await asyncio.sleep(0.01)
            assert ended == [(True, "home")]
        home._words = [sys.executable, "-c", f"import time; time.sleep({LONG_S})"]
        home.start(lambda arrived, text: ended.append((arrived, text)))
        began = time.monotonic()
        await home.stop()
        return time.monotonic() - began

    assert asyncio.run(run()) < 0.5 * LONG_S
    assert not home.under_way
    assert ended[-1][0] is False


@pytest.mark.parametrize("values", [{}, {"sequence": "one", "takes_over": "2.0"}, {"sequence": "1", "takes_over": ""}])
def test_a_report_of_a_chunk_that_does_not_read_is_left_out(values):
    report: DiagnosticStatus = messages.diagnostic("control", messages.OK, "", {"source": "teleop"} | values)
    with pytest.raises(messages.MessageError, match="control/transitions"):
        ChunkReports().on_transition(report)

# SPDX-License-Identifier: Apache-2.0
"""`vla teleop` as a person meets it: a link, an arm that follows a hand, a bag of it, Ctrl-C."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from bench.rig.launched_job import START_TIMEOUT_S, LaunchedJob
from vla_ros.data.bags.reader import BagReader
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.demonstrator.connection import Connection
from vla_ros.teleop.demonstrator.demonstrator import Demonstrator, Waypoint


class TeleopJob(LaunchedJob):
    """`vla teleop` instead of a job that ends by itself."""

    def command(self) -> list[str]:
        return [sys.executable, "-m", "vla_ros.cli", "teleop"]


@pytest.fixture
def teleop(tmp_path: Path):
    """Return a running `vla teleop` that records, and the link it printed."""
    folder = tmp_path / "pairing"
    job = TeleopJob(tmp_path, "port:=0", f"folder:={folder}", "seed:=1", f"record:={tmp_path / 'bag'}")
    try:
        job.arm.spin_until(lambda: "open http" in job.output or job.process.poll() is not None, START_TIMEOUT_S)
        link = re.search(r"open (http://localhost:\d+/\?token=[\w-]+)", job.output)
        assert link, job.output
        assert (folder / "token").read_text().strip() in link[1]
        yield job, link[1]
    finally:
        job.close()


def test_a_hand_moves_the_arm_and_all_of_it_is_recorded(teleop, tmp_path):
    job, link = teleop
    failures = []

    async def drive() -> None:
        async with Connection(link, "Ada") as connection:
            await connection.until(lambda: connection.state["hold_reason"] == "disabled", START_TIMEOUT_S)
            await connection.command("instruct", text="move a little")
            await connection.command("enable")
            await connection.until(lambda: connection.state["enabled"])
            seen = connection.state["arms"]["panda"]["commanded"]
            x, y, z, w = seen["q"]
            goal = Pose(np.array(seen["p"]) + np.array([0.05, 0.1, 0.0]), (x, y, z, w))
            await Demonstrator(connection, "panda").carry_out([Waypoint(goal, closed=1.0)])
            await connection.until(lambda: len(connection.pictures) == 2)

    def in_thread() -> None:
        try:
            asyncio.run(drive())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=in_thread)
    thread.start()
    assert job.arm.spin_until(lambda: not thread.is_alive(), 150.0), job.output
    assert failures == [], job.output
    assert job.arm.progress.source == "teleop"
    job.interrupt()
    assert job.finish() == 130
    assert job.left_running == []
    assert "Traceback" not in job.output
    assert "attempts" not in job.output  # nobody judges an operator
    with BagReader(tmp_path / "bag") as bag:
        counts = {name: topic.count for name, topic in bag.topics.items()}
    assert counts["/teleop/action_chunk"] > 20
    assert counts["/instruction"] >= 1

# SPDX-License-Identifier: Apache-2.0
"""`vla teleop` as a person meets it: a link, an arm that follows a hand, a bag of it, Ctrl-C."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest
from rig.launched_job import START_TIMEOUT_S
from rig.teleop_job import TeleopJob

from vla_ros.data.bags.reader import BagReader
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.simulated_hand.connection import Connection
from vla_ros.teleop.simulated_hand.hand import SimulatedHand, Waypoint


def nobody_else_reads(token: str, job: TeleopJob) -> None:
    """A folder of runs may be everybody's, and command lines are: the token is where only its owner looks."""
    holding = [path for path in job.run_directory.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    assert [path.name for path in holding] == ["log.txt"]  # with the link
    for path in (*holding, *(job.run_directory / "parameters").iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path
    for process in psutil.Process(job.process.pid).children(recursive=True):
        assert token not in " ".join(process.cmdline())


@pytest.fixture
def teleop(tmp_path: Path):
    """Return a running `vla teleop` that records, and the link it printed."""
    job = TeleopJob(tmp_path, "seed:=1", f"record:={tmp_path / 'bag'}")
    try:
        link = job.wait_for_link()
        assert (job.pairing / "token").read_text().strip() in link
        nobody_else_reads((job.pairing / "token").read_text().strip(), job)
        yield job, link
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
            await SimulatedHand(connection, "panda").carry_out([Waypoint(goal, closed=1.0)])
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

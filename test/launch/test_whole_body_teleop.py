# SPDX-License-Identifier: Apache-2.0
"""`vla teleop robot:=bytemini whole_body:=base_helps`: hands that reach too far bring the base, over the real graph."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from headset.judged_robot import JudgedRobot
from rig.launched_job import START_TIMEOUT_S
from rig.teleop_job import TeleopJob

from vla_ros.teleop.protocol import HandSample
from vla_ros.teleop.simulated_hand.connection import Connection

PACKET_S = 1.0 / 72.0
WAY, SPEED = (
    0.5,
    0.12,
)  # [m] to the left, along the table, [m/s] by the wall clock: a busy machine's simulator is slower than that
UNTURNED = (0.0, 0.0, 0.0, 1.0)
WORDS = ("robot:=bytemini", "whole_body:=base_helps", "cameras:=head", "camera_rate_hz:=1", "wait_for_cameras:=false")


async def reach(link: str, arrived: Callable[[], bool]) -> None:
    """Clutch both hands and bring them aside, until the tools have arrived or it takes too long."""
    async with Connection(link, "Ada") as connection:
        await connection.until(lambda: connection.state["hold_reason"] == "disabled", START_TIMEOUT_S)
        await connection.command("enable")
        await connection.until(lambda: connection.state["enabled"])
        began = due = time.monotonic()
        way = 0.0  # [m] of the hands: on a busy machine packets are late, and what they went meanwhile is let go
        while time.monotonic() - began < 100.0 and not arrived():
            way += SPEED * PACKET_S
            sample = HandSample((-way, 0.0, 0.0), UNTURNED, True, 0.0)
            await connection.hands({"left": sample, "right": sample})
            due = max(due + PACKET_S, time.monotonic())
            await asyncio.sleep(due - time.monotonic())


@pytest.mark.slow
def test_hands_that_reach_beyond_the_arms_bring_the_base(tmp_path: Path):
    job = TeleopJob(tmp_path, *WORDS)
    robot = JudgedRobot(job.domain, "bytemini", "grasping")
    failures: list[BaseException] = []
    try:
        link = job.wait_for_link()
        robot.spin_until(lambda: len(robot.measured) == 2, START_TIMEOUT_S)
        start = {arm: (robot.T_odom_base @ T)[:3, 3] for arm, T in robot.measured.items()}

        def went(arm: str) -> np.ndarray:
            return (robot.T_odom_base @ robot.measured[arm])[:3, 3] - start[arm]

        def arrived() -> bool:
            return all(went(arm)[1] > WAY for arm in start)

        def in_thread() -> None:
            try:
                asyncio.run(reach(link, arrived))
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=in_thread)
        thread.start()
        assert robot.spin_until(lambda: not thread.is_alive(), 200.0), job.output
        assert failures == [], job.output
        assert arrived(), (robot.T_odom_base[:3, 3], went("left"), went("right"), robot.complaints, job.output)
        assert 0.1 < robot.T_odom_base[1, 3] < WAY + 0.1  # [m]
        began = robot.time  # the clutch is let go
        robot.spin_until(lambda: robot.time > began + 1.0, 30.0)
        stood = robot.T_odom_base[:2, 3].copy()
        robot.spin_until(lambda: robot.time > began + 2.0, 30.0)
        assert np.linalg.norm(robot.T_odom_base[:2, 3] - stood) < 0.002
    finally:
        job.close()
        robot.close()

# SPDX-License-Identifier: Apache-2.0
"""The scripted operator when things go wrong: a fault, an e-stop, an episode left open, nothing to collect.

Server, websocket, collection and recorder are real; the robot has no inertia, and its scene is not planned in.
"""

from __future__ import annotations

import asyncio
import gc
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from demonstrations.recording_station import RecordingStation
from demonstrations.small_collection import TASK
from robot_rigs.faulty_robot import DOWN, FAULT, QUICK, FaultyRobot
from robot_rigs.operated_robot import TOKEN, Served

from controllers.errors import VlaError
from vla_ros.cli import main
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.episodes.collecting import EpisodeCollection
from vla_ros.teleop.episodes.previews import Previews
from vla_ros.teleop.protocol import HELLO_WITHIN_S
from vla_ros.teleop.serving import keeping
from vla_ros.teleop.serving.certificate import tls_context
from vla_ros.teleop.serving.pairing import keep_token
from vla_ros.teleop.simulated_hand.connection import Connection
from vla_ros.teleop.simulated_hand.hand import Waypoint
from vla_ros.training.collecting.operators_plan import BEFORE, WaypointPlanner, corners
from vla_ros.training.collecting.scripted_operator import Attempt, OperatorStopped, ScriptedOperator

SOON_S = 5.0  # what is clear at once is not waited for


class Room:
    def __init__(self, root, robot: FaultyRobot, task: dict | None = TASK, idle_timeout: float = 20.0) -> None:
        path = root / "task.yaml"
        path.write_text(yaml.safe_dump(task))
        self.robot, self.station = robot, RecordingStation(root / "mugs" / "episodes")
        self.collection = EpisodeCollection(root / "mugs", self.station, path if task else None)
        self.served = Served(robot, self.collection, idle_timeout)
        self.served.server.call(self.collection.start)
        self.said: list[str] = []
        self.attempts: list[Attempt] = []

    def collect(self, episodes: int) -> list[Attempt]:
        async def work() -> list[Attempt]:
            async with Connection(self.served.server.links[0], "script") as connection:
                operator = ScriptedOperator(connection, QUICK, say=self.said.append)
                return await operator.collect(episodes, self.attempts.append)

        return asyncio.run(work())

    def leave_an_episode_open(self) -> None:
        async def work() -> None:
            async with Connection(self.served.server.links[0], "Ada") as connection:
                await connection.until(lambda: connection.collection.get("prompt"))
                await connection.until(lambda: not connection.collection["busy"])
                await connection.command("episode_start")

        asyncio.run(work())

    @property
    def episodes(self) -> list[tuple[bool | None, list[str]]]:
        return [(episode["success"], episode["marks"]) for episode in self.collection.snapshot()["episodes"]]

    def close(self) -> None:
        self.served.__exit__()
        self.station.close()


@pytest.fixture
def make(tmp_path, monkeypatch):
    rooms = []
    goals = [Waypoint(Pose(np.array([0.55, 0.1, 0.2]), DOWN), closed=0.5)]
    monkeypatch.setattr(Previews, "want", lambda self, name: None)
    monkeypatch.setattr(WaypointPlanner, "waypoints", lambda self, prompt: goals)

    def make(*given, **options) -> Room:
        rooms.append(Room(tmp_path, *given, **options))
        return rooms[-1]

    yield make
    for room in rooms:
        room.close()


def test_after_a_fault_it_enables_again_and_goes_on(make):
    room = make(FaultyRobot(faults=1))
    attempts = room.collect(1)
    assert [(attempt.success, attempt.barred) for attempt in attempts] == [(False, True), (True, False)]
    assert attempts[0].note == f"control is held ({FAULT}): enable it again"
    assert room.said == [f"enables the arm again: it is held ({FAULT})"]
    assert room.episodes == [(False, [attempts[0].note]), (True, [])]
    assert [name for name, _ in room.robot.commands if name == "enable"] == ["enable"] * 2


def test_an_arm_that_faults_again_and_again_is_left_alone(make):
    room = make(FaultyRobot(faults=99))
    with pytest.raises(OperatorStopped, match=r"in 3 attempts in a row the arm did not follow .* acceleration limit"):
        room.collect(1)
    assert [attempt.success for attempt in room.attempts] == [False] * 3
    assert [success for success, _ in room.episodes] == [False] * 3
    assert len(room.robot.received) < 3 * 200  # packets: no strokes at an arm that does not follow


def test_an_estop_ends_the_episode_and_the_operator_and_stays_latched(make):
    room = make(FaultyRobot(faults=1, what="e-stop"))
    with pytest.raises(OperatorStopped, match="the e-stop is latched: see why"):
        room.collect(1)
    assert room.episodes == [(False, ["the e-stop is latched"])]
    assert room.robot.stopped
    assert room.robot.commands.count(("estop", {"on": False})) == 0


def demonstrate(served: Served, folder: Path) -> list[str]:
    """Return the command that drives what is served."""
    keep_token(folder, TOKEN)
    return ["demonstrate", served.server.links[0].partition("?")[0], "--token-file", str(folder / "token")]


def test_with_an_estop_and_an_open_episode_it_says_that_and_exits_with_1(make, capsys, tmp_path):
    room = make(FaultyRobot())
    room.leave_an_episode_open()
    room.robot.emergency_stop(True)
    began = time.monotonic()
    assert main(demonstrate(room.served, tmp_path)) == 1
    assert time.monotonic() - began < SOON_S
    assert capsys.readouterr().err.startswith("vla: the e-stop is latched")
    assert room.collection.recording == "episode_000000"  # it is not ours


def test_an_episode_that_somebody_left_open_is_waited_for_until_it_ends_by_itself(make):
    room = make(FaultyRobot(), idle_timeout=1.0)
    room.leave_an_episode_open()
    (attempt,) = room.collect(1)
    assert attempt.success
    assert room.said[0].startswith("waits: episode_000000 is being recorded")
    assert [success for success, _ in room.episodes] == [None, True]


def test_an_arm_that_is_held_is_taken(make):
    room = make(FaultyRobot())
    room.robot.source = "hold"
    (attempt,) = room.collect(1)
    assert attempt.success
    assert room.said == ["takes the arm"]


def test_somebody_else_in_the_seat_is_named_at_once(make):
    room = make(FaultyRobot())

    async def work() -> None:
        async with Connection(room.served.server.links[0], "Ada"):
            with pytest.raises(OperatorStopped, match="Ada drives: have the seat left"):
                await asyncio.wait_for(asyncio.to_thread(room.collect, 1), SOON_S)

    asyncio.run(work())


def test_without_a_task_it_is_said_at_once(make):
    room = make(FaultyRobot(), task=None)
    with pytest.raises(VlaError, match=r"no scene is requested: start the job with schedule:=NAME"):
        room.collect(1)


def test_what_is_no_link_is_said(capsys):
    assert main(["demonstrate", "nonsense"]) == 2
    assert capsys.readouterr().err == "vla: 'nonsense': is no link: give it as vla teleop prints it, without ?token=…\n"


def test_a_seed_that_there_is_not_is_said_before_anything_is_connected(capsys):
    assert main(["demonstrate", "nonsense", "--seed", "-1"]) == 2
    assert capsys.readouterr().err == "vla: --seed must be 0 to 2147483647, got -1\n"


def test_degrees_are_not_taken_for_radians(capsys):
    """`vla teleop` takes its own facing in degrees."""
    assert main(["demonstrate", "--facing", "180"]) == 2
    assert "--facing 180: radians, -6.28 to 6.28" in capsys.readouterr().err


def test_a_page_of_this_user_is_trusted_over_https(capsys, tmp_path, monkeypatch):
    """As `vla teleop --network` serves and prints it: the certificate is the machine's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = keeping.user_folder()
    keep_token(folder, TOKEN)
    with Served(FaultyRobot(), tls=tls_context(folder)) as served:
        page = served.server.links[0].partition("?")[0]
        assert page.startswith("https://")
        assert main(["demonstrate", page]) == 2
        assert "nothing is collected" in capsys.readouterr().err
        (folder / "certificate.pem").write_text("nonsense")
        assert main(["demonstrate", page]) == 2
        assert "certificate.pem: no certificate" in capsys.readouterr().err


def test_the_token_is_not_for_the_command_line(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert main(["demonstrate", f"http://localhost:1/?token={TOKEN}"]) == 2
    refused = capsys.readouterr().err
    assert "every user of this machine can read a command line: leave the token out" in refused
    assert TOKEN not in refused
    assert main(["demonstrate"]) == 2
    assert "start vla teleop, or give its token with --token-file FILE" in capsys.readouterr().err
    with Served(FaultyRobot()) as served:
        keep_token(keeping.user_folder(), TOKEN)  # as this user's own page does
        assert main(["demonstrate", served.server.links[0].partition("?")[0]]) == 2
        assert "nothing is collected" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("token", "name", "why"),
    [
        ("x" * 24, "script", "the bridge has closed the connection (4401): wrong token: open the link"),
        (TOKEN, "n" * 41, "the bridge refuses: hello: 'name' has 41 characters, allowed 40"),
    ],
)
def test_whom_the_bridge_turns_away_is_told_why_at_once(capfd, tmp_path, token, name, why):
    """And nothing stays open: aiohttp would say so when it is collected."""
    with Served(FaultyRobot()) as served:
        words = demonstrate(served, tmp_path)
        keep_token(tmp_path, token)
        began = time.monotonic()
        assert main([*words, "--name", name]) == 2
        assert time.monotonic() - began < 0.8 * HELLO_WITHIN_S
    gc.collect()
    (said,) = capfd.readouterr().err.splitlines()
    assert said.startswith(f"vla: {why}")


def test_without_a_collection_it_is_said_at_once(capsys, tmp_path):
    with Served(FaultyRobot()) as served:
        assert main(demonstrate(served, tmp_path)) == 2
    assert capsys.readouterr().err.startswith("vla: nothing is collected: start the job with collection:=NAME")


def test_a_hand_stops_to_look_to_grip_and_at_the_corners_of_what_it_carries():
    def line(*ends: tuple[float, float, float]) -> list[np.ndarray]:
        poses = [np.eye(4) for _ in range(20)]
        for pose, position in zip(poses, np.linspace(*ends, 20), strict=True):
            pose[:3, 3] = position
        return poses

    reach = [(T, 0.05) for T in line((0.3, 0.0, 0.5), (0.5, 0.0, 0.1))]
    up, across = line((0.5, 0.0, 0.1), (0.5, 0.0, 0.3)), line((0.5, 0.0, 0.3), (0.5, 0.3, 0.3))
    down, away = line((0.5, 0.3, 0.3), (0.5, 0.3, 0.1)), line((0.5, 0.3, 0.1), (0.5, 0.3, 0.2))
    way = reach + [(T, 0.0) for T in (*up, *across, *down)] + [(T, 0.08) for T in away]
    stops = corners(way, 0.008)
    assert [stop.closed for stop in stops] == [0.0, 1.0, None, None, 0.0, 0.0]
    positions = np.array([stop.pose.position for stop in stops])
    np.testing.assert_allclose(np.linalg.norm(positions[0] - (0.5, 0.0, 0.1)), BEFORE, atol=0.015)
    expected = [(0.5, 0.0, 0.1), (0.5, 0.0, 0.3), (0.5, 0.3, 0.3), (0.5, 0.3, 0.1), (0.5, 0.3, 0.2)]
    np.testing.assert_allclose(positions[1:], expected, atol=0.01)

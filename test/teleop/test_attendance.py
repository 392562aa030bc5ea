# SPDX-License-Identifier: Apache-2.0
"""An episode that nobody attends to ends by itself: a real server, a real collection, a real recorder."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable

import pytest
import yaml
from demonstrations.recording_station import RecordingStation
from demonstrations.small_collection import TASK
from robot_rigs.operated_robot import WAIT_S, Served, in_session, open_page
from robot_rigs.small_robot import SmallRobot

from vla_ros.data.bags.episodes import read_episodes
from vla_ros.data.bags.reader import BagReader
from vla_ros.teleop.episodes.collecting import EpisodeCollection
from vla_ros.teleop.episodes.previews import Previews
from vla_ros.teleop.idle_watch import STILL_TIMES

TIMEOUT_S = 0.6  # without a driver; three times that without a motion
# Where a driver must not count as gone because the machine, which he shares with the server, did not let him speak.
PATIENT_S = 2.0
PACKET_S = 0.02
patient = pytest.mark.parametrize("room", [PATIENT_S], indirect=True, ids=["patient"])


class Room:
    """A robot, its collection and its recorder behind a server."""

    def __init__(self, root, timeout: float = TIMEOUT_S) -> None:
        (root / "task.yaml").write_text(yaml.safe_dump(TASK))
        self.root = root / "mugs"
        self.robot = SmallRobot()
        self.robot.enabled = True
        self.station = RecordingStation(self.root / "episodes")
        self.collection = EpisodeCollection(self.root, self.station, root / "task.yaml")
        self.served = Served(self.robot, self.collection, timeout)
        self.served.server.call(self.collection.start)

    async def page(self, session, name: str, seat: str = "drive"):
        page = await (await open_page(session, f"http://{self.served.url}")).hello(name, seat)
        await page.until(lambda: not self.collection.busy and self.collection.snapshot()["prompt"])
        return page

    async def start(self, page) -> None:
        answer = await page.command("episode_start")
        assert answer["ok"], answer

    def close(self) -> None:
        self.served.__exit__()
        self.station.close()


@pytest.fixture
def room(request, tmp_path, monkeypatch):
    monkeypatch.setattr(Previews, "want", lambda self, name: None)
    room = Room(tmp_path, getattr(request, "param", TIMEOUT_S))
    yield room
    room.close()


async def move(page, seconds: float, ways: bool = True, clutch: bool = False) -> None:
    """Say where the hand is, here and there, or at rest."""
    end = time.monotonic() + seconds
    await move_until(page, lambda: time.monotonic() > end, ways, clutch)


def why_it_ends(page) -> str | None:
    """Return why a page is told that the episode ends by itself; None where it is not, or nothing has come yet."""
    states = page.all("state")
    return (states[-1]["ending"] or {}).get("why") if states else None


async def move_until(page, done: Callable[[], bool], ways: bool = True, clutch: bool = False) -> None:
    """Say where the hand is until `done` holds."""
    async with asyncio.timeout(WAIT_S):
        number = 0
        while not done():
            hand = {"p": [0.02 * (number % 2) * ways, 1.2, -0.3], "q": [0, 0, 0, 1], "clutch": clutch, "gripper": 0.0}
            await page.send("hands", n=number, t=1e3 * PACKET_S * number, source="xr", hands={"right": hand})
            await asyncio.sleep(PACKET_S)
            number += 1


def test_who_goes_away_leaves_an_episode_that_is_kept_and_does_not_count(room):
    async def work(session):
        ada = await room.page(session, "Ada")
        bob = await room.page(session, "Bob", "watch")
        first = room.collection.snapshot()["prompt"]
        await room.start(ada)
        await move(ada, 0.3)
        await ada.socket.close()
        await bob.until(lambda: why_it_ends(bob) == "nobody drives")
        assert 0.0 <= bob.all("state")[-1]["ending"]["in_s"] <= TIMEOUT_S
        await bob.until(lambda: not bob.all("collection")[-1]["recording"])
        await bob.until(lambda: bob.all("note"))
        assert bob.all("note")[-1]["text"] == (
            "episode_000000 has ended by itself: nobody drives. It is kept, and does not count"
        )
        await bob.until(lambda: not room.collection.busy)
        content = room.collection.snapshot()
        assert (content["done"], content["trash"]) == (0, 0)
        (episode,) = content["episodes"]
        assert (episode["success"], episode["counts"], episode["marks"]) == (None, False, ["abandoned: nobody drives"])
        assert content["prompt"]["object"] == first["object"]  # requested again, in another scene
        assert content["prompt"]["seed"] != first["seed"]
        await bob.until(lambda: bob.all("state")[-1]["ending"] is None)

    in_session(work)
    assert room.served.said("episode_000000 has ended by itself: nobody drives")
    with BagReader(room.root / "episodes" / "episode_000000") as bag:
        (episode,) = read_episodes(bag)
    assert (episode.finished, episode.success, episode.values["outcome"]) == (True, None, "abandoned")
    events = [json.loads(line) for line in (room.root / "journal.jsonl").read_text().splitlines()]
    assert [event["note"] for event in events if event["event"] == "end"] == ["abandoned: nobody drives"]


@patient
def test_who_comes_back_in_time_goes_on(room):
    async def work(session):
        ada = await room.page(session, "Ada")
        await room.start(ada)
        await ada.socket.close()
        await asyncio.sleep(0.5 * PATIENT_S)
        again = await room.page(session, "Ada")
        await move(again, 1.5 * PATIENT_S)
        assert room.collection.recording == "episode_000000"
        assert (await again.command("episode_stop", success=True))["ok"]

    in_session(work)
    assert not room.served.said("by itself")


@patient
def test_who_thinks_has_longer_and_who_does_nothing_at_all_is_told(room):
    async def work(session):
        ada = await room.page(session, "Ada")

        def ending() -> str | None:
            return why_it_ends(ada)

        def told() -> bool:
            assert room.collection.recording
            return ending() == "nothing is moved"

        def attended() -> bool:
            assert room.collection.recording
            return ending() is None

        await room.start(ada)
        began = time.monotonic()
        await move_until(ada, told, ways=False)
        assert time.monotonic() - began > 0.2 * PATIENT_S  # not at once
        assert (await ada.command("episode_continue"))["ok"]  # he says that he is there
        await move_until(ada, attended, ways=False)
        await move_until(ada, told, ways=False)
        await move_until(ada, attended, ways=False, clutch=True)  # and holds the arm where it is
        await move(ada, 2.0 * PATIENT_S, ways=False, clutch=True)
        assert attended()
        await move_until(ada, lambda: not room.collection.recording, ways=False)

    in_session(work)
    assert room.served.said("has ended by itself: nothing is moved")


@patient
def test_who_watches_a_policy_is_there_and_a_policy_without_a_driver_is_held(room):
    room.robot.policy, room.robot.source = True, "policy"

    async def work(session):
        ada = await room.page(session, "Ada")
        await room.start(ada)
        await move(ada, 1.1 * STILL_TIMES * PATIENT_S, ways=False)
        assert room.collection.recording
        await ada.socket.close()
        bob = await room.page(session, "Bob", "watch")
        await bob.until(lambda: not room.collection.recording)
        assert ("hold", {}) in room.robot.commands

    in_session(work)
    assert room.served.said("has ended by itself: nobody drives")


def _leaves(ada, room, session):
    return ada.command("leave")


def _goes(ada, room, session):
    return ada.socket.close()


async def _is_replaced(ada, room, session):
    await asyncio.sleep(0.3)
    bob = await (await open_page(session, f"http://{room.served.url}")).hello("Bob")
    assert bob.all("seat")[-1]["yours"]


@patient
@pytest.mark.parametrize("part", [_leaves, _goes, _is_replaced])
def test_what_waits_for_a_driver_who_has_left_is_called_off(room, monkeypatch, part):
    """A bag that closes, or a scene that is built, takes long: what he asked for meanwhile is not his any more."""
    if part is _is_replaced:
        monkeypatch.setattr("vla_ros.teleop.seat.SILENT_S", 0.2)
    built, show = threading.Event(), room.station.show

    async def slow_show(scene):
        while not built.is_set():
            await asyncio.sleep(0.01)
        return await show(scene)

    async def work(session):
        ada = await room.page(session, "Ada")
        (client,) = room.served.server.hub.clients.values()
        await room.start(ada)
        await asyncio.sleep(0.3)
        monkeypatch.setattr(room.station, "show", slow_show)
        assert (await ada.command("episode_stop", success=True))["ok"]
        for number, (command, arguments) in enumerate(
            [("episode_delete", {"name": "episode_000000"}), ("episode_start", {}), ("undo", {})]
        ):
            await ada.send("command", id=900 + number, command=command, arguments=arguments)
        await ada.until(lambda: client.pending == 3)
        await part(ada, room, session)
        if part is not _goes:
            await ada.until(lambda: len([answer for answer in ada.all("answer") if answer["id"] >= 900]) == 3)
            errors = {answer["error"] for answer in ada.all("answer") if answer["id"] >= 900}
            assert "episode_start was called off: you do not drive any more" in errors
        else:
            watcher = await (await open_page(session, f"http://{room.served.url}")).hello("Bob", "watch")
            await watcher.until(lambda: watcher.all("seat")[-1]["driver"] == "")
        built.set()
        async with asyncio.timeout(WAIT_S):
            while room.collection.busy:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)  # what has waited would be done now
        content = room.collection.snapshot()
        assert (content["recording"], content["trash"]) == (False, 0)
        assert [episode["success"] for episode in content["episodes"]] == [True]  # his verdict holds

    in_session(work)

# SPDX-License-Identifier: Apache-2.0
"""A collection in a real graph: operator's websocket, bridge, recorder, simulator and its cameras, over real DDS."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from free_port import free_port
from pages.bridge_link import TOKEN, link
from pages.live_page import LivePage
from rig.nodes import NodeUnderTest, Operator

from controllers.errors import VlaError
from vla_ros.data.bags.check import check_bag
from vla_ros.data.bags.episodes import read_episodes
from vla_ros.data.bags.reader import BagReader
from vla_ros.nodes.bridge.recorder_watch import SILENCE_MAX_S
from vla_ros.nodes.sim.scene_choice import announced_choice
from vla_ros.teleop.serving.pairing import keep_token

TASK = {
    "name": "test",
    "simulated": True,
    "each": 2,  # more than the tests below record
    "actions": {"pick up": {"instruction": "pick up the {object}"}},
    "objects": {"orange mug": {}, "yellow banana": {}},
    "positions": {"left": {}, "right": {}},
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """Start a teleoperation job with a collection; at the end bridge and recorder must go quietly."""
    folder = tmp_path_factory.mktemp("collecting")
    port, task, collection = free_port(), folder / "task.yaml", folder / "collections" / "mugs"
    task.write_text(yaml.safe_dump(TASK, sort_keys=False))
    keep_token(folder, TOKEN)
    nodes = {
        "sim": NodeUnderTest("sim", seed=1),
        "camera": NodeUnderTest("camera", seed=1, use_sim_time=True),
        **{name: NodeUnderTest(name, use_sim_time=True) for name in ("state", "control", "guard")},
        "recorder": NodeUnderTest("recorder", collection=str(collection), images="jpeg", free_mb=1),
        "bridge": NodeUnderTest(
            "vr_bridge", use_sim_time=True, autostart=True, port=port, folder=str(folder),
            collection=str(collection), schedule=str(task),
        ),
    }  # fmt: skip
    operator = Operator()
    try:
        assert operator.ready(), {name: node.process.poll() for name, node in nodes.items()}
        assert operator.spin_until(lambda: "bridge" in operator.diagnostics, 60.0), nodes["bridge"].process.poll()
        yield port, collection, nodes, operator
        for name in ("bridge", "recorder"):
            code, output, _ = nodes[name].stop()
            assert code == 0, output
            assert "Traceback" not in output, output
    finally:
        for node in nodes.values():
            node.kill()
        operator.close()


@pytest.fixture
def page(graph):
    page = LivePage(link(graph[0]), "Ada", "drive")
    yield page
    page.close()


def until(done: Callable[[], object], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def now(page: LivePage) -> dict:
    """Return the newest of the collection."""
    return page.connection.collection or page.connection.welcome["collection"]


def ready(page: LivePage) -> bool:
    """Wait until nothing is waited for."""
    return until(lambda: not now(page)["busy"] and not now(page)["recording"], 60.0)


def enable(page: LivePage) -> None:
    """Enable control, whatever a machine with too much to do has had the guard do."""
    page.command("estop", on=False)
    assert until(lambda: not page.state["estop"])
    page.command("enable")


def begin(page: LivePage) -> str:
    """Begin an episode and return its name."""
    started: list[str] = []

    def start() -> bool:
        try:
            started.append(page.command("episode_start")["episode"])
        except VlaError as error:
            if "recorder" not in str(error):  # it has not heard every camera yet
                raise
        return bool(started)

    assert until(start, 60.0)
    return started[0]


def record(page: LivePage, seconds: float = 1.5, **result: object) -> str:
    name = begin(page)
    time.sleep(seconds)
    assert until(lambda: now(page)["recording"] and now(page)["episode"] == name)
    page.command("episode_stop", **({"success": True, "note": ""} | result))
    assert until(lambda: not now(page)["recording"])
    assert ready(page)
    return name


def test_episodes_of_a_task_become_bags_each_in_the_scene_that_was_asked_for(graph, page):
    _, collection, _, operator = graph
    assert ready(page)
    asked = []
    for _ in range(2):
        enable(page)
        prompt = now(page)["prompt"]
        asked.append(prompt)
        name = record(page)
        bag = collection / "episodes" / name
        assert check_bag(bag) == []
        with BagReader(bag) as reader:
            (episode,) = read_episodes(reader)
            scenes = [announced_choice(message.data) for _, message in reader.decoded("/sim/scene")]
            words = [message.data for _, message in reader.decoded("/instruction")]
            stamps = [
                message.header.stamp for _, message in reader.decoded("/joint_states", episode.begin, episode.end)
            ]
            images = reader.topics["/cameras/front/color/image_raw/compressed"].count
        assert episode.success is True
        assert episode.instruction == f"pick up the {prompt['object']}"
        assert words[-1] == episode.instruction
        (scene,) = scenes  # of this episode, not of those before it
        request = scene.request
        assert (request.target, request.place, request.seed) == (
            prompt["object"],
            prompt["position"],
            prompt["seed"],
        )
        assert request.stream == "generation"
        first, last = (stamp.sec + stamp.nanosec * 1e-9 for stamp in (stamps[0], stamps[-1]))
        assert last > first
        assert float(episode.values["stamp"]) == pytest.approx(last, abs=0.5)  # simulated time, as everything in it
        assert images > 0
    assert asked[0]["object"] != asked[1]["object"]
    assert now(page)["done"] == 2
    # Control was enabled before the scene changed, and is enabled again where the arm stands now.
    assert until(lambda: page.state["enabled"] or page.state["estop"])
    operator.spin(0.5)
    start = operator.T_base_ee.copy()
    operator.spin(0.5)
    assert np.linalg.norm(operator.T_base_ee[:3, 3] - start[:3, 3]) < 2e-3


def test_what_is_deleted_comes_back(graph, page):
    _, collection, _, _ = graph
    assert ready(page)
    name = record(page)
    before = now(page)["done"]
    page.command("episode_delete", name=name)
    assert until(lambda: now(page)["done"] == before - 1)
    assert (collection / "trash" / name / "metadata.yaml").is_file()
    assert page.command("undo") == f"delete {name}"
    assert until(lambda: now(page)["done"] == before)


@pytest.mark.slow  # made when nobody else wants the processor; `teleop/test_episodes.py` makes them, pages show them
def test_an_episodes_picture_and_film_are_served(graph, page):
    port = graph[0]
    assert ready(page)
    name = record(page)
    assert until(lambda: any(e["name"] == name and e["thumbnail"] for e in now(page)["episodes"]), 120.0)
    (episode,) = (e for e in now(page)["episodes"] if e["name"] == name)
    for url, begin in ((episode["thumbnail"], b"\xff\xd8"), (episode["video"], b"")):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{url}?token={TOKEN}") as answer:
            assert answer.read().startswith(begin)


def test_a_recorder_that_dies_stops_the_episode_holds_the_arm_and_says_so(graph, page):
    _, collection, nodes, _ = graph
    assert ready(page)
    enable(page)
    name = begin(page)
    partial = collection / "episodes" / f"{name}.partial"
    assert until(partial.is_dir)
    time.sleep(1.5)
    nodes["recorder"].process.send_signal(signal.SIGKILL)
    assert until(lambda: not now(page)["recording"], 30.0)
    texts = [note["text"] for note in page.connection.notes if note["level"] == "error"]
    assert any(f"{name} is not recorded any more" in text for text in texts), texts
    assert until(lambda: page.connection.state["mode"] in ("hold", "disabled"))
    assert ready(page)
    assert (collection / "episodes" / name / "metadata.yaml").is_file()  # repaired
    (episode,) = (e for e in now(page)["episodes"] if e["name"] == name)
    assert (episode["success"], episode["counts"]) == (None, False)
    time.sleep(SILENCE_MAX_S + 0.5)
    with pytest.raises(VlaError, match="no recorder is heard"):
        page.command("episode_start")
    nodes["recorder"].kill()
    nodes["recorder"] = NodeUnderTest("recorder", collection=str(collection), images="jpeg", free_mb=1)
    again = record(page)
    assert int(again.rpartition("_")[2]) == int(name.rpartition("_")[2]) + 1
    events = [json.loads(line) for line in (Path(collection) / "journal.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events if event.get("episode") == name].count("trouble") == 1

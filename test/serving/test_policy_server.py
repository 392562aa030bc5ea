# SPDX-License-Identifier: Apache-2.0
"""A policy server and policy `remote` over real sockets: the same chunks as here, openpi's protocol, several robots."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
import urllib.request

import numpy as np
import pytest
from policy_making.served_policy import NEEDS, ROBOT, WIRE, ask, plain, seen_at, served
from scene_making.drawn_scene import grasping_scene
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.errors import ConfigError, VlaError
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.policies.families.changed_settings import with_server
from vla_ros.policies.families.loading import check_policy, load_policy, specified
from vla_ros.policies.needs import CameraNeed, Needs
from vla_ros.policies.observation import CameraView
from vla_ros.policies.remote.connection import SESSION
from vla_ros.policies.remote.message_pack import pack, unpack
from vla_ros.policies.remote.network import Network
from vla_ros.policies.remote.observation_message import observation_message, read_observation
from vla_ros.policies.remote.server_description import ServerDescription, read_description
from vla_ros.policies.remote.values import Values
from vla_ros.serving.network_relay import NetworkRelay


def same(one: ActionChunk, other: ActionChunk) -> bool:
    """Say whether two chunks are the same to the bit, but for how long they took."""
    numbers = [(chunk.times.tobytes(), chunk.values.tobytes()) for chunk in (one, other)]
    rest = [
        (chunk.stamp, chunk.frame_id, chunk.channels, chunk.sequence, chunk.instruction, chunk.riding)
        for chunk in (one, other)
    ]
    return numbers[0] == numbers[1] and rest[0] == rest[1]


# -- the same policy here and there ----------------------------------------------------------------------------------
class Both:
    """Ask a policy here and the same one behind a server, and act on what the server said."""

    def __init__(self, here, there, most: int) -> None:
        self.here, self.there, self.most, self.pairs = here, there, most, []

    def reset(self) -> None:
        self.here.reset()
        self.there.reset()

    def chunk_refused(self, reason: str) -> None:
        self.here.chunk_refused(reason)
        self.there.chunk_refused(reason)

    def infer(self, observation):
        self.pairs.append((self.here.infer(observation), self.there.infer(observation)))
        if len(self.pairs) == self.most:
            raise InterruptedError
        return self.pairs[-1][1]


def test_how_pictures_are_cut_is_said_where_they_are_and_older_robots_hear_nothing_that_they_do_not_know():
    needs = Needs((CameraNeed("front", width=224, height=224, fit="crop"), CameraNeed("side")))
    what = ServerDescription("act", ROBOT.name, needs=needs)
    message = unpack(pack(what.message()))
    assert [camera.get("fit") for camera in message["needs"]["cameras"]] == ["crop", None]
    assert read_description(message, "there") == what


def test_a_policy_of_ours_gives_the_same_chunks_behind_a_server():
    family = specified("geometric", ROBOT)
    what = ServerDescription("geometric", ROBOT.name, needs=family.needs(), gives=family.gives(), rate_hz=10.0)
    with served(family.load, description=what) as there:
        assert check_policy("remote", ROBOT, changes=with_server("remote", there.url)) == family.needs()
        said = specified("remote", ROBOT, changes=with_server("remote", there.url))
        assert (said.gives(), said.period()) == (family.gives(), 0.1)
        both = Both(family.load(), there.remote(), most=12)
        runner = EpisodeRunner(EpisodeSettings("geometric", spl=False))
        with pytest.raises(InterruptedError):
            runner.run_scene(grasping_scene("basic", 3, "generation", wording="common"), both)
    assert len(both.pairs) == 12
    assert all(same(here, there) for here, there in both.pairs)
    assert len({here.values.tobytes() for here, _ in both.pairs}) == 12  # it moved on


def test_an_observation_comes_back_to_the_bit():
    rng = np.random.default_rng(1)

    def view(stamp: float) -> CameraView:
        color = rng.integers(0, 256, (48, 64, 3), dtype=np.uint8)
        return CameraView("front", stamp, color, rng.random((48, 64), np.float32), rng.random((3, 3)), np.eye(4))

    whole = dataclasses.replace(
        seen_at(1.5, "put it down"),
        cameras={"front": view(1.5)},
        history=(seen_at(1.3).state, seen_at(1.4).state),
        camera_history={"front": (view(1.3), view(1.4))},
    )
    message = unpack(pack(observation_message(whole)))
    back = read_observation(Values(message))
    assert pack(observation_message(back)) == pack(observation_message(whole))
    assert back.cameras["front"].depth.dtype == np.float32
    assert (back.instruction, back.history[1].stamp, len(back.camera_history["front"])) == ("put it down", 1.4, 2)


def test_explanations_and_refusals_cross():
    with served() as there:
        remote = there.remote()
        (scripted,) = there.policies
        scripted.explanation = "there is no mug"
        assert remote.infer(seen_at(1.0)).status is TaskStatus.INVALID
        assert remote.explanation == "there is no mug"
        remote.chunk_refused("too fast")
        remote.infer(seen_at(1.1))
        remote.infer(seen_at(1.2))
        assert scripted.refusals == ["too fast"]


def test_the_servers_policy_is_reset_where_one_here_would_be():
    with served() as there:
        remote = there.remote()
        (scripted,) = there.policies
        for resets, instruction in ((1, "go"), (1, "go"), (1, "stay")):  # whose owner resets, says so
            remote.infer(seen_at(1.0, instruction))
            assert scripted.resets == resets
        remote.reset()
        remote.infer(seen_at(2.0, "stay"))
        assert scripted.resets == 2


def test_learned_policies_say_how_often_they_act():
    assert specified("graspvla", ROBOT).period() == 0.1


def test_what_the_network_thought_comes_with_the_chunk():
    with served() as there:
        remote = there.remote()
        assert remote.features is None
        remote.infer(seen_at(1.0))
        assert remote.features is None  # a policy that shows none
        there.policies[0].features = np.array([0.25, -3.0], np.float32)
        remote.infer(seen_at(1.1))
        assert remote.features.dtype == np.float32
        np.testing.assert_array_equal(remote.features, [0.25, -3.0])
        remote.reset()
        assert remote.features is None
        for wrong, why in (
            (np.array([np.nan]), "finite numbers alone"),
            (np.array([1e300]), "float32 cannot hold"),
            (np.zeros(16385), "has 16385 numbers, allowed are 16384"),
            (np.zeros((2, 2)), "an array"),
        ):
            there.policies[0].features = wrong
            with pytest.raises(VlaError, match=f"its reply is no chunk: .*{why}"):
                remote.infer(seen_at(1.2))
            assert remote.features is None


# -- openpi's protocol -----------------------------------------------------------------------------------------------
def test_metadata_then_a_reply_to_each_observation():
    """As openpi's client does: a binary frame of metadata, then one reply an observation, with `actions` (H, D)."""
    with served() as there, connect(there.url, **WIRE) as robot:
        metadata = unpack(robot.recv(timeout=5.0))
        assert (metadata["server"], metadata["policy"], metadata["robot"]) == ("vla_ros", "scripted", "franka")
        assert metadata["needs"]["groups"] == ["panda", "panda_hand"]
        for number in (1, 2):
            reply = unpack(ask(robot, plain(number)))
            assert reply["actions"].shape == (4, 9)
            assert reply["channels"][0] == "panda/position.x"
            assert reply["server_timing"]["infer_ms"] >= 0.0
        (scripted,) = there.policies
        assert scripted.resets == 1
        ask(robot, plain(3.0, "another"))  # a client without episodes: a new prompt is one
        assert scripted.resets == 2


def test_health_is_answered_while_a_policy_infers():
    with served() as there, connect(there.url, **WIRE) as robot:
        robot.recv(timeout=5.0)
        there.policies[0].delay = 1.0
        robot.send(pack(plain()))
        time.sleep(0.2)
        began = time.monotonic()
        with urllib.request.urlopen(f"http://localhost:{there.port}/healthz", timeout=5.0) as answer:
            assert answer.read() == b"OK\n"
        assert time.monotonic() - began < 0.7
        robot.recv(timeout=5.0)


def test_a_policy_that_fails_is_a_text_frame_and_the_next_observation_begins_anew():
    with served() as there:
        remote = there.remote()
        (scripted,) = there.policies
        scripted.error = RuntimeError("a bug\nwith lines")
        with pytest.raises(VlaError, match=r"ws://localhost:\d+: no chunk: RuntimeError: a bug$"):
            remote.infer(seen_at(1.0))
        scripted.error = None
        remote.infer(seen_at(1.1))
        assert scripted.resets == 2


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"observation/joint_position": [0.0]}, "state is missing: there is observation/joint_position"),
        (plain() | {"stamp": "now"}, "stamp is 'now': give a finite number"),
        (plain() | {"prompt": 3}, "prompt is 3: give text"),
        (plain() | {"cameras": {"front": {}}}, "cameras.front.color is missing"),
        (plain() | {"cameras": {"front": {"color": np.zeros((4, 4, 3))}}}, "an array (any, any, 3) of uint8"),
        (plain() | {"state": {"stamp": 0.0}}, "state: group 'panda' is missing, which the policy needs"),
        (plain() | {"history": [{}] * 30}, "a list of at most 20"),
        (plain() | {"episode": -1}, "episode is -1"),
        (plain() | {"transport_s": -0.1}, "transport_s is -0.1: give 0 to 60 s"),
        (plain() | {"session": "x" * 65}, "session has 65 characters, allowed are 64"),
        ([], "message is a list"),
    ],
)
def test_what_is_no_observation_is_told_and_disconnected(message, reason):
    with served() as there, connect(there.url, **WIRE) as robot:
        robot.recv(timeout=5.0)
        assert reason in ask(robot, message)
        with pytest.raises(ConnectionClosed) as closed:
            robot.recv(timeout=5.0)
        assert closed.value.rcvd.code == 1008


def test_joints_of_another_robot_are_refused():
    message = plain()
    message["state"]["arms"]["panda"]["joints"][0] = "fr3_joint1"
    with served() as there, connect(there.url, **WIRE) as robot:
        robot.recv(timeout=5.0)
        assert "are others than those of robot 'franka'" in ask(robot, message)


def test_a_needed_view_is_asked_for():
    what = ServerDescription("seeing", ROBOT.name, needs=Needs((CameraNeed("front", depth=True),), groups=NEEDS.groups))
    with served(description=what) as there, connect(there.url, **WIRE) as robot:
        robot.recv(timeout=5.0)
        assert "cameras.front is missing: the policy needs colour + depth of it" in ask(robot, plain())


# -- several robots --------------------------------------------------------------------------------------------------
def test_each_connection_has_its_own_policy_and_leaves_it_to_the_next():
    with served() as there:
        one, other = there.remote(), there.remote()
        one.infer(seen_at(1.0))
        other.infer(seen_at(2.0))
        one.infer(seen_at(1.1))
        assert [[seen.stamp for seen in policy.seen] for policy in there.policies] == [[1.0, 1.1], [2.0]]
        other.close()
        deadline = time.monotonic() + 5.0
        while not any("has gone" in line for line in there.said) and time.monotonic() < deadline:
            time.sleep(0.02)
        there.remote().infer(seen_at(3.0))
        assert len(there.policies) == 2
        assert there.policies[1].resets == 2


def test_a_robot_whose_network_was_out_goes_on_with_its_own_policy_in_its_episode():
    with served() as there, contextlib.closing(NetworkRelay(Network(), "127.0.0.1", there.port)) as relay:
        where = with_server("remote", f"ws://localhost:{relay.port}", changes="timeout_s=0.3")
        one, other = load_policy("remote", ROBOT, changes=where), there.remote()
        one.infer(seen_at(1.0))
        other.infer(seen_at(2.0))
        other.close()  # its instance is idle first
        relay.cut(1.0)
        time.sleep(0.05)
        with pytest.raises(VlaError, match="no reply within"):
            one.infer(seen_at(1.1))
        deadline = time.monotonic() + 20.0
        while True:
            with contextlib.suppress(VlaError):
                one.infer(seen_at(1.2))
                break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert one._connection.connections == 2
        assert there.policies[0].seen[-1].stamp == 1.2
        assert [policy.resets for policy in there.policies] == [1, 1]
        one.reset()
        one.infer(seen_at(1.3))
        assert there.policies[0].resets == 2


def test_a_connection_that_nobody_reads_any_more_gives_way_to_its_robots_next():
    with served() as there, connect(there.url, **WIRE) as lost, connect(there.url, **WIRE) as back:
        for robot in (lost, back):
            robot.recv(timeout=5.0)
        ask(lost, plain(1.0, session="mine", episode=1))
        ask(back, plain(1.1, session="mine", episode=1))
        with pytest.raises(ConnectionClosed):
            lost.recv(timeout=5.0)
        (scripted,) = there.policies
        assert scripted.resets == 1
        ask(back, plain(1.2, session="mine", episode=1))
        assert [seen.stamp for seen in scripted.seen] == [1.0, 1.1, 1.2]


def test_slow_policies_of_two_robots_infer_side_by_side():
    with served() as there:
        remotes = [there.remote(), there.remote()]
        for remote in remotes:
            remote.infer(seen_at(1.0))
        for policy in there.policies:
            policy.delay = 0.6
        threads = [threading.Thread(target=remote.infer, args=(seen_at(1.1),)) for remote in remotes]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - began < 1.1


def test_a_robot_comes_back_to_the_last_place_which_its_dead_connection_still_holds():
    with served(connections=1) as there:
        robot = there.remote()
        robot.infer(seen_at(1.0))
        connection = robot._connection
        dead = connection._socket  # nobody reads it from now on, nobody has closed it
        connection._loop.call_soon_threadsafe(connection._reading.cancel)
        connection._socket = connection._reading = None
        with pytest.raises(ConfigError, match="as many robots are connected"):
            there.remote()  # another one
        robot.infer(seen_at(1.1))
        (scripted,) = there.policies
        assert [seen.stamp for seen in scripted.seen] == [1.0, 1.1]
        assert scripted.resets == 1
        with pytest.raises(ConfigError, match="as many robots are connected"):
            there.remote()
        assert not dead.closed  # it was held until here


def test_who_is_no_text_of_64_characters_is_refused():
    with served() as there, pytest.raises(InvalidStatus, match="400"):
        connect(there.url, additional_headers={SESSION: 65 * "x"}, **WIRE)


def test_one_robot_too_many_is_told():
    with served(connections=1) as there:
        first = there.remote()
        first.infer(seen_at(1.0))
        with pytest.raises(ConfigError, match=r"as many robots are connected as the server takes"):
            there.remote()
        first.infer(seen_at(1.1))

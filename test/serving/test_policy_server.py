# SPDX-License-Identifier: Apache-2.0
"""A policy server and policy `remote` over real sockets: the same chunks as here, and whatever can go wrong between."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import socket
import threading
import time
import urllib.request

import numpy as np
import pytest
import slow_tests
from drawn_scene import grasping_scene
from served_policy import NEEDS, ROBOT, Scripted, seen_at, served
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
from vla_ros.policies.remote.connection import MESSAGE_MAX
from vla_ros.policies.remote.message_pack import pack, unpack
from vla_ros.policies.remote.observation_message import observation_message, read_observation
from vla_ros.policies.remote.server_description import ServerDescription
from vla_ros.policies.remote.values import Values
from vla_ros.serving import policy_server
from vla_ros.teleop.serving.certificate import fingerprint, tls_context
from vla_ros.token_file import is_private

TOKEN = "a-token-of-twenty-one"
WIRE = {"max_size": None, "compression": None}  # as openpi's client connects


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    assert is_private(path)
    return str(path)


def same(one: ActionChunk, other: ActionChunk) -> bool:
    """Say whether two chunks are the same to the bit, but for how long they took."""
    numbers = [(chunk.times.tobytes(), chunk.values.tobytes()) for chunk in (one, other)]
    rest = [
        (chunk.stamp, chunk.frame_id, chunk.channels, chunk.sequence, chunk.instruction, chunk.riding)
        for chunk in (one, other)
    ]
    return numbers[0] == numbers[1] and rest[0] == rest[1]


def ask(robot, message: dict):
    """Send an observation as a client of others' would, and return what comes back."""
    robot.send(pack(message))
    return robot.recv(timeout=10.0)


def plain(stamp: float = 1.0, instruction: str = "go", **more) -> dict:
    return observation_message(seen_at(stamp, instruction)) | more


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


def test_one_robot_too_many_is_told():
    with served(connections=1) as there:
        first = there.remote()
        first.infer(seen_at(1.0))
        with pytest.raises(ConfigError, match=r"as many robots are connected as the server takes"):
            there.remote()
        first.infer(seen_at(1.1))


# -- who may come in -------------------------------------------------------------------------------------------------
def test_without_the_token_nobody_comes_in(token_file, tmp_path):
    with served(token=TOKEN) as there:
        for headers in ({}, {"Authorization": "Api-Key wrong-token-of-any-kind"}, {"Authorization": "Api-Key é"}):
            with pytest.raises(InvalidStatus) as refused:
                connect(there.url, additional_headers=headers, **WIRE)
            assert refused.value.response.status_code == 401
        with pytest.raises(ConfigError, match=r"ws://localhost:\d+: the server wants a token: give the file"):
            there.remote()
        other = tmp_path / "other"
        other.write_text("another-token-of-thirty")
        other.chmod(0o600)
        with pytest.raises(ConfigError, match="the token is not the server's") as wrong:
            there.remote(str(other))
        assert "another-token" not in str(wrong.value)
        there.remote(token_file).infer(seen_at(1.0))
        assert not any(TOKEN in line for line in there.said)


def test_a_browser_is_turned_away():
    with served() as there, pytest.raises(InvalidStatus) as refused:
        connect(there.url, origin="http://localhost", **WIRE)
    assert refused.value.response.status_code == 403


def test_a_certificate_of_our_own_is_known_by_its_print(token_file, tmp_path):
    tls = tls_context(tmp_path)
    with served(token=TOKEN, tls=tls) as there:
        pinned = f"wss://127.0.0.1:{there.port}#sha256={fingerprint(tmp_path).replace(':', '')}"
        changes = with_server("remote", pinned, token_file)
        load_policy("remote", ROBOT, changes=changes).infer(seen_at(1.0))
        for url, reason in ((pinned[:-4] + "0000", "another certificate"), (pinned.partition("#")[0], "no connection")):
            with pytest.raises(ConfigError, match=reason):
                load_policy("remote", ROBOT, changes=with_server("remote", url, token_file))


# -- what comes over a network ---------------------------------------------------------------------------------------
def test_a_message_that_is_too_large_ends_its_connection_alone():
    with served() as there:
        remote = there.remote()
        remote.infer(seen_at(1.0))
        with connect(there.url, **WIRE) as robot:
            robot.recv(timeout=5.0)
            with contextlib.suppress(ConnectionClosed, OSError):
                robot.send(bytes(MESSAGE_MAX + 1))
            with pytest.raises(ConnectionClosed) as closed:
                robot.recv(timeout=10.0)
            assert closed.value.rcvd is None or closed.value.rcvd.code == 1009
        remote.infer(seen_at(1.1))


def test_rubbish_ends_nothing_but_its_connection():
    """Observations damaged at random, and random bytes: a reply, or a text and the end of the connection."""
    sound, rng, told = pack(plain()), random.Random(2), 0
    with served() as there:
        trials = slow_tests.trials(300, 5000)
        for _ in range(trials):
            data = bytearray(sound if rng.random() < 0.9 else rng.randbytes(rng.randrange(300)))
            for _ in range(rng.randrange(1, 4)):
                at = rng.randrange(len(data) + 1)
                data[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
            with connect(there.url, **WIRE) as robot:
                robot.recv(timeout=5.0)
                robot.send(bytes(data))
                answer = robot.recv(timeout=10.0)
            if isinstance(answer, str):
                told += 1
                assert "\n" not in answer
        assert told > trials // 2
        there.remote().infer(seen_at(1.0))


def test_half_open_connections_keep_nobody_out():
    with served() as there, contextlib.ExitStack() as held:
        for beginning in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n") * 10:
            one = held.enter_context(socket.create_connection(("127.0.0.1", there.port)))
            one.sendall(beginning)
        there.remote().infer(seen_at(1.0))


def test_a_robot_that_sends_slowly_holds_up_nobody():
    with served() as there:
        with connect(there.url, close_timeout=0.1, **WIRE) as robot:
            robot.recv(timeout=5.0)
            data = pack(plain())
            robot.socket.sendall(b"\x82\xfe" + len(data).to_bytes(2, "big") + bytes(4) + data[:20])  # masked by zeros
            there.remote().infer(seen_at(2.0))
        assert [seen.stamp for policy in there.policies for seen in policy.seen] == [2.0]


def test_a_robot_that_reads_nothing_is_disconnected(monkeypatch):
    monkeypatch.setattr(policy_server, "SEND_S", 0.5)

    class Long(Scripted):
        def infer(self, seen):
            chunk = super().infer(seen)
            return dataclasses.replace(
                chunk, times=0.01 * np.arange(1, 2001), values=np.tile(chunk.values[:1], (2000, 1))
            )

    with served(Long) as there, connect(there.url, close_timeout=0.1, max_queue=1, **WIRE) as robot:
        data = pack(plain())
        with contextlib.suppress(ConnectionClosed, OSError):
            for _ in range(300):  # 150 kB each to read, far more than two sockets hold
                robot.send(data)
        deadline = time.monotonic() + 20.0
        while not any("does not read" in line for line in there.said):
            assert time.monotonic() < deadline, there.said
            time.sleep(0.05)
        there.remote().infer(seen_at(2.0))


# -- a server that goes and comes ------------------------------------------------------------------------------------
def test_nobody_there_is_said_with_the_remedy():
    with served() as there:
        port = there.port
    with pytest.raises(ConfigError, match=rf"^ws://localhost:{port}: no connection .*: start ./vla serve POLICY there"):
        check_policy("remote", ROBOT, changes=with_server("remote", f"ws://localhost:{port}"))


def test_a_server_that_is_killed_is_named_and_asked_again_when_it_is_back():
    """In the middle of an episode in lockstep: the reason, then chunks again."""

    class Killing:
        """Ends the server before the third observation."""

        def __init__(self, remote, server) -> None:
            self.policy, self._server, self._count = remote, server, 0

        def reset(self) -> None:
            self.policy.reset()

        def infer(self, observation):
            self._count += 1
            if self._count == 3:
                self._server.close()
            return self.policy.infer(observation)

    runner = EpisodeRunner(EpisodeSettings("geometric", spl=False))
    scene = grasping_scene("basic", 3, "generation", wording="common")
    with served() as there:
        port, remote = there.port, there.remote()
        with pytest.raises(VlaError, match=rf"ws://localhost:{port}: .*(lost|no connection)"):
            runner.run_scene(scene, Killing(remote, there.server))
    time.sleep(0.3)  # longer than the first pause
    with pytest.raises(VlaError, match="no connection"):
        remote.infer(seen_at(1.0))
    with served(port=port) as again:
        with pytest.raises(VlaError, match="no connection"):  # nobody is asked before a pause is over
            remote.infer(seen_at(1.0))
        deadline = time.monotonic() + 10.0
        while True:
            try:
                chunk = remote.infer(seen_at(2.0))
                break
            except VlaError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert chunk.stamp == 2.0
        assert again.policies[0].resets == 1


def test_another_policy_at_the_same_address_is_refused():
    with served() as there:
        port, remote = there.port, there.remote()
        remote.infer(seen_at(1.0))
    other = ServerDescription("other", ROBOT.name, needs=NEEDS)
    with served(port=port, description=other):
        deadline = time.monotonic() + 10.0
        while True:
            with pytest.raises(VlaError) as refused:
                remote.infer(seen_at(1.0))
            if "serves other for franka now" in str(refused.value):
                break
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_late_reply_is_never_taken_for_the_next():
    with served() as there:
        remote = there.remote(changes="timeout_s=0.3")
        remote.infer(seen_at(1.0))
        there.policies[0].delay = 0.6
        with pytest.raises(VlaError, match=r"no reply within 0\.3 s"):
            remote.infer(seen_at(1.1))
        there.policies[0].delay = 0.0
        time.sleep(0.6)
        assert remote.infer(seen_at(1.2)).stamp == 1.2


def test_a_reply_from_before_a_reset_is_dropped():
    with served() as there:
        remote = there.remote()
        remote.infer(seen_at(1.0))
        there.policies[0].delay = 0.5
        threading.Timer(0.1, remote.reset).start()
        with pytest.raises(VlaError, match="before a reset is dropped"):
            remote.infer(seen_at(1.1))


def test_how_long_a_request_takes_is_known():
    with served() as there:
        remote = there.remote()
        there.policies[0].delay = 0.2
        chunk = remote.infer(seen_at(1.0))
        assert chunk.inference_s == remote.timing.total_s
        assert 0.2 <= remote.timing.server_s <= remote.timing.total_s
        assert remote.timing.transport_s < 0.2


def test_a_server_for_another_robot_is_refused():
    with (
        served(description=ServerDescription("scripted", "ur5e", needs=NEEDS)) as there,
        pytest.raises(ConfigError, match=r"serves robot 'ur5e', and this is 'franka': start ./vla serve scripted"),
    ):
        there.remote()

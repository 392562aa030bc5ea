# SPDX-License-Identifier: Apache-2.0
"""Who may ask a policy server, and what they may send: tokens, certificates, rubbish, half-open connections."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import socket
import time

import numpy as np
import pytest
import slow_tests
from policy_making.served_policy import ROBOT, WIRE, Scripted, plain, seen_at, served
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from controllers.errors import ConfigError
from vla_ros.policies.families.changed_settings import with_server
from vla_ros.policies.families.loading import load_policy
from vla_ros.policies.remote.connection import MESSAGE_MAX
from vla_ros.policies.remote.message_pack import pack
from vla_ros.serving import policy_server
from vla_ros.teleop.serving.certificate import fingerprint, tls_context
from vla_ros.token_file import is_private

TOKEN = "a-token-of-twenty-one"


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    assert is_private(path)
    return str(path)


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

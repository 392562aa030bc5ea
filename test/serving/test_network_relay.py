# SPDX-License-Identifier: Apache-2.0
"""A relay that makes the way to a policy server longer: what was asked for is what a client measures."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from policy_making.served_policy import ROBOT, seen_at, served

from controllers.errors import ConfigError, VlaError
from vla_ros.cli import main
from vla_ros.launching.environment import module_environment
from vla_ros.policies.base import Policy
from vla_ros.policies.families.changed_settings import with_server
from vla_ros.policies.families.loading import load_policy
from vla_ros.policies.remote import policy as remote_policy
from vla_ros.policies.remote.network import Network
from vla_ros.serving import session
from vla_ros.serving.network_relay import NetworkRelay

SLOW_S = 1.0  # [s] that a loaded machine may add to a request


@contextlib.contextmanager
def relayed(network: Network, port: int) -> Iterator[NetworkRelay]:
    relay = NetworkRelay(network, "127.0.0.1", port)
    try:
        yield relay
    finally:
        relay.close()


def remote(port: int, changes: str = "") -> Policy:
    return load_policy("remote", ROBOT, changes=with_server("remote", f"ws://localhost:{port}", changes=changes))


def seconds(policy: Policy, stamp: float = 1.0) -> float:
    began = time.monotonic()
    policy.infer(seen_at(stamp))
    return time.monotonic() - began


class Echo:
    """A server that gives back what it is sent, and knows when its client has gone."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.left = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            while data := connection.recv(1 << 16):
                connection.sendall(data)
            self.left.set()

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


def test_a_request_takes_what_was_asked_for_and_is_measured():
    with served() as there, relayed(Network(0.2), there.port) as relay:
        policy = remote(relay.port)
        policy.infer(seen_at(1.0))
        took = [seconds(policy, 1.0 + 0.1 * i) for i in range(1, 5)]
        assert min(took) >= 0.2
        assert np.median(took) < 0.2 + SLOW_S
        assert policy.timing.transport_s >= 0.2  # what the node's diagnostics and splicing are told
        assert {round(passed.late_s, 3) for passed in relay.passed} == {0.1}
        assert {passed.outward for passed in relay.passed} == {True, False}


def test_a_request_that_took_longer_than_a_server_may_be_told_is_not_its_last(monkeypatch):
    for module in (remote_policy, session):
        monkeypatch.setattr(module, "TRANSPORT_MAX_S", 0.1)
    with served() as there, relayed(Network(0.2), there.port) as relay:
        robot = remote(relay.port)
        for i in range(3):
            robot.infer(seen_at(1.0 + 0.1 * i))
        assert robot.timing.transport_s >= 0.2
        assert robot._connection.connections == 1


def test_what_it_adds_varies_as_asked_and_comes_in_order():
    network = Network(0.06, 0.04)
    with served() as there, relayed(network, there.port) as relay:
        policy = remote(relay.port)
        for i in range(20):
            policy.infer(seen_at(1.0 + 0.1 * i))
        late = np.array([passed.late_s for passed in relay.passed])
    assert len(late) >= 40
    assert late.min() >= 0.01 - 1e-6
    assert late.max() <= 0.05 + 1e-6
    assert late.std() > 0.006


def test_a_long_message_comes_whole_and_as_one(echo):
    sent = np.random.default_rng(1).bytes(3 << 20)
    with relayed(Network(0.1, 0.1), echo.port) as relay, socket.create_connection(("127.0.0.1", relay.port)) as robot:
        threading.Thread(target=robot.sendall, args=(sent,), daemon=True).start()
        got = b""
        while len(got) < len(sent):
            got += robot.recv(1 << 20)
    assert got == sent
    assert len(relay.passed) < 40  # of 96 that were read


def test_an_outage_delays_what_is_under_way_and_no_connection_is_lost():
    with served() as there, relayed(Network(0.02), there.port) as relay:
        policy = remote(relay.port)
        policy.infer(seen_at(1.0))
        relay.cut(0.8)
        time.sleep(0.05)
        assert seconds(policy, 1.1) >= 0.7
        assert seconds(policy, 1.2) < SLOW_S
        assert policy._connection.connections == 1


def test_an_outage_longer_than_the_time_out_is_named_and_got_over():
    with served() as there, relayed(Network(0.02), there.port) as relay:
        policy = remote(relay.port, "timeout_s=0.3")
        policy.infer(seen_at(1.0))
        relay.cut(1.0)
        time.sleep(0.05)
        with pytest.raises(VlaError, match=r"no reply within 0\.3 s"):
            policy.infer(seen_at(1.1))
        deadline = time.monotonic() + 20.0
        while True:
            with contextlib.suppress(VlaError):
                assert policy.infer(seen_at(1.2)).stamp == 1.2  # and not the late one's
                break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert policy._connection.connections == 2


def test_who_leaves_is_gone_on_the_other_side_as_well(echo):
    with relayed(Network(0.02), echo.port) as relay:
        with socket.create_connection(("127.0.0.1", relay.port)) as robot:
            robot.sendall(b"a")
            assert robot.recv(1) == b"a"
        assert echo.left.wait(10.0)


def test_nobody_behind_it_is_nobody_for_its_client():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with relayed(Network(0.02), port) as relay, pytest.raises(ConfigError, match="no connection"):
        remote(relay.port)


def test_a_port_in_use_is_one_line(echo):
    with pytest.raises(ConfigError, match=f"port {echo.port}: .*--port N"):
        NetworkRelay(Network(), "127.0.0.1", 1, echo.port)
    assert "network relay" not in {thread.name for thread in threading.enumerate()}


def test_the_command_leads_to_any_server():
    with served() as there:
        command = [sys.executable, "-m", "vla_ros.cli", "serve", there.url, "--network", "0.2±0.1", "--port", "0"]
        process = subprocess.Popen(command, env=module_environment(), stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout.readline() == f"{there.url} behind 0.2±0.1; ask it with\n"
            port = int(re.fullmatch(r"  url:='ws://localhost:(\d+)'\n", process.stdout.readline()).group(1))
            policy = remote(port)
            policy.infer(seen_at(1.0))
            assert seconds(policy, 1.1) >= 0.1
            process.send_signal(signal.SIGINT)
            assert process.wait(20.0) == 0
        finally:
            process.kill()


ELSEWHERE = ("ws://localhost:8000", "--network", "0.3")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["geometric", "--network", "soon"], "--network soon: give SECONDS"),
        (["geometric", "--network", "0.3", "--host", "all"], "leave out --host all"),
        (["ws://localhost:8000"], "is served already; to try it behind a worse network give --network"),
        (["ws://10.0.0.5:8000", "--network", "0.3"], "ssh -L 8000:localhost:8000 there and ws://localhost:8000"),
        ([*ELSEWHERE, "--token-file", "token"], "--token-file token: ws://localhost:8000 is served elsewhere"),
        ([*ELSEWHERE, "--connections", "2"], "--connections 2: "),
        ([*ELSEWHERE, "--setting", "mode=cage"], "--setting mode=cage: "),
        ([*ELSEWHERE, "--checkpoint", "mine"], "--checkpoint mine: "),
        ([*ELSEWHERE, "--lerobot", "mine"], "--lerobot mine: "),
        ([*ELSEWHERE, "--objects", "mine"], "--objects mine: "),
        ([*ELSEWHERE, "--robot", "ur5e"], "--robot ur5e: "),
        (["http://localhost:8000", "--network", "0.3"], "give ws://HOST:PORT"),
    ],
)
def test_what_cannot_be_tried_is_one_line(words, why, capsys):
    assert main(["serve", *words]) == 2
    error = capsys.readouterr().err
    assert why in error
    assert len(error.strip().splitlines()) == 1


def test_the_servers_policy_hears_how_long_the_way_is():
    with served() as there, relayed(Network(latency_s=0.2), there.port) as relay:
        policy = remote(relay.port)
        (scripted,) = there.policies
        scripted.delay = 0.2 + SLOW_S
        for stamp in (1.0, 1.1, 1.2):
            policy.infer(seen_at(stamp))
        # Nothing of the first, which may have waited for loading; of the second the way alone, without its inference.
        (seconds,) = scripted.transports
        assert 0.2 <= seconds < 0.2 + SLOW_S

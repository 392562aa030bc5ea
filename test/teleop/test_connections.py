# SPDX-License-Identifier: Apache-2.0
"""The pages' servers while others hold hundreds of half-open connections to them, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from robot_rigs.operated_robot import TOKEN, Served, in_session, open_page

from vla_ros.teleop.hand_recording.server import HandRecordingServer
from vla_ros.teleop.hand_recording.settings import HandRecordingSettings
from vla_ros.teleop.hand_recording.store import DemonstrationStore
from vla_ros.teleop.serving import connections
from vla_ros.teleop.serving.certificate import tls_context
from vla_ros.teleop.serving.page_server import Listening

HALF_OPEN = 500
PROMPT_S = 2.0  # a new page; on a quiet machine 10 ms
# Holds that many connections which have begun a request, from ADDRESS; who is closed comes again. A line once all
# are there; it ends with its input.
ATTACKER = """
import resource, select, socket, sys
host, port, address, count, beginning = "127.0.0.1", int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]

def connect():
    one = socket.socket()
    one.bind((address, 0))
    one.settimeout(5.0)
    one.connect((host, port))
    one.sendall(beginning.encode())
    poll.register(one, select.POLLIN)
    held[one.fileno()] = one

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
poll, held, opened = select.poll(), {}, 0
poll.register(0, select.POLLIN)
while True:
    while len(held) < count and opened < 20 * count:
        try:
            connect()
        except OSError:
            break
        opened += 1
        if opened == count:
            print("there", flush=True)
    for number, event in poll.poll(50):
        if number == 0:
            sys.exit()
        poll.unregister(number)
        held.pop(number).close()
"""
BEGINNINGS = {"nothing": "", "half a request line": "GET /?tok", "half a header": "GET / HTTP/1.1\r\nHost: x\r\nX"}


@contextlib.contextmanager
def attackers(port: int, beginning: str, *addresses: str) -> Iterator[None]:
    """Have processes of their own hold half-open connections, HALF_OPEN in all."""
    share = str(HALF_OPEN // len(addresses))
    words = [sys.executable, "-c", ATTACKER, str(port)]
    running = [
        subprocess.Popen([*words, address, share, beginning], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for address in addresses
    ]
    try:
        for process in running:
            assert process.stdout.readline() == b"there\n"
        yield
    finally:
        for process in running:
            process.stdin.close()
            process.stdout.close()
            process.wait(10.0)


@pytest.fixture
def few_files() -> Iterator[None]:
    """Let this process open fewer files than there are half-open connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = set(map(int, os.listdir("/proc/self/fd")))
    free = [number for number in range(HALF_OPEN + len(taken)) if number not in taken]
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[HALF_OPEN - 50], hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def new_page(session, served) -> float:
    """Open page and websocket; return how long it took [s]."""
    begin = time.monotonic()
    async with asyncio.timeout(PROMPT_S):
        async with session.get(f"http://{served.url}/?token={TOKEN}") as response:
            assert response.status == 200
        page = await (await open_page(session, f"http://{served.url}")).hello("Bob", "watch")
        assert (await page.command("estop", on=True))["ok"]
    await page.socket.close()
    return time.monotonic() - begin


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS)
def test_half_open_connections_keep_neither_the_driver_nor_a_new_page_out(few_files, beginning):
    async def work(session):
        ada = await (await open_page(session, f"http://{served.url}")).hello("Ada")
        with attackers(served.server.port, beginning, "127.0.0.1"):
            for _ in range(3):
                assert (await ada.command("estop", on=True))["ok"]
                assert (await ada.command("estop", on=False))["ok"]
                await new_page(session, served)
        assert ada.all("seat")[-1]["yours"]

    with Served() as served:
        in_session(work)
        assert served.said("of 127.0.0.1 show no token: one is closed")
    assert served.robot.stopped.count(True) == 6


def test_half_open_connections_of_many_addresses_are_bounded_in_all():
    async def work(session):
        with attackers(served.server.port, "GET", *(f"127.0.0.{number}" for number in range(2, 12))):
            await new_page(session, served)
            assert len(served.server._connections._unauthenticated()) <= connections.UNAUTHENTICATED_MAX

    with Served() as served:
        in_session(work)


def test_the_page_that_records_hands_is_guarded_alike(few_files, tmp_path):
    async def work(session):
        with attackers(server.port, "GET", "127.0.0.1"):
            async with asyncio.timeout(PROMPT_S), session.get(f"{url}/demonstrations?token={TOKEN}") as response:
                assert response.status == 200

    store = DemonstrationStore(tmp_path, HandRecordingSettings("front", 0.08))
    server = HandRecordingServer(store, Listening("127.0.0.1", 0, ("127.0.0.1",), TOKEN))
    url = f"http://127.0.0.1:{server.port}"
    server.start()
    try:
        in_session(work)
    finally:
        server.close()
        store.close()


def ended(connection: socket.socket) -> float:
    """Return how long the server leaves a connection open [s], at most 5."""
    begin = time.monotonic()
    connection.settimeout(5.0)
    with contextlib.suppress(ConnectionError):
        while connection.recv(1 << 16):
            pass
    return time.monotonic() - begin


@pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
def test_who_shows_no_token_in_time_is_disconnected(monkeypatch, tmp_path, encrypted):
    """Be he silent, slower than any time-out between two bytes, or refused: half a TLS handshake counts as well."""
    monkeypatch.setattr(connections, "AUTHENTICATE_WITHIN_S", 0.5)
    with Served(tls=tls_context(tmp_path) if encrypted else None) as served:
        address = ("127.0.0.1", served.server.port)
        silent, dripping, refused = (socket.create_connection(address) for _ in range(3))
        if encrypted:
            trusting = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
            refused = trusting.wrap_socket(refused, server_hostname="localhost")
        refused.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

        def drip():
            with contextlib.suppress(OSError):
                for byte in b"\x16\x03\x01\x02\x00\x01" if encrypted else b"GET /healthz HTTP/1.1\r\nX-Y: " + b"z" * 60:
                    time.sleep(0.1)
                    dripping.sendall(bytes([byte]))

        dropper = threading.Thread(target=drip)
        dropper.start()
        assert all(ended(connection) < 2.0 for connection in (silent, dripping, refused))
        dropper.join()
        for connection in (silent, dripping, refused):
            connection.close()


def test_who_has_shown_the_token_stays(monkeypatch):
    monkeypatch.setattr(connections, "AUTHENTICATE_WITHIN_S", 0.2)

    async def work(session):
        page = await (await open_page(session, f"http://{served.url}")).hello()
        await asyncio.sleep(0.6)
        assert (await page.command("estop", on=True))["ok"]

    with Served() as served:
        in_session(work)


def test_connections_leave_no_file_open():
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = count()
    with Served() as served, attackers(served.server.port, "GET", "127.0.0.1"):
        pass
    assert count() <= before

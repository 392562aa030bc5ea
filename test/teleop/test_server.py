# SPDX-License-Identifier: Apache-2.0
"""The operator's server as pages meet it, over real sockets: seats, refusals, commands, pictures, files."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

import aiohttp
import pytest
from robot_rigs.operated_robot import TOKEN, NotedRobot, Served, in_session, open_page

from controllers.errors import ConfigError
from vla_ros.teleop import protocol
from vla_ros.teleop.serving.certificate import tls_context

HAND = {"p": [0.1, 1.2, -0.3], "q": [0, 0, 0, 1], "clutch": True, "gripper": 0.5}


def hands(n: int, **changed: object) -> dict:
    return {"n": n, "t": 10.0 * n, "source": "xr", "hands": {"right": HAND | changed}}


@pytest.fixture
def served():
    with Served() as served:
        yield served


def test_a_driver_is_welcomed_told_how_things_are_and_followed(served):
    async def work(session):
        page = await (await open_page(session, f"http://{served.url}")).hello("Ada")
        (welcome,) = page.all("welcome")
        assert welcome["protocol"] == 1
        assert welcome["robot"]["arms"] == [{"name": "panda", "hand": "right", "gripper_max": 0.08, "tool": "parallel"}]
        assert [camera["name"] for camera in welcome["cameras"]] == ["front", "wrist"]
        assert welcome["collection"] is None
        assert page.all("seat")[-1] == {"type": "seat", "yours": True, "driver": "Ada", "watchers": 0}
        await page.send("hands", **hands(1))
        await page.send("ping", t=7)
        await page.until(lambda: page.all("pong") == [{"type": "pong", "t": 7.0}])
        await page.until(lambda: len(page.all("state")) >= 3)
        assert page.all("state")[0]["mode"] == "teleop"
        assert served.robot.watched

    in_session(work)
    assert [heard.n for heard in served.robot.heard] == [1]


def test_the_robot_is_watched_over_though_nobody_looks(served):
    seen = served.robot.watched_over
    deadline = time.monotonic() + 10.0
    while served.robot.watched_over < seen + 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert served.robot.watched_over >= seen + 3


def test_a_second_driver_watches_and_gets_the_seat_once_it_is_free(served):
    async def work(session):
        ada = await (await open_page(session, f"http://{served.url}")).hello("Ada")
        bob = await (await open_page(session, f"http://{served.url}")).hello("Bob")
        assert bob.all("seat")[-1] == {"type": "seat", "yours": False, "driver": "Ada", "watchers": 1}
        await bob.send("hands", **hands(1))
        answer = await bob.command("enable")
        assert (answer["ok"], answer["error"]) == (False, "you are watching: take the seat first")
        answer = await bob.command("drive")
        assert not answer["ok"]
        assert "Ada drives" in answer["error"]
        await ada.socket.close()
        await bob.until(lambda: bob.all("seat")[-1]["driver"] == "")
        assert (await bob.command("drive"))["ok"]
        await bob.send("hands", **hands(2))
        await bob.until(lambda: served.robot.heard)

    in_session(work)
    assert [heard.n for heard in served.robot.heard] == [2]
    assert "the driver has gone" in served.robot.released
    assert served.said("Ada (127.0.0.1) has gone: the arm holds")


def test_a_driver_whose_network_is_gone_can_be_replaced(served, monkeypatch):
    monkeypatch.setattr("vla_ros.teleop.seat.SILENT_S", 0.2)

    async def work(session):
        await (await open_page(session, f"http://{served.url}")).hello("Ada")
        await asyncio.sleep(0.4)
        bob = await (await open_page(session, f"http://{served.url}")).hello("Bob")
        assert bob.all("seat")[-1]["yours"]

    in_session(work)


def test_anybody_may_press_the_estop_and_the_driver_alone_releases_it(served):
    async def work(session):
        ada = await (await open_page(session, f"http://{served.url}")).hello("Ada")
        bob = await (await open_page(session, f"http://{served.url}")).hello("Bob", "watch")
        assert (await bob.command("estop", on=True))["ok"]
        await ada.until(lambda: any("e-stop pressed by Bob" in note["text"] for note in ada.all("note")))
        assert not (await bob.command("estop", on=False))["ok"]
        assert (await ada.command("estop", on=False))["ok"]

    in_session(work)
    assert served.robot.stopped == [True, False]


def test_the_estop_does_not_wait_for_a_command_that_hangs(served):
    async def work(session):
        page = await (await open_page(session, f"http://{served.url}")).hello()
        for number in range(100, 110):
            await page.send("command", id=number, command="disable")
        assert (await page.command("estop", on=True))["ok"]
        refused = [answer for answer in page.all("answer") if not answer["ok"]]
        assert len(refused) == 2
        assert "8 commands are under way" in refused[0]["error"]

    in_session(work)


def test_a_command_that_fails_is_answered_in_one_line(served):
    async def work(session):
        page = await (await open_page(session, f"http://{served.url}")).hello()
        assert (await page.command("enable"))["result"] == "done"
        assert (await page.command("home"))["error"] == "no way home"
        assert "ValueError: a mistake of ours" in (await page.command("speed", scale=0.5))["error"]
        assert (await page.command("episode_start"))["error"].startswith("no collection is configured")

    in_session(work)
    assert served.said("a mistake of ours")


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "%FF"])
def test_a_wrong_token_comes_in_nowhere(served, token):
    async def work(session):
        page = await open_page(session, f"http://{served.url}", token)
        assert await page.closed() == protocol.CLOSE_TOKEN
        for path in ("/", "/page/index.html", "/qr.svg", "/episodes/episode_000000/video.mp4"):
            async with session.get(f"http://{served.url}{path}?token={token}") as response:
                assert response.status == 401
                assert TOKEN not in await response.text()
        async with session.get(f"http://{served.url}/healthz") as response:
            assert response.status == 200

    in_session(work)
    assert served.said("wrong token")


def test_a_page_of_another_site_comes_in_nowhere(served):
    async def work(session):
        page = await open_page(session, f"http://{served.url}", headers={"Origin": "https://evil.example"})
        assert await page.closed() == protocol.CLOSE_TOKEN

    in_session(work)


def test_the_page_keeps_the_token_in_a_cookie_and_its_parts_need_no_link(served):
    async def work(session):
        async with session.get(f"http://{served.url}/?token={TOKEN}") as response:
            assert response.status == 200
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]
            assert "HttpOnly" in response.headers["Set-Cookie"]
        for path, kind in (("/page/index.html", "text/html"), ("/qr.svg", "image/svg+xml")):
            async with session.get(f"http://{served.url}{path}") as response:
                assert (response.status, response.content_type) == (200, kind)
        for path in ("/page/../server.py", "/page/%2e%2e/server.py", "/page/..%2fserver.py", "/no/such"):
            async with session.get(aiohttp.client.URL(f"http://{served.url}{path}", encoded=True)) as response:
                assert response.status in (403, 404), path

    in_session(work)


def test_nonsense_is_refused_with_the_reason_and_ends_the_motion(served):
    async def work(session):
        page = await (await open_page(session, f"http://{served.url}")).hello()
        await page.send("hands", **hands(1, p=[None, 0, 0]))
        await page.until(lambda: page.all("refused"))
        assert "'p' must be a number, got null" in page.all("refused")[0]["reason"]
        await page.socket.send_bytes(b"\x00")
        await page.until(lambda: len(page.all("refused")) == 2)
        assert not page.socket.closed

    in_session(work)
    assert any("was refused" in reason for reason in served.robot.released)
    assert served.robot.heard == []


def test_ten_refusals_in_a_row_close_the_socket(served):
    async def work(session):
        page = await (await open_page(session, f"http://{served.url}")).hello()
        for _ in range(9):
            await page.socket.send_str("nonsense")
        await page.send("ping", t=1)  # a message between them forgives
        for _ in range(10):
            await page.socket.send_str("nonsense")
        assert await page.closed() == protocol.CLOSE_MALFORMED
        assert len(page.all("refused")) == 19
        await page.until(lambda: "the driver has gone" in served.robot.released)

    in_session(work)


# Of what is far too much the rest is not read: where the connection is reset before the reason arrives, it is 1006.
@pytest.mark.parametrize(
    ("size", "codes"), [(protocol.FRAME_BYTES_MAX + 1, {protocol.CLOSE_MALFORMED}), (2 << 20, {1006, 1009})]
)
def test_an_oversized_message_closes_the_socket(served, size, codes):
    async def work(session):
        page = await (await open_page(session, f"http://{served.url}")).hello()
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            await page.socket.send_str("x" * size)
        assert await page.closed() in codes
        await page.until(lambda: "the driver has gone" in served.robot.released)
        again = await (await open_page(session, f"http://{served.url}")).hello()
        assert again.all("seat")[-1]["yours"]

    in_session(work)


@pytest.mark.parametrize(
    "garbage", [b"\x00\xff\r\n\r\n", b"GET / HTTP/1.1\r\nA: " + b"x" * 100000 + b"\r\n\r\n", b"\x16\x03\x01"]
)
def test_what_is_no_request_is_refused_in_a_line_and_the_server_lives(served, capfd, garbage):
    with socket.create_connection(("127.0.0.1", served.server.port)) as stranger:
        stranger.settimeout(10.0)
        stranger.sendall(garbage)
        assert b" 400 " in stranger.recv(100)

    async def work(session):
        assert (await (await open_page(session, f"http://{served.url}")).hello()).all("welcome")

    in_session(work)
    assert "Traceback" not in capfd.readouterr().err
    assert all("\n" not in text for _, text in served.log)


def test_a_state_that_fails_is_said_and_the_next_one_comes(served):
    well, calls = served.robot.state, []

    def state():
        calls.append(1)
        if len(calls) < 4:
            raise KeyError("panda")
        return well()

    served.robot.state = state

    async def work(session):
        page = await (await open_page(session, f"http://{served.url}")).hello()
        await page.until(lambda: page.all("state"))

    in_session(work)
    assert served.said("no state: KeyError: 'panda'")


def test_who_says_no_hello_is_sent_away(served, monkeypatch):
    monkeypatch.setattr(protocol, "HELLO_WITHIN_S", 0.2)

    async def work(session):
        page = await open_page(session, f"http://{served.url}")
        await page.send("ping", t=1)
        await page.until(lambda: page.all("refused"))
        assert page.all("refused")[0]["reason"] == "say hello first"
        assert await page.closed() == protocol.CLOSE_HELLO

    in_session(work)


def test_a_client_gets_the_newest_picture_and_no_more_than_it_has_shown(served):
    async def work(session):
        page = await (await open_page(session, f"http://{served.url}")).hello()
        hub = served.server.hub
        for stamp in range(1, 11):
            hub.offer_picture(0, float(stamp), bytes([stamp]))
            await asyncio.sleep(0.02)
        await page.until(lambda: len(page.pictures) == 2)
        assert not hub.wants_picture(0)
        assert hub.wants_picture(1)
        await page.send("seen", camera=0, stamp=2.0)
        await page.until(lambda: len(page.pictures) == 3)
        assert page.pictures[-1] == (0, 10.0, b"\x0a")  # nothing in between

    in_session(work)


def test_a_port_that_is_taken_is_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port:={port} on 127.0.0.1: Address already in use; give another"):
            Served(port=port)


def test_https_serves_page_and_websocket_on_one_port(tmp_path):
    with Served(tls=tls_context(tmp_path)) as served:
        trusted = __import__("ssl").create_default_context(cafile=tmp_path / "certificate.pem")

        async def work(session):
            async with session.get(f"https://{served.url}/?token={TOKEN}", ssl=trusted) as response:
                assert response.status == 200
                assert "Secure" in response.headers["Set-Cookie"]
            page = await (await open_page(session, f"https://{served.url}", ssl=trusted)).hello()
            assert page.all("seat")[-1]["yours"]

        in_session(work)
        assert served.server.links[0].startswith("https://localhost:")


def test_who_is_connected_when_the_bridge_ends_is_told():
    async def work(session, served):
        page = await (await open_page(session, f"http://{served.url}")).hello()
        await asyncio.to_thread(served.server.close)
        assert await page.closed() == 1001

    with Served(NotedRobot()) as served:
        in_session(lambda session: work(session, served))

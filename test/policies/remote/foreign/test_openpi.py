# SPDX-License-Identifier: Apache-2.0
"""Servers of others: what openpi's DROID is sent, what its numbers move, and what is refused."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from controllers.errors import ConfigError, VlaError
from vla_ros.configuration import build
from vla_ros.policies.families.changed_settings import with_server
from vla_ros.policies.families.loading import check_policy, loaded, specified
from vla_ros.policies.observation import ArmState, CameraView, EndEffectorState, Observation, RobotState
from vla_ros.policies.remote.foreign.contract import SentPicture, ServerContract, load_server_contract
from vla_ros.policies.remote.foreign.pictures import fitted_picture
from vla_ros.policies.remote.message_pack import pack, unpack
from vla_ros.robots.embodiment import load_embodiment

ROBOT = load_embodiment("franka")
ARM, HAND = ROBOT.gripper_arm, ROBOT.only_gripper
DROID = load_server_contract("openpi_droid")
CLOSED, OPEN = 1.0, 0.0


class OpenpiServer:
    """Its protocol: metadata, then a reply to each observation; what came is kept."""

    def __init__(self, reply: Callable[[dict[str, Any]], object], metadata: object = None) -> None:
        self.reply, self.metadata = reply, {} if metadata is None else metadata
        self.received: list[dict[str, Any]] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False, max_msg_size=0)
        await socket.prepare(request)
        await socket.send_bytes(pack(self.metadata))
        async for message in socket:
            self.received.append(unpack(message.data))
            answer = self.reply(self.received[-1])
            if isinstance(answer, str):
                await socket.send_str(answer)
                await socket.close(code=1011)
            else:
                await socket.send_bytes(pack(answer))
        return socket


@pytest.fixture
def serve() -> Iterator[Callable[..., OpenpiServer]]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runners: list[web.AppRunner] = []

    async def start(server: OpenpiServer) -> None:
        app = web.Application()
        app.router.add_get("/", server.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"

    def make(reply: Callable[[dict[str, Any]], object], metadata: object = None) -> OpenpiServer:
        server = OpenpiServer(reply, metadata)
        asyncio.run_coroutine_threadsafe(start(server), loop).result(5.0)
        return server

    yield make
    for runner in runners:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(5.0)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5.0)


def choice(url: str, contract: str = "openpi_droid", robot=ROBOT):
    return specified("remote", robot, changes=with_server("remote", url, contract=contract))


def observation(width: float = 0.04, commanded: np.ndarray | None = None) -> Observation:
    q = np.array([0.1, -0.7, 0.0, -2.3, 0.0, 1.6, 0.8])

    def state(joints: np.ndarray) -> RobotState:
        arm = ArmState(tuple(ARM.joints), joints, np.zeros(7), np.eye(4))
        return RobotState(3.0, {ARM.name: arm}, {HAND.name: EndEffectorState(width)})

    color = np.full((480, 640, 3), 100, np.uint8)
    cameras = {name: CameraView(name, 3.0, color + shade) for shade, name in enumerate(("side", "wrist"))}
    return Observation(3.0, "pick up the mug", cameras, state(q), state(q if commanded is None else commanded))


def rows(*actions: list[float]) -> dict[str, Any]:
    return {"actions": np.array(actions, dtype=np.float32), "server_timing": {"infer_ms": 40.0}}


def ten(action: list[float]) -> dict[str, Any]:
    return rows(*[action] * 10)


def test_droid_is_sent_what_its_client_sends(serve):
    server = serve(lambda seen: ten([0.0] * 7 + [CLOSED]))
    policy = loaded(choice(server.url))
    policy.infer(observation(width=HAND.width_max / 4))
    (sent,) = server.received
    assert set(sent) == {*DROID.pictures, *DROID.state, "prompt"}
    assert sent["prompt"] == "pick up the mug"
    np.testing.assert_allclose(sent["observation/joint_position"], observation().state.arms[ARM.name].q, atol=1e-6)
    np.testing.assert_allclose(sent["observation/gripper_position"], [0.75], atol=1e-6)  # 1 is closed
    for shade, key in enumerate(DROID.pictures):
        picture = sent[key]
        assert (picture.shape, picture.dtype) == ((224, 224, 3), np.uint8)
        assert (picture[28:196] == 100 + shade).all()  # 640 to 224, 480 to 168: black above and below
        assert not picture[:28].any()
        assert not picture[196:].any()
    policy.close()


def test_velocities_are_steps_from_where_the_arm_is_told_to_be(serve):
    action = [0.5, 0.0, -0.25, 0.0, 0.0, 0.0, 0.0, CLOSED]
    server = serve(lambda seen: rows(*[action] * 4, *[[0.0] * 7 + [OPEN]] * 6))
    policy, commanded = loaded(choice(server.url)), np.linspace(-0.3, 0.3, 7)
    chunk = policy.infer(observation(commanded=commanded))
    assert chunk.times.tolist() == pytest.approx([k / 15 for k in range(1, 9)])
    joints = chunk.values[:, [chunk.channels.index(f"{joint}/position") for joint in ARM.joints]]
    np.testing.assert_allclose(joints[0], commanded + 0.2 * np.array(action[:7]), atol=1e-7)
    np.testing.assert_allclose(joints[3:], np.tile(commanded + 0.8 * np.array(action[:7]), (5, 1)), atol=1e-6)
    widths = chunk.values[:, chunk.channels.index(f"{HAND.name}/width")]
    assert widths.tolist() == [HAND.width_min] * 4 + [HAND.width_max] * 4
    policy.close()


def test_what_is_beyond_one_counts_as_one(serve):
    server = serve(lambda seen: ten([4.0, -2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.4]))
    policy = loaded(choice(server.url))
    start = np.array([0.0, 0.5, 0.0, -2.0, 0.0, 1.6, 0.0])
    chunk = policy.infer(observation(commanded=start))
    steps = np.diff(chunk.values[:, [chunk.channels.index(f"{joint}/position") for joint in ARM.joints]], axis=0)
    np.testing.assert_allclose(steps, np.tile([0.2, -0.2, 0.0, 0.0, 0.0, 0.0, 0.0], (7, 1)), atol=1e-6)
    policy.close()


def test_a_step_beyond_a_joints_limit_ends_there(serve):
    server = serve(lambda seen: ten([1.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, OPEN]))
    policy, commanded = loaded(choice(server.url)), observation().state.arms[ARM.name].q.copy()
    commanded[:2] = ARM.upper[0] - 0.3, ARM.lower[1] + 0.005  # the second is within the margin already
    chunk = policy.infer(observation(commanded=commanded))
    joints = chunk.values[:, [chunk.channels.index(f"{joint}/position") for joint in ARM.joints]]
    np.testing.assert_allclose(joints[:, 0], [commanded[0] + 0.2, *[ARM.upper[0] - 0.01] * 7], atol=1e-6)
    np.testing.assert_allclose(joints[:, 1], commanded[1], atol=1e-6)
    policy.close()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (rows([0.0] * 8), "1 actions: the contract takes 8: lower take"),
        (rows(*[[0.0] * 7] * 10), "give an array (any, 8) of float"),
        (ten([np.nan] + [0.0] * 7), "finite numbers alone"),
        ({"action": np.zeros((10, 8))}, "actions is missing"),
        ("Traceback (most recent call last): out of memory", "out of memory"),
    ],
)
def test_a_reply_that_is_none_moves_nothing(serve, reply, reason):
    server = serve(lambda seen: reply)
    policy = loaded(choice(server.url))
    with pytest.raises(VlaError) as refused:
        policy.infer(observation())
    assert server.url in str(refused.value)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)
    policy.close()


def test_a_reply_from_before_a_reset_is_dropped(serve):
    policies: list = []

    def reply(seen: dict) -> dict:
        policies[0].reset()
        return ten([0.0] * 8)

    server = serve(reply)
    policies.append(loaded(choice(server.url)))
    with pytest.raises(VlaError, match="before a reset is dropped"):
        policies[0].infer(observation())
    policies[0].close()


def test_the_contract_says_what_is_needed_and_moved(serve):
    chosen = choice(serve(lambda seen: {}).url)
    chosen.check()
    assert [camera.name for camera in chosen.needs().cameras] == ["side", "wrist"]
    gives = chosen.gives()
    assert gives.joints == tuple(ARM.joints)
    assert (gives.grippers, gives.horizon) == ((HAND.name,), 8)
    assert chosen.period() == pytest.approx(1 / 15)
    needs = check_policy("remote", ROBOT, any_camera=True, changes=chosen_changes(chosen))
    assert {camera.name for camera in needs.cameras} == {"side", "wrist"}


def chosen_changes(chosen) -> str:
    return with_server("remote", chosen.choice.settings["url"], contract="openpi_droid")


def test_what_does_not_fit_is_one_line(serve):
    url = serve(lambda seen: {}).url
    with pytest.raises(ConfigError, match="contract 'openpi_droid': its actions are for franka or fr3, not for 'ur5e'"):
        choice(url, robot=load_embodiment("ur5e")).check()
    with pytest.raises(ConfigError, match="did you mean 'openpi_droid'"):
        choice(url, contract="openpi_droit")
    with pytest.raises(ConfigError, match=r"say it by a contract \(contract:=openpi_droid"):
        choice(url, contract="").check()
    ours = serve(lambda seen: {}, {"server": "vla_ros", "protocol": 1}).url
    with pytest.raises(ConfigError, match="is a vla serve, which says itself what its actions mean: leave out"):
        choice(ours).check()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rate_hz": 0.0}, "rate_hz must be 1 to 200, got 0"),
        ({"take": 0}, "take must be 1 to 200 actions, got 0"),
        ({"robots": []}, "name one of each at least"),
        ({"state": {"observation/state": ["jonts"]}}, "did you mean 'joints'"),
        ({"pictures": {"image": {"camera": "side", "width": 224, "height": 224, "fit": "padd"}}}, "did you mean 'pad'"),
        ({"pictures": {"image": {"camera": "side", "width": 1, "height": 224}}}, "give 16 to 4096 pixels"),
    ],
)
def test_contracts_that_cannot_be_are_refused(changes, reason):
    with pytest.raises(ConfigError, match=reason):
        build(ServerContract, json.loads(json.dumps(dataclasses.asdict(DROID))) | changes, "mine.yaml")


def test_pictures_fit_as_they_are_wanted():
    tall = np.full((640, 320, 3), 200, np.uint8)
    padded = fitted_picture(tall, SentPicture("side", 224, 224))
    assert (padded[:, 56:168] == 200).all()
    assert not padded[:, :56].any()
    assert not padded[:, 168:].any()
    assert (fitted_picture(tall, SentPicture("side", 224, 224, "stretch")) == 200).all()

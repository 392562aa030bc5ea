# SPDX-License-Identifier: Apache-2.0
"""GraspVLA's released server: what it is sent, what moves the arm, and that nothing of its pickles is executed."""

from __future__ import annotations

import contextlib
import io
import pickle
import random
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import zmq
from PIL import Image
from policy_making.foreign_servers import T_TOOL, ZeromqServer, observation
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError, VlaError
from vla_ros.policies.families.changed_settings import with_server
from vla_ros.policies.families.loading import loaded, specified
from vla_ros.policies.remote.foreign.protocols.plain_pickle import read_plain_pickle
from vla_ros.policies.remote.message_pack import MessageError
from vla_ros.robots.embodiment import load_embodiment

ROBOT = load_embodiment("franka")
HAND = ROBOT.only_gripper
HOLD, OPEN, CLOSE = 0.0, 1.0, -1.0


def reply(rows: list[list[float]], **changes: Any) -> dict[str, Any]:
    debug = {"pose": (np.zeros(3), np.zeros(3)), "bbox": np.zeros((2, 4))}
    return {"info": "success", "env_id": 0, "result": [np.array(row) for row in rows], "debug": debug} | changes


@pytest.fixture
def serve() -> Iterator[Any]:
    made: list[ZeromqServer] = []

    def make(answer: Any) -> ZeromqServer:
        data = answer if isinstance(answer, bytes) else pickle.dumps(answer, 4)
        made.append(ZeromqServer(lambda request: data, zmq.ROUTER))
        return made[-1]

    yield make
    for server in made:
        server.close()


def chosen(url: str, token_file: str = ""):
    return specified("remote", ROBOT, changes=with_server("remote", url, token_file, contract="graspvla"))


def infer(server: ZeromqServer):
    policy = loaded(chosen(server.url))
    try:
        return policy.infer(observation(ROBOT))
    finally:
        policy.close()


def test_it_is_sent_what_its_client_sends(serve):
    server = serve(reply([[0.0] * 7] * 8))
    infer(server)
    sent = pickle.loads(server.requests[0])  # ours
    assert set(sent) == {"text", "front_view_image", "side_view_image", "proprio_array", "compressed"}
    assert (sent["text"], sent["compressed"]) == ("pick up the mug", True)
    picture = np.asarray(Image.open(io.BytesIO(sent["front_view_image"][-1])))
    assert picture.shape == (256, 256, 3)
    assert (picture[:, :126] == 100).all()  # the middle of 640 by 480: half of it is the left half's
    assert not picture[:, 130:].any()
    proprio = np.array(sent["proprio_array"])
    assert proprio.shape == (4, 7)
    # Its tool is 40 mm past ours along the tool's axis, which points down; orientations are roll, pitch, yaw.
    now, then = proprio[-1], proprio[-4]
    np.testing.assert_allclose(now[:3], [0.5, 0.1, 0.3 - 0.01], atol=1e-6)
    np.testing.assert_allclose(then[:3], [0.2, 0.1, 0.3 - 0.01], atol=1e-6)  # 0.3 s before
    R = Rotation.from_euler("xyz", now[3:6]).as_matrix()
    np.testing.assert_allclose(R, T_TOOL[:3, :3], atol=1e-6)
    assert now[6] == -1.0  # told to be closed, though what it holds keeps it half open


def test_its_steps_add_up_from_where_the_tool_is_told_to_be(serve):
    turn = [0.0, 0.0, 0.0, 0.0, 0.0, 0.2, HOLD]
    down = [0.01, 0.0, -0.02, 0.0, 0.0, 0.0, CLOSE]
    chunk = infer(serve(reply([turn, down] * 4)))
    column = {name: chunk.values[:, k] for k, name in enumerate(chunk.channels)}
    np.testing.assert_allclose(column["panda/position.x"][[0, 1, 7]], [0.5, 0.51, 0.54], atol=1e-6)
    np.testing.assert_allclose(column["panda/position.z"][[0, 1, 7]], [0.3, 0.28, 0.22], atol=1e-6)
    q = np.stack([column[f"panda/orientation.{axis}"] for axis in "xyzw"], axis=1)
    turned = Rotation.from_quat(q[-1]) * Rotation.from_matrix(T_TOOL[:3, :3]).inv()
    np.testing.assert_allclose(turned.as_rotvec(), [0.0, 0.0, 0.8], atol=1e-6)  # about the base's axis
    assert chunk.times[-1] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("told", "grips", "widths"),
    [
        (0.0, [HOLD] * 8, [0.0] * 8),
        (0.0, [HOLD, OPEN, HOLD, HOLD, HOLD, HOLD, HOLD, HOLD], [0.0] + [1.0] * 7),
        (1.0, [HOLD, HOLD, HOLD, CLOSE, HOLD, OPEN, HOLD, CLOSE], [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]),
    ],
)
def test_zero_leaves_the_gripper_as_it_is_told_to_be(serve, told, grips, widths):
    policy = loaded(chosen(serve(reply([[0.0] * 6 + [grip] for grip in grips])).url))
    seen = observation(ROBOT)
    seen.commanded.end_effectors[HAND.name] = type(seen.commanded.end_effectors[HAND.name])(told * HAND.width_max)
    chunk = policy.infer(seen)
    policy.close()
    found = chunk.values[:, chunk.channels.index(f"{HAND.name}/width")]
    np.testing.assert_allclose(found, np.array(widths) * HAND.width_max, atol=1e-9)


class Hostile:
    """Unpickled, it would call what it says."""

    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call = (call, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_every_protocol_are_read(serve, protocol):
    rows = [[0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]] * 8
    chunk = infer(serve(pickle.dumps(reply(rows), protocol)))
    assert chunk.values[-1, chunk.channels.index("panda/position.x")] == pytest.approx(0.58)


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_of_a_pickle_is_executed(serve, tmp_path, protocol):
    marker = tmp_path / "made"
    with pytest.raises(VlaError, match="only arrays are taken"):
        infer(serve(pickle.dumps({"info": Hostile(open, str(marker), "w")}, protocol)))
    assert not marker.exists()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply([[0.0] * 7] * 8, info="no such object"), "no such object"),
        (reply([[0.0] * 7] * 4), "4 actions: the contract takes 8"),
        (reply([[0.0] * 6] * 8), "array (7)"),
        (reply([[np.nan] * 7] * 8), "finite numbers alone"),
        (reply([]), "a list of 1 to 1000 arrays"),
        ({"result": []}, "info is missing"),
        ([1, 2], "is a list"),
        (b"", "is no pickle of plain values"),
        (b"\x80\x04K\x01", "is no pickle of plain values"),
        (pickle.dumps({"info": "success", "result": [np.array([object()])]}, 4), "pickle"),
        (pickle.dumps({"info": "success", "result": [np.array([1 + 2j])]}, 4), "c16' is refused"),
        (pickle.dumps({"info": {1, 2}}, 4), "makes more than plain values"),
    ],
)
def test_a_reply_that_is_none_moves_nothing(serve, answer, reason):
    with pytest.raises(VlaError) as refused:
        infer(serve(answer))
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_same_bytes_named_again_and_again_take_no_memory():
    """A megabyte that is remembered, and 2000 arrays of it: two gigabytes from one."""
    remembered = b"B" + struct.pack("<I", 1 << 20) + bytes(1 << 20) + b"q\x00"
    dtype = b"cnumpy\ndtype\n(X\x02\x00\x00\x00f8tR"
    shape = b"(J" + struct.pack("<i", 1 << 17) + b"t"
    array = b"cnumpy.core.numeric\n_frombuffer\n(h\x00" + dtype + shape + b"X\x01\x00\x00\x00CtR"
    (_, made) = read_plain_pickle(b"\x80\x04](" + remembered + array + b"e.")
    assert made.shape == (1 << 17,)
    with pytest.raises(MessageError, match="more arrays than it has bytes"):
        read_plain_pickle(b"\x80\x04](" + remembered + array * 2000 + b"e.")


def test_changed_bytes_break_nothing():
    data = pickle.dumps(reply([[0.0] * 7] * 8), 4)
    draw = random.Random(0)
    for _ in range(3000):
        changed = bytearray(data)
        for _ in range(draw.randint(1, 6)):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        with contextlib.suppress(MessageError):
            read_plain_pickle(bytes(changed[: draw.randint(1, len(changed))]))


def test_a_token_that_it_cannot_be_told_is_refused(serve, tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef")
    token.chmod(0o600)
    with pytest.raises(ConfigError, match="knows no token: leave out its file"):
        chosen(serve(reply([[0.0] * 7] * 8)).url, str(token)).check()

# SPDX-License-Identifier: Apache-2.0
"""GR00T's server: what it is sent, what moves the arm, what is refused before anything does."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from policy_making.foreign_servers import T_TOOL, ZeromqServer, observation
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError, VlaError
from vla_ros.configuration import config_path
from vla_ros.policies.families.changed_settings import with_server
from vla_ros.policies.families.loading import loaded, specified
from vla_ros.policies.remote.foreign.contract import load_server_contract
from vla_ros.policies.remote.message_pack import MessageError, pack, unpack
from vla_ros.robots.embodiment import load_embodiment

ROBOT = load_embodiment("franka")
ARM, HAND = ROBOT.gripper_arm, ROBOT.only_gripper
DROID = load_server_contract("gr00t_droid")
DROID_FILE = config_path("servers", "server contract", "gr00t_droid")


def npy(array: np.ndarray) -> dict[str, Any]:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return {"__ndarray_class__": True, "as_npy": file.getvalue()}


def plain(value: Any) -> Any:
    """Return a request with its .npy files as arrays."""
    if isinstance(value, dict):
        if "as_npy" in value:
            return np.load(io.BytesIO(bytes(value["as_npy"])), allow_pickle=False)
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def modalities(**changes: Any) -> dict[str, Any]:
    said = {
        "video": {"delta_indices": [0], "modality_keys": ["exterior_image_1_left", "wrist_image_left"]},
        "state": {"delta_indices": [0], "modality_keys": ["eef_9d", "gripper_position", "joint_position"]},
        "action": {"delta_indices": list(range(16)), "modality_keys": ["eef_9d", "gripper_position", "joint_position"]},
        "language": {"delta_indices": [0], "modality_keys": ["annotation.language"]},
    }
    for key, change in changes.items():
        said[key] = said[key] | change
    return {key: {"__ModalityConfig_class__": True, "as_json": config} for key, config in said.items()}


def actions(joints: np.ndarray, closed: float = 1.0) -> list[Any]:
    rows = np.tile(joints, (16, 1)).astype(np.float32)
    grip = np.full((1, 16, 1), closed, np.float32)
    return [{"joint_position": npy(rows[None]), "gripper_position": npy(grip)}, {}]


class Gr00t:
    """Answers its endpoints."""

    def __init__(self, reply: Any, said: Any = None) -> None:
        self.reply, self.said, self.calls = reply, modalities() if said is None else said, []
        self.server = ZeromqServer(self._answer)

    def _answer(self, data: bytes) -> bytes | None:
        request = plain(unpack(data, lambda found: found))
        self.calls.append(request)
        return pack({"get_modality_config": self.said, "reset": {}, "get_action": self.reply}[request["endpoint"]])


@pytest.fixture
def serve() -> Iterator[Any]:
    made: list[Gr00t] = []

    def make(reply: Any = None, said: Any = None) -> Gr00t:
        made.append(Gr00t(actions(np.zeros(7)) if reply is None else reply, said))
        return made[-1]

    yield make
    for one in made:
        one.server.close()


def chosen(url: str, contract: str = "gr00t_droid", token_file: str = "", changes: str = ""):
    return specified("remote", ROBOT, changes=with_server("remote", url, token_file, changes, contract=contract))


def test_it_is_sent_pictures_state_and_words(serve):
    gr00t = serve(actions(ARM.home))
    policy = loaded(chosen(gr00t.server.url))
    policy.infer(observation(ROBOT))
    policy.close()
    sent = gr00t.calls[-1]["data"]["observation"]
    assert sent["language"] == {"annotation.language": [["pick up the mug"]]}
    for key in DROID.pictures:
        assert (sent["video"][key].shape, sent["video"][key].dtype) == ((1, 1, 180, 320, 3), np.uint8)
        assert (sent["video"][key][0, 0, :, 41:158] == 100).all()  # 640 to 240 of 320: black beside it
        assert not sent["video"][key][0, 0, :, :40].any()
    assert {key: value.shape for key, value in sent["state"].items()} == {
        "eef_9d": (1, 1, 9), "gripper_position": (1, 1, 1), "joint_position": (1, 1, 7),
    }  # fmt: skip
    np.testing.assert_allclose(sent["state"]["joint_position"][0, 0], ARM.home, atol=1e-6)
    np.testing.assert_allclose(sent["state"]["gripper_position"], 0.5, atol=1e-6)


def test_the_pose_is_of_the_link_before_the_hand_in_gr00ts_axes(serve):
    gr00t = serve(actions(ARM.home))
    policy = loaded(chosen(gr00t.server.url))
    policy.infer(observation(ROBOT))
    policy.close()
    sent = gr00t.calls[-1]["data"]["observation"]["state"]["eef_9d"][0, 0]
    R_link8 = T_TOOL[:3, :3] @ Rotation.from_euler("z", 45, degrees=True).as_matrix()
    R = R_link8 @ np.array([[0, 0, -1], [-1, 0, 0], [0, 1, 0]])
    np.testing.assert_allclose(sent[:3], [0.5, 0.1, 0.3 + 0.1234], atol=1e-4)
    np.testing.assert_allclose(sent[3:], R[:2].reshape(6), atol=1e-4)


def test_its_joints_are_targets(serve):
    wanted = ARM.home + 0.1
    policy = loaded(chosen(serve(actions(wanted, closed=0.9)).server.url))
    chunk = policy.infer(observation(ROBOT))
    policy.close()
    joints = chunk.values[:, [chunk.channels.index(f"{joint}/position") for joint in ARM.joints]]
    np.testing.assert_allclose(joints, np.tile(wanted, (15, 1)), atol=1e-6)
    assert chunk.times[-1] == pytest.approx(1.0)
    assert (chunk.values[:, chunk.channels.index(f"{HAND.name}/width")] == HAND.width_min).all()


def test_a_reset_crosses_and_a_token_does(serve, tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef")
    token.chmod(0o600)
    gr00t = serve(actions(ARM.home))
    policy = loaded(chosen(gr00t.server.url, token_file=str(token)))
    policy.reset()
    policy.infer(observation(ROBOT))
    policy.infer(observation(ROBOT))
    policy.close()
    assert [call["endpoint"] for call in gr00t.calls[1:]][-3:] == ["reset", "get_action", "get_action"]
    assert {call["api_token"] for call in gr00t.calls} == {"0123456789abcdef0123456789abcdef"}


def test_two_pictures_are_the_one_of_then_and_the_one_of_now(serve, tmp_path):
    contract = tmp_path / "mine.yaml"
    text = DROID_FILE.read_text().replace("height: 180}", "height: 180, earlier_s: 1.0}")
    contract.write_text(text)
    gr00t = serve(actions(ARM.home), modalities(video={"delta_indices": [-15, 0]}))
    policy = loaded(chosen(gr00t.server.url, str(contract)))
    for stamp, shade in ((1.0, 50), (1.6, 100), (2.2, 150), (2.8, 200)):
        policy.infer(observation(ROBOT, stamp, shade))
    seen = [call["data"]["observation"]["video"]["wrist_image_left"][0, :, 90, 100, 0].tolist()
            for call in gr00t.calls if call["endpoint"] == "get_action"]  # fmt: skip
    assert seen == [[50, 50], [50, 100], [50, 150], [100, 200]]
    # What is seen between two requests is nearer to then than what was seen at one of them.
    now, between = observation(ROBOT, 4.0, 220), [observation(ROBOT, stamp, shade).cameras for stamp, shade in
                                                  ((2.6, 190), (2.8, 200), (3.1, 90), (3.9, 210))]  # fmt: skip
    needs = load_server_contract(str(contract)).needs()
    assert {need.history for need in needs.cameras} == {10}
    older = {need.name: tuple(views[need.name] for views in between) for need in needs.cameras}
    policy.infer(dataclasses.replace(now, camera_history=older))
    sent = gr00t.calls[-1]["data"]["observation"]["video"]["wrist_image_left"][0, :, 90, 100, 0].tolist()
    assert sent == [90, 220]
    policy.reset()
    policy.infer(dataclasses.replace(observation(ROBOT, 4.2, 250), camera_history=older))
    assert gr00t.calls[-1]["data"]["observation"]["video"]["wrist_image_left"][0, :, 90, 100, 0].tolist() == [250, 250]
    policy.close()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (modalities(video={"modality_keys": ["exterior_image_2_left", "wrist_image_left"]}),
         "key of video 'exterior_image_1_left'"),
        (modalities(state={"modality_keys": ["eef_9d", "gripper_position", "joint_position", "lift"]}),
         "wants state 'lift', which the contract does not send"),
        (modalities(action={"modality_keys": ["joint_positions", "gripper_position"]}),
         "did you mean 'joint_positions'"),
        (modalities(action={"modality_keys": ["joint\nposition"]}), r"joint\nposition"),
        (modalities(action={"delta_indices": [0, 1]}), "its replies have 2 actions, and the contract takes 15"),
        (modalities(video={"delta_indices": [-15, 0]}), "give its earlier_s"),
        ({}, "says nothing of its video"),
        ({"error": "Unauthorized: Invalid API token"}, "Unauthorized"),
        (["what"], "says nothing of its modalities"),
    ],
)  # fmt: skip
def test_a_server_of_something_else_is_refused_before_anything_starts(serve, said, reason):
    gr00t = serve(said=said)
    with pytest.raises(ConfigError) as refused:
        chosen(gr00t.server.url).check()
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"error": "CUDA out of memory\nTrace"}, "CUDA out of memory"),
        ([{}, {}], "joint_position is missing"),
        (actions(np.full(7, np.nan)), "finite numbers alone"),
        ([{"joint_position": npy(np.zeros((1, 16, 6), np.float32)), "gripper_position": npy(np.zeros((1, 16, 1)))}, {}],
         "(1, any, 7)"),
        ([{"joint_position": npy(np.zeros((1, 16, 7))), "gripper_position": npy(np.zeros((1, 15, 1)))}, {}],
         "actions are 15 and 16 long"),
        ([{"joint_position": npy(np.zeros((1, 3, 7))), "gripper_position": npy(np.zeros((1, 3, 1)))}, {}],
         "3 actions: the contract takes 15"),
        ([{"joint_position": {"__ndarray_class__": True, "as_npy": b"\x93NUMPY\x01\x00"}}, {}], "no .npy file"),
        ("text", "a str"),
    ],
)  # fmt: skip
def test_a_reply_that_is_none_moves_nothing(serve, reply, reason):
    policy = loaded(chosen(serve(reply).server.url))
    with pytest.raises(VlaError) as refused:
        policy.infer(observation(ROBOT))
    assert reason in str(refused.value)
    policy.close()


def test_an_array_by_columns_means_the_same(serve):
    rows = ARM.home + np.linspace(0.0, 0.05, 16)[:, None].astype(np.float32)
    chunks = []
    for order in ("C", "F"):
        (said, about) = actions(ARM.home)
        reply = [said | {"joint_position": npy(np.asarray(rows[None], np.float32, order=order))}, about]
        policy = loaded(chosen(serve(reply).server.url))
        chunks.append(policy.infer(observation(ROBOT)).values)
        policy.close()
    np.testing.assert_array_equal(*chunks)
    assert np.ptp(chunks[0], axis=0).max() == pytest.approx(0.05, abs=0.01)


def test_an_array_that_claims_more_than_it_has_takes_no_memory(serve):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (10**12,)})
    reply = [{"joint_position": {"__ndarray_class__": True, "as_npy": head.getvalue()}}, {}]
    policy = loaded(chosen(serve(reply).server.url))
    with pytest.raises(VlaError, match="does not fit its 0 bytes"):
        policy.infer(observation(ROBOT))
    policy.close()


def test_a_server_that_is_slow_or_gone_is_asked_again(serve):
    slow = serve(actions(ARM.home))
    policy = loaded(chosen(slow.server.url, changes="timeout_s=0.3,first_timeout_s=0.3"))
    policy.infer(observation(ROBOT))
    slow.server._answer = lambda data: None
    with pytest.raises(VlaError, match=r"no reply within 0.3 s"):
        policy.infer(observation(ROBOT))
    slow.server.close()
    with pytest.raises(VlaError, match=r"no ZeroMQ server answers|no reply"):
        policy.infer(observation(ROBOT))
    with pytest.raises(VlaError):  # it waits before it tries again, and says so at once
        policy.infer(observation(ROBOT))
    policy.close()


def test_nobody_there_another_protocol_and_another_machine_are_one_line(serve, tmp_path):
    with pytest.raises(ConfigError, match="no ZeroMQ server answers"):
        chosen("tcp://127.0.0.1:9").check()
    with pytest.raises(ConfigError, match="give tcp://HOST:PORT"):
        chosen("ws://127.0.0.1:9").check()
    with pytest.raises(ConfigError, match=r"ssh -L 5555:localhost:5555 there and tcp://localhost:5555"):
        chosen("tcp://10.0.0.5:5555").check()


def test_messages_of_others_are_read_within_bounds():
    with pytest.raises(MessageError):
        unpack(b"\xdd\xff\xff\xff\xff", lambda found: found)

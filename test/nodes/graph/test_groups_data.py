# SPDX-License-Identifier: Apache-2.0
"""The test robot driven by two hands: recorded, judged, a dataset and a bag again, executed again; real DDS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from free_port import free_port
from pages.live_page import PACKET_S, LivePage
from rig.nodes import NodeUnderTest, Operator
from robot_rigs.two_armed_robot import PAIR, pair

from bench.foxglove_client import FoxgloveClient
from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.chunk import pose_channels
from vla_ros import messages
from vla_ros.data.bags.check import check_bag
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.conversion.bag_to_dataset import ConversionSettings
from vla_ros.data.conversion.convert import convert_bags
from vla_ros.data.conversion.dataset_to_bag import write_bag
from vla_ros.data.datasets.check import check
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.quality.bag_judgement import IntendedConversion, judge_bag
from vla_ros.data.quality.config import load_quality_config
from vla_ros.data.replay.reading import read_motion
from vla_ros.nodes.recorder.report import HEARD, RECORDER
from vla_ros.policies.contract import DataContract, load_contract
from vla_ros.robots.topics import commanded_pose_topic
from vla_ros.teleop.protocol import HandSample
from vla_ros.teleop.serving.pairing import keep_token

TOKEN = "token-of-two-hands"
UNTURNED = (0.0, 0.0, 0.0, 1.0)
TOOLS = (*pose_channels("left"), *pose_channels("right"))
CAMERA_RATE = 5  # [Hz] three cameras, without a graphics card
CONTRACT = {
    "name": "pair_reach",
    "robot": str(PAIR),
    "fps": CAMERA_RATE,
    "cameras": {name: {"width": 160, "height": 120, "fit": "stretch"} for name in pair().cameras},
    "state": [*TOOLS, *(f"{joint}/position" for joint in pair().driven_joints), "left_gripper/width", *BASE_AXES],
    "action": {
        "arms": ["left", "right"],
        "joints": ["lift_joint", "head_pan_joint", "head_tilt_joint"],
        "grippers": ["left_gripper"],
        "cups": ["right_cup"],
        "base": True,
        "reference": "relative",
        "rotation": "rotation_6d",
    },
}


class TwoHands(LivePage):
    """A page whose hands both go where they are told to, and whose sticks are pushed."""

    sticks: dict[str, tuple[float, float]]
    grips: dict[str, float]
    head: tuple[float, float, float, float] | None = None  # how the headset is turned

    def __init__(self, link: str) -> None:
        self.sticks, self.grips = {}, {"left": 0.0, "right": 0.0}
        super().__init__(link)

    async def say_hands(self, place: np.ndarray) -> None:
        x, y, z = place.tolist()
        hands = {side: HandSample((x, y, z), UNTURNED, self.clutch, grip) for side, grip in self.grips.items()}
        await self.connection.hands(hands, sticks=self.sticks or None, head=self.head)


class Rising:
    """Hands that go up, a little a packet, until something has come: what nobody hears is not followed."""

    def __init__(self, came: Callable[[], bool]) -> None:
        self._came, self._height = came, 0.0

    def __call__(self, time: float) -> np.ndarray:
        self._height += 0.0 if self._came() else 0.05 * PACKET_S
        return np.array([0.0, self._height, 0.0])


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    port = free_port()
    keep_token(folder, TOKEN)
    bridge = NodeUnderTest(
        "vr_bridge", use_sim_time=True, autostart=True, robot=str(PAIR), port=port, folder=str(folder)
    )
    # No guard: on a machine that others keep busy it may latch the e-stop in the middle of a test.
    others = [NodeUnderTest(name, robot=str(PAIR), use_sim_time=True) for name in ("state", "control")]
    camera = NodeUnderTest("camera", seed=1, robot=str(PAIR), use_sim_time=True)
    others.append(camera)
    nodes = [NodeUnderTest("sim", seed=1, robot=str(PAIR), camera_rate_hz=float(CAMERA_RATE)), *others, bridge]
    operator = Operator(robot=str(PAIR))
    try:
        assert operator.ready(), {node.name: node.process.poll() for node in nodes}
        assert operator.spin_until(lambda: "bridge" in operator.diagnostics, 60.0), bridge.process.poll()
        yield operator, f"http://127.0.0.1:{port}/?token={TOKEN}", folder, camera
        for node in nodes:
            code, output, _ = node.stop()
            assert code in (0, -9), (node.name, output)
            assert "Traceback" not in output, (node.name, output)
    finally:
        for node in nodes:
            node.kill()
        operator.close()


def go_home(operator: Operator) -> None:
    node = NodeUnderTest("home", robot=str(PAIR))
    assert operator.spin_until(lambda: node.process.poll() is not None, 120.0)
    assert node.process.communicate()[0].strip() == "home"


def joint(operator: Operator, name: str) -> float:
    return float(operator.joints.position[pair().driven_joints.index(name)])


@pytest.fixture(scope="module")
def recording(rig) -> tuple[Path, dict[str, np.ndarray], float]:
    """Drive every group by two hands and record it; return the bag, and where tools and lift came to rest."""
    operator, link, folder, _ = rig
    go_home(operator)
    bag = folder / "bag"
    recorder = NodeUnderTest("recorder", directory=str(bag), free_mb=1, robot=str(PAIR))
    began = bag.with_name("bag.partial").exists
    assert operator.spin_until(lambda: began() or recorder.process.poll() is not None, 90.0), recorder.stop()
    assert began(), recorder.stop()
    told = [commanded_pose_topic(pair(), arm.name) for arm in pair().arms]
    heard = lambda: operator.diagnostics.get(RECORDER, {}).get(HEARD, "")  # noqa: E731
    # It hears a topic once it has discovered it; what was moved before would not be in the bag.
    assert operator.spin_until(lambda: all(topic in heard() for topic in (*told, "joint_states")), 30.0), heard()
    operator.spin(1.0)
    page = TwoHands(link)
    try:
        welcome = page.connection.welcome["robot"]
        assert [(arm["name"], arm["hand"], arm["tool"]) for arm in welcome["arms"]] == [
            ("left", "left", "parallel"),
            ("right", "right", "suction"),
        ]
        assert (welcome["base"], welcome["lift"], welcome["head"]) == (True, True, True)
        operator.enable_at_rest()
        page.command("instruct", text="lift both hands")
        page.command("take")
        assert operator.spin_until(lambda: page.state["enabled"] and page.state["mode"] == "teleop")
        before = {arm: T[:3, 3].copy() for arm, T in operator.tools.items()}
        lift = joint(operator, "lift_joint")
        came = lambda: all(operator.tools[arm][2, 3] - before[arm][2] > 0.05 for arm in before)  # noqa: E731
        page.go(Rising(came))  # both
        assert operator.spin_until(came, 20.0), (operator.progress, page.state["arms"]["left"]["refused"])
        page.grips["right"] = 1.0
        sucks = lambda: operator.progress.end_effectors.get("right_cup/suction") == 1.0  # noqa: E731
        assert operator.spin_until(sucks, 20.0), (operator.progress, page.state["arms"]["right"])
        assert operator.spin_until(lambda: page.state["arms"]["right"]["gripper"] == 1.0)
        assert operator.spin_until(lambda: page.state["arms"]["right"]["sealed"] is False), "it sucks at air"
        assert page.state["arms"]["left"]["sealed"] is None
        page.grips["left"] = 1.0
        assert operator.spin_until(lambda: operator.progress.end_effectors["left_gripper/width"] < 0.01)
        page.sticks = {"right": (0.0, -1.0)}
        assert operator.spin_until(lambda: joint(operator, "lift_joint") - lift > 0.02, 20.0)
        page.sticks = {"look": (-1.0, 0.0)}  # to the left
        assert operator.spin_until(lambda: joint(operator, "head_pan_joint") > 0.05, 20.0)
        page.head = (0.0, -np.sin(0.1), 0.0, np.cos(0.1))  # the headset 0.2 rad to the right, whatever the stick says
        assert operator.spin_until(lambda: abs(joint(operator, "head_pan_joint") + 0.2) < 0.02), operator.progress
        page.sticks = {"left": (0.0, 0.6)}  # backwards
        pushed = operator.stamp
        assert operator.spin_until(lambda: operator.stamp > pushed + 1.0, 20.0)  # of simulated time
        page.sticks = {}
        operator.spin(0.5)
        page.clutch = False
        assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted")
        assert operator.spin_until(lambda: operator.speed < 0.02)
        operator.spin(0.5)
    finally:
        page.close()
    code, output, _ = recorder.stop()
    assert code == 0, output
    return bag, {arm: T.copy() for arm, T in operator.tools.items()}, joint(operator, "lift_joint")


def test_what_two_hands_did_is_in_the_bag(recording):
    bag, _, lift = recording
    assert check_bag(bag) == []
    motion = read_motion(bag, 0, pair())
    assert {"left/position.z", "right/position.z", "lift_joint/position", "right_cup/suction"} <= set(motion.channels)
    rose = motion.columns(["left/position.z", "right/position.z"])
    assert (np.ptp(rose, axis=0) > 0.05).all()
    assert motion.columns(["right_cup/suction"])[-1, 0] == 1.0
    assert motion.columns(["lift_joint/position"])[-1, 0] == pytest.approx(lift, abs=0.01)
    assert motion.columns(["base/velocity.x"]).min() < -0.1


def test_each_camera_says_what_it_has(recording):
    with BagReader(recording[0]) as reader:
        topics = {topic.removeprefix("/cameras/") for topic in reader.topics if topic.startswith("/cameras/")}
    colour = {f"{name}/color/image_raw" for name in ("head", "left_wrist", "right_wrist")}
    calibration = {"head/color/camera_info", "head/pose"}
    assert topics - {"head/aligned_depth_to_color/camera_info"} == {
        *colour, *calibration, "head/aligned_depth_to_color/image_raw"
    }  # fmt: skip


@pytest.fixture(scope="module")
def contract(tmp_path_factory) -> DataContract:
    file = tmp_path_factory.mktemp("contract") / "pair_reach.yaml"
    file.write_text(yaml.safe_dump(CONTRACT))
    return load_contract(str(file))


def test_the_bag_is_judged_by_what_the_robot_is(recording, contract):
    with BagReader(recording[0]) as reader:
        (judgement,) = judge_bag(reader, load_quality_config(), IntendedConversion(contract, str(PAIR)))
    assert judgement.data.embodiment is not None
    assert judgement.data.embodiment.name == "pair"
    assert (judgement.contract, judgement.refusal) == ("pair_reach", "")
    assert judgement.score > 0.0, judgement.reasons


@pytest.fixture(scope="module")
def dataset(recording, contract, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    report = convert_bags([recording[0]], folder / "data", ConversionSettings(contract))
    assert (report.episodes, report.corrupt) == (1, [])
    return folder / "data"


def test_it_becomes_a_dataset_and_a_bag_again(recording, dataset, tmp_path):
    assert not check(dataset)
    bag = tmp_path / "again"
    with LeRobotReader(dataset) as reader:
        for name in pair().cameras:
            picture = reader.image(f"observation.images.{name}", len(reader) - 1)
            assert picture.shape == (120, 160, 3)
            assert picture.std() > 5.0
        assert write_bag(reader, 0, bag) > 100
    with BagReader(bag) as written:
        chunks = [messages.chunk_from_bytes(message.data) for message in written.messages(["/policy/action_chunk"])]
    assert chunks
    assert all(chunk.riding for chunk in chunks)  # recorded poses are in the base of their own time
    first, again = read_motion(dataset, 0, pair()), read_motion(bag, 0, pair())
    told = read_motion(recording[0], 0, pair())
    for motion in (first, again):
        assert motion.columns(["right_cup/suction"])[-1, 0] == 1.0
        assert motion.columns(["base/velocity.x"]).min() < -0.1
        for channel in ("left/position.z", "right/position.z", "lift_joint/position"):
            np.testing.assert_allclose(
                motion.columns([channel])[-1], told.columns([channel])[-1], atol=2e-3, err_msg=channel
            )


def test_it_is_viewed(rig):
    operator = rig[0]
    view = NodeUnderTest("view", robot=str(PAIR), port=0)
    try:
        line = next(line for line in view.process.stdout if "ws://" in line)
        client = FoxgloveClient(next(word.rstrip(",") for word in line.split() if word.startswith("ws://")))
        pictures = [f"/cameras/{name}/color/image_raw/compressed" for name in pair().cameras]
        client.subscribe("/tf", "/robot", "/control/progress", *pictures)
        frames: dict[str, dict] = {}

        def seen() -> bool:
            for received in client.messages["/tf"]:
                frames.update({one["child_frame_id"]: one for one in received.content["transforms"]})
            if not ({"left_tcp", "right_tcp", "torso", "head"} <= frames.keys() and client.messages["/robot"]):
                return False
            if not all(client.messages[picture] for picture in pictures):
                return False
            if not any(one.content["sealed"] == {"right_cup": False} for one in client.messages["/control/progress"]):
                return False
            lifted = frames["torso"]["translation"]["z"] - 0.60  # the lift's origin in its URDF
            return abs(lifted - joint(operator, "lift_joint")) < 0.01

        assert client.listen(30.0, seen), (sorted(frames), frames.get("torso"))
        client.close()
        code, output, _ = view.stop()
        assert (code, "Traceback" in output) == (0, False), output
    finally:
        view.kill()


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda bag, data: bag, id="bag", marks=pytest.mark.slow),
        pytest.param(lambda bag, data: data, id="dataset"),
    ],
)
def test_it_is_executed_again(rig, recording, dataset, made: Callable[[Path, Path], Path]):
    operator, camera = rig[0], rig[3]
    bag, tools, lift = recording
    camera.stop()  # nobody looks any more
    go_home(operator)
    node = NodeUnderTest("replay", robot=str(PAIR), source=str(made(bag, dataset)), in_charge=True)
    assert operator.spin_until(lambda: node.process.poll() is not None, 120.0)
    output = node.process.communicate()[0]
    assert node.process.returncode == 0, output
    assert operator.spin_until(lambda: operator.speed < 0.02)
    operator.spin(0.5)
    for arm, T in tools.items():
        np.testing.assert_allclose(operator.tools[arm][:3, 3], T[:3, 3], atol=0.015)
    assert joint(operator, "lift_joint") == pytest.approx(lift, abs=0.01)
    assert operator.progress.end_effectors["right_cup/suction"] == 1.0

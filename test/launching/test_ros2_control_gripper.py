# SPDX-License-Identifier: Apache-2.0
"""An FR3's graph with hardware:=real: the real controller_manager, a hand behind its action, a mock arm."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from rig.group_chunk import group_chunk
from rig.nodes import NodeUnderTest
from rig.ros2_control import ControlledRobot, started, why_not
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from controllers.errors import ConfigError
from vla_ros import qos
from vla_ros.configuration import share_directory
from vla_ros.nodes.gripper.goal_runner import gripper_command

OURS = ("state", "control", "guard")
MOCK = {"plugin": "mock_components/GenericSystem", "packages": ["hardware_interface"], "parameters": {}}


@pytest.fixture(scope="module")
def robot_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the FR3's file with an arm that nobody needs to own, and a hand that is started by the test."""
    content = yaml.safe_load((share_directory() / "config/robots/fr3.yaml").read_text())
    content["ros2_control"]["drivers"][0] |= MOCK
    del content["ros2_control"]["grippers"][0]["driver"]
    path = tmp_path_factory.mktemp("robot") / "fr3.yaml"
    path.write_text(yaml.safe_dump(content))
    shutil.copy(share_directory() / "config/controllers/fr3_impedance.yaml", path.parent)
    return path


class ArmWithHand(ControlledRobot):
    """The whole graph but cameras and policy; the test is the policy."""

    def __init__(self, robot: Path, folder: Path) -> None:
        super().__init__("real", folder, str(robot), "position")
        told = {"robot": str(robot), "command": "position", "hold": "controller_manager"}
        self.hand = self.start_hand()
        self.own = {name: NodeUnderTest(name, **(told if name != "state" else {"robot": str(robot)})) for name in OURS}
        self.own["gripper_action"] = NodeUnderTest("gripper_action", robot=str(robot))
        self.nodes += self.own.values()
        self.widths: list[float] = []
        self.truth = np.zeros(5)  # width [m], force [N], grasps, moves, aborted
        node = self.operator.node
        node.create_subscription(JointState, "fr3_hand/width", self._on_width, qos.NEWEST)
        node.create_subscription(Float64MultiArray, "hand/truth", self._on_truth, qos.NEWEST)

    def start_hand(self) -> NodeUnderTest:
        self.hand = NodeUnderTest("franka_hand", module="rig.franka_hand")
        self.nodes.append(self.hand)
        return self.hand

    def _on_width(self, message: JointState) -> None:
        self.widths.append(message.position[0])

    def _on_truth(self, message: Float64MultiArray) -> None:
        self.truth = np.array(message.data)

    @property
    def message(self) -> str:
        """Return what is said of the hand."""
        return self.operator.diagnostics.get("gripper fr3_hand", {}).get("message", "")

    def enable(self) -> None:
        """Have control drive the arm, once the hand is there."""
        assert self.operator.ready()
        assert self.operator.spin_until(lambda: self.message == "driver answers", 20.0), self.message
        assert self.operator.spin_until(lambda: self.operator.enable().success, 10.0)
        assert self.operator.spin_until(lambda: self.operator.progress.enabled, 5.0)

    def grip(self, width: float, seconds: float = 1.0) -> None:
        """Send what a grasping policy does: the tool goes down or up a little, the width with it."""
        down = np.array([0.0, 0.0, -0.02 if width < 0.04 else 0.02])
        self.operator.send(group_chunk(self.operator, {"fr3": down}, {"fr3_hand/width": width}, seconds))
        assert self.operator.executed(1), self.operator.progress
        done = self.operator.spin_until(lambda: self.operator.progress.hold_reason == "chunk exhausted", seconds + 5.0)
        assert done, self.operator.progress


@pytest.fixture(scope="module")
def robot(robot_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArmWithHand]:
    """Return the running graph; skip where ros2_control or the action is not installed."""
    reason = why_not("real", str(robot_file))
    try:
        gripper_command()
    except ConfigError as error:
        reason = reason or str(error)
    if reason:
        pytest.skip(reason)
    with started(ArmWithHand(robot_file, tmp_path_factory.mktemp("graph"))) as robot:
        yield robot


def test_the_hands_fingers_are_states_of_the_manager_in_order(robot):
    assert robot.operator.spin_until(lambda: bool(robot.widths), 10.0)
    names = [*robot.robot.arms[0].joints, *robot.robot.grippers[0].joints]
    assert list(robot.states[-1].name) == names
    np.testing.assert_allclose(robot.measured(names[-2:]), 0.0797 / 2, atol=1e-6)
    assert robot.controllers() == robot.expected()


def test_a_chunk_closes_the_hand_on_a_thing_and_opens_it(robot):
    robot.enable()
    robot.operator.spin(0.5)
    assert robot.truth[2:].tolist() == [0.0, 0.0, 0.0]  # control has taken over: no motion of the hand
    before = robot.operator.T_base_ee.copy()
    robot.grip(0.0)
    assert robot.operator.spin_until(lambda: robot.truth[1] == 40.0, 5.0)
    assert robot.operator.spin_until(lambda: robot.widths[-1] == pytest.approx(0.04, abs=1e-6), 2.0)
    assert robot.operator.T_base_ee[2, 3] == pytest.approx(before[2, 3] - 0.02, abs=5e-3)
    robot.grip(0.08)
    assert robot.operator.spin_until(lambda: robot.widths[-1] > 0.0779, 5.0)
    assert robot.truth[2:].tolist() == [1.0, 1.0, 0.0]


def test_what_is_held_is_held_through_a_stop_of_control(robot):
    robot.enable()
    robot.grip(0.0)
    assert robot.operator.spin_until(lambda: robot.truth[1] == 40.0, 5.0)
    counts = robot.truth[2:].tolist()
    assert robot.operator.enable(False).success
    assert robot.operator.spin_until(lambda: not robot.operator.progress.enabled, 5.0)
    robot.operator.set_estop(True)
    robot.operator.spin(0.5)
    robot.operator.set_estop(False)
    robot.enable()
    robot.operator.spin(1.0)
    assert robot.truth[1] == 40.0
    assert robot.truth[2:].tolist() == counts
    robot.grip(0.08)
    assert robot.operator.spin_until(lambda: robot.widths[-1] > 0.0779, 5.0)


def test_without_its_driver_control_is_disabled_until_it_is_back(robot):
    robot.enable()
    robot.operator.send(group_chunk(robot.operator, {"fr3": np.array([0.0, 0.0, 0.1])}, {}, 4.0))
    assert robot.operator.spin_until(lambda: robot.operator.progress.moving, 5.0)
    robot.hand.kill()
    operator = robot.operator
    assert operator.spin_until(lambda: not operator.progress.enabled, 5.0)
    assert operator.spin_until(lambda: "no joint states on franka_gripper/joint_states" in robot.message, 5.0)
    assert operator.spin_until(lambda: robot.controllers() == robot.expected(), 5.0)  # the arm is held
    assert operator.enable().success
    assert operator.spin_until(lambda: operator.progress.enabled, 2.0)
    assert operator.spin_until(lambda: not operator.progress.enabled, 2.0)  # a person may ask again, and is told again
    robot.start_hand()
    robot.enable()
    operator.spin(1.5)
    assert operator.progress.enabled
    robot.grip(0.0)
    assert operator.spin_until(lambda: robot.truth[1] == 40.0, 5.0)

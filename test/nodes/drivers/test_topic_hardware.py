# SPDX-License-Identifier: Apache-2.0
"""The simulator as topic hardware: messages shaped as JointStateTopicSystem shapes them, by hand and over real DDS.

One system has the arm (7 names, a position and an effort each), one has the hand (2 names, 1 position: only the first
finger takes one). What nobody commands is NaN.
"""

from __future__ import annotations

import signal

import numpy as np
import pytest
from demonstrations.recording_world import RecordingWorld
from rclpy.qos import qos_profile_sensor_data
from rig.nodes import FULL_RATES, JOINTS, NodeUnderTest, Operator
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState

from vla_ros import messages, qos
from vla_ros.nodes.sim.controllers import EFFORT, POSITION
from vla_ros.nodes.sim.topic_hardware import TopicHardware

NAN = [float("nan")] * 7
ZERO = [0.0] * 7
FINGERS = ("panda_finger_joint1", "panda_finger_joint2")


@pytest.fixture
def world() -> RecordingWorld:
    return RecordingWorld()


def arm(hardware: TopicHardware, position, effort) -> None:
    assert hardware.receive(JOINTS, position, effort) == ""
    hardware.apply()


def test_nobody_commands_while_all_is_nan(world):
    hardware = TopicHardware(world)
    arm(hardware, NAN, NAN)
    assert world.commands.effort is None
    assert world.commands.position is None
    assert hardware.arms["panda"].mode == POSITION


def test_torques_drive_the_arm_whatever_position_is_left_over(world):
    hardware = TopicHardware(world)
    arm(hardware, NAN, [1.0] * 7)
    np.testing.assert_array_equal(world.commands.effort, np.ones(7))
    arm(hardware, [0.5] * 7, [2.0] * 7)
    np.testing.assert_array_equal(world.commands.effort, np.full(7, 2.0))
    assert world.commands.position is None


def test_the_switch_to_the_hold_takes_the_new_position(world):
    """The effort controller leaves zeros; the trajectory controller's position may come in the same cycle or later."""
    for late in (False, True):
        hardware = TopicHardware(world)
        arm(hardware, NAN, [1.0] * 7)
        if late:
            arm(hardware, NAN, ZERO)
            np.testing.assert_array_equal(world.commands.effort, np.zeros(7))
        arm(hardware, [0.5] * 7, ZERO)
        assert hardware.arms["panda"].mode == POSITION
        np.testing.assert_array_equal(world.commands.position, np.full(7, 0.5))


def test_the_switch_to_torques_waits_for_the_first_torque(world):
    hardware = TopicHardware(world)
    arm(hardware, [0.5] * 7, NAN)
    arm(hardware, [0.5] * 7, ZERO)
    assert hardware.arms["panda"].mode == POSITION
    arm(hardware, [0.5] * 7, [0.0] * 6 + [0.1])
    assert hardware.arms["panda"].mode == EFFORT


def test_a_position_left_over_is_never_gone_to(world):
    """An effort controller that a message of the wrong length switched off leaves zeros and the old position."""
    hardware = TopicHardware(world)
    arm(hardware, [0.5] * 7, NAN)
    arm(hardware, [0.5] * 7, [1.0] * 7)
    world.commands.position = None
    arm(hardware, [0.5] * 7, ZERO)
    assert world.commands.position is None
    np.testing.assert_array_equal(world.commands.effort, np.zeros(7))


def test_joints_go_by_name(world):
    hardware = TopicHardware(world)
    hardware.receive(JOINTS[::-1], NAN, [float(i) for i in range(1, 8)])
    hardware.apply()
    np.testing.assert_array_equal(world.commands.effort, np.arange(7.0, 0.0, -1.0))


def test_compacted_arrays_skip_the_joints_without_that_interface(world):
    """One system for all joints: 9 names, 8 positions, 7 efforts; the fingers are in front here."""
    hardware = TopicHardware(world)
    assert hardware.receive((*FINGERS[::-1], *JOINTS), [0.03, *[0.5] * 7], [1.0] * 7) == ""
    hardware.apply()
    np.testing.assert_array_equal(world.commands.effort, np.ones(7))
    assert world.commands.width == pytest.approx(0.06)


def test_arrays_that_fit_no_joints_are_dropped_with_a_complaint(world):
    hardware = TopicHardware(world)
    assert "5 values for 7 joints" in hardware.receive(JOINTS, [], [1.0] * 5)
    hardware.apply()
    assert world.commands.effort is None


def test_strangers_and_missing_joints_move_nothing(world):
    hardware = TopicHardware(world)
    hardware.receive(["fr3_joint1"], [1.0], [1.0])
    hardware.receive(JOINTS[:6], [0.1] * 6, [1.0] * 6)
    hardware.receive(JOINTS, [float("inf")] * 7, [1.0] * 6 + [float("nan")])
    hardware.apply()
    assert (world.commands.effort, world.commands.position) == (None, None)


def test_the_hand_is_commanded_alone_and_not_by_nan(world):
    hardware = TopicHardware(world)
    for bad in (float("nan"), -1e308):  # the opening is twice that, and infinite
        hardware.receive(FINGERS, [bad], [])
        hardware.apply()
        assert world.commands.width is None
    hardware.receive(FINGERS, [0.01], [])
    hardware.apply()
    assert world.commands.width == pytest.approx(0.02)
    assert hardware.arms["panda"].mode == POSITION


def test_silence_says_nothing(world):
    """With the hardware's default threshold nothing comes while state and command agree."""
    hardware = TopicHardware(world)
    arm(hardware, NAN, [1.0] * 7)
    world.time = 10.0
    hardware.apply()
    assert hardware.command_age == 0.0
    np.testing.assert_array_equal(world.commands.effort, np.ones(7))


class Manager:
    """What ros2_control's side would hear and say."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self.states: list[JointState] = []
        self.ticks: list[float] = []
        node = operator.node
        node.create_subscription(JointState, "robot_joint_states", self.states.append, qos_profile_sensor_data)
        node.create_subscription(
            Clock, "sim/clock", lambda message: self.ticks.append(messages.seconds(message.clock)), qos.CLOCK
        )
        self.commands = node.create_publisher(JointState, "robot_joint_commands", 1)

    def command(self, names, position, effort, cycles: int = 20) -> None:
        """Say the same for some cycles, as a manager does."""
        for _ in range(cycles):
            self.commands.publish(JointState(name=list(names), position=list(position), effort=list(effort)))
            self.operator.spin(0.005)

    def positions(self) -> np.ndarray:
        state = self.states[-1]
        return np.array([state.position[state.name.index(joint)] for joint in JOINTS])

    def width(self) -> float:
        state = self.states[-1]
        return sum(state.position[state.name.index(finger)] for finger in FINGERS)


@pytest.fixture(scope="module")
def manager():
    sim = NodeUnderTest("sim", seed=1, interface="topic_hardware", **FULL_RATES["sim"])
    operator = Operator()
    manager = Manager(operator)
    try:
        heard = operator.spin_until(lambda: manager.states and manager.commands.get_subscription_count(), 40.0)
        assert heard, sim.process.poll()
        yield manager
        code, output, _ = sim.stop(signal.SIGINT)
        assert code == 0, output
        assert "Traceback" not in output
    finally:
        sim.kill()
        operator.close()


def test_the_simulator_is_silent_where_ros2_control_will_speak(manager):
    assert manager.operator.joints is None, "joint_states is the joint_state_broadcaster's"
    names = {name for name, _ in manager.operator.node.get_service_names_and_types()}
    assert "/sim/hold" not in names, "the hold is controller_manager's"
    state = manager.states[-1]
    assert len(state.name) == len(state.position) == len(state.velocity) == len(state.effort) == 9


def test_the_managers_clock_ticks_with_every_state(manager):
    manager.operator.spin(1.0)
    steps = np.diff(manager.ticks[-200:])
    assert np.median(steps) == pytest.approx(0.002, abs=1e-9)
    assert steps.min() > 0.0


def test_positions_torques_and_the_hand_over_dds(manager):
    manager.command(JOINTS, NAN, NAN)
    start = manager.positions()
    manager.command(JOINTS, start + 0.1, NAN, cycles=200)
    np.testing.assert_allclose(manager.positions(), start + 0.1, atol=0.02)
    torque = [0.0] * 6 + [0.5]

    def pushed() -> bool:  # by what is added to the motion; a busy machine's world is slow
        manager.command(JOINTS, start + 0.1, torque, cycles=5)
        return manager.positions()[6] > start[6] + 0.12

    assert manager.operator.spin_until(pushed, 30.0)
    assert manager.states[-1].effort[manager.states[-1].name.index(JOINTS[6])] == pytest.approx(0.5, abs=1e-6)
    held = manager.positions()
    manager.command(JOINTS, held, ZERO, cycles=100)
    resting = manager.positions()
    manager.operator.spin(0.5)  # silence of a manager whose state and command agree
    np.testing.assert_allclose(manager.positions(), resting, atol=2e-3)

    def closed() -> bool:
        manager.command(FINGERS, [0.01], [], cycles=5)
        return abs(manager.width() - 0.02) < 2e-3

    assert manager.operator.spin_until(closed, 30.0), manager.width()


def test_a_reset_is_refused_in_words(manager):
    response = manager.operator.reset()
    assert not response.success
    assert "ros2_control" in response.message

# SPDX-License-Identifier: Apache-2.0
"""The Franka Hand behind real GripperCommand goals, where control_msgs is installed: no ros2_control needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from rig.nodes import NodeUnderTest, Operator
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64, Float64MultiArray

from controllers.errors import ConfigError
from vla_ros import qos
from vla_ros.nodes.gripper.goal_runner import gripper_command

PERIOD = 0.01  # [s] of what is wanted
FINGERS = ["fr3_finger_joint1", "fr3_finger_joint2"]


class HandUnderTest:
    """A driver's node, ours, and what stands for ros2_control's interfaces of the gripper."""

    def __init__(self, **parameters: object) -> None:
        self.node = NodeUnderTest("gripper_action", robot="fr3")
        self.operator = Operator(robot="fr3")
        waits = self.operator.spin_until(lambda: "no joint states" in self.message, 30.0)
        assert waits, self.operator.diagnostics
        self.driver = NodeUnderTest("franka_hand", module="rig.franka_hand", **parameters)
        node = self.operator.node
        self.states: list[JointState] = []
        self.truth: np.ndarray | None = None  # width [m], force [N], grasps, moves, aborted
        self._wanted = node.create_publisher(JointState, "fr3_hand_joint_commands", qos.STREAM)
        self._thing = node.create_publisher(Float64, "hand/thing", 1)
        node.create_subscription(JointState, "fr3_hand_joint_states", self.states.append, qos.NEWEST)
        node.create_subscription(Float64MultiArray, "hand/truth", self._on_truth, qos.NEWEST)

    def _on_truth(self, message: Float64MultiArray) -> None:
        self.truth = np.array(message.data)

    def start(self) -> None:
        """Wait until both are there."""
        there = lambda: self.states and self.truth is not None and self.message == "driver answers"  # noqa: E731
        assert self.operator.spin_until(lambda: bool(there()), 30.0), self.operator.diagnostics

    @property
    def message(self) -> str:
        """Return what is said of the hand."""
        return self.operator.diagnostics.get("gripper fr3_hand", {}).get("message", "")

    def want(self, width: float) -> None:
        """Say once what is wanted [m], as the interfaces do: of the finger that is commanded."""
        self._wanted.publish(JointState(name=FINGERS, position=[0.5 * width]))

    def follow(self, wanted: Callable[[float], float], seconds: float) -> None:
        """Say what is wanted for a while."""
        for tick in range(round(seconds / PERIOD)):
            self.want(wanted(tick * PERIOD))
            self.operator.spin(PERIOD)

    def until(self, width: float, done: Callable[[], bool], seconds: float = 10.0) -> bool:
        """Want a width until something holds."""

        def said() -> bool:
            self.want(width)
            return done()

        return self.operator.spin_until(said, seconds)

    def put(self, thing: float) -> None:
        """Put a thing between the fingers [m]."""
        self._thing.publish(Float64(data=thing))
        self.operator.spin(0.2)

    @property
    def counts(self) -> tuple[int, ...]:
        """Return grasps, moves and aborted goals so far."""
        assert self.truth is not None
        return tuple(int(number) for number in self.truth[2:])

    @property
    def width(self) -> float:
        """Return what our node says of the opening [m]."""
        return sum(self.states[-1].position)

    def close(self) -> None:
        """End everything."""
        self.node.kill()
        self.driver.kill()
        self.operator.close()


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """Skip where the action is not installed."""
    try:
        gripper_command()
    except ConfigError as error:
        pytest.skip(str(error))


@pytest.fixture
def hand(request) -> Iterator[HandUnderTest]:
    """Return an open hand around a thing of 40 mm, unless the test says otherwise."""
    hand = HandUnderTest(**getattr(request, "param", {}))
    try:
        hand.start()
        yield hand
    finally:
        hand.close()


def test_it_closes_on_a_thing_presses_it_and_lets_it_go(hand):
    hand.follow(lambda now: 0.0797, 0.3)
    assert hand.counts == (0, 0, 0)
    assert hand.until(0.0, lambda: hand.truth[1] > 0.0)
    hand.operator.spin(0.3)
    assert hand.truth[1] == pytest.approx(40.0)  # [N] of config/robots/fr3.yaml
    assert hand.width == pytest.approx(0.04, abs=1e-6)
    assert hand.states[-1].name == FINGERS
    assert hand.until(0.08, lambda: hand.truth[0] > 0.0779)
    hand.operator.spin(0.3)
    assert hand.counts == (1, 1, 0)
    assert hand.message == "driver answers"


def test_noise_of_what_is_wanted_lets_nothing_go(hand):
    """A policy that learned from measured openings."""
    random = np.random.default_rng(1)
    hand.follow(lambda now: 0.08 if now < 0.3 else 0.04 + random.uniform(-0.004, 0.004), 4.0)
    assert hand.truth[1] == pytest.approx(40.0)
    assert hand.counts == (1, 0, 0)


def test_a_trigger_closes_and_opens(hand):
    hand.put(0.07)
    hand.follow(lambda now: float(np.interp(now, [0.2, 0.6, 2.0, 2.4], [0.08, 0.0, 0.0, 0.08])), 1.9)
    assert hand.truth[1] == pytest.approx(40.0)
    grasps, _, aborted = hand.counts
    assert (grasps, aborted) == (1, 0)
    hand.follow(lambda now: float(np.interp(now, [0.0, 0.4], [0.0, 0.08])), 1.5)
    assert hand.width == pytest.approx(0.078, abs=1e-3)


def test_an_opposite_wish_stops_what_runs(hand):
    hand.put(0.0)
    began = 0.0
    assert hand.until(0.0, lambda: hand.width < 0.06)
    began = hand.operator.node.get_clock().now().nanoseconds * 1e-9
    assert hand.until(0.08, lambda: hand.truth[0] > 0.0779)
    took = hand.operator.node.get_clock().now().nanoseconds * 1e-9 - began
    assert took < 0.9, took  # 20 mm back at 0.1 m/s, and not 60 mm on first
    assert hand.counts[:2] == (1, 1)


@pytest.mark.parametrize("hand", [{"stops": False}], indirect=True)
def test_a_hand_that_does_not_stop_is_told_the_next_goal_all_the_same(hand):
    hand.put(0.0)
    assert hand.until(0.0, lambda: hand.width < 0.07)
    assert hand.until(0.08, lambda: hand.truth[0] > 0.0779)


@pytest.mark.parametrize("hand", [{"epsilon": 0.005}], indirect=True)
def test_a_grasp_that_the_driver_gives_up_is_said_and_not_repeated(hand):
    """franka_gripper with its own parameters: 40 mm is not 0 ± 5 mm."""
    assert hand.until(0.0, lambda: "grasp to 0 mm: the driver gave it up" in hand.message)
    assert hand.width == pytest.approx(0.04, abs=0.01)
    hand.follow(lambda now: 0.0, 2.0)
    assert hand.counts == (1, 0, 1)
    assert hand.until(0.08, lambda: hand.truth[0] > 0.0779)
    assert hand.message == "driver answers"


@pytest.mark.parametrize("hand", [{"max_width": 0.0, "width": 0.03, "thing": 0.0}], indirect=True)
def test_a_hand_that_was_not_homed_is_said(hand):
    assert hand.until(0.08, lambda: "move to 78 mm" in hand.message)
    hand.follow(lambda now: 0.08, 1.0)
    assert hand.counts == (0, 0, 1)


def test_a_dead_driver_is_said_and_another_is_found(hand):
    hand.driver.kill()
    assert hand.until(0.0, lambda: "no joint states on franka_gripper/joint_states" in hand.message, 5.0)
    known = len(hand.states)
    hand.operator.spin(0.5)
    assert len(hand.states) == known  # nothing is made up
    hand.driver = NodeUnderTest("franka_hand", module="rig.franka_hand")
    assert hand.until(0.0, lambda: hand.message == "driver answers")
    hand.follow(lambda now: 0.0, 1.0)
    assert hand.counts == (0, 0, 0)  # a hand that has come back moves when something new is wanted
    hand.follow(lambda now: 0.08, 0.3)
    assert hand.until(0.0, lambda: hand.truth[1] > 0.0)


def test_what_is_not_finite_moves_nothing(hand):
    hand.follow(lambda now: float("nan"), 0.5)
    hand.want(float("inf"))
    hand.operator.spin(0.5)
    assert hand.counts == (0, 0, 0)

# SPDX-License-Identifier: Apache-2.0
"""The control loop's content: who gets the arm when, and what it is told while time or joints misbehave."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.errors import ChunkError, VlaError
from vla_ros.nodes.arm.driver import RobotDriver
from vla_ros.nodes.arm.homing import raise_chunk
from vla_ros.nodes.arm.robot_follower import launch_control_config, make_follower
from vla_ros.robots.embodiment import load_embodiment

PERIOD = 0.002  # [s]
THIRD = np.eye(9)[2]


class Arm:
    """A driver, and joints that stay where they are."""

    def __init__(self) -> None:
        embodiment = load_embodiment("franka")
        follower = make_follower(embodiment, launch_control_config("franka", 1.0, "progress"))
        self.driver = RobotDriver(follower, PERIOD, 0.05, {"panda_hand/width": 2})
        self.released = 0
        self.driver.on_released = self._on_released
        self.position = np.concatenate([embodiment.arms[0].home, [0.02, 0.02]])
        self.velocity = np.zeros(9)
        self.monotonic, self.stamp = 100.0, 5.0

    def _on_released(self) -> None:
        self.released += 1

    def tick(self, count: int = 1, joints: bool = True, time_goes_on: bool = True):
        """Run periods; return the last command."""
        for _ in range(count):
            self.monotonic += PERIOD
            if time_goes_on:
                self.stamp += PERIOD
            if joints:
                self.driver.observe(self.monotonic - 1e-4, self.stamp, self.position, self.velocity)
            command = self.driver.tick(self.monotonic)
        return command


@pytest.fixture
def arm() -> Arm:
    return Arm()


def enabled(arm: Arm) -> Arm:
    arm.tick(5)
    arm.driver.enable(arm.monotonic)
    assert arm.tick(2) is not None
    return arm


def test_nothing_is_sent_before_it_is_enabled(arm):
    assert arm.tick(100) is None
    with pytest.raises(ChunkError, match="disabled"):
        arm.driver.submit(raise_chunk(arm.stamp, "panda_link0", "panda", np.eye(4), 0.05, 1), "policy")


def test_it_cannot_be_enabled_without_joint_states_or_under_the_estop(arm):
    with pytest.raises(VlaError, match="no joint states"):
        arm.driver.enable(arm.monotonic)
    arm.tick(5)
    arm.driver.emergency_stop(True)
    arm.tick()
    with pytest.raises(VlaError, match="e-stop"):
        arm.driver.enable(arm.monotonic)


@pytest.mark.parametrize("first", ["e-stop", "request"])
def test_an_estop_between_request_and_tick_wins(arm, first):
    arm.tick(5)
    if first == "e-stop":
        arm.driver.emergency_stop(True)
        with pytest.raises(VlaError, match="e-stop"):
            arm.driver.enable(arm.monotonic)
    else:
        arm.driver.enable(arm.monotonic)
        orders = list(arm.driver._orders)
        arm.driver._orders.clear()
        arm.driver.emergency_stop(True)
        arm.driver._orders.extend(orders)  # as two threads may leave them
    assert arm.tick(5) is None
    assert not arm.driver.follower.progress.enabled
    assert arm.released == (first == "request")  # the arm's own hold, which was taken away for it, is asked for again


def test_what_is_driven_comes_to_rest_before_it_is_enabled_anew(arm):
    """Somebody takes over from a policy in mid-motion: the command neither steps nor begins again from nothing."""
    enabled(arm).velocity[:7] = 0.3
    before = arm.tick(20).arms["panda"].effort.copy()
    assert np.abs(before).max() > 0.5  # [N·m] it damps
    arm.driver.enable(arm.monotonic)
    rate = arm.driver.follower.arms["panda"].drive.gate._rate
    for _ in range(30):
        now = arm.tick().arms["panda"].effort.copy()
        assert (np.abs(now - before) <= 1.001 * rate * PERIOD).all()
        before = now
        assert "enabled anew" in arm.driver.held
    arm.velocity[:7] = 0.0
    stopping = arm.tick().arms["panda"].effort.copy()
    assert (np.abs(stopping - before) <= 1.001 * rate * PERIOD).all()
    arm.tick(2)
    assert (arm.driver.held, arm.driver.follower.progress.enabled) == ("", True)
    T = arm.driver.follower.progress.arms["panda"].T_base_ee_commanded
    arm.driver.submit(raise_chunk(arm.stamp, "panda_link0", "panda", T, 0.05, 1), "policy")


def test_who_is_released_meanwhile_is_not_enabled(arm):
    enabled(arm)
    arm.velocity[:7] = 0.3
    arm.tick(20)
    arm.driver.enable(arm.monotonic)
    arm.driver.release("disabled")
    arm.tick(5)
    arm.velocity[:7] = 0.0
    arm.tick(5)
    assert arm.driver.released
    assert not arm.driver.follower.progress.enabled


def test_a_base_comes_to_rest_before_the_robot_is_let_go(arm):
    enabled(arm)
    arm.driver.follower.command.base_velocity[0] = 0.26
    arm.driver.release("disabled")
    assert arm.tick(300) is not None  # whoever drives the base still hears how fast it is to be
    arm.driver.follower.command.base_velocity[0] = 0.0
    assert arm.tick(2) is None
    enabled(arm)
    arm.driver.follower.command.base_velocity[0] = 0.26
    arm.driver.release("disabled")
    assert arm.tick(1100) is None  # and is not waited for for ever


@pytest.mark.parametrize("step_back", [0.0, 0.15], ids=["repeated", "set back by less than a restart"])
def test_stamps_that_do_not_advance_are_no_news(arm, step_back):
    enabled(arm)
    arm.tick(50)
    arm.stamp -= step_back
    arm.driver.emergency_stop(True)
    arm.tick(2, time_goes_on=step_back > 0.0)
    assert arm.driver.follower.emergency_stopped  # which does not wait for them
    arm.driver.emergency_stop(False)
    arm.tick(58, time_goes_on=step_back > 0.0)
    assert arm.driver.follower.progress.hold_reason == "stale joint state"
    if not step_back:
        assert arm.tick(100, time_goes_on=False) is None
        assert "the robot holds itself" in arm.driver.follower.progress.hold_reason


def test_a_release_brings_the_arm_to_rest_and_then_lets_go_once(arm):
    enabled(arm)
    arm.driver.release("shutting down")
    arm.velocity[:7] = 0.3
    assert arm.tick(50) is not None  # still stopping
    arm.velocity[:7] = 0.0
    assert arm.tick(2) is None
    assert arm.driver.released
    assert arm.released == 1


def test_an_arm_that_does_not_come_to_rest_is_let_go_all_the_same(arm):
    enabled(arm)
    arm.velocity[:7] = 0.3
    arm.driver.release("shutting down")
    arm.tick(400)
    assert arm.driver.released


@pytest.mark.parametrize("factor", [1.0, 0.6, 0.25, 0.1])
def test_in_a_slow_simulator_steps_are_no_shorter_than_the_loop_is_made_for(arm, factor):
    """Joint speeds compared over less than the time between two joint states would be accelerations that nobody has."""
    arm.driver.reference_time = lambda: arm.stamp
    enabled(arm)
    steps: list[float] = []
    tick = arm.driver.follower.tick
    arm.driver.follower.tick = lambda now, dt, *rest: (steps.append(dt), tick(now, dt, *rest))[1]
    began, wall = arm.stamp, arm.monotonic
    for _ in range(1500):
        arm.monotonic += PERIOD
        newest = began + PERIOD * np.floor(factor * (arm.monotonic - wall) / PERIOD + 1e-6)
        if newest > arm.stamp:
            arm.stamp = newest
            arm.driver.observe(arm.monotonic - 1e-4, arm.stamp, arm.position, arm.velocity)
        assert arm.driver.tick(arm.monotonic) is not None  # the simulator hears from control all the same
    settled = steps[len(steps) // 4 :]
    assert min(settled) >= 0.75 * PERIOD
    assert sum(steps) == pytest.approx(factor * 1500 * PERIOD, rel=0.1)


def test_while_simulated_time_stands_still_the_last_command_is_repeated(arm):
    arm.driver.reference_time = lambda: arm.stamp
    command = enabled(arm).tick()
    arm.tick(20, joints=False, time_goes_on=False)
    before = command.arms["panda"].effort.copy()
    repeated = arm.tick(100, joints=False, time_goes_on=False)
    np.testing.assert_array_equal(repeated.arms["panda"].effort, before)
    assert arm.driver.follower.progress.hold_reason != "stale joint state"


@pytest.mark.parametrize("simulated", [True, False])
def test_joint_states_that_stop_while_time_goes_on_are_stale(arm, simulated):
    if simulated:
        arm.driver.reference_time = lambda: arm.stamp
    enabled(arm)
    arm.tick(60, joints=False)
    assert arm.driver.follower.progress.hold_reason == "stale joint state"
    assert arm.tick(joints=False) is not None  # the effort fades, it is not left as it was


@pytest.mark.parametrize("simulated", [True, False])
def test_without_joint_states_for_longer_the_arm_is_left_to_its_own_hold(arm, simulated):
    if simulated:
        arm.driver.reference_time = lambda: arm.stamp
    enabled(arm)
    assert arm.tick(100, joints=False) is None
    assert arm.released == 1
    assert "the robot holds itself" in arm.driver.follower.progress.hold_reason
    assert arm.tick(50) is None  # nothing enables itself, not when they return either
    arm.driver.enable(arm.monotonic)
    assert arm.tick(3) is not None


def test_time_that_is_set_back_takes_the_arm_away(arm):
    enabled(arm)
    arm.stamp = 0.5
    assert arm.tick(3) is None
    assert arm.released == 1
    assert not arm.driver.follower.progress.enabled


def test_joint_states_that_leap_stop_the_arm_and_name_the_joint(arm):
    enabled(arm)
    arm.position = arm.position + 0.3 * THIRD
    command = arm.tick(2)
    reason = arm.driver.follower.progress.hold_reason
    assert "joint states jump" in reason
    assert "panda_joint3 by 0.30 rad" in reason
    with pytest.raises(ChunkError, match="enable it again"):
        arm.driver.submit(raise_chunk(arm.stamp, "panda_link0", "panda", np.eye(4), 0.1, 1), "planner")
    assert arm.driver.held == reason
    arm.tick(50)
    # It leaps back: an arm that was held where it seemed to be must not be pulled there.
    arm.position = arm.position - 0.3 * THIRD
    command = arm.tick(200)
    assert np.abs(command.arms["panda"].effort).max() < 1.0
    assert arm.driver.held == reason  # until somebody enables it again
    arm.driver.enable(arm.monotonic)
    arm.tick(2)
    assert arm.driver.held == ""


def test_an_arm_is_held_after_an_estop_until_it_is_enabled_but_not_while_it_is_given_up(arm):
    enabled(arm)
    assert arm.driver.held == ""
    arm.driver.emergency_stop(True)
    arm.tick(2)
    assert arm.driver.held == "e-stop"
    arm.driver.emergency_stop(False)
    arm.tick(200)
    assert arm.driver.held == "e-stop"  # releasing enables nothing
    arm.driver.enable(arm.monotonic)
    arm.tick(2)
    arm.velocity[:7] = 0.3
    arm.driver.release("disabled")
    arm.tick(2)
    assert arm.driver.follower.progress.enabled  # coming to rest
    assert arm.driver.held == ""


def closed_on_something(arm: Arm) -> None:
    """Have fingers that are told to shut stand 4 cm open."""
    enabled(arm)
    names = ("panda_hand/width",)
    arm.driver.submit(ActionChunk(arm.stamp, "panda_link0", names, np.array([0.1, 0.2]), np.zeros((2, 1)), 1), "policy")
    arm.tick(200)
    assert arm.driver.follower.command.end_effectors["panda_hand/width"] == 0.0


@pytest.mark.parametrize(
    ("given_up", "moved", "width"),
    [(False, 0.0, 0.0), (True, 0.0, 0.0), (True, 0.03, 0.07)],
    ids=["e-stop", "disabled", "fingers moved meanwhile"],
)
def test_what_is_held_is_still_held_when_control_is_enabled_again(arm, given_up, moved, width):
    closed_on_something(arm)
    if given_up:
        arm.driver.release("disabled")
        arm.tick(5)
    else:
        arm.driver.emergency_stop(True)
        arm.tick(200)
        arm.driver.emergency_stop(False)
    arm.position[-2:] += 0.5 * moved
    arm.tick(2)
    arm.driver.enable(arm.monotonic)
    command = arm.tick(2)
    assert command.end_effectors["panda_hand/width"] == pytest.approx(width)


def test_joint_states_that_were_lost_are_no_leap(arm):
    enabled(arm)
    arm.velocity, arm.position = (
        arm.velocity + THIRD,
        arm.position + 0.04 * THIRD,
    )  # at 1 rad/s; 20 did not come
    arm.tick(20, joints=False)
    arm.tick(1)
    assert "jump" not in arm.driver.follower.progress.hold_reason


def test_a_chunk_of_another_robot_is_refused(arm):
    enabled(arm)
    foreign = ActionChunk(arm.stamp, "panda_link0", pose_channels("ur5"), [0.1], [[0.4, 0.0, 0.4, 1.0, 0.0, 0.0, 0.0]])
    with pytest.raises(ChunkError, match=r"unknown chunk channel 'ur5/position\.x'"):
        arm.driver.submit(foreign, "policy")
    invalid = ActionChunk(arm.stamp, "panda_link0", ("task/status",), [0.1], [[-1.0]], sequence=1)
    arm.driver.submit(invalid, "policy")  # it says that there is nothing to do: welcome

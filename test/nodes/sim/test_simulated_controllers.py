# SPDX-License-Identifier: Apache-2.0
"""The simulated controllers behave as ros2_control's do."""

from __future__ import annotations

import numpy as np
import pytest
from demonstrations.recording_world import RecordingWorld

from vla_ros.nodes.sim.controllers import SimulatedControllers

EFFORT, GRIPPER, HOLD = "panda_effort", "panda_hand_position", "panda_arm"


@pytest.fixture
def world() -> RecordingWorld:
    return RecordingWorld()


def test_the_gripper_takes_a_finger_position(world):
    controllers = SimulatedControllers(world)
    controllers.receive(GRIPPER, np.array([0.02]))
    controllers.apply()
    assert world.commands.width == pytest.approx(0.04)


def test_commands_come_after_delay_and_jitter_of_simulated_time(world):
    controllers = SimulatedControllers(world, delay=0.005, jitter=0.002)
    controllers.receive(EFFORT, np.ones(7))
    world.time = 0.0049
    controllers.apply()
    assert world.commands.effort is None
    world.time = 0.0071
    controllers.apply()
    np.testing.assert_array_equal(world.commands.effort, np.ones(7))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_dropped_and_the_controller_stays(world, bad):
    controllers = SimulatedControllers(world)
    assert "dropped" in controllers.receive(EFFORT, np.array([bad] * 7))
    controllers.apply()
    assert world.commands.effort is None
    assert EFFORT in controllers.active


def test_a_finger_so_far_out_that_the_opening_overflows_is_dropped(world):
    controllers = SimulatedControllers(world)
    assert "dropped" in controllers.receive(GRIPPER, np.array([-1e308]))
    controllers.apply()
    assert world.commands.width is None


@pytest.mark.parametrize("size", [0, 6, 8])
def test_a_wrong_length_deactivates_until_switched_on_again(world, size):
    controllers = SimulatedControllers(world)
    assert "deactivated" in controllers.receive(EFFORT, np.zeros(size))
    np.testing.assert_array_equal(world.commands.effort, np.zeros(7))  # as ros2_control does on deactivation
    world.commands.effort = None
    controllers.receive(EFFORT, np.ones(7))
    controllers.apply()
    assert world.commands.effort is None
    controllers.hold(False)
    controllers.receive(EFFORT, np.ones(7))
    controllers.apply()
    np.testing.assert_array_equal(world.commands.effort, np.ones(7))


def test_a_hold_keeps_the_present_position_and_ignores_effort(world):
    controllers = SimulatedControllers(world)
    controllers.receive(EFFORT, np.ones(7))  # still on its way
    controllers.hold(True)
    np.testing.assert_array_equal(world.commands.position, world.q)
    controllers.receive(EFFORT, np.ones(7))
    controllers.apply()
    assert world.commands.effort is None
    assert controllers.active == {HOLD, GRIPPER}


def test_the_last_command_is_kept(world):
    controllers = SimulatedControllers(world)
    controllers.receive(EFFORT, np.ones(7))
    for _ in range(3):
        controllers.apply()
        world.time += 1.0
    np.testing.assert_array_equal(world.commands.effort, np.ones(7))


def test_the_age_of_the_effort_counts_only_while_somebody_drives(world):
    controllers = SimulatedControllers(world)
    world.time = 5.0
    assert controllers.command_age == 0.0
    controllers.receive(EFFORT, np.ones(7))
    world.time = 5.02
    assert controllers.command_age == pytest.approx(0.02)
    controllers.hold(True)
    assert controllers.command_age == 0.0

# SPDX-License-Identifier: Apache-2.0
"""In how many steps of the physics a tick is simulated."""

import pytest

from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.execution import PHYSICS_STEP_MAX, physics_steps


@pytest.mark.parametrize(("rate", "steps"), [(2000, 1), (1000, 1), (500, 1), (333, 2), (250, 2), (200, 3), (50, 10)])
def test_a_tick_takes_as_few_steps_as_are_fine_enough(rate, steps):
    period = 1.0 / rate
    assert physics_steps(period) == steps
    assert period / steps <= PHYSICS_STEP_MAX + 1e-12


@pytest.mark.parametrize(("robot", "period"), [("franka", 0.002), ("ur5e", 0.002), ("agilex", 0.005)])
def test_a_robot_is_commanded_at_its_update_rate(robot, period):
    assert load_embodiment(robot).control_period == pytest.approx(period)

# SPDX-License-Identifier: Apache-2.0
"""Boxes hold something in every tick, whatever was chosen in them before."""

import numpy as np
import pytest
from robot_rigs.whole_robot import described

from controllers.whole_body.limits import BodyBounds


@pytest.mark.parametrize("robot", ["bytemini", "agilex", "franka"])
def test_any_choice_within_them_leaves_a_choice_and_every_limit_kept(robot):
    body = described(robot)
    axes = () if body.base is None else body.base.axes
    bounds, random = BodyBounds(body, axes), np.random.default_rng(5)
    n, moved = len(bounds.speed), len(axes)
    q, x = np.concatenate([group.posture for group in body.groups.values()]), np.zeros(n)
    way = np.ones(n)
    for tick in range(4000):
        dt = random.uniform(1e-3, 4e-3)
        bounds.update(q, x, None, dt)
        assert (bounds.lower <= bounds.upper).all()
        if tick % 50 == 0:  # mostly at full speed to one end or the other
            way = random.choice([0.0, 1.0], n)
        chosen = bounds.lower + way * (bounds.upper - bounds.lower)
        assert (np.abs(chosen - x) <= bounds.acceleration * dt * (1.0 + 1e-9)).all()
        assert (np.abs(chosen) <= bounds.speed * (1.0 + 1e-9)).all()
        x = chosen
        q = q + dt * x[moved:]
        assert (q >= bounds.lower_range[moved:]).all()
        assert (q <= bounds.upper_range[moved:]).all()


def test_a_joint_that_is_held_back_is_not_led_further():
    body = described("franka")
    bounds = BodyBounds(body, (), lead_max=0.1)
    q = np.concatenate([group.posture for group in body.groups.values()])
    measured, x = q.copy(), np.zeros(len(q))
    for _ in range(2000):
        bounds.update(q, x, measured, 2e-3)
        x = bounds.upper.copy()
        q = q + 2e-3 * x
    assert np.abs(q - measured).max() <= 0.1 + 1e-9
    assert np.abs(q - measured).max() > 0.03

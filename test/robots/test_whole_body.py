# SPDX-License-Identifier: Apache-2.0
"""Every robot of config/robots is one that whole-body control takes."""

import numpy as np
import pytest

from controllers.whole_body.controller import WholeBody
from controllers.whole_body.targets import BodyTarget
from vla_ros.robots.embodiment import load_embodiment, robot_names
from vla_ros.robots.whole_body import whole_body


@pytest.mark.parametrize("robot", robot_names())
def test_a_robot_stands_still_at_home(robot):
    embodiment = load_embodiment(robot)
    control = WholeBody(whole_body(embodiment))
    assert set(control.hands) == {arm.name for arm in embodiment.arms}
    for arm in embodiment.arms:
        np.testing.assert_allclose(control.q[control.parts[arm.name]], arm.home)
    for _ in range(50):
        assert control.tick(BodyTarget(), 0.002)
    assert np.abs(control.dq).max() < 0.2
    assert control.distances.minimum(control.T_odom_base) > 0.0


def test_bytemini_has_22_degrees_of_freedom_and_stands_on_its_wheels():
    control = WholeBody(whole_body(load_embodiment("bytemini")))
    assert control.model.size == 22
    assert control.tip_over.edges == 4
    assert control.tip_over.room(control.model.center[:2]) > 0.05

# SPDX-License-Identifier: Apache-2.0
"""The excitation keeps the arm off the table and off itself, also between the points that were looked at."""

from __future__ import annotations

import numpy as np
import pytest
from arms.franka_arm import franka_config
from arms.identification_arm import QUICK

from controllers.errors import ConfigError
from vla_ros.planning.collision import CollisionChecker, RobotGeometry
from vla_ros.planning.excitation import TABLE_MARGIN, find_excitation, table_around
from vla_ros.robots.embodiment import load_embodiment

FRANKA = load_embodiment("franka")


def test_it_touches_nothing():
    shares: list[float] = []
    excitation = find_excitation(FRANKA, "panda", franka_config(), QUICK, 0.1, seed=2, show=shares.append)
    checker = CollisionChecker(RobotGeometry(FRANKA, FRANKA.arms[:1]), table_around(0.1), TABLE_MARGIN)
    path = excitation.sample(np.linspace(0.0, excitation.duration, 1500))[0]
    assert all(checker.free(q) for q in path)
    assert np.abs(np.diff(path, axis=0)).max() > 1e-3
    assert shares[-1] == 1.0
    assert (np.diff(shares) >= 0.0).all()


def test_a_base_may_stand_lower_than_the_table():
    arm = FRANKA.arms[0]
    checker = CollisionChecker(RobotGeometry(FRANKA, [arm]), table_around(0.2), TABLE_MARGIN)
    assert checker.free(arm.home)
    down = arm.home + np.array([0.0, 0.9, 0.0, 0.0, 0.0, 0.9, 0.0])  # the hand on the table
    assert "table front" in str(checker.closest(down))
    turned = down + np.array([2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    assert not checker.free(turned)


@pytest.mark.parametrize("height", [0.6, -3.0, float("nan")])
def test_impossible_tables_are_refused(height):
    with pytest.raises(ConfigError, match=r"height must be -2 to 0\.5 m"):
        find_excitation(FRANKA, "panda", franka_config(), QUICK, height)

# SPDX-License-Identifier: Apache-2.0
"""Where a tool points down: solutions that forward kinematics confirms, edges where the links end."""

from __future__ import annotations

import numpy as np
import pytest
from assets import PAIR

from controllers.arm.model import ArmModel
from vla_ros.robots.checks.finding import OK, PROBLEM, WARNING
from vla_ros.robots.checks.home import home_positions, place_at_home
from vla_ros.robots.checks.self_collision import OwnDistance
from vla_ros.robots.checks.table_area import TableArea
from vla_ros.robots.checks.tool_reach import ArmMaps, check_reach, collides, manipulability, reach_map, tool_down
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

TABLE = TableArea((0.5, 0.0), (0.4, 0.5), (-0.1, 0.05, 0.2))


def arm_of(name: str, number: int = 0):
    robot = load_embodiment(name)
    urdf, arm = expand_urdf(robot), robot.arms[number]
    model = ArmModel(urdf, arm.joints, arm.tool_frame)
    place_at_home(model, home_positions(robot, urdf))
    return robot, urdf, arm, model


@pytest.mark.parametrize("name", ["franka", "ur5e", str(PAIR)])
def test_solutions_point_down_where_they_should_within_the_limits(name):
    _, _, arm, model = arm_of(name)
    tool = model.forward(arm.home)[:3, 3]
    random, solved = np.random.default_rng(0), 0
    for _ in range(20):
        point = tool + random.uniform(-0.1, 0.1, 3)
        q = tool_down(model, point, arm.home, arm.home)
        if q is None:
            continue
        solved += 1
        T = model.forward(q)
        np.testing.assert_allclose(T[:3, 3], point, atol=1e-3)
        np.testing.assert_allclose(T[:3, 2], [0.0, 0.0, -1.0], atol=5e-3)
        assert (q >= arm.lower).all()
        assert (q <= arm.upper).all()
    assert solved >= 15


def test_no_map_is_wider_than_the_arm_is_long():
    _, _, arm, model = arm_of("ur5e")
    x, y = np.meshgrid(np.linspace(-1.2, 1.2, 13), np.linspace(-1.2, 1.2, 13), indexing="ij")
    strength = reach_map(model, arm, np.stack([x, y, np.full_like(x, 0.1)], axis=-1), lambda q: False)
    reached = np.hypot(x, y)[np.isfinite(strength)]
    assert reached.max() < 0.425 + 0.3922 + 0.0997 + 0.1333  # [m] upper arm, forearm, the wrist's offsets
    assert reached.max() > 0.7
    assert np.isnan(strength[6, 6])  # in its own base
    assert (strength[np.isfinite(strength)] >= 0.0).all()


def test_what_collides_is_out_of_reach_and_every_point_is_counted():
    robot, urdf, arm, model = arm_of("ur5e")
    grid, count = TABLE.grid(0.1, 0.1), []
    free = reach_map(model, arm, grid, lambda q: False, lambda: count.append(1))
    assert len(count) == free.size
    assert np.isfinite(free).all()
    assert np.isnan(reach_map(model, arm, grid, lambda q: True)).all()
    own = OwnDistance(robot, urdf, home_positions(robot, urdf))
    assert not collides(own, arm, arm.home)
    assert collides(own, arm, np.array([0.0, -0.5, 3.1, 0.0, 0.0, 0.0]))  # the forearm folded into the upper arm


def test_manipulability_is_the_product_of_the_singular_values():
    _, _, arm, model = arm_of("franka")
    expected = np.prod(np.linalg.svd(model.jacobian(arm.home), compute_uv=False))
    assert manipulability(model, arm.home) == pytest.approx(expected, rel=1e-9)


def test_an_arm_on_a_lift_reaches_from_where_the_lift_is_at_home():
    _, _, arm, model = arm_of(str(PAIR))
    q = tool_down(model, np.array([0.6, 0.25, 0.5]), arm.home, arm.home)
    assert q is not None
    at_home = model.forward(q)
    model.mount.place(np.array([0.3]))
    np.testing.assert_allclose(model.forward(q)[2, 3] - at_home[2, 3], 0.2, atol=1e-9)


def _maps(*strengths: float, least: float = 0.03) -> list:
    """Return the findings for an arm with these values at every height, NaN for what it does not reach."""
    arm = load_embodiment("ur5e").arms[0]
    grid = np.array([strengths])
    return check_reach([ArmMaps(arm, [grid] * 3, least)], TABLE)


def test_an_arm_that_reaches_all_with_strength_passes():
    reach, strength = _maps(0.1, 0.2, 0.3)
    assert (reach.level, strength.level) == (OK, OK)
    assert reach.figures["reached"] == [1.0, 1.0, 1.0]
    assert (strength.figures["median"], strength.figures["worst"]) == (0.2, 0.1)


def test_nothing_reached_is_a_problem_half_a_warning():
    assert [one.level for one in _maps(np.nan, np.nan)] == [OK, PROBLEM]
    reach, _, together = _maps(0.1, np.nan)
    assert reach.figures["reached"] == [0.5] * 3
    assert together.level == WARNING
    assert "all arms reach 50, 50, 50 %" in together.said


def test_an_arm_that_is_weak_nearly_everywhere_is_a_warning():
    _, strength = _maps(0.01, 0.02, 0.1)
    assert strength.level == WARNING
    assert strength.figures["weak_share"] == pytest.approx(2 / 3)


def test_two_arms_share_a_table():
    arm = load_embodiment("ur5e").arms[0]
    left, right = np.array([[0.1, 0.1, np.nan]]), np.array([[np.nan, 0.1, 0.1]])
    found = check_reach([ArmMaps(arm, [left] * 3, 0.03), ArmMaps(arm, [right] * 3, 0.03)], TABLE)
    assert [one.level for one in found] == [OK] * 4

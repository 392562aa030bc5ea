# SPDX-License-Identifier: Apache-2.0
"""Links that meet: at home, nearly at home, nearly always."""

from __future__ import annotations

import numpy as np
import pytest
from assets import PAIR
from robot_rigs.changed_pair import changed_pair

from vla_ros.robots.checks.finding import OK, PROBLEM, WARNING, Finding
from vla_ros.robots.checks.home import home_positions
from vla_ros.robots.checks.self_collision import OwnDistance, check_self_collision
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

HOME = "home: [0.0, -0.7, 1.6, 0.0, 0.67, 0.0]"


def own_distance(path) -> OwnDistance:
    robot = load_embodiment(str(path))
    urdf = expand_urdf(robot)
    return OwnDistance(robot, urdf, home_positions(robot, urdf))


def checked(path, least: float = 0.005) -> Finding:
    (finding,) = check_self_collision(own_distance(path), least)
    return finding


@pytest.mark.parametrize("name", ["franka", "ur5e"])
def test_the_robots_there_are_pass(name):
    finding = checked(name)
    assert finding.level == OK
    assert 0.0 < finding.figures["colliding"] < 0.5


def test_arms_that_are_turned_to_each_other_meet():
    own = own_distance(PAIR)
    straight = {f"{side}_joint{n}": 0.0 for side in ("left", "right") for n in range(1, 7)}
    apart, _ = own.at_home(straight)
    assert 0.0 < apart < 0.5  # [m] between their shoulders
    met, links = own.at_home(straight | {"left_joint1": -0.4, "right_joint1": 0.4})
    assert met < 0.0
    assert "left" in links
    assert "right" in links


def test_a_home_in_collision_is_a_problem_that_names_the_links(tmp_path):
    finding = checked(changed_pair(tmp_path, {HOME: "home: [-1.5, 0.0, 0.0, 0.0, 0.0, 0.0]"}))
    assert finding.level == PROBLEM
    assert "into each other: change 'home'" in finding.said
    assert finding.figures["home_m"] < 0.0


def test_a_home_nearer_than_control_keeps_is_a_warning():
    finding = checked(PAIR, least=0.2)
    assert finding.level == WARNING
    assert f"{1e3 * finding.figures['home_m']:.0f} mm apart, control keeps 200" in finding.said


def test_shapes_so_large_that_links_nearly_always_meet_are_a_warning(tmp_path):
    link = 'mass="2.0" size="0.28 0.07 0.07" xyz="0.17 0 0"'
    finding = checked(changed_pair(tmp_path, xacro={link: link.replace("0.07 0.07", "0.07 0.55")}), least=None)
    assert finding.figures["colliding"] > 0.7
    assert finding.level == WARNING
    assert "% of 500 random configurations collide" in finding.said


def test_random_configurations_are_within_the_limits_and_repeatable():
    own = own_distance(PAIR)
    first, again = (own.random(np.random.default_rng(3)) for _ in range(2))
    assert first == again

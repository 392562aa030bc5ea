# SPDX-License-Identifier: Apache-2.0
"""The benchmark of whole-body control: what it finds, and that it finds what is wrong."""

import argparse
import json

import numpy as np
import pytest

from bench import whole_body
from bench.whole_body_checks import comparison, paths
from bench.whole_body_checks.bar_by_follower import bar_by_follower
from bench.whole_body_checks.fuzz import BodyFuzz
from controllers.errors import ConfigError
from controllers.whole_body.targets import BodyTarget, HandTarget
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.whole_body import whole_body as body_of

TWO_ARMED = ["agilex", "bytemini", "ldt01"]


def arguments(*words):
    parser = argparse.ArgumentParser()
    whole_body.add_arguments(parser)
    return parser.parse_args(words)


def test_a_run_keeps_every_limit_and_writes_its_figures(tmp_path, capsys):
    file = tmp_path / "figures.json"
    assert whole_body.run(arguments("--robot", "bytemini", "--targets", "20", "--json", str(file))) == 0
    figures = json.loads(file.read_text())
    assert figures["targets"] == 20
    assert figures["limit_violations"] == figures["infeasible"] == 0
    assert figures["tick_us_median"] > 0.0
    assert figures["tick_us_p999"] >= figures["tick_us_median"]
    assert figures["eight_rms_mm"] < 3.0
    assert figures["bar_error_mm"] < 3.0
    assert figures["bar_progress_min"] < 0.95  # the bar was faster than the arms
    assert "limit_violations" in capsys.readouterr().out


@pytest.mark.parametrize("robot", TWO_ARMED)
def test_two_hands_keep_a_bar_whole_on_a_path_that_is_too_fast_for_one(robot):
    apart, slowest = paths.carried_bar(robot, rounds=1)
    assert apart < 1.5  # [mm]
    assert slowest < 0.95
    assert paths.carried_bar(robot, rounds=1, rate=0.25)[0] < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("robot", TWO_ARMED)
def test_two_hands_of_a_follower_keep_a_bar_whole_where_one_arm_is_slow(robot):
    figures = bar_by_follower(robot)
    assert figures["follower_bar_commanded_mm"] < 2.5
    assert figures["follower_bar_measured_mm"] < 2.5
    assert figures["follower_bar_ended"] == 1.0
    assert figures["follower_bar_progress_min"] < 0.9


def test_random_targets_of_the_comparison_are_reached_where_they_can_be():
    body = comparison._inside(body_of(load_embodiment("ldt01")))
    targets = comparison.random_targets(body, 4, 1)
    assert [reachable for _, reachable in targets] == [True, False, True, False]
    again = comparison.random_targets(body, 4, 1)
    for (hands, _), (same, _) in zip(targets, again, strict=True):
        np.testing.assert_array_equal(hands["left"], same["left"])
    step, joints, unsolved = comparison._ours(body, 1.0)
    here = {name: T.copy() for name, T in comparison.WholeBody(body).model.T_base_ee.items()}
    found = comparison.reach(body, step, joints, [(here, True), (targets[1][0], False)], held=0.1)
    assert found["reached_share"] == 1.0
    assert found["anywhere_left_mm_median"] > 10.0  # in so short a time
    assert not unsolved
    assert found["acceleration_share_max"] < 1.001


@pytest.mark.parametrize("robot", ["bytemini", "agilex", "ldt01", "franka", "ur5e"])
def test_random_targets_leave_no_limit(robot):
    fuzz = BodyFuzz(robot, 7)
    fuzz.run(25)
    assert fuzz.what == {}
    assert fuzz.speed_share > 0.3  # it moved
    assert fuzz.acceleration_share > 0.9


def test_what_leaves_a_limit_is_counted():
    fuzz = BodyFuzz("franka", 1)
    target = fuzz._target()
    fuzz.control.bounds.upper_range = fuzz.control.bounds.upper_range - 10.0
    fuzz.follow(target)
    assert fuzz.violations == fuzz.ticks == fuzz.what["range"]


def test_a_tick_without_a_solution_is_counted():
    fuzz = BodyFuzz("franka", 1)
    fuzz.follow(BodyTarget({"panda": HandTarget(np.full((4, 4), np.nan))}))
    assert fuzz.failures == fuzz.violations == fuzz.ticks == fuzz.what["not solved"]


def test_an_eight_begins_at_rest_where_the_tool_is():
    T = np.eye(4)
    eight = paths.figure_eight(T)
    np.testing.assert_allclose(eight(0.0), T)
    assert np.abs(paths.twist_of(eight, 0.0)).max() < 1e-4
    assert np.abs(paths.twist_of(eight, 1.0)).max() > 0.05


def test_no_targets_are_refused():
    with pytest.raises(ConfigError, match="--targets must be 1 or more"):
        whole_body.run(arguments("--targets", "0"))

# SPDX-License-Identifier: Apache-2.0
"""The benchmark of whole-body control: what it finds, and that it finds what is wrong."""

import argparse
import json

import numpy as np
import pytest

from bench import whole_body
from bench.whole_body_checks import paths
from bench.whole_body_checks.fuzz import BodyFuzz
from controllers.errors import ConfigError
from controllers.whole_body.targets import BodyTarget, HandTarget


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

# SPDX-License-Identifier: Apache-2.0
"""Travels all over the workspace that once ended in a hold, beyond a joint's range or above its speed."""

import argparse
import json
from pathlib import Path

import pytest

from bench import limits
from bench.limit_fuzzing.fuzz import FIGURES, KINDS, MODES, LimitFuzz
from controllers.errors import ConfigError


def arguments(*words):
    parser = argparse.ArgumentParser()
    limits.add_arguments(parser)
    return parser.parse_args(words)


# What the first travel of a seed ended in: links 10 mm apart, 1.13 and 1.12 of a joint's speed, 13 mrad beyond a range.
@pytest.mark.parametrize("seed", [105, 101, 104, 103])
def test_a_travel_keeps_every_limit_and_is_not_held(seed):
    fuzzed = LimitFuzz(("poses",), seed, rate=500.0, delay=0.004, jitter=0.0025)
    fuzzed.travel()
    assert fuzzed.chunks >= 3
    assert fuzzed.holds == []
    assert limits.problems(fuzzed.figures()) == []
    assert fuzzed.nearest > 0.005  # [m]


def test_joint_velocities_towards_the_hand_are_bent_aside():
    """Once a fault at the second chunk: link 5 and a finger about to touch."""
    fuzzed = LimitFuzz(("velocities",), 115, rate=500.0, delay=0.004, jitter=0.0025)
    fuzzed.travel()
    fuzzed.travel()
    assert limits.problems(fuzzed.figures()) == []


def test_a_run_prints_figures_and_says_that_nothing_was_left(capsys):
    assert limits.run(arguments("--chunks", "3")) == 0
    printed = capsys.readouterr().out
    for name in ("speed_share_max", "range_exceeded_rad", "outside_box_mm", "self_distance_min_mm", "holds"):
        assert name in printed


def test_a_limit_that_is_left_is_a_problem(capsys, monkeypatch):
    class Loose(LimitFuzz):
        def travel(self) -> None:
            self.chunks, self.speed, self.holds = 5, 1.02, [("poses", "fault: # mm apart")]
            self.outside = 0.34

    monkeypatch.setattr(limits, "LimitFuzz", Loose)
    assert limits.run(arguments("--chunks", "3")) == 1
    printed = capsys.readouterr().out
    assert "speed_share_max is 1.02, allowed 1" in printed
    assert "outside_box_mm is 340, allowed 20" in printed
    assert "1 × poses: fault: # mm apart" in printed


@pytest.mark.parametrize("mode", MODES)
def test_chunks_that_cut_each_other_short_keep_every_limit_however_the_arm_is_driven(mode):
    fuzzed = LimitFuzz(MODES[mode], 5, rate=500.0, delay=0.004, jitter=0.0025, mode=mode, brief=True)
    while fuzzed.chunks < 25:
        fuzzed.travel()
    assert limits.problems(fuzzed.figures()) == []
    assert fuzzed.speed > 0.1  # of the joints': it moved


def test_another_robots_first_arm_is_fuzzed_as_it_is_driven_at_its_update_rate(monkeypatch, capsys):
    made = []

    class Kept(LimitFuzz):
        def __init__(self, *words) -> None:
            super().__init__(*words)
            made.append(self)

    monkeypatch.setattr(limits, "LimitFuzz", Kept)
    assert limits.run(arguments("--robot", "agilex", "--chunks", "8", "--seed", "2")) == 0
    (fuzzed,) = made
    assert (fuzzed._dt, fuzzed._mode) == (0.005, "position")
    assert fuzzed.speed > 0.1  # of the joints': it moved
    capsys.readouterr()
    with pytest.raises(ConfigError, match="arm 'left': unknown command 'effort'"):
        limits.run(arguments("--robot", "agilex", "--mode", "effort"))


def test_parts_of_a_run_are_put_together(tmp_path, capsys):
    parts = [dict.fromkeys(FIGURES, 0.5), dict.fromkeys(FIGURES, 0.25)]
    names = [str(tmp_path / f"{number}.json") for number in range(2)]
    for name, part in zip(names, parts, strict=True):
        Path(name).write_text(json.dumps(part | {"holds": 0.0, "range_exceeded_rad": 0.0}))
    assert limits.run(arguments("--merge", *names)) == 0
    figures = limits.merged(names)
    assert (figures["chunks"], figures["speed_share_max"], figures["self_distance_min_mm"]) == (0.75, 0.5, 0.25)
    Path(names[0]).write_text("[" * 100_000)
    with pytest.raises(ConfigError, match="not the --json"):
        limits.run(arguments("--merge", *names))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--kinds", "poses,spins"], f"--kinds must be some of {','.join(KINDS)}, got 'spins'"),
        (["--mode", "pose", "--kinds", "joints"], "--kinds must be some of poses, got 'joints'"),
        (["--merge", "nowhere.json"], "--merge nowhere.json: not the --json of a run of this bench"),
        (["--chunks", "0"], "--chunks must be 1 or more"),
        (["--rate", "5"], "--rate 100 to 4000 Hz"),
        (["--delay", "-1"], "--delay and --jitter 0 to 0.1 s"),
    ],
)
def test_bad_arguments_are_named(words, problem):
    with pytest.raises(ConfigError, match=problem):
        limits.run(arguments(*words))


def test_places_are_free_of_the_arm_and_in_the_box():
    fuzzed = LimitFuzz(("poses",), 0, rate=500.0, delay=0.004, jitter=0.0)
    q = fuzzed._free_configuration()
    assert fuzzed.one.limits.contains(fuzzed.one.model.forward(q)[:3, 3])
    assert fuzzed.one.monitor._own.objection(q) == ""

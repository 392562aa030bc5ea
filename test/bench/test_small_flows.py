# SPDX-License-Identifier: Apache-2.0
"""`vla bench horizons`, `soft_prompts` and `hydra`: their tasks, what counts as success, and their figures."""

from __future__ import annotations

import argparse
import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")

from bench import horizons, hydra, soft_prompts
from bench.moving_line import task
from bench.moving_line.drive import Abrupt, Jump, drive_waiting
from bench.small_flows import robots, slot
from controllers.chunks.chunk import ActionChunk
from controllers.errors import ConfigError
from controllers.rotations import from_matrix


class Along:
    """Lead on from where the tool is commanded to be, by a step for each place (3,) [m]."""

    def __init__(self, step, count=8):
        self.step, self.count, self.looks = step, count, 0

    def reset(self):
        """There is nothing to forget."""

    def infer(self, observation):
        self.looks += 1
        at = observation.commanded.arms[task.ARM].T_base_ee[:3, 3].copy()
        values = np.zeros((self.count, len(task.CODEC.channels)))
        values[:, 3:7] = from_matrix(task.DOWN)
        for row in values:
            at = at + self.step(at)
            row[:3] = at
        times = task.PERIOD * np.arange(1, self.count + 1)
        return ActionChunk(observation.stamp, task.FRAME, task.CODEC.channels, times, values)


def run(bench, *words):
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    return bench.run(parser.parse_args(words))


def test_a_robot_that_waits_looks_when_its_actions_are_over():
    policy = Along(lambda at: np.array([0.0, 0.012, 0.0]))
    path, looks = drive_waiting(policy, Abrupt(), None, None)
    assert looks == policy.looks == 11  # 8.2 s in chunks of 0.8 s
    _, looks = drive_waiting(policy, Abrupt(), Jump(4.7, 0.04), 4)
    assert looks == 21
    assert path.clearance < 0.0  # straight on through the post


def test_a_robot_that_stands_elsewhere_drives_the_same_way_in_the_world():
    mounting = robots.Mounting.drawn(3)
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (5, 3))
    np.testing.assert_allclose(mounting.world(mounting.own(points)), points, atol=1e-12)
    step = mounting.own(np.array([[0.0, 0.012, 0.0]])) - mounting.own(np.zeros((1, 3)))
    way = robots.drive_robot(Along(lambda at: step[0]), mounting)
    np.testing.assert_allclose(way.path[:, 0], task.LINE_X, atol=1e-9)
    assert way.path[-1, 1] == pytest.approx(task.BEGIN + 0.12 * 8.18, abs=0.01)
    assert way.error(0.0) < 1e-9
    one, other = (robots.demonstrations(robots.Mounting.drawn(seed), 20, 0) for seed in (0, 1))
    assert np.abs(one.actions - other.actions).max() > 1e-3


def test_only_a_way_through_the_slot_from_end_to_end_counts():
    x = np.linspace(-0.02, slot.LONG + 0.005, 200)

    def way(aside, last=200):
        points = slot.MOUTH + np.column_stack([x, slot.middle(x) + aside, np.zeros_like(x)])
        return slot.through(points[:last])

    assert way(0.0)
    assert way(0.9 * slot.RADIUS)
    assert not way(1.1 * slot.RADIUS)
    assert not way(0.0, last=150)  # it did not come to the end
    assert not way(np.where(np.abs(x - 0.06) < 0.005, 0.006, 0.0))  # it touched in between
    outside = slot.MOUTH + np.column_stack([x - 0.3, np.zeros_like(x), np.zeros_like(x)])
    assert not slot.through(outside)


def test_what_is_demonstrated_goes_through_and_relabelled_ways_are_straight():
    ways = slot.Demonstrations.drawn(5, seed=1)
    assert 0.2 < ways.dense.mean() < 0.9
    straight = ways.relabelled
    sparse = ~straight.dense
    across = np.cross(
        straight.points[sparse] - straight.at[sparse, None], straight.points[sparse, -1:] - straight.at[sparse, None]
    )
    assert np.abs(across).max() < 1e-9
    np.testing.assert_array_equal(straight.points[ways.dense], ways.points[ways.dense])
    steps = np.linalg.norm(np.diff(straight.points[sparse], axis=1), axis=2)
    assert steps.max() <= slot.FAST * task.PERIOD + 1e-9

    def follow(at):
        goal = slot.MOUTH - [0.015, 0.0, 0.0]
        if at[0] < goal[0] - 1e-6:
            away = goal - at
            return away * min(1.0, 0.015 / np.linalg.norm(away))
        ahead = at[0] + 0.004 - slot.MOUTH[0]
        return np.array([0.004, float(slot.middle(ahead)) - at[1], 0.0])

    assert all(slot.through(slot.drive(Along(follow), seed, 8)) for seed in range(5))
    assert not slot.through(slot.drive(Along(lambda at: np.array([0.01, 0.0, 0.0])), 0, 8))


@pytest.mark.parametrize("bench", [horizons, soft_prompts, hydra])
def test_figures_are_written_for_every_row(bench, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(soft_prompts, "JOINING_STEPS", 4)
    monkeypatch.setattr(soft_prompts, "FEW", (5,))
    monkeypatch.setattr(hydra, "DEMONSTRATIONS", (3,))
    words = ["--drives", "1", "--iterations", "6", "--json", str(tmp_path / "figures.json")]
    words += [] if bench is soft_prompts else ["--trainings", "1"]
    assert run(bench, *words) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][1:]
    expected = {horizons: (len(horizons.ROWS), 6), soft_prompts: (8, 3), hydra: (1, 3)}
    count, each = expected[bench]
    assert len(rows) == count
    assert len(figures) == count * each
    assert all(np.isfinite(value) for value in figures.values())


@pytest.mark.parametrize("bench", [horizons, soft_prompts, hydra])
@pytest.mark.parametrize("option", ["--drives", "--iterations"])
def test_what_makes_no_sense_is_one_line(bench, option):
    with pytest.raises(ConfigError, match=f"{option} must be 1 or more, got 0"):
        run(bench, option, "0")

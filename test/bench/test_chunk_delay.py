# SPDX-License-Identifier: Apache-2.0
"""`vla bench chunk_delay`: its delays, its drives, what it takes for a reaction, and its figures."""

from __future__ import annotations

import argparse
import dataclasses
import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")

from bench import chunk_delay
from bench.franka import ARM, Franka
from bench.moving_line import task
from bench.moving_line.delays import TICK, Delay, DelayedWorld
from bench.moving_line.drive import LONG_S, Abrupt, Jump, drive
from bench.moving_line.judging import judge, median_interval
from bench.moving_line.spliced import Splicing, beginning
from controllers.chunks.chunk import ActionChunk
from controllers.errors import ConfigError
from controllers.rotations import from_matrix
from vla_ros.policies.observation import Observation

VARYING = Delay(0.3, 0.15)


class Straight:
    """Lead on along y from where the tool is commanded to be, at the line's side; it takes part in no flow."""

    def reset(self) -> None:
        """There is nothing to forget."""

    def seed(self, seed: int) -> None:
        """Nothing is drawn."""

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the way."""
        count = task.HORIZON
        begin = observation.commanded.arms[ARM].T_base_ee[:3, 3]
        values = np.zeros((count, len(task.CODEC.channels)))
        values[:, :3] = begin + task.SPEED * task.PERIOD * np.arange(1, count + 1)[:, None] * [0.0, 1.0, 0.0]
        values[:, 0] = task.LINE_X + observation.commanded.joint_groups[task.LINE].q[0]
        values[:, 3:7] = from_matrix(task.DOWN)
        return ActionChunk(observation.stamp, task.FRAME, task.CODEC.channels, task.PERIOD * np.arange(1, 17), values)


def arguments(*words):
    parser = argparse.ArgumentParser()
    chunk_delay.add_arguments(parser)
    return parser.parse_args(words)


def test_delays_are_drawn_anew_for_every_inference_and_the_same_for_every_method():
    one, other = DelayedWorld(VARYING, 3), DelayedWorld(VARYING, 3)
    drawn = [one.draw() for _ in range(400)]
    assert drawn == [other.draw() for _ in range(400)]
    assert drawn[:9] != [DelayedWorld(VARYING, 4).draw() for _ in range(9)]
    assert np.mean(drawn) == pytest.approx(0.3, abs=0.03)
    assert 0.1 < np.std(drawn) < 0.16
    assert (min(drawn), max(drawn)) == (pytest.approx(0.06), pytest.approx(0.6))
    assert DelayedWorld(Delay(0.3), 0).draw() == pytest.approx(0.3)


def test_a_method_measures_what_was_drawn():
    world = DelayedWorld(VARYING, 0)
    world.look(2.0, 0.26)
    assert world.clock() == 2.0
    assert world.clock() == world.clock() == pytest.approx(2.26)


def test_a_late_policy_that_knows_the_way_is_followed_without_a_step():
    way = drive(Straight(), Abrupt(), DelayedWorld(VARYING, 1), None, corrected=False)
    assert len(way.path) == round(LONG_S / TICK)
    assert way.transition_position.max() < 1e-9
    assert way.transition_velocity.max() < 1e-6
    assert way.bend < 1e-6
    assert way.error(0.0) < 1e-9
    assert way.clearance == pytest.approx(-task.POST_RADIUS, abs=2e-3)  # straight through the post


def test_a_reaction_comes_with_the_first_chunk_that_saw_the_jump():
    judged = judge(Straight(), "none", Delay(0.3), 6, Abrupt)
    assert not judged.successes.any()
    assert (judged.reactions >= 0.3 - 1e-9).all()  # no sooner than an inference
    assert (judged.reactions <= 0.4 + 0.3 + 3 * TICK + 1e-9).all()  # a look, an inference, and 2 mm on the way
    assert (judged.settlings >= judged.reactions).all()
    assert (judged.settlings < 1.2).all()
    assert len(set(judged.reactions.round(3))) > 1  # the jump falls anywhere between two looks


def test_through_control_the_same_policy_leads_along_the_line():
    franka = Franka()
    q = beginning(franka)
    np.testing.assert_allclose(franka.model.forward(q)[:3, 3], task.BEGINNING[:3, 3], atol=1e-3)
    jump = Jump(2.0, 0.04)
    way = drive(Straight(), Splicing(franka, q), DelayedWorld(VARYING, 1), jump, corrected=False)
    speed = np.linalg.norm(np.diff(way.path, axis=0), axis=1) / TICK
    assert speed.max() < 3.0 * task.SPEED  # the jump of the line is no jump of the tool
    assert way.error(0.04) < 1e-3


def test_the_interval_of_a_median_is_between_its_ranks():
    assert median_interval(np.arange(100.0)) == (40.0, 49.5, 59.0)
    assert median_interval(np.array([5.0])) == (5.0, 5.0, 5.0)


def test_demonstrations_pass_the_post_and_lead_back_to_the_line():
    ways = task.Ways(500, seed=0)
    points = ways.points(np.zeros(500), np.zeros((500, 3)))
    before = ways.begin < task.POST - 0.1
    distance = np.linalg.norm(points[before][..., :2] - [task.LINE_X, task.POST], axis=2).min(axis=1)
    assert distance.min() > task.POST_RADIUS
    after = ways.begin > 0.2
    assert (np.abs(points[after, -1, 0] - task.LINE_X) <= 0.03 * np.abs(ways.astray[after, 0]) + 1e-3).all()


def test_what_was_drawn_then_and_what_is_right_now_belong_together():
    actions, _ = task.training_data(200, 0)
    normaliser = task.Normaliser.of(actions)
    normaliser = dataclasses.replace(normaliser, std=np.maximum(normaliser.std, task.SMALLEST))
    moments = task.correction_data(200, 0, normaliser)
    assert moments.executed.min() == 0
    assert moments.executed.max() == task.HORIZON - 5
    now = normaliser.restore(moments.actions_now)
    # Where nobody pushed and the line stood, the next action is the one that was to come.
    assert np.abs(now[..., 1] / task.PERIOD - task.SPEED).max() < 0.2


def test_methods_are_measured_and_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(chunk_delay, "DELAYS", {"varying": (0.3, 0.15)})
    file = tmp_path / "figures.json"
    methods = ("none", "act", "rtc_trained", "future_state", "a2c2", "a2c2_alone")
    words = ("--drives", "1", "--iterations", "20", "--execution", "clock", "--json", str(file), "--methods", *methods)
    assert chunk_delay.run(arguments(*words)) == 0
    figures = json.loads(file.read_text())
    ends = ("", "_low", "_high")
    assert set(figures) == {f"varying_{m}_{c}{e}" for m in methods for c in chunk_delay.COLUMNS for e in ends}
    assert all(np.isfinite(value) for value in figures.values())
    assert "| `rtc_trained` |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--drives", "0"), "--drives must be 1 or more, got 0"),
        (("--methods", "vot"), "unknown method 'vot': none, act"),
    ],
)
def test_nonsense_is_refused(words, message):
    with pytest.raises(ConfigError, match=message):
        chunk_delay.run(arguments(*words))

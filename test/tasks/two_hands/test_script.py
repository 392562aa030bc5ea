# SPDX-License-Identifier: Apache-2.0
"""A script for two arms: rows that control has not come to are sent again, refusals are answered."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.evaluation.observing import Observer
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.policies.capabilities.refusals import MOST
from vla_ros.policies.observation import Observation
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase
from vla_ros.sim.world import World
from vla_ros.tasks.two_hands.pair_codec import JointStep
from vla_ros.tasks.two_hands.script import TwoHandedScript

ARMS = ("left", "right")
ROWS = 20


class Turning(TwoHandedScript):
    """Turn both arms about the vertical, a hundredth of a radian a row; once."""

    def reset(self) -> None:
        super().reset()
        self.plans = 0

    def _next_stage(self, observation: Observation):
        return self._plan_again(observation) if not self.plans else []

    def _plan_again(self, observation: Observation):
        self.plans += 1
        rows = []
        for number in range(1, ROWS + 1):
            row = {}
            for arm in ARMS:
                q = self.world.embodiment.arm(arm).home.copy()
                q[0] += 0.01 * number
                row[arm] = JointStep(self.models[arm].forward(q).copy(), 0.05, MotionPhase.CARRY, q)
            rows.append(row)
        return rows


class Seen:
    """Observations of a robot that is told to be at a row, at a time."""

    def __init__(self) -> None:
        runner = EpisodeRunner(EpisodeSettings(policy="expert", task="handover", robot="agilex"))
        self.world = World(runner.scene(500), runner.embodiment, timestep=0.002)
        self.script = Turning(self.world, runner.arm_models, ARMS, ExpertMotionConfig())
        self._observer = Observer(self.world, "", 0.1)

    def ask(self, stamp: float, row: float) -> ActionChunk:
        state, arms = self._observer.state(), {}
        for name, arm in state.arms.items():
            q = self.world.embodiment.arm(name).home.copy()
            q[0] += 0.01 * row
            arms[name] = dataclasses.replace(arm, q=q, T_base_ee=self.script.models[name].forward(q).copy())
        commanded = dataclasses.replace(state, arms=arms)
        return self.script.infer(Observation(stamp, "", {}, state, commanded))


@pytest.fixture
def seen():
    made = Seen()
    made.script.reset()
    yield made
    made.world.close()


def first(chunk: ActionChunk) -> float:
    """Return which row a chunk begins with."""
    column = chunk.channels.index("left_joint1/position")
    return round(float(chunk.values[0, column]) / 0.01, 6)


def test_it_goes_on_where_the_arms_are_told_to_be(seen):
    assert first(seen.ask(0.0, 0)) == 1
    assert first(seen.ask(0.3, 3)) == 4
    assert first(seen.ask(0.8, 5)) == 6  # control let progress wait: two of five rows were done
    assert first(seen.ask(1.0, 7)) == 8


def test_a_refused_chunk_is_not_done(seen):
    seen.ask(0.0, 0)
    seen.ask(0.3, 3)
    seen.script.chunk_refused("too near")
    assert first(seen.ask(0.6, 3)) == 4
    assert seen.script.plans == 1


def test_what_is_refused_again_is_planned_again_and_then_given_up(seen):
    seen.ask(0.0, 0)
    statuses = []
    for number in range(1, MOST + 1):
        seen.script.chunk_refused("too near")
        statuses.append(seen.ask(0.1 * number, 0).status)
    assert seen.script.plans == 3
    assert statuses == [TaskStatus.ONGOING] * (MOST - 1) + [TaskStatus.INVALID]
    assert seen.script.explanation == "control refuses it: too near"
    assert seen.ask(1.0, 0).status is TaskStatus.ONGOING  # control took that, and may take the rest now


def test_it_is_over_when_all_rows_are_done(seen):
    seen.ask(0.0, 0)
    for number in range(1, 6):
        chunk = seen.ask(0.8 * number, min(8 * number, ROWS))
    assert np.ptp(chunk.values[:, 0]) == 0.0
    assert seen.script.plans == 1

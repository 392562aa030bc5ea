# SPDX-License-Identifier: Apache-2.0
"""Demonstrations of a robot with two hands and a base: channels by name, a sentence a frame, what the expert says."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from controllers.chunks.chunk import TaskStatus
from controllers.errors import ConfigError
from vla_ros.configuration import config_file
from vla_ros.data.datasets.check import check
from vla_ros.data.datasets.episode import EncodedEpisode
from vla_ros.data.datasets.features import ACTION, STATE
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.policies.contract import load_contract
from vla_ros.sim.world import World
from vla_ros.tasks.either_hand import task_expert
from vla_ros.training.generation import annotations as notes
from vla_ros.training.generation.contract_columns import ContractColumns
from vla_ros.training.generation.demonstration import Demonstration
from vla_ros.training.generation.demonstrators.errors import FailureMode
from vla_ros.training.generation.demonstrators.plain import PlainDemonstrator
from vla_ros.training.generation.episode_maker import EpisodeMaker
from vla_ros.training.generation.moments import RobotMoment
from vla_ros.training.generation.settings import GenerationSettings, load_settings

CONTRACT = load_contract("bytemini_table")


def moment(number: float) -> RobotMoment:
    """Return a moment in which every channel says which it is, commanded a thousand more than measured."""
    channels = dict.fromkeys((*CONTRACT.state, *CONTRACT.action.channels))
    measured = {channel: 100.0 * number + place for place, channel in enumerate(channels)}
    return RobotMoment(measured, {channel: value + 1000.0 for channel, value in measured.items()})


def test_columns_are_by_channel_and_an_action_is_what_is_commanded_a_frame_later() -> None:
    moments = [moment(number) for number in range(3)]
    columns = ContractColumns(CONTRACT).columns(moments)
    for row, now, after in zip(range(3), moments, [*moments[1:], moments[-1]], strict=True):
        np.testing.assert_array_equal(columns[STATE][row], [now.measured[channel] for channel in CONTRACT.state])
        wanted = [after.commanded[channel] for channel in CONTRACT.action.channels]
        np.testing.assert_array_equal(columns[ACTION][row], wanted)
    del moments[0].measured["base/velocity.y"]  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match=r"'base/velocity\.y'"):
        ContractColumns(CONTRACT).columns(moments)


def test_what_cannot_be_made_of_such_a_robot_is_refused() -> None:
    settings = load_settings("bytemini_bussing")
    assert set(settings.sets) >= {"basic", "step_by_step", "invalid"}
    with pytest.raises(ConfigError, match="set 'novel': its objects are for evaluation alone"):
        dataclasses.replace(settings, sets={"novel": 1.0})
    with pytest.raises(ConfigError, match="which robot 'ldt01' has not"):
        GenerationSettings(robot="ldt01", task="flip", contract="bytemini_table", sets={"basic": 1.0})


def test_frames_come_as_often_as_the_contract_says(tmp_path) -> None:
    settings = load_settings("ldt01_flip")
    maker = EpisodeMaker(settings)
    assert maker.contract.fps == 30
    scene = maker._runner.task.scene(settings.request("basic", 500, tuple(maker.contract.cameras)))
    world = World(scene, maker._runner.embodiment, timestep=0.002)
    pictures: list[float] = []
    expert = PlainDemonstrator(task_expert(maker._runner.task, world, maker._runner.arm_models))
    limits = dataclasses.replace(maker._runner.task.limits, time_limit_s=0.4)
    run = Demonstration(
        world,
        maker._runner.follower(),
        expert,
        lambda camera, color: pictures.append(world.time),
        maker._runner.task,
        limits,
        maker.contract.fps,
    )
    run.run()
    world.close()
    assert len(run.moments) == 12
    np.testing.assert_allclose(sorted(set(pictures)), np.arange(12) / 30, atol=0.0011)  # half a tick
    assert len(pictures) == 12 * len(maker.contract.cameras)
    text = config_file("contracts", "ldt01_fold.yaml").read_text().replace("fps: 30", "fps: 15")
    (tmp_path / "slower.yaml").write_text(text)
    with pytest.raises(ConfigError, match="experts look 10 times a second, which 15 frames a second are no multiple"):
        dataclasses.replace(settings, contract=str(tmp_path / "slower.yaml"))


@pytest.mark.slow
def test_what_is_not_there_is_refused_and_the_dataset_says_so(tmp_path) -> None:
    maker = EpisodeMaker(dataclasses.replace(load_settings("bytemini_bussing"), sets={"invalid": 1.0}))
    scene = maker._runner.task.scene(maker.settings.request("invalid", 500, tuple(maker.contract.cameras)))
    made = maker.play(scene, FailureMode.NONE, np.random.default_rng(0))
    assert isinstance(made, EncodedEpisode), made
    assert made.tasks == (scene.instruction,)
    assert (made.columns[notes.STATUS] == TaskStatus.INVALID.value).all()
    base = [name.startswith("base/") for name in CONTRACT.action.channels]
    assert not made.columns[ACTION][:, base].any()
    with LeRobotWriter(tmp_path / "refused", maker.schema) as writer:
        writer.add(made)
    assert check(tmp_path / "refused", deep=True) == []


@pytest.mark.slow
def test_a_grasp_beside_the_thing_is_no_example_and_what_follows_is() -> None:
    maker = EpisodeMaker(dataclasses.replace(load_settings("bytemini_bussing"), contract="bytemini_hands"))
    scene = maker._runner.task.scene(maker.settings.request("step_by_step", 1, tuple(maker.contract.cameras)))
    made = maker.play(scene, FailureMode.MISSED, np.random.default_rng(1))
    assert isinstance(made, EncodedEpisode), made
    valid = made.columns[notes.VALID].ravel() == 1
    begins = np.flatnonzero(valid[:-1] & ~valid[1:]) + 1
    runs = [(first, first + int(np.flatnonzero(valid[first:])[0])) for first in begins.tolist()]
    misses = [run for run in runs if run[1] - run[0] > 10]  # a push is over sooner
    assert misses
    assert valid.mean() > 0.6
    names = [*maker.schema.features[ACTION].names]
    widths = made.columns[ACTION][:, [names.index(f"{side}_gripper/width") for side in ("left", "right")]]
    again = [(widths[end - 2] < 0.001) & (widths[end + 3] > 0.08) for _, end in misses]
    assert np.any(again), "a hand that has closed on nothing opens, and that is an example"
    options, targets = made.columns[notes.GRASP_OPTIONS], made.columns[notes.TARGET].ravel()
    told = np.flatnonzero(options[:, 0, 8] > 0)
    assert len(told) > 20, "on its way to a thing a hand is told how it can be grasped"
    things = made.columns[notes.POSITIONS][told, targets[told]]
    assert np.linalg.norm(options[told, 0, :3] - things, axis=1).max() < 0.15
    np.testing.assert_allclose(options[told, 0, 8], 1.0)
    closed = (widths < 0.005).any(axis=1)
    held = closed & np.concatenate([np.zeros(10, dtype=bool), closed[:-10]])  # for a second at least
    assert held.any()
    assert not (options[held, 0, 8] > 0).all(), "what is held has no grasps to come"

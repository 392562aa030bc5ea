# SPDX-License-Identifier: Apache-2.0
"""The episode's parts: what the words mean, how a run is judged, the way home, control's progress."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from controllers.errors import VlaError
from vla_ros.nodes.arm.homing import raise_chunk
from vla_ros.nodes.arm.progress import ControlProgress, control_progress
from vla_ros.nodes.episode.judge import EpisodeJudge, SceneObject, objects_named
from vla_ros.sim.task import GraspTaskConfig, Outcome

MUG, CAN, BOX = (
    SceneObject("red_mug", "mug", "red", ("coffee cup",)),
    SceneObject("blue_can", "can", "blue", ("tin",)),
    SceneObject("red_box", "box", "red"),
)
SCENE = (MUG, CAN, BOX)


@pytest.mark.parametrize(
    ("instruction", "named"),
    [
        ("pick up the red mug", (MUG,)),
        ("grab the tin", (CAN,)),
        ("the coffee cup please", (MUG,)),
        ("take the red thing", (MUG, BOX)),
        ("pick up the blue mug", ()),
        ("pick up the hairdryer", ()),
        ("grab the box next to the mug", (BOX,)),
    ],
)
def test_words_mean_objects_of_the_scene(instruction, named):
    assert objects_named(instruction, SCENE) == named


def judge(*named: SceneObject) -> EpisodeJudge:
    heights = {item.name: 0.0 for item in SCENE}
    return EpisodeJudge(named, SCENE, heights, 10.0, 0.08, GraspTaskConfig(time_limit_s=20.0))


def run(judge: EpisodeJudge, seconds: float, width: float = 0.08, status: int = 0, refused: str = "", **heights: float):
    everything = {item.name: 0.0 for item in SCENE} | heights
    for _ in range(round(seconds / 0.05)):
        judge.update(judge.time + 0.05, everything, width, status, refused)
        if judge.finished:
            break


def test_lifting_what_was_named_is_a_success_told_step_by_step():
    it = judge(MUG)
    run(it, 1.0)
    run(it, 0.5, width=0.0)
    run(it, 3.0, width=0.0, red_mug=0.2)
    assert it.success
    assert it.reason == ""
    assert it.outcome is Outcome.SUCCESS
    assert it.take_events() == ["attempt 1: closing on the red mug", "lifting the red mug"]


def test_either_of_two_that_fit_counts():
    it = judge(MUG, BOX)
    run(it, 0.2)
    run(it, 3.0, width=0.0, red_box=0.2)
    assert it.success


def test_lifting_something_else_is_said_and_is_no_success():
    it = judge(MUG)
    run(it, 0.2)
    run(it, 5.0, width=0.0, blue_can=0.2)
    assert not it.success
    assert "lifting the blue can, which is not what was asked for" in it.take_events()


def test_a_policy_that_finds_nothing_ends_the_run_after_a_while():
    it = judge(MUG)
    run(it, 1.0, status=-1)
    assert not it.finished
    run(it, 5.0, status=-1)
    assert it.finished
    assert it.elapsed < 3.0
    assert "nothing that the instruction names" in it.reason


def test_when_nothing_is_named_nothing_can_succeed():
    it = judge()
    run(it, 3.0, width=0.0, red_mug=0.2)
    assert not it.success
    run(it, 30.0)
    assert it.reason == "time limit"
    assert it.outcome is Outcome.TIME


def test_refused_chunks_end_the_run_with_their_reason():
    it = judge(MUG)
    run(it, 10.0, refused="chunk asks for 9.00 m/s")
    assert it.reason == "chunks are refused: chunk asks for 9.00 m/s"
    assert it.outcome is Outcome.GAVE_UP


def test_an_arm_that_was_stopped_is_an_error_and_an_interrupt_decides_nothing():
    stopped, interrupted = judge(MUG), judge(MUG)
    stopped.stop("the arm was stopped (workspace)")
    stopped.stop("control has been silent for 2.0 s")
    assert (stopped.outcome, stopped.reason) == (Outcome.ERROR, "the arm was stopped (workspace)")
    interrupted.stop("interrupted", Outcome.RUNNING)
    assert interrupted.finished
    assert interrupted.outcome is Outcome.RUNNING


def test_the_raise_goes_straight_up():
    T = np.eye(4)
    T[:3, 3] = 0.4, 0.1, 0.05
    chunk = raise_chunk(5.0, "panda_link0", "panda", T, 0.15, 1)
    positions = chunk.positions("panda")
    np.testing.assert_allclose(positions[:, :2], [[0.4, 0.1]] * len(positions))
    assert (np.diff(positions[:, 2]) >= 0.0).all()
    assert positions[-1, 2] == pytest.approx(0.2)


def test_progress_round_trip():
    progress = ControlProgress(
        stamp=12.345678, enabled=True, hold_reason="chunk exhausted", sequence=7, source="policy", index=4,
        executed_s=0.4, status=-1, gripper_width=0.04, refused="too old", lateness_ms=0.25,
    )  # fmt: skip
    assert control_progress(progress.hold_reason, progress.values()) == progress
    assert control_progress("", dataclasses.replace(progress, hold_reason="").values()).moving


def test_progress_that_does_not_read_is_named():
    with pytest.raises(VlaError, match="control/progress"):
        control_progress("", {"sequence": "seven"})

# SPDX-License-Identifier: Apache-2.0
"""The episode's parts: what the words mean, how a run is judged, the way home, control's progress."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from controllers.errors import VlaError
from vla_ros.nodes.arm.homing import raise_chunk, release_chunk, shift_chunk
from vla_ros.nodes.arm.progress import ControlProgress, control_progress
from vla_ros.nodes.episode.patience import Patience
from vla_ros.sim.referring.meaning import Meaning
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.grasping.judge import GraspJudge
from vla_ros.tasks.grasping.lifting import WRONG, GraspTaskConfig
from vla_ros.tasks.judging import Outcome, Truth

MUG, CAN, BOX = (
    SceneObject("red_mug", "mug", "red", ("coffee cup",)),
    SceneObject("blue_can", "can", "blue", ("tin",)),
    SceneObject("red_box", "box", "red"),
)
SCENE = (MUG, CAN, BOX)


def judge(*named: SceneObject, open_: tuple[SceneObject, ...] = (), doubt: str = "") -> GraspJudge:
    meant = Meaning(named, open_, doubt)
    return GraspJudge(meant, SCENE, truth(10.0), {"hand": 0.08}, GraspTaskConfig(time_limit_s=20.0))


def truth(time: float, width: float = 0.08, **heights: float) -> Truth:
    poses = {item.name: np.eye(4) for item in SCENE}
    for name, height in heights.items():
        poses[name][2, 3] = height
    return Truth(time, poses, {"hand": width})


def run(
    judge: GraspJudge,
    seconds: float,
    width: float = 0.08,
    status: int = 0,
    refused: str = "",
    patience: Patience | None = None,
    **heights: float,
):
    patience = patience or Patience()
    for _ in range(round(seconds / 0.05)):
        judge.update(truth(judge.time + 0.05, width, **heights))
        if over := patience.over(judge.time, status, refused):
            judge.give_up(over)
        if judge.finished:
            break


def test_lifting_what_was_named_is_a_success_told_step_by_step():
    it = judge(MUG)
    run(it, 1.0)
    run(it, 0.5, width=0.0)
    run(it, 3.0, width=0.0, red_mug=0.2)
    assert it.success
    assert it.reason == ""
    assert it.outcome == Outcome.SUCCESS
    assert it.take_events() == ["attempt 1: closing on the red mug", "lifting the red mug"]


def test_either_of_two_that_fit_counts():
    it = judge(MUG, BOX)
    run(it, 0.2)
    run(it, 3.0, width=0.0, red_box=0.2)
    assert it.success


def test_lifting_something_else_is_said_and_ends_the_run_while_it_is_held():
    it = judge(MUG)
    run(it, 0.2)
    run(it, 4.5, width=0.0, blue_can=0.2)
    assert not it.finished
    assert "lifting the blue can, which is not the target" in it.take_events()
    run(it, 1.0, width=0.0, blue_can=0.2)
    assert not it.success
    assert it.outcome == WRONG
    assert it.reason == "lifted the blue can, which is not the target"
    assert it.wrong_in_hand == "blue_can"


def test_what_is_put_back_by_the_policy_itself_costs_an_attempt_and_no_more():
    it = judge(MUG)
    for _ in range(2):
        run(it, 0.2)
        run(it, 4.0, width=0.0, blue_can=0.2)
        run(it, 0.2, width=0.0)
    assert it.wrong_in_hand is None
    run(it, 0.2)
    run(it, 2.0, width=0.0, red_mug=0.2)
    assert (it.success, it.attempts, it.first_lifted) == (True, 3, "blue_can")


def test_lifting_what_may_be_meant_is_neither_a_success_nor_a_failure():
    it = judge(open_=SCENE, doubt="the instruction was not understood by the judge: it does not know 'banane'")
    run(it, 0.2)
    run(it, 2.0, width=0.0, blue_can=0.2)
    assert it.finished
    assert (it.success, it.unjudged, it.outcome) == (False, True, Outcome.UNJUDGED)
    assert it.reason.startswith("lifted the blue can; the instruction was not understood by the judge")
    assert it.wrong_in_hand is None
    assert it.take_events() == ["attempt 1: closing on something", "lifting the blue can"]


def test_lifting_nothing_is_no_success_whatever_was_asked():
    it = judge(open_=SCENE, doubt="the instruction was not understood by the judge")
    run(it, 30.0)
    assert (it.unjudged, it.outcome) == (False, Outcome.TIME)


def test_of_several_kinds_what_is_named_succeeds_what_is_open_does_not_and_the_rest_is_wrong():
    for lifted, outcome in (("red_mug", Outcome.SUCCESS), ("red_box", Outcome.UNJUDGED), ("blue_can", WRONG)):
        it = judge(MUG, open_=(BOX,), doubt="it is open")
        run(it, 0.2)
        run(it, 6.0, width=0.0, **{lifted: 0.2})
        assert it.outcome == outcome


def test_a_policy_that_finds_nothing_ends_the_run_after_a_while():
    it, patience = judge(MUG), Patience()
    run(it, 1.0, status=-1, patience=patience)
    assert not it.finished
    run(it, 5.0, status=-1, patience=patience)
    assert it.finished
    assert it.elapsed < 3.0
    assert "nothing that the instruction names" in it.reason


def test_when_nothing_is_named_nothing_can_succeed():
    it = judge()
    run(it, 3.0, width=0.0, red_mug=0.2)
    assert not it.success
    run(it, 30.0, width=0.0)
    assert it.reason == "time limit"
    assert it.outcome == Outcome.TIME


def test_refused_chunks_end_the_run_with_their_reason():
    it = judge(MUG)
    run(it, 10.0, refused="chunk asks for 9.00 m/s")
    assert it.reason == "chunks are refused: chunk asks for 9.00 m/s"
    assert it.outcome == Outcome.GAVE_UP


def test_an_arm_that_was_stopped_is_an_error_and_an_interrupt_decides_nothing():
    stopped, interrupted = judge(MUG), judge(MUG)
    stopped.stop("the arm was stopped (workspace)")
    stopped.stop("control has been silent for 2.0 s")
    assert (stopped.outcome, stopped.reason) == (Outcome.ERROR, "the arm was stopped (workspace)")
    interrupted.stop("interrupted", Outcome.RUNNING)
    assert interrupted.finished
    assert interrupted.outcome == Outcome.RUNNING


def test_the_raise_goes_straight_up():
    T = np.eye(4)
    T[:3, 3] = 0.4, 0.1, 0.05
    chunk = raise_chunk(5.0, "panda_link0", "panda", T, 0.15, 1)
    positions = chunk.positions("panda")
    np.testing.assert_allclose(positions[:, :2], [[0.4, 0.1]] * len(positions))
    assert (np.diff(positions[:, 2]) >= 0.0).all()
    assert positions[-1, 2] == pytest.approx(0.2)


def test_what_is_put_back_is_carried_straight_and_let_go():
    T = np.eye(4)
    T[:3, 3] = 0.4, 0.1, 0.25
    chunk = shift_chunk(5.0, "panda_link0", "panda", T, np.array([0.05, -0.1, -0.2]), 1)
    way = chunk.positions("panda") - T[:3, 3]
    np.testing.assert_allclose(way[-1], [0.05, -0.1, -0.2])
    np.testing.assert_allclose(np.cross(way, way[-1]), 0.0, atol=1e-12)
    opening = release_chunk(5.0, "panda_link0", "panda", "panda_hand", T, 0.08, 2)
    assert opening.column("panda_hand/width").tolist() == [0.08] * len(opening.times)
    np.testing.assert_allclose(opening.positions("panda"), np.tile(T[:3, 3], (len(opening.times), 1)))


def test_progress_round_trip():
    progress = ControlProgress(
        stamp=12.345678, enabled=True, hold_reason="chunk exhausted", sequence=7, source="policy", index=4,
        executed_s=0.4, status=-1, end_effectors={"panda_hand/width": 0.04}, refused="too old", lateness_ms=0.25,
    )  # fmt: skip
    assert control_progress(progress.hold_reason, progress.values()) == progress
    assert control_progress("", dataclasses.replace(progress, hold_reason="").values()).moving


def test_progress_that_does_not_read_is_named():
    with pytest.raises(VlaError, match="control/progress"):
        control_progress("", {"sequence": "seven"})

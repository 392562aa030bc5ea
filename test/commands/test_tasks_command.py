# SPDX-License-Identifier: Apache-2.0
"""`vla tasks`: what there is to be done, and what counts as done."""

from __future__ import annotations

from vla_ros import cli
from vla_ros.sim.scenes.sets import load_sets
from vla_ros.tasks.table import TASKS, load_task


def test_every_task_is_listed_with_what_is_to_be_done(capsys):
    assert cli.main(["tasks", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(TASKS)
    assert load_task("grasping").summary in lines[0]


def test_a_task_is_shown_with_its_success_its_limits_and_its_sets(capsys):
    assert cli.main(["tasks", "show", "grasping"]) == 0
    said = capsys.readouterr().out
    assert "15 cm above where it lay for 1 s" in said
    assert "3 attempts, 60 s" in said
    assert "extra 5, extra_alike 2" in said
    assert all(f"\n  {name} " in said for name in load_sets("grasping").sets)


def test_placing_is_shown_with_an_instruction_that_says_where(capsys):
    assert cli.main(["tasks", "show", "placing"]) == 0
    said = capsys.readouterr().out
    assert "3 attempts, 90 s" in said
    assert "the hand open and 5 cm away" in said


def test_a_task_that_does_not_exist_is_one_line(capsys):
    assert cli.main(["tasks", "show", "graspin"]) == 2
    assert "did you mean 'grasping'" in capsys.readouterr().err

# SPDX-License-Identifier: Apache-2.0
"""How far long work is, where nobody watches: a plain line now and then, from every kind of it."""

from __future__ import annotations

import argparse
import io
import re
import time
from types import SimpleNamespace

import pytest
from rich.console import Console

from vla_ros import progress
from vla_ros.evaluation.protocol.progress import TestProgress
from vla_ros.progress import WorkProgress, shown

SETTINGS = SimpleNamespace(episode=SimpleNamespace(policy="geometric"))


@pytest.fixture
def file(monkeypatch):
    """Return a console into a file, which hears of the work twenty times a second."""
    monkeypatch.setattr(progress, "PLAIN_EVERY_S", 0.05)
    return Console(file=io.StringIO(), width=80)


def lines(console: Console, expected: str) -> list[str]:
    """Wait until a line says so; return all of them."""
    deadline = time.monotonic() + 10.0
    while expected not in console.file.getvalue():
        assert time.monotonic() < deadline, console.file.getvalue()
        time.sleep(0.02)
    return console.file.getvalue().splitlines()


def test_a_file_gets_a_line_now_and_then_even_while_nothing_comes_on(file):
    with WorkProgress(console=file) as work:
        assert "beginning (0 s so far)" in lines(file, "beginning")
        task = work.add_task("roll-outs", total=24, success="")
        work.update(task, completed=6, success="success 5/6 (83 %)")
        said = lines(file, "6 of 24")[-1]
        assert said.startswith("roll-outs: 6 of 24, 25 %, success 5/6 (83 %)")
        assert "\x1b" not in said
        count = len(lines(file, "6 of 24"))
        time.sleep(0.2)
        assert len(lines(file, "6 of 24")) > count
        work.update(task, completed=24)
    done = file.file.getvalue()
    time.sleep(0.15)
    assert file.file.getvalue() == done  # nobody speaks after the work


def test_the_first_line_comes_after_ten_seconds_so_that_short_work_says_nothing():
    console = Console(file=io.StringIO())
    assert progress.PLAIN_EVERY_S == 10.0
    with shown("counting", console) as show:
        show(0.5)
    assert console.file.getvalue() == ""


def test_a_terminal_gets_bars_alone(monkeypatch):
    monkeypatch.setattr(progress, "PLAIN_EVERY_S", 0.02)
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with shown("counting", console) as show:
        show(0.5)
        time.sleep(0.2)
    assert "so far" not in console.file.getvalue()
    assert "counting" in console.file.getvalue()


def test_a_share_is_told_in_percent(file):
    with shown("merging", file) as show:
        show(0.4)
        assert lines(file, "merging: 40 %")


def test_labelling_and_stages_of_a_training_are_told(file):
    pytest.importorskip("torch")
    from vla_ros.training.stages.events import LOSSES, TrainingEvent
    from vla_ros.training.stages.progress import TrainingProgress

    with TrainingProgress(file, {"grasp": (100, 32)}) as training:
        training.show(TrainingEvent("labelling", 12, 60))
        assert lines(file, "labelling: 12 of 60, 20 %")
        training.show(TrainingEvent("labelling", 60, 60))
        training.show(TrainingEvent("grasp", 25, 100, LOSSES, {"loss": 0.5}))
        assert lines(file, "grasp: 25 of 100, 25 %, loss 0.5")


def test_a_generation_and_an_evaluation_are_told(file):
    from light_evaluation import SETTINGS

    from vla_ros.evaluation.report import EvaluationProgress
    from vla_ros.training.generation.report import GenerationProgress

    with GenerationProgress(file):
        assert lines(file, "beginning")
    with EvaluationProgress(SETTINGS, file):
        assert lines(file, f"of {SETTINGS.episodes}")


def test_the_fault_matrix_is_told_cell_by_cell(monkeypatch, capsys):
    from bench import faults
    from bench.fault_matrix.cell import Cell

    def cell(group, fault, situation):
        time.sleep(0.2)
        return Cell(fault, situation, outcome="as it must be")

    monkeypatch.setattr(progress, "PLAIN_EVERY_S", 0.05)
    monkeypatch.setattr(faults, "run_isolated", cell)
    parser = argparse.ArgumentParser()
    faults.add_arguments(parser)
    assert faults.run(parser.parse_args(["--only", "SIGKILL sim"])) == 0
    said = capsys.readouterr().out
    assert "SIGKILL sim, approach: 1 of 3, 33 %" in said
    assert said.index("SIGKILL sim, at rest: 0 of 3") < said.index("3 of 3 cells as they must be")


def test_no_work_is_shown_to_terminals_alone(root):
    """rich's own Progress says nothing in a file."""
    own = root / "vla_ros" / "progress.py"
    files = [file for room in ("vla_ros", "bench") for file in (root / room).rglob("*.py") if file != own]
    using = [file.name for file in files if re.search(r"rich\.progress import .*\bProgress\b", file.read_text())]
    assert using == []


def test_two_slow_pieces_that_end_together_do_not_make_the_rest_look_quick():
    now = [0.0]
    with WorkProgress(console=Console(file=io.StringIO()), get_time=lambda: now[0]) as work:
        task = work.add_task("scenes", total=240)
        for now[0], done in ((20.0, 1), (60.0, 2), (60.3, 3)):
            work.update(task, completed=done)
        assert "about 1:19 h left" in progress.plain_line(work.tasks[0])


def test_what_an_earlier_run_has_done_says_nothing_of_the_time_left(file):
    parts = [SimpleNamespace(row=SimpleNamespace(title=str(n)), settings=SETTINGS) for n in range(3)]
    test = SimpleNamespace(parts=parts, protocol=SimpleNamespace(scenes=200))
    with TestProgress(test, file) as work:
        for part, ended in ((0, 200), (1, 100), (1, 101), (1, 102)):
            time.sleep(0.1)
            work.show(parts[part], ended)
        (task,) = work._progress.tasks
        assert task.completed == 302
        assert task.time_remaining > 20.0  # [s] one scene in 0.1 s, 298 to come

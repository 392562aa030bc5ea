# SPDX-License-Identifier: Apache-2.0
"""`vla test` without a file: both parts at once, what failed once more; a stand-in takes the place of pytest."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vla_ros import cli
from vla_ros.commands import test as command

STAND_IN = """
import json, os, pathlib, sys
words, here = sys.argv[1:], pathlib.Path(__file__).parent
part, again = words[words.index("-m") + 1], "--last-failed" in words
with (here / "runs.jsonl").open("a") as file:
    print(json.dumps([part, again, words, os.nice(0)]), file=file)
print(f"this is {part}")
code = json.loads((here / "codes.json").read_text()).get(f"{part} {again}", 0)
sys.exit(code) if code >= 0 else os.kill(os.getpid(), -code)
"""
FRONT, OTHERS = command.REAL_TIME, command.OTHERS
Run = Callable[..., tuple[int, list[list]]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path) -> Run:
    """Return what runs `vla test` with the stand-in's exit codes, and gives back the code and what was run."""
    (tmp_path / "pytest.py").write_text(STAND_IN)
    monkeypatch.setattr(command, "PYTEST", (sys.executable, str(tmp_path / "pytest.py")))
    monkeypatch.setattr(command.signal, "signal", lambda *_: None)
    monkeypatch.chdir(root)

    def run(*words: str, **codes: int) -> tuple[int, list[list]]:
        (tmp_path / "codes.json").write_text(json.dumps(codes))
        code = cli.main(["test", *words])
        return code, [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]

    return run


def test_what_needs_real_time_goes_first_and_the_others_give_way(run: Run, capfd: pytest.CaptureFixture) -> None:
    code, runs = run("--slow-sample", "1f3a")
    assert code == 0
    nice = {part: niceness for part, _, _, niceness in runs}
    assert set(nice) == {FRONT, OTHERS}
    assert nice[OTHERS] - nice[FRONT] == min(command.NICENESS, 19 - os.nice(0))
    assert all(words[words.index("--slow-sample") + 1] == "1f3a" for _, _, words, _ in runs)
    assert capfd.readouterr().out == f"this is {FRONT}\nthis is {OTHERS}\n"


@pytest.mark.parametrize("part", [FRONT, OTHERS])
@pytest.mark.parametrize("again", [0, 1])
def test_what_failed_runs_once_more_and_that_counts(run: Run, part: str, again: int) -> None:
    code, runs = run(**{f"{part} False": 1, f"{part} True": again})
    assert code == again
    assert [(part, again) for part, again, _, _ in runs[2:]] == [(part, True)]
    first, second = (next(w for p, a, w, _ in runs if (p, a) == (part, when)) for when in (False, True))
    record = [word for word in first if word.startswith("cache_dir=")]
    assert record == [word for word in second if word.startswith("cache_dir=")]


def test_each_part_keeps_a_record_of_its_own(run: Run) -> None:
    _, runs = run()
    assert len({word for _, _, words, _ in runs for word in words if word.startswith("cache_dir=")}) == 2


def test_an_interruption_ends_it(run: Run) -> None:
    code, runs = run(**{f"{FRONT} False": 2, f"{OTHERS} False": 1})
    assert (code, len(runs)) == (2, 2)


def test_what_a_signal_ended_has_not_passed(run: Run) -> None:
    assert run(**{f"{OTHERS} False": -9})[0] != 0


def test_a_sample_needs_a_seed(run: Run, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        run("--slow-sample")
    assert ended.value.code == 2
    assert "--slow-sample: expected one argument" in capsys.readouterr().err


def test_a_long_expression_is_taken_for_no_file(tmp_path: Path) -> None:
    word = "a or " * 100 + "b"
    assert command._absolute(word) == word
    (tmp_path / "test_one.py").touch()
    assert command._absolute(f"{tmp_path}/test_one.py::two") == f"{tmp_path.resolve()}/test_one.py::two"

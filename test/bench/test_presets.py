# SPDX-License-Identifier: Apache-2.0
"""`vla bench presets`: what it makes of the launches' results, and what cannot be launched."""

from __future__ import annotations

import json

import pytest

from bench import presets
from vla_ros.cli import main
from vla_ros.launching.jobs import load_job


def result(factor: float, worst: float, motion: float, success: bool = True) -> dict[str, object]:
    return {
        "success": success,
        "failure": "" if success else "time limit",
        "real_time_factor": factor,
        "real_time_factor_worst_s": worst,
        "time_to_first_motion_s": motion,
        "cores_by_process": {"sim": 0.5, "control": 0.25},
        "exit_code": 0 if success else 1,
    }


def test_medians_worst_and_how_many_met_each_bar(monkeypatch, tmp_path, capsys):
    rows = iter([result(1.0, 0.9, 8.0), result(0.95, 0.7, 30.0), result(0.8, 0.8, 9.0, success=False)])
    monkeypatch.setattr(presets, "_launched", lambda preset, seed: next(rows))
    path = tmp_path / "presets.json"
    assert main(["bench", "presets", "--preset", "franka_drawer", "--runs", "3", "--json", str(path)]) == 0
    figures = {name.removeprefix("franka_drawer/"): value for name, value in json.loads(path.read_text()).items()}
    assert figures["runs"] == 3
    assert figures["successes"] == 2
    assert (figures["real_time_factor_median"], figures["real_time_factor_worst"]) == (0.95, 0.8)
    assert figures["real_time_factor_met"] == 2
    assert figures["real_time_factor_worst_s_met"] == 2
    assert (figures["time_to_first_motion_s_median"], figures["time_to_first_motion_s_worst"]) == (9.0, 30.0)
    assert figures["cores_median"] == 0.75
    shown = " ".join(capsys.readouterr().out.split())
    assert "seed 2: time limit, real-time factor 0.80, worst second 0.80, first motion 9.0 s (3 of 3)" in shown
    assert "2 of 3 (21 to 94 %)" in shown


def test_a_median_that_misses_is_said_and_the_exit_code(monkeypatch, capsys):
    rows = iter([result(0.7, 0.9, 8.0), {"failure": "the launch was killed", "exit_code": 1}])
    monkeypatch.setattr(presets, "_launched", lambda preset, seed: next(rows))
    assert main(["bench", "presets", "--preset", "ldt01_flip", "--runs", "1"]) == 1
    assert "not as it must be: ldt01_flip: real_time_factor 0.70, wanted 0.9" in capsys.readouterr().out
    assert main(["bench", "presets", "--preset", "ldt01_flip", "--runs", "1"]) == 1  # nothing measured is no bar met
    assert "the launch was killed" in capsys.readouterr().out


def test_every_preset_with_a_robot_of_its_own_is_run():
    for preset in presets.PRESETS:
        load_job(preset.split()[0])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--preset", "franka_draw"], "did you mean 'franka_drawer'"),
        (["--preset", "franka_grasp robot:=fr"], "did you mean 'fr3'"),
        (["--runs", "0"], "--runs must be at least 1"),
        (["--first-seed", "-1"], "--first-seed at least 0"),
    ],
)
def test_bad_input_is_one_line(words: list[str], said: str, capsys):
    assert main(["bench", "presets", "--runs", "1", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line

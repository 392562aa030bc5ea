# SPDX-License-Identifier: Apache-2.0
"""`vla bench compare`: what it prints and writes, in few comparisons; what they say is test_sequential.py's."""

from __future__ import annotations

import json

import pytest

from vla_ros.cli import main


def test_figures_of_every_law_and_pair_of_rates(tmp_path, capsys) -> None:
    file = tmp_path / "figures.json"
    assert main(["bench", "compare", "--comparisons", "20", "--scenes", "60", "--json", str(file)]) == 0
    said, figures = capsys.readouterr().out, json.loads(file.read_text())
    assert "share of 20 comparisons in which one was called better, 60 looks each" in said
    assert "80 % and 50 %" in said
    assert figures["equal_0.vla_compare"] <= 0.2 < figures["power_80_50.decided"]
    assert all(0.0 <= value <= 60.0 for value in figures.values())


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--comparisons", "9"], "--comparisons must be 10 to"), (["--scenes", "9999"], "--scenes must be 10 to 5000")],
)
def test_bad_input_is_one_line(words, message, capsys) -> None:
    assert main(["bench", "compare", *words]) == 2
    assert message in capsys.readouterr().err

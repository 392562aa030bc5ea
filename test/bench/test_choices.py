# SPDX-License-Identifier: Apache-2.0
"""What a policy means at its first look, as `vla bench choices` counts it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from bench import choices
from controllers.errors import ConfigError
from vla_ros.evaluation.reserved_seeds import reserved_seeds


def looked(*words: str) -> int:
    parser = argparse.ArgumentParser()
    choices.add_arguments(parser)
    return choices.run(parser.parse_args(words))


def test_a_thing_alone_of_its_name_is_meant_and_what_is_not_there_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    rows = ("--rows", "basic:action", "absent:action", "--scenes", "3", "--seed", "4000", "--list")
    assert looked(*rows, "--json", str(file)) == 0
    figures = json.loads(file.read_text())
    assert figures["basic_action_right"] == 1.0
    assert figures["basic_action_means_nothing"] == 0.0
    # In a scene without it, to mean something is wrong.
    assert figures["absent_action_right"] == pytest.approx(figures["absent_action_means_nothing"] / 3)
    assert 0.2 < figures["basic_action_chance"] < 1.0
    said = capsys.readouterr().out
    assert "basic, action" in said
    assert said.count("is not there") == 3 - figures["absent_action_means_nothing"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scenes", "0"), "--scenes must be at least 1"),
        (("--rows", "basic"), "--rows basic: give a set and categories, such as basic:action"),
        (("--rows", "basics:action"), "basics"),
        (("--policy", "stationary"), "stationary"),
        (("--seed", str(reserved_seeds().first)), "test seeds"),
    ],
)
def test_what_cannot_be_looked_at_is_refused(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        looked(*words)

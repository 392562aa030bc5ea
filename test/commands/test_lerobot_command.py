# SPDX-License-Identifier: Apache-2.0
"""`vla lerobot`: which word is LeRobot's is known before anything is downloaded."""

from __future__ import annotations

import pytest

from vla_ros.cli import main
from vla_ros.commands import lerobot
from vla_ros.policies.lerobot.environment import LEROBOT
from vla_ros.runtime.own_environment import OwnEnvironment


@pytest.fixture
def installs(monkeypatch, tmp_path) -> list[str]:
    """Return what was installed, of an environment that is not there yet."""
    made: list[str] = []
    monkeypatch.setenv(LEROBOT.variable, str(tmp_path / "environment"))
    monkeypatch.setattr(OwnEnvironment, "install", lambda self: made.append(self.name))
    return made


@pytest.mark.parametrize("word", ["recrod", "lerobot-recrod"])
def test_a_misspelt_command_is_refused_before_anything_is_downloaded(installs, capsys, word):
    assert main(["lerobot", word, "--robot.type=vla_ros"]) == 2
    said = capsys.readouterr()
    assert "unknown command of LeRobot's 'recrod': did you mean 'record'?" in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert installs == []


@pytest.mark.parametrize("words", [[], ["record"], ["lerobot-edit-dataset"], ["find_port"]])
def test_its_environment_is_made_for_a_command_that_it_has(installs, capsys, words):
    assert main(["lerobot", *words]) == 2  # as the stand-in has made none
    assert installs == ["lerobot"]
    assert "is not installed" in capsys.readouterr().err


def test_the_environment_of_ones_own_says_which_commands_it_has(tmp_path, monkeypatch, capsys):
    scripts = tmp_path / "lib/python3.12/site-packages/lerobot/scripts"
    scripts.mkdir(parents=True)
    for path in (scripts.parent / "__init__.py", scripts / "lerobot_fold.py", tmp_path / "bin/python"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    monkeypatch.setenv(LEROBOT.variable, str(tmp_path))
    assert main(["lerobot", "record"]) == 2
    assert "did you mean" not in (said := capsys.readouterr().err)
    assert "fold" in said


def test_the_commands_are_those_of_the_locked_version():
    """Another version may have others: `ls lerobot/scripts` of it."""
    assert "\nlerobot==0.6.1 " in LEROBOT.lock.read_text()
    if LEROBOT.installed:
        assert lerobot._scripts(LEROBOT.interpreter()) == lerobot.SCRIPTS

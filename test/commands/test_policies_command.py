# SPDX-License-Identifier: Apache-2.0
"""`vla policies`: what there is, and what one needs."""

from __future__ import annotations

import pytest

from vla_ros.cli import main


@pytest.fixture
def said(capsys):
    def call(*words: str) -> tuple[int, str]:
        code = main(["policies", *words])
        streams = capsys.readouterr()
        return code, streams.out + streams.err

    return call


def test_every_family_is_listed_in_a_line(said):
    code, text = said("list")
    assert code == 0
    names = [line.split()[0] for line in text.splitlines()]
    assert names == [
        "geometric",
        "graspvla",
        "graspvla_full",
        "gr3",
        "gr3_full",
        "gear_vla",
        "gam",
        "flow",
        "act",
        "lerobot",
        "remote",
    ]


def test_what_one_needs_of_a_robot_is_shown(said):
    code, text = said("show", "geometric")
    assert code == 0
    assert "needs camera front: colour + depth + calibration" in text
    assert "needs the state of panda, panda_hand" in text
    assert "panda_hand/width" in text


def test_one_that_cannot_run_says_why(said, tmp_path):
    code, text = said("show", "flow", "--checkpoint", str(tmp_path))
    assert code == 0
    assert "cannot run on robot 'franka': policy 'flow': " in text


@pytest.mark.parametrize(
    ("words", "text"), [(("show",), "policies show which? one of: geometric"), (("show", "flw"), "did you mean 'flow'")]
)
def test_bad_words_are_one_line_and_code_2(said, words, text):
    code, answer = said(*words)
    assert code == 2
    assert text in answer
    assert len(answer.splitlines()) == 1

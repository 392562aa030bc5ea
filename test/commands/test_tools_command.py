# SPDX-License-Identifier: Apache-2.0
"""`vla tools`: what is listed, what one consists of, and a picture that shows it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vla_ros.cli import main
from vla_ros.robots.tools.named import tool_names

CUP, FINGER = (216, 79, 31), (6, 119, 217)  # BGR


def share(image: np.ndarray, color: tuple[int, int, int]) -> float:
    return float((np.abs(image.astype(int) - color).max(axis=-1) < 6).mean())


def test_every_tool_is_listed_with_what_it_has(capsys):
    assert main(["tools", "list"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "cups", "fingers", "modes", "mass"]
    assert {row.split()[0] for row in rows} == set(tool_names())
    assert any(row.split() == ["hybrid", "3", "2", "suction,", "pinch,", "cage", "1.3", "kg"] for row in rows)


def test_a_tool_is_shown_with_its_elements_in_millimetres(capsys):
    assert main(["tools", "show", "seven_piston", "drawn_17"]) == 0
    said = capsys.readouterr().out
    assert "seven_piston: suction; 1.1 kg, 160 mm from the flange" in said
    (row,) = (line.split() for line in said.splitlines() if line.startswith("  cup_3") and "36.4" in line)
    assert row == ["cup_3", "21.0", "36.4", "15.0", "30.0"]
    assert "drawn_17: " in said


def test_a_picture_has_both_views_of_each_tool(tmp_path):
    for names, cups, fingers in ((["seven_piston"], True, False), (["parallel"], False, True), ([], True, True)):
        file = tmp_path / "tools.png"
        assert main(["tools", "show", *names, "--picture", str(file)]) == 0
        image = cv2.imread(str(file))
        views = image[: len(image) // 2], image[len(image) // 2 : -len(image) // 12]
        for view in views:
            assert (share(view, CUP) > 0.003) == cups
            assert (share(view, FINGER) > 0.001) == fingers
    seven = tmp_path / "seven.png"
    assert main(["tools", "show", "seven_piston", "--picture", str(seven)]) == 0
    below = cv2.imread(str(seven))[: len(cv2.imread(str(seven))) // 2]
    blue = (np.abs(below.astype(int) - CUP).max(axis=-1) < 6).astype(np.uint8)
    filled = cv2.morphologyEx(blue, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    areas = cv2.connectedComponentsWithStats(filled)[2][1:, cv2.CC_STAT_AREA]
    assert (areas > 300).sum() == 7


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show"], "tools show which? one of: hybrid"),
        (["show", "hybird"], "did you mean 'hybrid'"),
        (["show", "hybrid", "--picture", "a.jpg"], "give a name that ends in .png"),
        (["list", "hybrid"], "`tools list` takes neither names nor --picture"),
    ],
)
def test_bad_words_are_one_line(words, said, capsys):
    assert main(["tools", *words]) == 2
    errors = capsys.readouterr().err
    assert said in errors
    assert len(errors.splitlines()) == 1

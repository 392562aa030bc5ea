# SPDX-License-Identifier: Apache-2.0
"""Turns after which a tool is as before: what stands where afterwards is of the same kind and size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vla_ros.robots.tools.named import load_tool
from vla_ros.robots.tools.symmetry import symmetries


@pytest.mark.parametrize(
    ("name", "turns"),
    [
        ("quad_cup", [0, 90, 180, 270]),
        ("seven_piston", [0, 60, 120, 180, 240, 300]),
        ("hybrid", [0, 180]),
        ("drawn_9", [0]),
    ],
)
def test_a_tool_is_the_same_after_its_turns_and_no_others(name, turns):
    tool = load_tool(name)
    found = symmetries(tool)
    assert np.degrees([one.angle for one in found]).round() == pytest.approx(turns)
    for one in found:
        c, s = np.cos(one.angle), np.sin(one.angle)
        turned = tool.cylinders[:, :2] @ np.array([[c, s], [-s, c]])
        np.testing.assert_allclose(turned, tool.cylinders[list(one.order), :2], atol=3e-4)
        assert [tool.kinds[index] for index in one.order] == list(tool.kinds)
        assert sorted(one.order) == list(range(len(tool.names)))


def test_what_differs_but_in_its_place_is_not_the_same():
    tool = load_tool("quad_cup")
    first, *others = tool.cups
    assert len(symmetries(replace(tool, cups=(replace(first, radius=0.012), *others)))) == 1
    fingers = load_tool("parallel")
    left, right = fingers.fingers
    assert len(symmetries(fingers)) == 2
    assert len(symmetries(replace(fingers, fingers=(replace(left, closes=(1.0, 0.0)), right)))) == 1

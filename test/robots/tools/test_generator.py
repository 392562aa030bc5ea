# SPDX-License-Identifier: Apache-2.0
"""Tools from seeds: each can be built, they span what is shipped, and those for evaluation are never trained on."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.robots.tools.description import Tool
from vla_ros.robots.tools.generator import REACH_MAX, draw_tool, evaluation_seeds, held_back, training_seeds
from vla_ros.robots.tools.named import load_tool, tool_names

SEEDS = range(600)
ROUNDING = 2e-4  # [m] of two places


@pytest.fixture(scope="module")
def tools() -> list[Tool]:
    return [draw_tool(seed) for seed in SEEDS]


def edges(tool: Tool) -> np.ndarray:
    """Return (K, K) the free distance between any two elements [m]; the diagonal is infinite."""
    x_y, radius = tool.cylinders[:, :2], tool.cylinders[:, 2]
    apart = np.linalg.norm(x_y[:, None] - x_y[None, :], axis=-1) - radius[:, None] - radius[None, :]
    return apart + np.diag(np.full(len(apart), np.inf))


def test_no_two_elements_overlap_and_none_is_beyond_the_body(tools):
    for tool in tools:
        assert edges(tool).min() > 0.001, tool.name
        assert (np.linalg.norm(tool.cylinders[:, :2], axis=1) + tool.cylinders[:, 2]).max() <= tool.body_radius
        assert tool.body_radius <= REACH_MAX, tool.name


def test_fingers_close_on_the_axis_below_the_cups(tools):
    with_fingers = [tool for tool in tools if tool.fingers]
    assert {len(tool.fingers) for tool in with_fingers} == {2, 3}
    for tool in with_fingers:
        closed = [np.array([one.x, one.y]) + one.travel * one.direction for one in tool.fingers]
        most = {2: 0.0, 3: tool.fingers[0].radius / np.tan(np.pi / 3)}[len(tool.fingers)]
        assert max(map(np.linalg.norm, closed)) == pytest.approx(most, abs=ROUNDING), tool.name
        if tool.cups:
            lowest = max(cup.stroke + cup.bellows for cup in tool.cups)
            assert min(finger.stroke for finger in tool.fingers) > lowest, tool.name


def test_they_span_what_the_shipped_tools_do(tools):
    shipped = [load_tool(name) for name in tool_names()]
    for of in (
        lambda tool: len(tool.cups),
        lambda tool: tool.opening,
        lambda tool: tool.height,
        lambda tool: tool.mass,
        lambda tool: max((cup.radius for cup in tool.cups), default=0.015),
        lambda tool: max((cup.stroke for cup in tool.cups), default=0.0),
    ):
        drawn = [of(tool) for tool in tools]
        assert min(drawn) <= min(map(of, shipped))
        assert max(drawn) >= max(map(of, shipped))


def test_kinds_and_layouts_are_spread(tools):
    modes = Counter(tool.modes for tool in tools)
    assert all(modes[kind] > 0.1 * len(tools) for kind in (("suction",), ("pinch",), ("suction", "pinch", "cage")))
    counts = Counter(len(tool.cups) for tool in tools)
    assert all(counts[number] > 5 for number in range(1, 10))
    with_cups = [tool for tool in tools if tool.cups]
    assert 0.3 < np.mean([tool.cups[0].stroke > 0.0 for tool in with_cups]) < 0.7
    in_line = [np.ptp(tool.cylinders[: len(tool.cups), 0]) == 0.0 for tool in with_cups]
    assert 0.1 < np.mean(in_line) < 0.6


def test_a_seed_is_one_tool_by_its_name_and_no_other(tools):
    for tool in tools[:50]:
        assert load_tool(tool.name) == tool
    different = {(tool.cups, tool.fingers, tool.height) for tool in tools}
    assert len(different) == len(tools)


def test_one_seed_in_five_is_held_back():
    assert list(itertools.islice(evaluation_seeds(), 3)) == [4, 9, 14]
    trained = set(itertools.islice(training_seeds(), 400))
    assert not any(held_back(seed) for seed in trained)
    assert trained | set(itertools.islice(evaluation_seeds(), 100)) == set(range(500))


@pytest.mark.parametrize("name", ["drawn_99999999999", "drawn_1" + "0" * 5000])
def test_a_seed_out_of_range_is_one_line(name):
    with pytest.raises(ConfigError, match="must be 0 to 1000000000") as error:
        load_tool(name)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("name", ["drawn_", "drawn_-1", "drawn_07", "drawn_x"])
def test_what_is_no_seed_is_an_unknown_tool(name):
    with pytest.raises(ConfigError, match=r"unknown tool '.*': of the generator's are drawn_0 to drawn_1000000000"):
        load_tool(name)

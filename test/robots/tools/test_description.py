# SPDX-License-Identifier: Apache-2.0
"""Tools from YAML: what they can do, how a network sees them, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from controllers.errors import ConfigError
from vla_ros.configuration import share_directory
from vla_ros.robots.tools.named import load_tool, tool_names

HYBRID = share_directory() / "config" / "tools" / "hybrid.yaml"


@pytest.fixture
def changed(tmp_path):
    """Return the hybrid tool with one element changed, as a file."""

    def change(kind: str | None = None, **values: object) -> str:
        content = yaml.safe_load(HYBRID.read_text())
        (content if kind is None else content[kind][0]).update(values)
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(content))
        return str(path)

    return change


@pytest.mark.parametrize("name", tool_names())
def test_every_shipped_tool_is_named_like_its_file_and_no_two_elements_overlap(name):
    tool = load_tool(name)
    assert tool.name == name
    apart = np.linalg.norm(tool.cylinders[:, None, :2] - tool.cylinders[None, :, :2], axis=-1)
    touching = tool.cylinders[:, None, 2] + tool.cylinders[None, :, 2]
    assert np.all((apart >= touching) | np.eye(len(apart), dtype=bool))


def test_modes_follow_from_what_a_tool_has():
    assert load_tool("seven_piston").modes == ("suction",)
    assert load_tool("parallel").modes == ("pinch",)
    assert load_tool("hybrid").modes == ("suction", "pinch", "cage")
    assert load_tool("hybrid").opening == pytest.approx(0.12)
    assert load_tool("seven_piston").opening == 0.0
    assert load_tool("hybrid").kinds == ("cup",) * 3 + ("finger",) * 2
    assert load_tool("hybrid").strokes == pytest.approx([0.02, 0.02, 0.02, 0.06, 0.06])


def test_a_tool_of_ones_own_is_a_file(changed):
    assert load_tool(changed("cups", radius=0.02)).cups[0].radius == 0.02


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("cups", {"radius": 0.5}, r"cup 'cup_1': 'radius' must be 0.002 to 0.1 m, got 0.5"),
        ("cups", {"x": float("nan")}, r"x: must be finite, got nan"),
        ("cups", {"radios": 0.01}, r"radios.*radius"),
        ("cups", {"name": "left_finger"}, r"'left_finger' must be a word .* there once"),
        ("fingers", {"closes": [0, 0]}, r"'closes' must be a direction"),
        ("fingers", {"friction": 0}, r"'friction' must be 0.01 to 2, got 0"),
        (None, {"cups": [], "fingers": []}, r"neither 'cups' nor 'fingers'"),
        (None, {"vacuum": 200e3}, r"'vacuum' must be 1000 to 101000 Pa"),
        (None, {"fingers": yaml.safe_load(HYBRID.read_text())["fingers"][:1]}, r"one finger: give two"),
    ],
)
def test_what_cannot_be_is_one_line(changed, kind, values, said):
    with pytest.raises(ConfigError, match=said) as error:
        load_tool(changed(kind, **values))
    assert "\n" not in str(error.value)


def test_an_unknown_tool_names_the_nearest():
    with pytest.raises(ConfigError, match="seven_piston"):
        load_tool("seven_pistons")

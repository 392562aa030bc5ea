# SPDX-License-Identifier: Apache-2.0
"""What actor and critic are told of the points below each cup."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vla_ros.policies.gam.actions import Candidates, encode
from vla_ros.policies.gam.config import ActionScales
from vla_ros.policies.gam.networks.conditioning import Conditioning
from vla_ros.policies.gam.networks.element_places import places_in_tool
from vla_ros.policies.gam.networks.points_below import PointsBelow, in_tool_frames
from vla_ros.policies.gam.networks.tool_tokens import tool_numbers
from vla_ros.robots.tools.named import load_tool

TOOL = load_tool("seven_piston")
SCALES = ActionScales()
DOWN = np.diag([1.0, -1.0, -1.0])


def below(points: np.ndarray, on_object: bool = True) -> Conditioning:
    """Return what a candidate reads of a scene of these points (M, 3) [m]."""
    numbers = tool_numbers([TOOL])
    there = torch.ones(1, len(points), dtype=torch.bool)
    nothing, none = torch.zeros(1, 1, 8), torch.zeros(1, 1, dtype=torch.bool)
    places = torch.cat([numbers.cylinders[..., :2], torch.zeros(1, 7, 1)], dim=2) / SCALES.position
    return Conditioning(
        nothing, none, nothing, none, torch.zeros(1, 7, 8), numbers.there, places, numbers.cylinders[..., 2],
        numbers.closing, numbers.openings,
        torch.from_numpy(points / SCALES.position).float()[None], there & on_object, there,
    )  # fmt: skip


def over(*places: tuple[float, float, float]) -> torch.Tensor:
    count = len(places)
    nothing = np.full(count, np.nan)
    candidates = Candidates(np.array(places), np.tile(DOWN, (count, 1, 1)), np.ones((count, 7)), nothing, nothing)
    return torch.from_numpy(encode(candidates, SCALES, 7))[None]


def read(network: PointsBelow, actions: torch.Tensor, scene: Conditioning) -> torch.Tensor:
    return network(actions, places_in_tool(actions, scene, SCALES), scene)


def half_sheet() -> np.ndarray:
    """Return a level plane that ends at x = 0."""
    u, v = np.meshgrid(np.arange(-0.12, 0.0, 0.003), np.arange(-0.12, 0.12, 0.003))
    return np.column_stack([u.ravel(), v.ravel(), np.zeros(u.size)])


def test_points_stand_in_the_frame_of_the_tool():
    found = in_tool_frames(over((0.1, 0.0, 0.3)), torch.tensor([[[0.1, 0.0, 0.0], [0.1, 0.2, 0.3]]]) / SCALES.position)
    assert np.allclose(found[0, 0].numpy() * SCALES.position, [[0.0, 0.0, 0.3], [0.0, -0.2, 0.0]], atol=1e-6)


def test_a_cup_beyond_the_edge_is_told_from_one_before_it_and_far_ones_say_nothing():
    torch.manual_seed(0)
    network = PointsBelow(16, SCALES.position).eval()
    scene = below(half_sheet())
    rows = read(network, over((-0.06, 0.0, 0.01), (-0.06, 0.03, 0.01), (0.0, 0.0, 0.01), (-0.06, 0.0, 0.5)), scene)[0]
    cup = rows[:, 1]
    assert (cup[0] - cup[1]).abs().max() < 0.2 * (cup[0] - cup[2]).abs().max()  # moved along the sheet: nearly the same
    nothing = read(network, over((0.06, 0.0, 0.5)), scene)[0, 0, 1]
    assert torch.allclose(cup[3], nothing)
    other = read(network, over((-0.06, 0.0, 0.01)), below(half_sheet(), on_object=False))[0, 0, 1]
    assert (other - cup[0]).abs().max() > 0.05  # another thing's surface is no surface of the object


def test_what_is_not_there_makes_no_difference():
    torch.manual_seed(0)
    network = PointsBelow(16, SCALES.position).eval()
    scene, actions = below(half_sheet()), over((-0.06, 0.0, 0.01))
    more = torch.cat([scene.points, torch.full((1, 5, 3), -0.2)], dim=1)
    padded = replace(
        scene,
        points=more,
        points_on_object=torch.cat([scene.points_on_object, torch.ones(1, 5, dtype=torch.bool)], dim=1),
        points_there=torch.cat([scene.points_there, torch.zeros(1, 5, dtype=torch.bool)], dim=1),
    )
    assert torch.allclose(read(network, actions, scene), read(network, actions, padded))

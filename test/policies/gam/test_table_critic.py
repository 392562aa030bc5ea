# SPDX-License-Identifier: Apache-2.0
"""GAM's critic asked of grasps on a table: what it is shown, and that it tells good ones from bad ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from controllers.errors import ConfigError
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.objects.grasp import Grasp
from vla_ros.policies.gam.checkpoint import load_gam
from vla_ros.policies.gam.config import SceneTokens
from vla_ros.policies.gam.table_critic import TableCritic, from_above, pinches
from vla_ros.policies.geometric.grasps.gripper_space import GripperDimensions
from vla_ros.policies.geometric.grasps.judge import GraspSurroundings
from vla_ros.robots.embodiment import load_embodiment

TABLE = -0.05  # [m]
ROBOT = load_embodiment("franka")


@pytest.fixture(scope="module")
def critic():
    network, _ = load_gam(Path("checkpoints/gam_small"))
    return TableCritic(network, GripperDimensions.of(ROBOT.gripper("panda_hand")))


def grid(x: tuple[float, float], y: tuple[float, float], z: float, step: float = 0.004) -> np.ndarray:
    u, v = (one.ravel() for one in np.meshgrid(np.arange(*x, step), np.arange(*y, step)))
    return np.column_stack([u, v, np.full(u.size, z)])


def surroundings(*others: np.ndarray) -> GraspSurroundings:
    """A box of 12 by 4 cm, 6 cm high, on a table, seen from above."""
    box = grid((0.44, 0.56), (-0.02, 0.02), TABLE + 0.06)
    table = grid((0.3, 0.7), (-0.2, 0.2), TABLE)
    table = table[(np.abs(table[:, 0] - 0.5) > 0.06) | (np.abs(table[:, 1]) > 0.02)]
    parts = [box, *others, table]
    things = np.repeat([*range(len(parts) - 1), -1], [len(part) for part in parts])
    points = np.concatenate(parts).astype(np.float32)
    return GraspSurroundings(points, np.full((len(points), 3), 128, np.uint8), things, TABLE)


def grasp(x: float, y: float, yaw: float, z: float = TABLE + 0.035) -> Grasp:
    """Return a grasp from straight above; with yaw 0 fingers close along y."""
    T = np.eye(4)
    c, s = np.cos(yaw), np.sin(yaw)
    T[:3, :3] = np.array([[c, s, 0.0], [s, -c, 0.0], [0.0, 0.0, -1.0]])
    T[:3, 3] = (x, y, z)
    return Grasp(T, 0.08, 0.04, 0.0)


def test_it_is_shown_what_is_highest_from_above_with_no_place_where_nothing_was_measured():
    points = np.array([[0.5, 0.0, 0.1], [0.5, 0.0, 0.2], [0.6, 0.1, 0.0], [9.0, 0.0, 0.0]])
    colors = np.array([[10, 0, 0], [20, 0, 0], [30, 0, 0], [40, 0, 0]], np.uint8)
    sizes = SceneTokens()
    image, places = from_above(points, colors, np.array([0.5, 0.0]), sizes.height, sizes.width)
    assert image.shape == places.shape == (sizes.height, sizes.width, 3)
    assert np.isfinite(places[..., 0]).sum() == 2
    row, column = sizes.height // 2, sizes.width // 2
    assert places[row, column, 2] == pytest.approx(0.2)
    assert image[row, column, 0] == 20
    lower, right = np.argwhere(np.isfinite(places[..., 0]))[-1]
    assert lower > row  # further from the robot is further down, as the cameras of the totes see it
    assert right > column
    assert set(np.unique(image[..., 0])) == {20, 30}


def test_a_grasp_is_a_pinch_at_the_finger_tips(critic):
    gripper = GripperDimensions.of(ROBOT.gripper("panda_hand"))
    (position,) = pinches([grasp(0.5, 0.0, 0.0)], gripper, 2).positions
    np.testing.assert_allclose(position, [0.5, 0.0, TABLE + 0.035 - gripper.tip])
    assert critic.tool.opening == pytest.approx(gripper.opening_max)
    assert critic.tool.modes == ("pinch",)


def test_it_tells_good_grasps_from_bad_ones(critic):
    across, along, beside, end = (
        grasp(0.5, 0.0, 0.0),
        grasp(0.5, 0.0, np.pi / 2),
        grasp(0.5, 0.06, 0.0),
        grasp(0.57, 0.0, 0.0),
    )
    merits = critic.merits(surroundings(), [across, along, beside, end])
    assert merits.argmax() == 0
    assert merits[0] > 0.5
    assert max(merits[1:3]) < merits[0] - 0.2
    wall = grid((0.44, 0.56), (0.03, 0.06), TABLE + 0.1)  # no room for a finger there
    assert critic.merits(surroundings(wall), [across])[0] < merits[0] - 0.1
    assert critic.merits(surroundings(), []).shape == (0,)


@pytest.mark.parametrize(
    ("folder", "said"),
    [("nowhere", "nowhere/config.json: not found"), ("checkpoints/graspvla_small", "is a checkpoint of another kind")],
)
def test_a_critic_that_is_none_is_one_line_before_anything_starts(folder, said):
    with pytest.raises(ConfigError, match=said):
        EpisodeSettings(policy="geometric", setting=f"critic={folder}").check()


def test_the_geometric_policy_grasps_what_the_critic_likes():
    settings = EpisodeSettings(policy="geometric", spl=False, setting="critic=checkpoints/gam_small")
    episode = EpisodeRunner(settings).run(1000)
    assert episode.success, episode.cause

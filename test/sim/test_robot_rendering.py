# SPDX-License-Identifier: Apache-2.0
"""Pictures of a robot beside its table: points are where they are drawn, and cameras where scenes have them."""

from __future__ import annotations

import numpy as np
import pytest
from assets import PAIR

from vla_ros.robots.checks.home import home_positions
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.sim.robot_rendering import RobotView, render_robot
from vla_ros.sim.robot_workplace import camera_views, table_area
from vla_ros.sim.scenes.cameras import sample_cameras
from vla_ros.sim.scenes.sets import load_sets

SIZE = (320, 240)
RANGES = load_sets("grasping").scene


def views(name: str, *directions: tuple[float, float, float], more=()) -> list[RobotView]:
    robot = load_embodiment(name)
    home = home_positions(robot, expand_urdf(robot))
    return render_robot(robot, home, table_area(robot, RANGES), [np.array(d) for d in directions], SIZE, more)


def is_table(view: RobotView, point: np.ndarray) -> bool:
    column, row = np.round(view.project(point)).astype(int)
    red, _, blue = view.color[row, column].astype(int)
    return bool(red - blue > 20)  # wood beside grey paper


@pytest.mark.parametrize("direction", [(0.0, 0.0, 1.0), (1.0, 0.3, 0.8), (0.8, -0.7, 0.6)])
def test_the_tables_corners_are_where_they_are_projected(direction):
    (view,) = views("ur5e", direction)
    table = table_area(load_embodiment("ur5e"), RANGES)
    middle = np.array([*table.center, table.height])
    for sx, sy in ((1, 1), (1, -1)):  # the far corners: the hand may be above the near ones
        corner = np.array([sx * table.extent[0] / 2, sy * table.extent[1] / 2, 0.0])
        assert is_table(view, middle + 0.93 * corner)
        assert not is_table(view, middle + 1.12 * corner)


def test_everything_is_in_the_picture_and_more_is_made_room_for():
    far = np.array([3.0, 0.0, 1.0])
    for direction in ((0.0, 1.0, 0.1), (1.0, 0.9, 0.5), (0.0, 0.0, 1.0)):
        near, wide = views(str(PAIR), direction)[0], views(str(PAIR), direction, more=[far])[0]
        for view in (near, wide):
            border = np.concatenate([view.color[0], view.color[-1], view.color[:, 0], view.color[:, -1]]).astype(int)
            assert np.abs(border - border[0]).max() <= 3  # paper alone
            assert (np.abs(view.color.astype(int) - border[0]).max(axis=2) > 20).mean() > 0.01
        column, row = wide.project(far)
        assert 0 <= column < SIZE[0]
        assert 0 <= row < SIZE[1]


def test_standing_cameras_are_in_the_middle_of_what_scenes_draw():
    robot = load_embodiment("franka")
    found = {camera.name: view for camera, view in camera_views(robot, expand_urdf(robot), RANGES, {})}
    rng = np.random.default_rng(0)
    drawn = [sample_cameras(RANGES, rng) for _ in range(300)]
    for index, name in enumerate(RANGES.cameras):
        mean = np.mean([cameras[index].T_base_camera[:3, 3] for cameras in drawn], axis=0)
        np.testing.assert_allclose(found[name].T_robot_camera[:3, 3], mean, atol=0.02)
    assert found["wrist"].tool is not None


def test_a_workplace_moves_table_and_heights():
    robot, plain = load_embodiment(str(PAIR)), load_embodiment("franka")
    table, other = table_area(robot, RANGES), table_area(plain, RANGES)
    np.testing.assert_allclose(np.subtract(table.center, other.center), robot.workplace.origin[:2])
    np.testing.assert_allclose(np.subtract(table.heights, other.heights), robot.workplace.origin[2])


def test_tables_stand_as_high_as_a_workplace_says():
    robot = load_embodiment("agilex")
    assert robot.workplace.tables is not None
    heights = table_area(robot, RANGES).heights
    assert (heights[0], heights[-1]) == pytest.approx(robot.workplace.tables)

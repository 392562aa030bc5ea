# SPDX-License-Identifier: Apache-2.0
"""What cameras see: a share that geometry gives by hand, and cameras that look away."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.robots.cameras import CameraConfig
from vla_ros.robots.checks.camera_views import CameraView, check_camera
from vla_ros.robots.checks.finding import OK, PROBLEM, WARNING
from vla_ros.robots.checks.table_area import TableArea

TABLE = TableArea((0.5, 0.0), (0.4, 0.4), (0.0, 0.1, 0.2))
DOWN = np.diag([1.0, -1.0, -1.0])  # optical axis down, the picture's right along x


def camera(x=0.5, y=0.0, height=1.0, rotation=DOWN, tool=None, **config) -> tuple[CameraConfig, CameraView]:
    described = CameraConfig("eye", **config)
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = rotation, (x, y, TABLE.height + height)
    return described, CameraView(described, T, 60.0, 4 / 3, None if tool is None else np.array(tool))


def test_a_camera_above_the_table_sees_all_of_it():
    finding = check_camera(*camera(), TABLE)
    assert finding.level == OK
    assert finding.figures["table_seen"] == 1.0


@pytest.mark.parametrize("height", [0.2, 0.25, 0.3])
def test_from_near_it_sees_its_field_of_view(height):
    """The picture is 2 h tan 30° high and 4/3 as wide: so many of the grid's rows and columns are in it."""
    half = height * np.tan(np.radians(30.0))
    steps = np.linspace(-0.2, 0.2, 9)
    expected = (np.abs(steps) <= half).mean() * (np.abs(steps) <= half * 4 / 3).mean()
    finding = check_camera(*camera(height=height), TABLE)
    assert finding.figures["table_seen"] == pytest.approx(expected)
    assert finding.level == (OK if expected >= 0.5 else WARNING)


def test_a_calibrated_camera_that_looks_away_is_a_problem():
    finding = check_camera(*camera(rotation=np.eye(3)), TABLE)  # up, the table behind it
    assert finding.level == PROBLEM
    assert "sees 0 % of the table's area" in finding.said
    mounted = check_camera(*camera(rotation=np.eye(3), frame="head"), TABLE)
    assert "turn its 'mount'" in mounted.said


def test_one_without_calibration_may_look_where_it_likes():
    assert check_camera(*camera(rotation=np.eye(3), calibrated=False), TABLE).level == OK


@pytest.mark.parametrize(("x", "level"), [(0.5, OK), (2.5, WARNING)])
def test_a_camera_on_an_arm_is_to_see_the_tool(x, level):
    assert check_camera(*camera(tool=(x, 0.0, 0.3), frame="hand"), TABLE).level == level


def test_one_that_is_not_drawn_is_said():
    finding = check_camera(CameraConfig("eye", frame="hand"), None, TABLE)
    assert finding.level == WARNING
    assert "'mount'" in finding.said

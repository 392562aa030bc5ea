# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import importlib
import importlib.util

import pytest

from controllers.errors import ConfigError
from vla_ros.launching.jobs import load_job
from vla_ros.launching.ros_launch import launch_description, misspelt, node_settings

ARGUMENTS = load_job("franka_grasp").arguments
HAS_LAUNCH = importlib.util.find_spec("launch_ros") is not None


def test_a_secret_on_the_command_line_is_refused_there_too():
    arguments = load_job("teleop").arguments
    (line,) = misspelt(["token:=a-token-of-twenty-one"], arguments)
    assert "give token_file:=FILE" in line
    assert "twenty" not in line


@pytest.mark.skipif(HAS_LAUNCH, reason="ROS 2's launch is installed here")
def test_without_launch_the_error_names_the_other_way(root):
    with pytest.raises(ConfigError, match="use `vla launch franka_grasp`"):
        launch_description(load_job("franka_grasp"))


def test_settings_of_the_user_come_first():
    settings = node_settings({"discovery": "subnet", "domain_id": -1}, {"MUJOCO_GL": "osmesa", "OMP_NUM_THREADS": "4"})
    assert settings["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SUBNET"
    assert settings["OPENBLAS_NUM_THREADS"] == "1"
    assert not {"MUJOCO_GL", "OMP_NUM_THREADS", "ROS_DOMAIN_ID"} & settings.keys()
    assert node_settings({"domain_id": 7}, {})["ROS_DOMAIN_ID"] == "7"
    assert node_settings({}, {})["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("sed:=1", "launch argument 'sed' does not exist: did you mean 'seed'?"),
        ("speed_scle:=0.1", "did you mean 'speed_scale'?"),
        ("seed:=1", None),
        ("something_of_an_outer_launch_file:=1", None),
        ("no assignment", None),
    ],
)
def test_what_looks_like_an_argument_but_is_none_is_named(word, expected):
    lines = misspelt([word], ARGUMENTS)
    assert len(lines) == (expected is not None)
    assert all(expected in line for line in lines)

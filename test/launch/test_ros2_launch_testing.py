# SPDX-License-Identifier: Apache-2.0
"""The launch file included by another one, under launch_testing; skipped where ROS 2's launch is not installed."""

from __future__ import annotations

import tempfile
import unittest

import pytest
from assets import ROOT
from ros2_home import why_not

if why_not():
    pytest.skip(why_not(), allow_module_level=True)

pytest.importorskip("launch_testing")

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import launch_testing.markers
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from launch import LaunchDescription
from vla_ros.launching.environment import free_domain

LAUNCH_FILE = ROOT / "launch" / "franka_grasp.launch.py"
SUCCESS_WITHIN_S = 300.0  # [s] generous: a loaded machine is slow, not wrong


@pytest.mark.launch_test
@launch_testing.markers.keep_alive
def generate_test_description():
    """Return the job on a ROS domain of its own, and the sign to begin."""
    arguments = {
        "seed": "118",
        "domain_id": str(free_domain()),
        "run_directory": tempfile.mkdtemp(prefix="vla_ros_launch_testing_"),
    }
    source = PythonLaunchDescriptionSource(str(LAUNCH_FILE))
    return LaunchDescription(
        [
            IncludeLaunchDescription(source, launch_arguments=arguments.items()),
            launch_testing.actions.ReadyToTest(),
        ]
    )


class TestWhileItRuns(unittest.TestCase):
    def test_it_lifts_the_object(self, proc_output):
        proc_output.assertWaitFor("success: lifted the brown pear", timeout=SUCCESS_WITHIN_S, stream="stdout")


@launch_testing.post_shutdown_test()
class TestAfterwards(unittest.TestCase):
    def test_every_node_ended_by_itself(self, proc_info):
        launch_testing.asserts.assertExitCodes(proc_info, allowable_exit_codes=[0, 1, 130])

# SPDX-License-Identifier: Apache-2.0
"""What the judge of a graph sees of things that lie still while the base drives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rclpy
from scipy.spatial.transform import Rotation

from vla_ros import messages
from vla_ros.nodes.episode.topics import EpisodeNode

CUP = np.array([[1.0, 0.0, 0.0, 0.6], [0.0, 1.0, 0.0, -0.1], [0.0, 0.0, 1.0, 0.8], [0.0, 0.0, 0.0, 1.0]])
DRIVEN = np.eye(4)
DRIVEN[:3, :3] = Rotation.from_euler("z", 0.4).as_matrix()
DRIVEN[:2, 3] = (-0.3, 0.2)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[EpisodeNode]:
    words = ["-p", f"run_directory:={tmp_path}", "-p", "robot:=bytemini"]
    rclpy.init(args=["episode", "--ros-args", *words])
    node = EpisodeNode()
    yield node
    node.destroy_node()
    rclpy.shutdown()


def see(node: EpisodeNode, T_odom_base: np.ndarray) -> None:
    """Tell it where the base is, and the cup as it is seen from there."""
    node._on_odometry(messages.odometry(T_odom_base, np.zeros(3), 1.0, "odom", "base_link"))
    node._on_truth(messages.pose_array([np.linalg.inv(T_odom_base) @ CUP], 1.0, "base_link"))


def test_what_stands_still_does_so_for_the_judge(node: EpisodeNode) -> None:
    node.scene = {"objects": [{"name": "cup"}]}
    for T_odom_base in (np.eye(4), DRIVEN):
        see(node, T_odom_base)
        np.testing.assert_allclose(node.truth().objects["cup"], CUP, atol=1e-12)


def test_where_the_base_was_in_the_scene_before_is_forgotten(node: EpisodeNode) -> None:
    missing = "the base's odometry (odom)"
    node.scene = {"objects": [{"name": "cup"}]}
    assert missing in node.missing()
    see(node, DRIVEN)
    assert missing not in node.missing()
    node.forget_scene()
    node._on_odometry(messages.odometry(DRIVEN, np.zeros(3), 1.0, "odom", "base_link"))  # of the scene that is over
    node.scene = {"objects": [{"name": "cup"}]}
    assert missing in node.missing()

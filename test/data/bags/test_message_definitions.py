# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.message_definitions import SEPARATOR, TF, VIDEO, message_definition

TYPES = (
    "builtin_interfaces/msg/Time", "diagnostic_msgs/msg/DiagnosticArray", "geometry_msgs/msg/PoseStamped",
    "nav_msgs/msg/Odometry", "rcl_interfaces/msg/ParameterEvent", "rosgraph_msgs/msg/Clock",
    "sensor_msgs/msg/CameraInfo", "sensor_msgs/msg/Image", "sensor_msgs/msg/JointState", "sensor_msgs/msg/PointCloud2",
    "std_msgs/msg/Bool", "std_msgs/msg/Empty", "std_msgs/msg/Float64MultiArray", "trajectory_msgs/msg/JointTrajectory",
    "visualization_msgs/msg/MarkerArray", "lifecycle_msgs/msg/TransitionEvent", TF,
)  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_the_text_describes_the_type_completely_and_hashes_to_what_ros_says(name):
    store, definition = Typestore(), message_definition(name)
    store.register(get_types_from_msg(definition.text, name))
    assert store.hash_rihs01(name) == definition.type_hash == get_typestore(Stores.ROS2_JAZZY).hash_rihs01(name)


def test_parts_come_once_each_behind_a_line_as_rosbag2_writes_them():
    text = message_definition("diagnostic_msgs/msg/DiagnosticArray").text
    sections = text.split(f"{SEPARATOR}\n")
    assert [section.partition("\n")[0] for section in sections[1:]] == [
        "MSG: std_msgs/Header", "MSG: builtin_interfaces/Time", "MSG: diagnostic_msgs/DiagnosticStatus",
        "MSG: diagnostic_msgs/KeyValue",
    ]  # fmt: skip
    assert "std_msgs/Header header" in sections[0]


def test_a_video_frame_carries_foxgloves_fields():
    text = message_definition(VIDEO).text
    fields = [line for line in text.partition(SEPARATOR)[0].splitlines() if not line.startswith("#")]
    assert fields == ["builtin_interfaces/Time timestamp", "string frame_id", "uint8[] data", "string format"]
    assert message_definition(VIDEO).type_hash.startswith("RIHS01_")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("robot_msgs/msg/Arm", "install or source the ROS package 'robot_msgs'"),
        ("std_msgs/msg/Strin", "'std_msgs/msg/Strin' has no definition here"),
        ("String", "give package/msg/Type"),
    ],
)
def test_a_type_that_is_not_installed_is_named(name, message):
    with pytest.raises(BagError, match=message):
        message_definition(name)

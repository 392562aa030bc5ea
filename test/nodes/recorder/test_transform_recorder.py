# SPDX-License-Identifier: Apache-2.0
"""What the recorder adds of transforms: joints and a camera that moves come from two topics, and into one."""

from assets import PAIR
from geometry_msgs.msg import PoseStamped
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState

from vla_ros.data.bags.reader import BagMessage
from vla_ros.nodes.recorder.transform_recorder import TransformRecorder
from vla_ros.robots.embodiment import load_embodiment

MS = 1_000_000  # [ns]


class Kept:
    """Stands for a recording: what was put into it."""

    def __init__(self) -> None:
        self.messages: list[BagMessage] = []

    def add_topic(self, *_: object) -> None:
        pass

    def put(self, message: BagMessage) -> None:
        self.messages.append(message)


def test_transforms_do_not_go_back_in_time_where_one_of_their_causes_is_read_late():
    groups = load_embodiment(str(PAIR)).jointed_groups
    joints = JointState(name=[joint for group in groups for joint in group.joints])
    joints.position = joints.velocity = joints.effort = [0.0] * len(joints.name)
    pose = PoseStamped()
    pose.header.frame_id, pose.pose.orientation.w = "base_link", 1.0
    kept = Kept()
    recorder = TransformRecorder(str(PAIR), kept)
    for topic, content, at in (
        ("/joint_states", joints, 1000),
        ("/joint_states", joints, 1400),
        ("/cameras/head/pose", pose, 1250),  # waited while joint states were read
        ("/joint_states", joints, 1600),
    ):
        recorder.see(BagMessage(topic, at * MS, at * MS, bytes(serialize_message(content)), 0), ())
    times = [message.log_time // MS for message in kept.messages if message.topic == "/tf"]
    assert times == [1000, 1400, 1400, 1600]

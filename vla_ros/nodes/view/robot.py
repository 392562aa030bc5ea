# SPDX-License-Identifier: Apache-2.0
"""The robot: its links in 3D, their transforms, its joints as numbers, and where the tool has been."""

from __future__ import annotations

from foxglove.channels import FrameTransformsChannel, JointStatesChannel, SceneUpdateChannel
from foxglove.messages import FrameTransforms, JointStates
from foxglove.messages import JointState as ShownJoint
from rclpy.node import Node
from sensor_msgs.msg import JointState

from vla_ros import messages, qos
from vla_ros.nodes.view import drawing
from vla_ros.nodes.view.feed import NewestFeed, Watched
from vla_ros.nodes.view.server import ViewServer
from vla_ros.nodes.view.trail import Trail
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.visible_robot import VisibleRobot

MEASURED: drawing.RGBA = (0.15, 0.65, 1.0, 1.0)


class RobotView:
    """Show the newest joint state when asked: of 500 a second most are never even decoded."""

    def __init__(self, node: Node, quiet_node: Node, server: ViewServer, embodiment: Embodiment) -> None:
        joints = list(embodiment.driven_joints)
        joints += [joint for gripper in embodiment.grippers for joint in gripper.joints]
        joints += embodiment.pistons  # in, where nobody says otherwise
        self.tree = VisibleRobot(expand_urdf(embodiment), joints)
        self._tools = [arm.tool_frame for arm in embodiment.arms]
        self._reader = messages.JointStateReader(joints, embodiment.pistons)
        self._server = server
        self._shown = -1.0  # [s] stamp of the last state shown
        name, context = node.resolve_topic_name, server.context
        self.transforms = FrameTransformsChannel(name("tf"), context=context)
        self._robot = SceneUpdateChannel(name("robot"), context=context)
        self._states = JointStatesChannel(name("joint_states"), context=context)
        self._path = SceneUpdateChannel(name("measured_path"), context=context)
        self._trails = {tool: Trail() for tool in self._tools}
        channels: list[Watched] = [self.transforms, self._states, self._path, self._robot]
        self._feed = NewestFeed(quiet_node, JointState, name("joint_states"), qos.NEWEST, channels)
        self.feeds = [self._feed]

    def show(self) -> None:
        """Show the newest joint state, once."""
        message = self._feed.take()
        sample = None if message is None else self._reader.read(message)
        if sample is None or sample.stamp == self._shown:
            return
        time = self._shown = sample.stamp
        self._server.follow(time)
        self.tree.update(sample.position)
        at = drawing.nanoseconds(time)
        if self.transforms.has_sinks():
            placed = [drawing.frame_transform(time, *item) for item in self.tree.transforms()]
            self.transforms.log(FrameTransforms(transforms=placed), log_time=at)
        if self._states.has_sinks():
            values = zip(self._reader.joints, sample.position.tolist(), sample.velocity.tolist(), strict=True)
            shown = [ShownJoint(name=name, position=q, velocity=dq) for name, q, dq in values]
            self._states.log(JointStates(timestamp=drawing.timestamp(time), joints=shown), log_time=at)
        for tool, trail in self._trails.items():
            trail.add(time, self.tree.T_base_link(tool)[:3, 3])

    def show_slowly(self) -> None:
        """Show what changes little: the path, as often as the eye wants it."""
        if self._path.has_sinks() and self._shown >= 0.0:
            lines = [drawing.line(trail.points(), MEASURED) for trail in self._trails.values()]
            update = drawing.scene(self._shown, self.tree.root, "measured", lines=lines)
            self._path.log(update, log_time=drawing.nanoseconds(self._shown))

    def show_still(self) -> None:
        """Show what never changes, again and again for whoever has just come."""
        if self._robot.has_sinks():
            time = self._server.time
            self._robot.log(drawing.robot_scene(time, self.tree.shapes), log_time=drawing.nanoseconds(time))

    def forget(self) -> None:
        """Begin anew: time has turned back."""
        for trail in self._trails.values():
            trail.clear()

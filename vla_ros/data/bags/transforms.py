# SPDX-License-Identifier: Apache-2.0
"""/tf and /tf_static for a bag whose graph has neither: RViz and Foxglove place robot and cameras by them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from controllers.rotations import from_matrix
from vla_ros.data.bags.cdr import MessageCodec
from vla_ros.data.bags.message_definitions import TF
from vla_ros.robots.link_tree import LinkTree

JOINT_STATE, POSE = "sensor_msgs/msg/JointState", "geometry_msgs/msg/PoseStamped"
TF_TOPIC, TF_STATIC_TOPIC = "/tf", "/tf_static"
PERIOD_NS = 20_000_000  # of /tf: 50 Hz


class RobotTransforms:
    """Turn raw joint states and camera poses into raw transforms."""

    def __init__(self, urdf: str) -> None:
        self._tree = LinkTree(urdf)
        self._codec = codec = MessageCodec()
        codec.learn_installed(JOINT_STATE, POSE, TF)
        self._cameras: dict[str, Any] = {}  # optical frame: pose message
        self._due = 0  # [ns] receive time from which on the next joint state is used

    def is_due(self, log_time: int) -> bool:
        """Say whether joint states received at `log_time` [ns] are to be turned into transforms."""
        # Half a period of 500 Hz as grace: states need not come at exact multiples.
        if self._due - PERIOD_NS <= log_time < self._due - 1_000_000:
            return False
        self._due = log_time + PERIOD_NS
        return True

    def moving(self, joint_state: bytes) -> bytes:
        """Return the links that joints move, as /tf."""
        state = self._codec.decode(JOINT_STATE, joint_state)
        positions = dict(zip(state.name, state.position.tolist(), strict=False))
        known = {name: q for name, q in positions.items() if q == q}
        return self._encode(
            self._transform(state.header.stamp, link.parent, link.child, link.T_parent_child)
            for link in self._tree.moving(known)
        )

    def camera(self, frame: str, pose: bytes) -> bytes:
        """Take where a camera's optical frame is; return all that stands still, as /tf_static."""
        self._cameras[frame] = message = self._codec.decode(POSE, pose)
        return self.fixed(message.header.stamp)

    def fixed(self, stamp: Any = None) -> bytes:
        """Return all that stands still."""
        stamp = stamp or self._codec.make("builtin_interfaces/msg/Time", sec=0, nanosec=0)
        links = [self._transform(stamp, link.parent, link.child, link.T_parent_child) for link in self._tree.fixed]
        links += [self._camera(frame, message) for frame, message in self._cameras.items()]
        return self._encode(links)

    def moving_camera(self, frame: str, pose: bytes) -> bytes:
        """Return where the optical frame of a camera on the robot is, as /tf."""
        return self._encode([self._camera(frame, self._codec.decode(POSE, pose))])

    def _camera(self, frame: str, message: Any) -> Any:
        position, rotation = message.pose.position, message.pose.orientation
        xyz, xyzw = (position.x, position.y, position.z), (rotation.x, rotation.y, rotation.z, rotation.w)
        return self._stamped(message.header, frame, xyz, xyzw)

    def _encode(self, transforms: Iterable[Any]) -> bytes:
        return self._codec.encode(TF, self._codec.make(TF, transforms=list(transforms)))

    def _transform(self, stamp: Any, parent: str, child: str, T_parent_child: np.ndarray) -> Any:
        header = self._codec.make("std_msgs/msg/Header", stamp=stamp, frame_id=parent)
        quaternion = tuple(float(value) for value in from_matrix(T_parent_child[:3, :3]))
        return self._stamped(header, child, tuple(T_parent_child[:3, 3].tolist()), quaternion)

    def _stamped(self, header: Any, child: str, xyz: tuple[float, ...], xyzw: tuple[float, ...]) -> Any:
        make = self._codec.make
        translation = make("geometry_msgs/msg/Vector3", x=xyz[0], y=xyz[1], z=xyz[2])
        rotation = make("geometry_msgs/msg/Quaternion", x=xyzw[0], y=xyzw[1], z=xyzw[2], w=xyzw[3])
        transform = make("geometry_msgs/msg/Transform", translation=translation, rotation=rotation)
        return make("geometry_msgs/msg/TransformStamped", header=header, child_frame_id=child, transform=transform)

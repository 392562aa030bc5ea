# SPDX-License-Identifier: Apache-2.0
"""Numbers as messages of a bag: the counterpart of message_numbers.py, without ROS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vla_ros.data.bags.cdr import MessageCodec

TYPES = {
    "joint_state": "sensor_msgs/msg/JointState",
    "pose": "geometry_msgs/msg/PoseStamped",
    "status": "diagnostic_msgs/msg/DiagnosticStatus",
    "image": "sensor_msgs/msg/Image",
    "camera_info": "sensor_msgs/msg/CameraInfo",
    "string": "std_msgs/msg/String",
    "numbers": "std_msgs/msg/Float64MultiArray",
    "trajectory": "trajectory_msgs/msg/JointTrajectory",
    "twist": "geometry_msgs/msg/TwistStamped",
    "odometry": "nav_msgs/msg/Odometry",
}


class MessageMaker:
    """Encode messages as CDR; times are [ns]."""

    def __init__(self) -> None:
        self._codec = MessageCodec()
        self._codec.learn_installed(*TYPES.values())

    def joint_state(self, time: int, names: Sequence[str], position: np.ndarray, velocity: np.ndarray) -> bytes:
        """Return joints' positions and velocities (N,); an empty velocity is one that is not told."""
        empty = np.empty(0)
        return self._encode(
            "joint_state",
            header=self._header(time, ""),
            name=list(names),
            position=position.astype(float),
            velocity=velocity.astype(float),
            effort=empty,
        )

    def pose(self, time: int, frame: str, pose: np.ndarray) -> bytes:
        """Return a pose (7,) position and quaternion xyzw in `frame`."""
        x, y, z, qx, qy, qz, qw = (float(value) for value in pose)
        make = self._codec.make
        return self._encode(
            "pose",
            header=self._header(time, frame),
            pose=make(
                "geometry_msgs/msg/Pose",
                position=make("geometry_msgs/msg/Point", x=x, y=y, z=z),
                orientation=make("geometry_msgs/msg/Quaternion", x=qx, y=qy, z=qz, w=qw),
            ),
        )

    def status(self, name: str, message: str, values: Mapping[str, str]) -> bytes:
        """Return a status with named values."""
        pairs = [self._codec.make("diagnostic_msgs/msg/KeyValue", key=k, value=v) for k, v in values.items()]
        return self._encode("status", level=0, name=name, message=message, hardware_id="", values=pairs)

    def image(self, time: int, frame: str, image: np.ndarray) -> bytes:
        """Return a picture (H, W, 3) uint8 RGB."""
        return self._encode(
            "image",
            header=self._header(time, frame),
            height=image.shape[0],
            width=image.shape[1],
            encoding="rgb8",
            is_bigendian=0,
            step=3 * image.shape[1],
            data=np.ascontiguousarray(image).reshape(-1),
        )

    def camera_info(self, time: int, frame: str, intrinsics: np.ndarray, size: tuple[int, int]) -> bytes:
        """Return the calibration fx, fy, cx, cy [px] of a pinhole camera of width, height [px]."""
        fx, fy, cx, cy = (float(value) for value in intrinsics)
        roi = self._codec.make(
            "sensor_msgs/msg/RegionOfInterest", x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
        )
        return self._encode(
            "camera_info",
            header=self._header(time, frame),
            height=size[1],
            width=size[0],
            distortion_model="plumb_bob",
            d=np.zeros(5),
            k=np.array([fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]),
            r=np.eye(3).ravel(),
            p=np.array([fx, 0.0, cx, 0.0, 0.0, fy, cy, 0.0, 0.0, 0.0, 1.0, 0.0]),
            binning_x=0,
            binning_y=0,
            roi=roi,
        )

    def string(self, words: str) -> bytes:
        """Return words."""
        return self._encode("string", data=words)

    def numbers(self, values: np.ndarray) -> bytes:
        """Return numbers (N,), as a controller's commands."""
        layout = self._codec.make("std_msgs/msg/MultiArrayLayout", dim=[], data_offset=0)
        return self._encode("numbers", layout=layout, data=values.astype(float))

    def twist(self, time: int, frame: str, twist: np.ndarray) -> bytes:
        """Return a velocity (6,) linear [m/s] and angular [rad/s] in `frame`."""
        return self._encode("twist", header=self._header(time, frame), twist=self._twist(twist))

    def odometry(self, time: int, frame: str, child: str, place: np.ndarray, velocity: np.ndarray) -> bytes:
        """Return where the base `child` is in `frame` (3,) x, y [m], yaw [rad], and its velocity (3,) in its own."""
        make, (x, y, yaw) = self._codec.make, (float(value) for value in place)
        pose = make(
            "geometry_msgs/msg/Pose",
            position=make("geometry_msgs/msg/Point", x=x, y=y, z=0.0),
            orientation=make("geometry_msgs/msg/Quaternion", x=0.0, y=0.0, z=np.sin(yaw / 2), w=np.cos(yaw / 2)),
        )
        twist = self._twist(np.array([velocity[0], velocity[1], 0.0, 0.0, 0.0, velocity[2]]))
        unknown = np.zeros(36)
        return self._encode(
            "odometry",
            header=self._header(time, frame),
            child_frame_id=child,
            pose=make("geometry_msgs/msg/PoseWithCovariance", pose=pose, covariance=unknown),
            twist=make("geometry_msgs/msg/TwistWithCovariance", twist=twist, covariance=unknown),
        )

    def _twist(self, twist: np.ndarray) -> Any:
        vx, vy, vz, wx, wy, wz = (float(value) for value in twist)
        make = self._codec.make
        return make(
            "geometry_msgs/msg/Twist",
            linear=make("geometry_msgs/msg/Vector3", x=vx, y=vy, z=vz),
            angular=make("geometry_msgs/msg/Vector3", x=wx, y=wy, z=wz),
        )

    def trajectory(
        self, time: int, frame: str, channels: Sequence[str], after: np.ndarray, values: np.ndarray
    ) -> bytes:
        """Return rows (H, C) of channels at `time + after` (H,) [s]."""
        empty, make = np.empty(0), self._codec.make
        points = [
            make(
                "trajectory_msgs/msg/JointTrajectoryPoint",
                positions=row.astype(float),
                velocities=empty,
                accelerations=empty,
                effort=empty,
                time_from_start=self._time("Duration", round(offset * 1e9)),
            )
            for row, offset in zip(values, after.tolist(), strict=True)
        ]
        return self._encode("trajectory", header=self._header(time, frame), joint_names=list(channels), points=points)

    def _header(self, time: int, frame: str) -> Any:
        return self._codec.make("std_msgs/msg/Header", stamp=self._time("Time", time), frame_id=frame)

    def _time(self, kind: str, time: int) -> Any:
        seconds, nanoseconds = divmod(time, 1_000_000_000)
        return self._codec.make(f"builtin_interfaces/msg/{kind}", sec=seconds, nanosec=nanoseconds)

    def _encode(self, kind: str, **fields: Any) -> bytes:
        name = TYPES[kind]
        return self._codec.encode(name, self._codec.make(name, **fields))

# SPDX-License-Identifier: Apache-2.0
"""ROS message <-> NumPy, the only place.

Stamps become float seconds: exact to the nanosecond in simulated time, to 0.2 µs in wall time.
Writers own one message and one buffer and fill them anew, because a message object costs more than its content.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from builtin_interfaces.msg import Duration, Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Point, Pose, PoseArray, PoseStamped, TransformStamped, TwistStamped, WrenchStamped
from nav_msgs.msg import Odometry
from rclpy.serialization import deserialize_message
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import ColorRGBA, Float64MultiArray, MultiArrayDimension
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from visualization_msgs.msg import ImageMarker, Marker, MarkerArray

from controllers.chunks.chunk import ActionChunk, check_length
from controllers.errors import ChunkError, VlaError
from controllers.rotations import from_matrix, normalise, write_matrix
from vla_ros.bridged_images import bridged_color

M = TypeVar("M")
META_SEQUENCE, META_INSTRUCTION, META_INFERENCE = "meta/sequence", "meta/instruction", "meta/inference_s"
META_RIDING = "meta/riding"  # 1: poses are in the base as it moves; only on chunks that are so
NANOSECONDS = 1_000_000_000  # in a second
TIME_END = 2.0**31  # [s] the first time that no stamp can say
CHUNK_BYTES_MAX = 1_000_000  # of a message: POINTS_MAX points of fifty channels
DEPTH_SCALE = 0.001  # [m] one step of a 16UC1 depth image, as realsense2_camera publishes it
OK, WARN, ERROR, STALE = (bytes([level]) for level in range(4))  # DiagnosticStatus levels


class MessageError(VlaError):
    """A message that cannot be what it was sent as: left out, with the reason, by whoever receives it."""


# -- time -------------------------------------------------------------------------------------------------------------
def seconds(stamp: Time | Duration) -> float:
    """Return a stamp or a duration in seconds."""
    return stamp.sec + stamp.nanosec * 1e-9


def stamp(time: float) -> Time:
    """Return `time` [s] as a stamp."""
    whole, nanoseconds = divmod(round(time * 1e9), NANOSECONDS)
    return Time(sec=whole, nanosec=nanoseconds)


def duration(time: float) -> Duration:
    """Return `time` [s] as a duration."""
    whole, nanoseconds = divmod(round(time * 1e9), NANOSECONDS)
    return Duration(sec=whole, nanosec=nanoseconds)


def clock_message(time: float) -> Clock:
    """Return simulated time [s] for /clock."""
    return Clock(clock=stamp(time))


# -- joints -----------------------------------------------------------------------------------------------------------
class JointStateWriter:
    """Fill one JointState again and again."""

    def __init__(self, joints: Sequence[str]) -> None:
        self._message = JointState(name=list(joints))

    def write(
        self, time: float, position: np.ndarray, velocity: np.ndarray, effort: np.ndarray | None = None
    ) -> JointState:
        """Return the state at `time` [s]; arrays are (N,) float64 in the order of the joints. Valid until the next."""
        message = self._message
        message.header.stamp = stamp(time)
        message.position = array("d", position.tobytes())
        message.velocity = array("d", velocity.tobytes())
        if effort is not None:
            message.effort = array("d", effort.tobytes())
        return message


class JointSample(NamedTuple):
    """Joints at one instant, in the order they were requested."""

    stamp: float  # [s]
    position: np.ndarray  # (N,) [rad] or [m]
    velocity: np.ndarray  # (N,) [rad/s] or [m/s]


class JointStateReader:
    """Read named joints; by name, since broadcasters sort as they like."""

    def __init__(self, joints: Sequence[str], optional: Collection[str] = ()) -> None:
        """`optional`: those of the joints that a message may lack, which stand at 0 then."""
        self.joints, self._optional = tuple(joints), frozenset(optional)
        self._names: list[str] = []
        self._index: np.ndarray | None = None  # in the message, of those that it has …
        self._columns: np.ndarray | None = None  # … and which these are; None: all

    def read(self, message: JointState) -> JointSample | None:
        """Return the joints in a message; None when it lacks one or holds what is not finite."""
        if message.name != self._names:
            self._names = list(message.name)
            places = {name: place for place, name in reversed(list(enumerate(self._names)))}
            there = [column for column, name in enumerate(self.joints) if name in places]
            known = all(name in places or name in self._optional for name in self.joints)
            self._index = np.array([places[self.joints[column]] for column in there], dtype=int) if known else None
            self._columns = None if len(there) == len(self.joints) else np.array(there, dtype=int)
        count = len(self._names)
        if self._index is None or len(message.position) != count:
            return None
        position = self._of(message.position)
        # Position-only hardware leaves velocity empty.
        velocity = self._of(message.velocity) if len(message.velocity) == count else 0.0 * position
        total = float(position.sum() + velocity.sum())
        if total - total != 0.0:  # a sum is finite only if every term is
            return None
        return JointSample(seconds(message.header.stamp), position, velocity)

    def read_effort(self, message: JointState) -> np.ndarray | None:
        """Return the effort (N,) [N·m] or [N] of the message that was just read; None when it has none to use."""
        if self._index is None or message.name != self._names or len(message.effort) != len(self._names):
            return None
        effort = self._of(message.effort)
        return effort if np.isfinite(effort).all() else None

    def _of(self, numbers: array[float]) -> np.ndarray:
        found = np.frombuffer(numbers)[self._index]
        if self._columns is None:
            return found
        whole = np.zeros(len(self.joints))
        whole[self._columns] = found
        return whole


def seal(message: JointState) -> bool | None:
    """Return whether the cup in a message holds something; None when it does not say."""
    if not message.position or not np.isfinite(message.position[0]):
        return None
    return bool(message.position[0] > 0.5)


class NumbersWriter:
    """Fill one Float64MultiArray of fixed length again and again; `label` says what the numbers are."""

    def __init__(self, size: int, label: str = "") -> None:
        self._message = Float64MultiArray(data=array("d", bytes(8 * size)))
        if label:
            self._message.layout.dim = [MultiArrayDimension(label=label, size=size, stride=size)]
        self._view = np.frombuffer(self._message.data)

    def write(self, values: np.ndarray | float) -> Float64MultiArray:
        """Return the message with `values` in it. Valid until the next call."""
        self._view[:] = values
        return self._message


def numbers(message: Float64MultiArray) -> np.ndarray:
    """Return the numbers (N,) of a message, without a copy."""
    return np.frombuffer(message.data) if message.data else np.empty(0)


def numbers_label(message: Float64MultiArray) -> str:
    """Return what the numbers of a message are said to be; "" where it says nothing."""
    return message.layout.dim[0].label if message.layout.dim else ""


def joint_position_message(positions: Mapping[str, float], time: float) -> JointState:
    """Return joint positions [rad], [m] by name at a time [s]."""
    message = JointState(name=list(positions), position=list(positions.values()))
    message.header.stamp = stamp(time)
    return message


def joint_positions(message: JointState) -> dict[str, float]:
    """Return joint positions [rad], [m] by name. Raises MessageError for what is not whole or not finite."""
    if len(message.name) != len(message.position) or not np.isfinite(message.position).all():
        raise MessageError(f"{len(message.name)} joints with {len(message.position)} positions, or one not finite")
    return dict(zip(message.name, map(float, message.position), strict=True))


def point_sets_message(points: Mapping[str, np.ndarray]) -> Float64MultiArray:
    """Return sets of points (V, 3) [m], a dimension of the layout for each: its name, and how many numbers it has."""
    message = Float64MultiArray(data=array("d", np.concatenate([p.ravel() for p in points.values()]).tobytes()))
    message.layout.dim = [MultiArrayDimension(label=name, size=p.size, stride=3) for name, p in points.items()]
    return message


def point_sets(message: Float64MultiArray) -> dict[str, np.ndarray]:
    """Return sets of points (V, 3) [m] by name. Raises MessageError for what is not whole or not finite."""
    values, sizes = numbers(message), [dim.size for dim in message.layout.dim]
    if sum(sizes) != len(values) or any(size % 3 for size in sizes) or not np.isfinite(values).all():
        raise MessageError(f"{len(values)} numbers are not points of {sizes}, or one is not finite")
    sets = np.split(values, np.cumsum(sizes)[:-1]) if sizes else []
    return {dim.label: part.reshape(-1, 3) for dim, part in zip(message.layout.dim, sets, strict=True)}


# -- poses ------------------------------------------------------------------------------------------------------------
def pose_message(T: np.ndarray) -> Pose:
    """Return a transform (4, 4) as a pose."""
    message = Pose()
    position, orientation = message.position, message.orientation
    position.x, position.y, position.z = T[:3, 3].tolist()
    orientation.x, orientation.y, orientation.z, orientation.w = from_matrix(T[:3, :3])
    return message


def transform(pose: Pose) -> np.ndarray:
    """Return a pose as a transform (4, 4). Raises VlaError when it is not finite or its quaternion is zero."""
    position, q = pose.position, pose.orientation
    T = np.eye(4)
    T[:3, 3] = position.x, position.y, position.z
    norm2 = q.x * q.x + q.y * q.y + q.z * q.z + q.w * q.w
    if not (np.isfinite(T[:3, 3]).all() and 1e-6 < norm2 < np.inf):
        raise MessageError(f"pose is not one: position {T[:3, 3]}, quaternion {q.x}, {q.y}, {q.z}, {q.w}")
    write_matrix(normalise((q.x, q.y, q.z, q.w)), T[:3, :3])
    return T


def pose_numbers(pose: Pose) -> np.ndarray:
    """Return a pose as it was sent (7,): position [m], quaternion xyzw. Whoever takes it checks it."""
    position, q = pose.position, pose.orientation
    return np.array([position.x, position.y, position.z, q.x, q.y, q.z, q.w])


class PoseWriter:
    """Fill one PoseStamped again and again."""

    def __init__(self, frame_id: str) -> None:
        self._message = PoseStamped()
        self._message.header.frame_id = frame_id

    def write(self, pose: np.ndarray, time: float) -> PoseStamped:
        """Write `pose` (7,), position [m] and quaternion xyzw, at `time` [s]."""
        message = self._message
        position, q = message.pose.position, message.pose.orientation
        position.x, position.y, position.z, q.x, q.y, q.z, q.w = pose.tolist()
        message.header.stamp = stamp(time)
        return message


def pose_stamped(T: np.ndarray, time: float, frame_id: str) -> PoseStamped:
    """Return a transform (4, 4) at `time` [s], given in `frame_id`."""
    message = PoseStamped(pose=pose_message(T))
    message.header.stamp, message.header.frame_id = stamp(time), frame_id
    return message


def transform_stamped(T: np.ndarray, time: float, parent: str, child: str) -> TransformStamped:
    """Return where the frame `child` is in the frame `parent` (4, 4) at `time` [s], for /tf."""
    message = TransformStamped(child_frame_id=child)
    message.header.stamp, message.header.frame_id = stamp(time), parent
    translation, rotation = message.transform.translation, message.transform.rotation
    translation.x, translation.y, translation.z = T[:3, 3].tolist()
    rotation.x, rotation.y, rotation.z, rotation.w = from_matrix(T[:3, :3])
    return message


def twist_stamped(twist: np.ndarray, time: float, frame_id: str) -> TwistStamped:
    """Return a twist (6,), linear [m/s] first, then angular [rad/s]."""
    message = TwistStamped()
    message.header.stamp, message.header.frame_id = stamp(time), frame_id
    linear, angular = message.twist.linear, message.twist.angular
    linear.x, linear.y, linear.z, angular.x, angular.y, angular.z = twist.tolist()
    return message


def odometry(T_odom_base: np.ndarray, twist: np.ndarray, time: float, odom_frame: str, base_frame: str) -> Odometry:
    """Return where a base is (4, 4), and how fast it moves in its own frame (3,): x, y [m/s], yaw [rad/s]."""
    message = Odometry(child_frame_id=base_frame)
    message.header.stamp, message.header.frame_id = stamp(time), odom_frame
    message.pose.pose = pose_message(T_odom_base)
    linear, angular = message.twist.twist.linear, message.twist.twist.angular
    linear.x, linear.y, angular.z = twist.tolist()
    return message


def odometry_values(message: Odometry) -> tuple[np.ndarray, np.ndarray]:
    """Return T_odom_base (4, 4) and the velocity (3,), x and y [m/s] and yaw [rad/s] in the base frame."""
    twist = message.twist.twist
    return transform(message.pose.pose), np.array([twist.linear.x, twist.linear.y, twist.angular.z])


def wrench_on(message: WrenchStamped, base_frame: str, tool_frame: str, T_base_ee: np.ndarray) -> np.ndarray:
    """Return a wrench (6,) [N, N·m] about the tool's place, base axes, of one in the frame of the tool or of the base.

    Raises MessageError for any other frame.
    """
    force, torque = message.wrench.force, message.wrench.torque
    f, m = np.array([force.x, force.y, force.z]), np.array([torque.x, torque.y, torque.z])
    frame = message.header.frame_id
    if frame == tool_frame:
        R = T_base_ee[:3, :3]
        return np.concatenate([R @ f, R @ m])
    if frame == base_frame:  # about the base's origin
        return np.concatenate([f, m - np.cross(T_base_ee[:3, 3], f)])
    raise MessageError(f"a wrench in frame '{frame}': give it in '{tool_frame}' or '{base_frame}'")


def wrench_stamped(wrench: np.ndarray, time: float, frame_id: str) -> WrenchStamped:
    """Return a force and a moment (6,) [N, N·m] at `time` [s]."""
    message = WrenchStamped()
    message.header.stamp, message.header.frame_id = stamp(time), frame_id
    force, torque = message.wrench.force, message.wrench.torque
    force.x, force.y, force.z, torque.x, torque.y, torque.z = wrench.tolist()
    return message


def planar_velocity(message: TwistStamped) -> np.ndarray:
    """Return x, y [m/s] and yaw [rad/s] (3,) of a twist."""
    return np.array([message.twist.linear.x, message.twist.linear.y, message.twist.angular.z])


def pose_array(transforms: Sequence[np.ndarray], time: float, frame_id: str) -> PoseArray:
    """Return transforms (4, 4) at `time` [s]."""
    message = PoseArray(poses=[pose_message(T) for T in transforms])
    message.header.stamp, message.header.frame_id = stamp(time), frame_id
    return message


# -- images -----------------------------------------------------------------------------------------------------------
class ImageWriter:
    """Fill one Image again and again: colour as rgb8, depth as 16UC1 in millimetres."""

    def __init__(self, frame_id: str) -> None:
        self._message = Image(is_bigendian=0)
        self._message.header.frame_id = frame_id
        self._shape: tuple[int, ...] = ()
        self._pixels = np.empty(0)

    def write_color(self, time: float, color: np.ndarray) -> Image:
        """Return a colour image (H, W, 3) uint8 RGB taken at `time` [s]. Valid until the next call."""
        self._prepare(time, color.shape, "rgb8", np.uint8)
        self._pixels[...] = color
        return self._message

    def write_depth(self, time: float, depth: np.ndarray) -> Image:
        """Return a depth image (H, W) [m] taken at `time` [s]; what is not measured or out of range becomes 0."""
        self._prepare(time, depth.shape, "16UC1", np.uint16)
        steps = depth * np.float32(1.0 / DEPTH_SCALE)
        steps += np.float32(0.5)
        steps[~(steps < 65535.0)] = 0.0
        self._pixels[...] = steps
        return self._message

    def _prepare(self, time: float, shape: tuple[int, ...], encoding: str, kind: type) -> None:
        message = self._message
        if shape != self._shape:
            self._shape = shape
            message.encoding, message.height, message.width = encoding, shape[0], shape[1]
            message.step = int(np.prod(shape[1:])) * np.dtype(kind).itemsize
            message.data = array("B", bytes(message.step * shape[0]))
            self._pixels = np.frombuffer(message.data, dtype=kind).reshape(shape)
        message.header.stamp = stamp(time)


def color_array(message: Image) -> np.ndarray:
    """Return a colour image (H, W, 3) uint8 RGB. Raises VlaError for an encoding it cannot read.

    rgb8 and bgr8 take no copy; whatever else cv_bridge can convert is read where a full ROS 2 has it.
    """
    if message.encoding not in ("rgb8", "bgr8"):
        return bridged_color(message)
    color = _rows(message, np.dtype(np.uint8), 3).reshape(message.height, message.width, 3)
    return color if message.encoding == "rgb8" else color[..., ::-1]


def depth_array(message: Image) -> np.ndarray:
    """Return a depth image (H, W) float32 [m], 0 where nothing was measured. Raises VlaError for other encodings."""
    order = ">" if message.is_bigendian else "<"
    if message.encoding in ("16UC1", "mono16"):
        return _rows(message, np.dtype(order + "u2"), 1) * np.float32(DEPTH_SCALE)
    if message.encoding == "32FC1":
        return np.nan_to_num(_rows(message, np.dtype(order + "f4"), 1).astype(np.float32), posinf=0.0, neginf=0.0)
    raise MessageError(f"depth image is '{message.encoding}': publish 16UC1 [mm] or 32FC1 [m]")


def _rows(message: Image, kind: np.dtype, channels: int) -> np.ndarray:
    """Return the pixels (H, W · channels), without the padding at the end of a row."""
    used = message.width * channels * kind.itemsize
    if not used or not message.height or message.step < used or len(message.data) < message.step * message.height:
        raise MessageError(
            f"image {message.width}x{message.height} {message.encoding} has only {len(message.data)} bytes"
        )
    rows = np.frombuffer(message.data, dtype=np.uint8)[: message.step * message.height].reshape(message.height, -1)
    return np.ascontiguousarray(rows[:, :used]).view(kind)


def camera_info(intrinsics: np.ndarray, size: tuple[int, int], frame_id: str) -> CameraInfo:
    """Return the calibration of a pinhole camera: K (3, 3) [px], size = width, height [px]."""
    message = CameraInfo(width=size[0], height=size[1], distortion_model="plumb_bob", d=[0.0] * 5)
    message.header.frame_id = frame_id
    message.k = intrinsics.ravel().astype(float)
    message.r = np.eye(3).ravel()
    message.p = np.hstack([intrinsics, np.zeros((3, 1))]).ravel().astype(float)
    return message


def intrinsics(message: CameraInfo) -> np.ndarray:
    """Return K (3, 3) [px]. Raises VlaError when it is not calibrated."""
    K = np.array(message.k, dtype=np.float64).reshape(3, 3)
    if not (np.isfinite(K).all() and K[0, 0] > 0.0 and K[1, 1] > 0.0):
        raise MessageError(f"camera_info of '{message.header.frame_id}' has no calibration (K = {K.tolist()})")
    return K


# -- action chunks ----------------------------------------------------------------------------------------------------
def chunk_message(chunk: ActionChunk) -> JointTrajectory:
    """Return a chunk as one trajectory; what it carries beside its channels goes into meta/… channels."""
    extra = {META_SEQUENCE: chunk.sequence, META_INSTRUCTION: chunk.instruction, META_INFERENCE: chunk.inference_s}
    if chunk.riding:
        extra[META_RIDING] = 1
    message = JointTrajectory(joint_names=[*chunk.channels, *extra])
    message.header.stamp, message.header.frame_id = stamp(chunk.stamp), chunk.frame_id
    meta = np.array(list(extra.values()), dtype=np.float64).tobytes()
    for time, row in zip(chunk.times, chunk.values, strict=True):
        point = JointTrajectoryPoint(positions=array("d", row.tobytes() + meta))
        point.time_from_start = duration(time)
        message.points.append(point)
    return message


def chunk_from(message: JointTrajectory) -> ActionChunk:
    """Return the chunk in a message. Raises ChunkError when it is not one."""
    names = message.joint_names
    check_length(len(message.points))
    for number, point in enumerate(message.points):
        if len(point.positions) != len(names):
            raise ChunkError(f"chunk point {number} has {len(point.positions)} values for {len(names)} channels")
    values = np.array([point.positions for point in message.points], dtype=np.float64).reshape(-1, max(1, len(names)))
    meta = {name: i for i, name in enumerate(names) if name.startswith("meta/")}
    own = [i for i in range(len(names)) if i not in meta.values()]

    def extra(name: str) -> float:
        value = float(values[0, meta[name]]) if name in meta and len(values) else 0.0
        if not np.isfinite(value):
            raise ChunkError(f"chunk channel '{name}' is not finite")
        return value

    return ActionChunk(
        stamp=seconds(message.header.stamp),
        frame_id=message.header.frame_id,
        channels=tuple(names[i] for i in own),
        times=np.array([seconds(point.time_from_start) for point in message.points]),
        values=values[:, own],
        sequence=int(extra(META_SEQUENCE)),
        instruction=int(extra(META_INSTRUCTION)),
        inference_s=extra(META_INFERENCE),
        riding=extra(META_RIDING) > 0.5,
    )


# -- markers ----------------------------------------------------------------------------------------------------------
class MarkedBox(NamedTuple):
    """A box with a word on it, its edges along the frame's axes."""

    text: str
    center: np.ndarray  # (3,) [m]
    size: np.ndarray  # (3,) [m] full edges
    color: tuple[float, float, float, float]  # RGBA, 0…1


def box_markers(boxes: Sequence[MarkedBox], time: float, frame_id: str) -> MarkerArray:
    """Return boxes at `time` [s] as markers that replace all earlier ones: a cube and its word share an id."""
    message = MarkerArray(markers=[Marker(action=Marker.DELETEALL)])
    for number, box in enumerate(boxes):
        above = box.center + np.array([0.0, 0.0, 0.5 * box.size[2] + 0.02])
        for kind, namespace, place, scale in (
            (Marker.CUBE, "boxes", box.center, box.size),
            (Marker.TEXT_VIEW_FACING, "words", above, (0.0, 0.0, 0.02)),
        ):
            marker = Marker(ns=namespace, id=number, type=kind, action=Marker.ADD, text=box.text)
            T = np.eye(4)
            T[:3, 3] = place
            marker.pose = pose_message(T)
            marker.scale.x, marker.scale.y, marker.scale.z = (float(value) for value in scale)
            marker.color.r, marker.color.g, marker.color.b, marker.color.a = (float(value) for value in box.color)
            message.markers.append(marker)
    for marker in message.markers:
        marker.header.stamp, marker.header.frame_id = stamp(time), frame_id
    return message


def marked_boxes(message: MarkerArray) -> list[MarkedBox]:
    """Return the boxes among markers."""
    boxes = []
    for marker in message.markers:
        if marker.type == Marker.CUBE and marker.action == Marker.ADD:
            center, size, c = marker.pose.position, marker.scale, marker.color
            place, edges = np.array([center.x, center.y, center.z]), np.array([size.x, size.y, size.z])
            boxes.append(MarkedBox(marker.text, place, edges, (c.r, c.g, c.b, c.a)))
    return boxes


LINE_WIDTH_M, LINE_WIDTH_PX = 0.004, 2.0


def line_marker(
    ends: np.ndarray | None, color: tuple[float, float, float, float], time: float, frame_id: str
) -> Marker:
    """Return lines (L, 2, 3) [m] at `time` [s], which replace the last ones; None takes those away."""
    marker = Marker(ns="lines", type=Marker.LINE_LIST, action=Marker.DELETE if ends is None else Marker.ADD)
    marker.header.stamp, marker.header.frame_id = stamp(time), frame_id
    marker.pose.orientation.w = 1.0
    marker.scale.x = LINE_WIDTH_M
    marker.color = _color(color)
    if ends is not None:
        marker.points = [Point(x=x, y=y, z=z) for x, y, z in ends.reshape(-1, 3).tolist()]
    return marker


def marker_lines(message: Marker) -> np.ndarray:
    """Return the lines (L, 2, 3) [m] of a marker. Raises MessageError for half a line."""
    if len(message.points) % 2:
        raise MessageError(f"{len(message.points)} points are no lines: each has two ends")
    return np.array([(p.x, p.y, p.z) for p in message.points]).reshape(-1, 2, 3)


def image_marker(ends: np.ndarray, colors: np.ndarray, time: float, frame_id: str) -> ImageMarker:
    """Return lines (L, 2, 2) [px], RGBA (L, 4), over an image taken at `time` [s]; none takes the last ones away."""
    action = ImageMarker.ADD if len(ends) else ImageMarker.REMOVE
    message = ImageMarker(ns="lines", type=ImageMarker.LINE_LIST, action=action, scale=LINE_WIDTH_PX)
    message.header.stamp, message.header.frame_id = stamp(time), frame_id
    message.points = [Point(x=x, y=y) for x, y in ends.reshape(-1, 2).tolist()]
    message.outline_colors = [_color(color) for color in colors.tolist()]
    return message


def image_marker_lines(message: ImageMarker) -> tuple[np.ndarray, np.ndarray]:
    """Return the lines (L, 2, 2) [px] of an image marker and their RGBA (L, 4).

    Raises MessageError for half a line, or one without its colour.
    """
    if len(message.points) % 2:
        raise MessageError(f"{len(message.points)} points are no lines: each has two ends")
    ends = np.array([(p.x, p.y) for p in message.points]).reshape(-1, 2, 2)
    colors = np.array([(c.r, c.g, c.b, c.a) for c in message.outline_colors]).reshape(-1, 4)
    if len(colors) != len(ends):
        raise MessageError(f"{len(ends)} lines have {len(colors)} colours: each has one")
    return ends, colors


def _color(rgba: Sequence[float]) -> ColorRGBA:
    r, g, b, a = (float(value) for value in rgba)
    return ColorRGBA(r=r, g=g, b=b, a=a)


def read_message(data: bytes, kind: type[M]) -> M:
    """Return the message in its serialised form. Raises MessageError: anybody on the domain can send any bytes."""
    try:
        return deserialize_message(data, kind)
    # What Fast CDR objects to arrives as a RuntimeError of rclpy's; a length that cannot be, as MemoryError.
    except (RuntimeError, ValueError, MemoryError, UnicodeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MessageError(f"{len(data)} bytes that are no {kind.__name__} ({reason})") from None


def chunk_from_bytes(data: bytes) -> ActionChunk:
    """Return the chunk in a serialised message. Raises ChunkError when it is not one, or larger than any can be.

    A message is turned into Python objects only once its size is known: a huge one would hold up the process.
    """
    if len(data) > CHUNK_BYTES_MAX:
        raise ChunkError(f"chunk message has {len(data)} bytes, allowed {CHUNK_BYTES_MAX}")
    try:
        return chunk_from(read_message(data, JointTrajectory))
    except MessageError as error:
        raise ChunkError(str(error)) from None


# -- diagnostics ------------------------------------------------------------------------------------------------------
def diagnostic(name: str, level: bytes, message: str, values: Mapping[str, str]) -> DiagnosticStatus:
    """Return one component's status: what it is doing in words, and named values."""
    pairs = [KeyValue(key=key, value=value) for key, value in values.items()]
    return DiagnosticStatus(name=name, level=level, message=message, values=pairs)


def diagnostic_array(time: float, *statuses: DiagnosticStatus) -> DiagnosticArray:
    """Return statuses as `diagnostics` takes them."""
    message = DiagnosticArray(status=list(statuses))
    message.header.stamp = stamp(time)
    return message


def diagnostic_values(status: DiagnosticStatus) -> dict[str, str]:
    """Return the named values of a status."""
    return {pair.key: pair.value for pair in status.values}

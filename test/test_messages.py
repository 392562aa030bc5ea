# SPDX-License-Identifier: Apache-2.0
"""Messages and NumPy: there and back, through the real serialisation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from controllers.chunks.chunk import STATUS_CHANNEL, ActionChunk, instruction_hash, pose_channels
from controllers.errors import ChunkError, VlaError
from vla_ros import messages


def over_the_wire(message):
    """Return what a subscriber gets."""
    return deserialize_message(serialize_message(message), type(message))


def random_transform(rng: np.random.Generator) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3] = Rotation.random(random_state=rng).as_matrix()
    T[:3, 3] = rng.normal(size=3)
    return T


@given(st.integers(0, 2**31 * 10**9 - 1))
def test_stamp_is_exact_in_simulated_time_and_close_in_wall_time(nanoseconds):
    time = nanoseconds * 1e-9
    stamp = messages.stamp(time)
    back = stamp.sec * 10**9 + stamp.nanosec
    assert 0 <= stamp.nanosec < 10**9
    assert abs(back - nanoseconds) <= (0 if time < 1e6 else 300)
    assert messages.seconds(stamp) == pytest.approx(time, abs=3e-7)


def test_joint_states_are_read_by_name_whatever_their_order():
    writer = messages.JointStateWriter(["c", "a", "b"])
    message = over_the_wire(writer.write(1.5, np.array([3.0, 1.0, 2.0]), np.array([30.0, 10.0, 20.0]), np.zeros(3)))
    sample = messages.JointStateReader(["a", "b", "c"]).read(message)
    assert sample.stamp == 1.5
    np.testing.assert_array_equal(sample.position, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(sample.velocity, [10.0, 20.0, 30.0])


def test_joints_that_a_message_may_lack_stand_at_zero():
    reader = messages.JointStateReader(["a", "out", "b"], optional=["out"])
    short = JointState(name=["b", "a"], position=[2.0, 1.0], velocity=[20.0, 10.0], effort=[200.0, 100.0])
    sample = reader.read(short)
    np.testing.assert_array_equal(sample.position, [1.0, 0.0, 2.0])
    np.testing.assert_array_equal(sample.velocity, [10.0, 0.0, 20.0])
    np.testing.assert_array_equal(reader.read_effort(short), [100.0, 0.0, 200.0])
    whole = JointState(name=["b", "out", "a"], position=[2.0, 0.03, 1.0])
    np.testing.assert_array_equal(reader.read(whole).position, [1.0, 0.03, 2.0])
    assert reader.read(JointState(name=["b", "out"], position=[2.0, 0.03])) is None


def test_joint_state_writer_does_not_leak_its_last_message():
    writer = messages.JointStateWriter(["a"])
    first = over_the_wire(writer.write(1.0, np.array([1.0]), np.zeros(1), np.zeros(1)))
    writer.write(2.0, np.array([2.0]), np.zeros(1), np.zeros(1))
    assert first.position[0] == 1.0


@pytest.mark.parametrize(
    "message",
    [
        JointState(name=["a"], position=[1.0]),  # a joint is missing
        JointState(name=["a", "b"], position=[1.0]),  # shorter than its names
        JointState(name=["a", "b"], position=[1.0, np.nan]),
        JointState(name=["a", "b"], position=[1.0, 2.0], velocity=[np.inf, 0.0]),
    ],
)
def test_unusable_joint_states_are_not_read(message):
    assert messages.JointStateReader(["a", "b"]).read(message) is None


def test_effort_is_read_by_name_from_the_message_that_was_just_read():
    reader = messages.JointStateReader(["a", "b"])
    message = JointState(name=["b", "a"], position=[2.0, 1.0], effort=[20.0, 10.0])
    assert reader.read_effort(message) is None  # not read yet: its names are not known to be these
    reader.read(message)
    np.testing.assert_array_equal(reader.read_effort(message), [10.0, 20.0])
    for effort in ([], [20.0], [np.nan, 10.0]):
        message.effort = effort
        assert reader.read_effort(message) is None


def test_joint_states_without_velocity_are_at_rest():
    sample = messages.JointStateReader(["a"]).read(JointState(name=["a"], position=[1.0]))
    np.testing.assert_array_equal(sample.velocity, [0.0])


def test_numbers_round_trip():
    writer = messages.NumbersWriter(3)
    np.testing.assert_array_equal(
        messages.numbers(over_the_wire(writer.write(np.array([1.0, -2.0, 3.5])))), [1, -2, 3.5]
    )
    assert messages.numbers(Float64MultiArray()).shape == (0,)


def test_transform_round_trip():
    rng = np.random.default_rng(0)
    for _ in range(50):
        T = random_transform(rng)
        message = over_the_wire(messages.pose_stamped(T, 2.25, "panda_link0"))
        np.testing.assert_allclose(messages.transform(message.pose), T, atol=1e-12)
        assert (messages.seconds(message.header.stamp), message.header.frame_id) == (2.25, "panda_link0")


def test_a_zero_quaternion_is_no_pose():
    message = messages.pose_message(np.eye(4))
    message.orientation.w = 0.0
    with pytest.raises(VlaError, match="pose is not one"):
        messages.transform(message)


def test_color_round_trip_and_bgr():
    color = np.random.default_rng(0).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    message = over_the_wire(messages.ImageWriter("camera").write_color(0.1, color))
    np.testing.assert_array_equal(messages.color_array(message), color)
    message.encoding = "bgr8"
    np.testing.assert_array_equal(messages.color_array(message), color[..., ::-1])


def test_depth_round_trip_to_the_millimetre_and_nothing_measured_is_zero():
    depth = np.random.default_rng(0).uniform(0.2, 10.0, (6, 8)).astype(np.float32)
    depth[0, :4] = 0.0, np.nan, np.inf, 70.0
    back = messages.depth_array(over_the_wire(messages.ImageWriter("camera").write_depth(0.1, depth)))
    np.testing.assert_array_equal(back[0, :4], 0.0)
    np.testing.assert_allclose(back[1:], depth[1:], atol=5.1e-4)
    assert back.dtype == np.float32


def test_padded_rows_and_big_endian_depth_are_read():
    rows = np.arange(12, dtype=">u2").reshape(3, 4)
    padded = np.zeros((3, 10), dtype=np.uint8)
    padded[:, :8] = rows.view(np.uint8)
    message = Image(height=3, width=4, encoding="16UC1", is_bigendian=1, step=10, data=padded.tobytes())
    np.testing.assert_allclose(messages.depth_array(message), np.arange(12).reshape(3, 4) * 1e-3, rtol=1e-6)


@pytest.mark.parametrize(("encoding", "read"), [("yuv422", messages.color_array), ("8UC1", messages.depth_array)])
def test_unknown_encodings_are_named(encoding, read):
    with pytest.raises(VlaError, match=encoding):
        read(Image(height=1, width=1, encoding=encoding, step=3, data=[0, 0, 0]))


def test_a_truncated_image_is_refused():
    with pytest.raises(VlaError, match="only 5 bytes"):
        messages.color_array(Image(height=2, width=2, encoding="rgb8", step=6, data=[0] * 5))


def test_intrinsics_round_trip_and_uncalibrated_cameras_are_refused():
    K = np.array([[600.0, 0.0, 320.0], [0.0, 610.0, 240.0], [0.0, 0.0, 1.0]])
    message = over_the_wire(messages.camera_info(K, (640, 480), "camera"))
    np.testing.assert_array_equal(messages.intrinsics(message), K)
    assert (message.width, message.height) == (640, 480)
    message.k = np.zeros(9)
    with pytest.raises(VlaError, match="no calibration"):
        messages.intrinsics(message)


def random_chunk(rng: np.random.Generator) -> ActionChunk:
    points = int(rng.integers(1, 9))
    poses = np.column_stack([rng.normal(size=(points, 3)), Rotation.random(points, random_state=rng).as_quat()])
    values = np.column_stack([poses, rng.uniform(0.0, 0.08, points), np.zeros(points)])
    return ActionChunk(
        stamp=float(rng.uniform(0.0, 1000.0)),
        frame_id="panda_link0",
        channels=(*pose_channels("panda"), "panda_hand/width", STATUS_CHANNEL),
        times=np.cumsum(rng.uniform(0.01, 0.5, points)),
        values=values,
        sequence=int(rng.integers(0, 2**40)),
        instruction=instruction_hash("pick up the red mug"),
        inference_s=0.0213,
        riding=bool(rng.integers(0, 2)),
    )


def test_chunk_round_trip():
    rng = np.random.default_rng(0)
    for _ in range(50):
        chunk = random_chunk(rng)
        back = messages.chunk_from(over_the_wire(messages.chunk_message(chunk)))
        assert (back.channels, back.frame_id, back.sequence) == (chunk.channels, chunk.frame_id, chunk.sequence)
        assert (back.instruction, back.inference_s) == (chunk.instruction, chunk.inference_s)
        assert back.riding is chunk.riding
        assert back.stamp == pytest.approx(chunk.stamp, abs=1e-9)
        np.testing.assert_allclose(back.times, chunk.times, atol=1e-9)
        np.testing.assert_allclose(back.values, chunk.values, atol=1e-15)  # quaternions are normalised again


def test_a_chunk_without_bookkeeping_is_a_chunk():
    point = JointTrajectoryPoint(positions=[0.5])
    point.time_from_start.nanosec = 10**8
    chunk = messages.chunk_from(JointTrajectory(joint_names=["panda_joint1/position"], points=[point]))
    assert (chunk.sequence, chunk.instruction, chunk.inference_s) == (0, 0, 0.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("channel", [0, 7, 8, 9])
def test_a_value_that_is_not_finite_makes_no_chunk(bad, channel):
    message = messages.chunk_message(random_chunk(np.random.default_rng(1)))
    message.points[0].positions[channel] = bad
    with pytest.raises(ChunkError, match="not finite"):
        messages.chunk_from(message)


def test_a_ragged_or_empty_message_makes_no_chunk():
    message = messages.chunk_message(random_chunk(np.random.default_rng(2)))
    message.points[0].positions = message.points[0].positions[:-1]
    with pytest.raises(ChunkError, match="point 0 has 11 values for 12 channels"):
        messages.chunk_from(message)
    with pytest.raises(ChunkError):
        messages.chunk_from(JointTrajectory())


def test_diagnostics_round_trip():
    status = messages.diagnostic("control", messages.WARN, "holding", {"enabled": "true"})
    message = over_the_wire(messages.diagnostic_array(1.0, status))
    assert message.status[0].level == messages.WARN
    assert messages.diagnostic_values(message.status[0]) == {"enabled": "true"}


def test_lines_survive_as_markers():
    ends = np.random.default_rng(0).normal(size=(5, 2, 3))
    message = over_the_wire(messages.line_marker(ends, (0.0, 1.0, 0.0, 1.0), 2.5, "panda_link0"))
    np.testing.assert_array_equal(messages.marker_lines(message), ends)
    assert message.pose.orientation.w == 1.0  # RViz draws nothing at a pose that is none
    colors = np.array([[0.25, 0.5, 0.75, 1.0]] * 5)
    image = over_the_wire(messages.image_marker(ends[:, :, :2], colors, 2.5, "front"))
    read_ends, read_colors = messages.image_marker_lines(image)
    np.testing.assert_array_equal(read_ends, ends[:, :, :2])
    np.testing.assert_array_equal(read_colors, colors)


def test_no_lines_take_the_last_ones_away():
    gone = over_the_wire(messages.line_marker(None, (0.0, 1.0, 0.0, 1.0), 2.5, "panda_link0"))
    assert gone.action == gone.DELETE
    assert messages.marker_lines(gone).shape == (0, 2, 3)
    empty = over_the_wire(messages.image_marker(np.empty((0, 2, 2)), np.empty((0, 4)), 2.5, "front"))
    assert empty.action == empty.REMOVE
    assert [part.shape for part in messages.image_marker_lines(empty)] == [(0, 2, 2), (0, 4)]


def test_boxes_survive_as_markers():
    boxes = [
        messages.MarkedBox("red mug", np.array([0.5, -0.1, 0.05]), np.array([0.08, 0.1, 0.1]), (0.0, 1.0, 0.0, 0.5)),
        messages.MarkedBox("", np.zeros(3), np.full(3, 0.02), (1.0, 1.0, 1.0, 1.0)),
    ]
    message = over_the_wire(messages.box_markers(boxes, 2.5, "panda_link0"))
    for sent, received in zip(boxes, messages.marked_boxes(message), strict=True):
        assert received.text == sent.text
        np.testing.assert_allclose(received.center, sent.center)
        np.testing.assert_allclose(received.size, sent.size)
        assert received.color == pytest.approx(sent.color)
    assert {messages.seconds(marker.header.stamp) for marker in message.markers} == {2.5}
    assert len({(marker.ns, marker.id) for marker in message.markers[1:]}) == 4  # RViz tells them apart by these


def test_points_and_joints_by_name_come_back() -> None:
    points = {"towel": np.arange(12.0).reshape(4, 3), "rag": np.ones((2, 3))}
    back = messages.point_sets(messages.point_sets_message(points))
    assert list(back) == ["towel", "rag"]
    np.testing.assert_array_equal(back["towel"], points["towel"])
    torn = messages.point_sets_message(points)
    torn.layout.dim[0].size = 9
    with pytest.raises(messages.MessageError, match="are not points"):
        messages.point_sets(torn)
    joints = {"cabinet/drawer": 0.1, "box/lid": 1.2}
    assert messages.joint_positions(messages.joint_position_message(joints, 2.0)) == joints

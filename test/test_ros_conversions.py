# SPDX-License-Identifier: Apache-2.0
"""cv_bridge and tf_transformations: what is theirs agrees with what is ours, and is used only where it must be."""

from __future__ import annotations

import sys
import types
from array import array
from collections.abc import Iterator

import numpy as np
import pytest
from sensor_msgs.msg import Image

from controllers.errors import VlaError
from vla_ros import bridged_images, messages


@pytest.fixture(autouse=True)
def fresh_bridge() -> Iterator[None]:
    """Look for cv_bridge anew in every test."""
    bridged_images._bridge.cache_clear()
    yield
    bridged_images._bridge.cache_clear()


def _image(encoding: str, pixels: np.ndarray) -> Image:
    height, width = pixels.shape[:2]
    step = pixels.nbytes // height
    return Image(height=height, width=width, encoding=encoding, step=step, data=array("B", pixels.tobytes()))


class StandIn(types.ModuleType):
    """The part of cv_bridge that is used, for rgba8 alone."""

    calls = 0

    class CvBridge:
        def imgmsg_to_cv2(self, message: Image, encoding: str) -> np.ndarray:
            StandIn.calls += 1
            if message.encoding != "rgba8":
                raise TypeError(f"no conversion from {message.encoding}\n(and much more)")
            return np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 4)[..., :3]


def test_cv_bridge_reads_what_numpy_does_not(monkeypatch, rng):
    monkeypatch.setitem(sys.modules, "cv_bridge", StandIn("cv_bridge"))
    pixels = rng.integers(0, 256, (6, 5, 4), dtype=np.uint8)
    np.testing.assert_array_equal(messages.color_array(_image("rgba8", pixels)), pixels[..., :3])
    with pytest.raises(VlaError, match=r"'yuv422': cv_bridge cannot make rgb8 of it \(no conversion from yuv422\)$"):
        messages.color_array(_image("yuv422", pixels))


def test_plain_images_never_go_through_cv_bridge(monkeypatch, rng):
    monkeypatch.setitem(sys.modules, "cv_bridge", StandIn("cv_bridge"))
    before = StandIn.calls
    pixels = rng.integers(0, 256, (6, 5, 3), dtype=np.uint8)
    np.testing.assert_array_equal(messages.color_array(_image("rgb8", pixels)), pixels)
    np.testing.assert_array_equal(messages.color_array(_image("bgr8", pixels)), pixels[..., ::-1])
    assert StandIn.calls == before


@pytest.mark.parametrize("module", [None, types.ModuleType("cv_bridge")], ids=["none", "another cv_bridge"])
def test_without_cv_bridge_the_error_says_what_to_publish(monkeypatch, module):
    monkeypatch.setitem(sys.modules, "cv_bridge", module)
    with pytest.raises(VlaError, match="'bayer_rggb8': publish rgb8 or bgr8, or install ROS 2's cv_bridge"):
        messages.color_array(_image("bayer_rggb8", np.zeros((4, 4), np.uint8)))


def test_the_real_cv_bridge_agrees(rng):
    cv_bridge = pytest.importorskip("cv_bridge", reason="cv_bridge comes with a full ROS 2")
    bridge = cv_bridge.CvBridge()
    pixels = rng.integers(0, 256, (48, 64, 3), dtype=np.uint8)
    for encoding in ("rgb8", "bgr8"):
        message = bridge.cv2_to_imgmsg(pixels, encoding)
        np.testing.assert_array_equal(messages.color_array(message), bridge.imgmsg_to_cv2(message, "rgb8"))
    padded = rng.integers(0, 256, (48, 64, 4), dtype=np.uint8)
    np.testing.assert_array_equal(messages.color_array(bridge.cv2_to_imgmsg(padded, "bgra8")), padded[..., 2::-1])
    steps = rng.integers(0, 5000, (48, 64), dtype=np.uint16)
    depth = messages.depth_array(bridge.cv2_to_imgmsg(steps, "16UC1"))
    np.testing.assert_allclose(depth, steps * 1e-3, atol=1e-6)
    written = messages.ImageWriter("camera").write_depth(1.0, depth)
    np.testing.assert_array_equal(bridge.imgmsg_to_cv2(written), steps)


def test_the_real_tf_transformations_agree(rng):
    tf = pytest.importorskip("tf_transformations", reason="tf_transformations comes with a full ROS 2")
    for q in rng.normal(size=(200, 4)):
        T = tf.quaternion_matrix(q / np.linalg.norm(q))  # x, y, z, w
        T[:3, 3] = rng.normal(size=3)
        pose = messages.pose_message(T)
        orientation = pose.orientation
        ours = np.array([orientation.x, orientation.y, orientation.z, orientation.w])
        theirs = tf.quaternion_from_matrix(T)
        np.testing.assert_allclose(ours * np.sign(ours @ theirs), theirs, atol=1e-9)
        np.testing.assert_allclose(messages.transform(pose), T, atol=1e-12)


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator of numbers that are the same in every run."""
    return np.random.default_rng(7)


def test_a_wrench_is_about_the_tool_whichever_frame_it_is_said_in():
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], [0.5, 0.0, 0.3]
    own = np.array([1.0, 2.0, 3.0, 0.1, 0.2, 0.3])
    by_tool = messages.wrench_on(messages.wrench_stamped(own, 1.0, "tcp"), "base", "tcp", T)
    np.testing.assert_allclose(by_tool, [-2.0, 1.0, 3.0, -0.2, 0.1, 0.3])
    about_base = np.concatenate([by_tool[:3], by_tool[3:] + np.cross(T[:3, 3], by_tool[:3])])
    by_base = messages.wrench_on(messages.wrench_stamped(about_base, 1.0, "base"), "base", "tcp", T)
    np.testing.assert_allclose(by_base, by_tool)
    with pytest.raises(messages.MessageError, match="a wrench in frame 'map': give it in 'tcp' or 'base'"):
        messages.wrench_on(messages.wrench_stamped(own, 1.0, "map"), "base", "tcp", T)

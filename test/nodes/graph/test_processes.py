# SPDX-License-Identifier: Apache-2.0
"""Node processes from outside: recorded images as cameras, bad input, quiet ends."""

from __future__ import annotations

import signal
import time

import cv2
import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.experimental import EventsExecutor
from rig.nodes import NodeUnderTest
from rig.spinning import leave
from sensor_msgs.msg import CameraInfo, Image

from vla_ros import messages, qos
from vla_ros.evaluation.video import VideoWriter
from vla_ros.robots.camera_calibration import load_calibration

COLOR = (200, 60, 30)


@pytest.fixture
def recording(tmp_path, request):
    """Return a folder of two PNGs with depth, or a video."""
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[:] = COLOR
    if request.param == "video":
        with VideoWriter(tmp_path / "run.mp4") as video:
            for _ in range(5):
                video.write(frame)
        return tmp_path / "run.mp4"
    (tmp_path / "depth").mkdir()
    for name in ("0", "1"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), frame[..., ::-1])
        cv2.imwrite(str(tmp_path / "depth" / f"{name}.png"), np.full((480, 640), 1500, np.uint16))
    return tmp_path


@pytest.mark.parametrize("recording", ["folder", "video"], indirect=True)
def test_recorded_images_are_published_as_a_camera(recording):
    rclpy.init()
    node = rclpy.create_node("viewer")
    executor = EventsExecutor()
    executor.add_node(node)
    got = {}
    topic = "cameras/front"
    for name, kind, profile in (
        ("color/image_raw", Image, qos.IMAGES_NEWEST),
        ("aligned_depth_to_color/image_raw", Image, qos.IMAGES_NEWEST),
        ("color/camera_info", CameraInfo, qos.NEWEST),
        ("pose", PoseStamped, qos.LATCHED),
    ):
        node.create_subscription(kind, f"{topic}/{name}", lambda m, name=name: got.__setitem__(name, m), profile)
    wanted = 4 if recording.is_dir() else 3
    camera = NodeUnderTest("camera", source=str(recording), cameras="front")
    try:
        end = time.monotonic() + 60.0
        while len(got) < wanted and time.monotonic() < end:
            executor.spin_once(timeout_sec=0.05)
        code, output, seconds = camera.stop(signal.SIGTERM)
    finally:
        camera.kill()
        leave(executor, node)
    assert len(got) == wanted, output
    assert (code, "Traceback" in output) == (0, False)
    assert seconds < 10.0
    np.testing.assert_allclose(messages.color_array(got["color/image_raw"]).mean((0, 1)), COLOR, atol=6)
    calibration = load_calibration("front")
    np.testing.assert_allclose(messages.intrinsics(got["color/camera_info"]), calibration.intrinsics)
    np.testing.assert_allclose(messages.transform(got["pose"].pose), calibration.T_frame_camera, atol=1e-9)
    if wanted == 4:
        np.testing.assert_allclose(messages.depth_array(got["aligned_depth_to_color/image_raw"]), 1.5, atol=1e-6)


@pytest.mark.parametrize(
    ("node", "parameters", "words"),
    [
        ("control", {"robot": "frankaa"}, "did you mean 'franka'"),
        ("control", {"alignment": "progres"}, "did you mean 'progress'"),
        ("control", {"rate_hz": -5}, "parameter 'rate_hz' is -5.0: give 50 to 2000"),
        ("control", {"speed_scale": "fast"}, "parameter 'speed_scale' is 'fast': give 0.01 to 1"),
        ("camera", {"source": "/nowhere/at/all"}, "/nowhere/at/all"),
        ("view", {"port": 70000}, "parameter 'port' is 70000: give 0 to 65535"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(node, parameters, words):
    process = NodeUnderTest(node, **parameters)
    try:
        output, _ = process.process.communicate(timeout=30.0)
    finally:
        process.kill()
    lines = [line for line in output.splitlines() if line.strip()]
    assert process.process.returncode == 2, output
    assert len(lines) == 1, output
    assert words in lines[0]

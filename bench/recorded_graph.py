# SPDX-License-Identifier: Apache-2.0
"""What a recorder is measured with: two colour cameras, joint states and chunks, counted, from a process of its own.

It begins when somebody has subscribed to all of it, says on standard output how much it has published, and ends.
"""

from __future__ import annotations

import json
import sys
import time

import cv2
import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import Image, JointState
from trajectory_msgs.msg import JointTrajectory

from bench.watched_graph import SIZE, picture
from controllers.chunks.chunk import ActionChunk, pose_channels
from vla_ros import messages, qos
from vla_ros.nodes.transport import Transport, choose_transport

RATE_HZ = 500.0
IMAGE_HZ, CHUNK_HZ = 30.0, 10.0
NOISE = 2.0  # [grey levels] standard deviation: without a sensor's noise pictures shrink to nothing
VARIETY = 15  # pictures, shown one after the other
LATE_MAX_S = 0.01
READY_S = 80.0


class RecordedGraph:
    """Publish; stamps are wall time."""

    def __init__(self, node: Node) -> None:
        joints = [f"panda_joint{i}" for i in range(1, 8)] + ["panda_finger_joint1", "panda_finger_joint2"]
        self._states = messages.JointStateWriter(joints)
        self.publishers: dict[str, Publisher] = {
            "joint_states": node.create_publisher(JointState, "joint_states", qos.STREAM),
            "policy/action_chunk": node.create_publisher(JointTrajectory, "policy/action_chunk", qos.EVENTS),
        }
        for camera in ("front", "side"):
            topic = f"cameras/{camera}/color/image_raw"
            self.publishers[topic] = node.create_publisher(Image, topic, qos.IMAGES)
        self.counts = dict.fromkeys(self.publishers, 0)
        rng = np.random.default_rng(0)
        base = picture().astype(np.float32)
        noisy = [np.roll(base, 3 * i, axis=1) + rng.normal(0.0, NOISE, base.shape) for i in range(VARIETY)]
        self._pictures = [np.clip(image, 0, 255).astype(np.uint8) for image in noisy]
        self._writer = messages.ImageWriter("camera_color_optical_frame")

    def heard(self) -> bool:
        """Say whether all of it has a subscriber."""
        return all(publisher.get_subscription_count() for publisher in self.publishers.values())

    def publish(self, seconds: float) -> float:
        """Publish for so long; return how late it was at worst [s]."""
        began, wall = time.monotonic(), time.time()
        due = {"joint_states": 0, "images": 0, "policy/action_chunk": 0}
        late = 0.0
        for tick in range(round(seconds * RATE_HZ)):
            now = tick / RATE_HZ
            wait = began + now - time.monotonic()
            late = max(late, -wait)
            if wait < -LATE_MAX_S:  # a robot that stood still does not send what it has missed all at once
                began -= wait
            time.sleep(max(0.0, wait))
            self._send("joint_states", self._state(wall + now, now))
            if now >= due["images"] / IMAGE_HZ:
                image = self._writer.write_color(wall + now, self._pictures[due["images"] % VARIETY])
                for camera in ("front", "side"):
                    self._send(f"cameras/{camera}/color/image_raw", image)
                due["images"] += 1
            if now >= due["policy/action_chunk"] / CHUNK_HZ:
                self._send("policy/action_chunk", self._chunk(wall + now))
                due["policy/action_chunk"] += 1
        return late

    def _send(self, topic: str, message: object) -> None:
        self.publishers[topic].publish(message)
        self.counts[topic] += 1

    def _state(self, stamp: float, now: float) -> JointState:
        phase = now + np.arange(9.0)
        return self._states.write(stamp, 0.4 * np.sin(phase), 0.4 * np.cos(phase), np.zeros(9))

    def _chunk(self, stamp: float) -> JointTrajectory:
        times = np.arange(1, 17) * 0.1
        values = np.tile([0.5, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0], (len(times), 1))
        return messages.chunk_message(ActionChunk(stamp, "panda_link0", pose_channels("panda"), times, values, 1))


def main() -> int:
    """Wait for a recorder, publish for as long as the first argument says [s], report, wait for a line, end."""
    seconds = float(sys.argv[1])
    cv2.setNumThreads(1)
    choose_transport(Transport.IMAGES_OUT)
    rclpy.init()
    graph = RecordedGraph(rclpy.create_node("recorded_graph"))
    deadline = time.monotonic() + READY_S
    while not graph.heard():
        if time.monotonic() > deadline:
            print("nobody listens", file=sys.stderr)
            return 1
        time.sleep(0.02)
    time.sleep(0.5)  # matched here is not yet matched there
    print("begin", flush=True)
    late = graph.publish(seconds)
    print(json.dumps({"counts": graph.counts, "late_s": late, "pixels": SIZE}), flush=True)
    sys.stdin.readline()
    rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

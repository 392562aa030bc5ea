# SPDX-License-Identifier: Apache-2.0
"""Bags of the grasping task at their real rates and sizes, without a robot: for benchmarks of the data loop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from vla_ros.data.bags.message_definitions import message_definition
from vla_ros.data.bags.writer import BagWriter
from vla_ros.data.conversion.message_making import TYPES, MessageMaker

SIZE = (480, 640)  # height, width [px]
CAMERA_HZ = 10.0
JOINTS = [*(f"panda_joint{i}" for i in range(1, 8)), "panda_finger_joint1", "panda_finger_joint2"]
START = 1_000_000_000_000  # [ns]


def write_bags(folder: Path, count: int, seconds: float, start: int = START) -> list[Path]:
    """Write `count` bags of `seconds` [s] and return their folders."""
    bags = []
    for number in range(count):
        writer = BagWriter(folder / f"bag{number:03d}")
        for time, topic, kind, data in _messages(start + round(number * (seconds + 10.0) * 1e9), seconds, number):
            writer.add_topic(f"/{topic}", message_definition(TYPES[kind]))
            writer.write(f"/{topic}", time, time, data)
        bags.append(writer.close())
    return bags


def _messages(start: int, seconds: float, seed: int) -> Iterator[tuple[int, str, str, bytes]]:
    make, base = MessageMaker(), "panda_link0"
    scenes = {camera: _scene(seed * 2 + i) for i, camera in enumerate(("front", "side"))}
    noise = np.random.default_rng(seed).integers(-3, 4, (4, *SIZE, 3), dtype=np.int16)
    yield start, "instruction", "string", make.string("pick up the mug")
    for camera in scenes:
        pose = np.array([1.35, 0.0, 0.54, 0.6, 0.6, -0.38, -0.38])
        yield start, f"cameras/{camera}/pose", "pose", make.pose(start, base, pose / max(1.0, np.linalg.norm(pose[3:])))
    for tick in range(round(seconds * 500.0)):
        time, t = start + tick * 2_000_000, tick / 500.0
        q = np.concatenate([np.sin(0.3 * t + np.arange(7)), [0.02, 0.02]])
        yield time, "joint_states", "joint_state", make.joint_state(time, JOINTS, q, np.zeros(9))
        pose = np.array([0.4 + 0.1 * np.sin(t), 0.1 * np.cos(t), 0.3, 1.0, 0.0, 0.0, 0.0])
        if tick % 5 == 0:
            yield time, "panda/ee_pose", "pose", make.pose(time, base, pose)
        if tick % 10 == 0:
            yield time, "control/commanded_pose", "pose", make.pose(time, base, pose)
            values = {"stamp": f"{time * 1e-9:.6f}", "enabled": "true", "panda_hand/width": "0.080000"}
            yield time, "control/progress", "status", make.status("control", "", values)
        if tick % round(500.0 / CAMERA_HZ) == 0:
            k = tick // round(500.0 / CAMERA_HZ)
            for camera, scene in scenes.items():
                frame, topic = f"{camera}_color_optical_frame", f"cameras/{camera}/color"
                view = scene[k % 100 : k % 100 + SIZE[0], 2 * k % 200 : 2 * k % 200 + SIZE[1]]
                image = np.clip(view + noise[k % len(noise)], 0, 255).astype(np.uint8)
                info = make.camera_info(time, frame, np.array([617.0, 617.0, 319.5, 239.5]), (SIZE[1], SIZE[0]))
                yield time, f"{topic}/camera_info", "camera_info", info
                yield time, f"{topic}/image_raw", "image", make.image(time, frame, image)


def _scene(seed: int) -> np.ndarray:
    """Return a picture larger than a frame: soft colours, edges and a little texture."""
    random = np.random.default_rng(seed)
    soft = cv2.resize(random.integers(60, 200, (7, 9, 3), dtype=np.uint8), (840, 580), interpolation=cv2.INTER_CUBIC)
    for _ in range(25):
        corner, size = random.integers(0, (800, 540)), random.integers(20, 120, 2)
        color = tuple(random.integers(0, 256, 3).tolist())
        cv2.rectangle(soft, tuple(corner.tolist()), tuple((corner + size).tolist()), color, -1)
    return soft.astype(np.int16)

# SPDX-License-Identifier: Apache-2.0
"""A bag of known content: two cameras of numbered pictures, joints and poses that are functions of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from demonstrations.numbered_picture import picture
from scipy.spatial.transform import Rotation

from vla_ros.data.bags import marks
from vla_ros.data.bags.image_compression import ImageCompressor
from vla_ros.data.bags.message_definitions import message_definition
from vla_ros.data.bags.writer import BagWriter
from vla_ros.data.conversion.message_making import TYPES, MessageMaker

JOINTS = [f"panda_joint{i}" for i in range(1, 8)] + ["panda_finger_joint1", "panda_finger_joint2"]
BASE = "panda_link0"
CLOSES_AT = 1.23  # [s] after the beginning: the gripper is told to close
INTRINSICS = np.array([61.0, 61.5, 31.5, 23.5])  # fx, fy, cx, cy [px] of the front camera


def joints(time: np.ndarray | float) -> np.ndarray:
    """Return joint positions (..., 9) [rad], [m] at `time` [s]."""
    time = np.asarray(time)[..., None]
    arm = np.sin(0.3 * time + np.arange(7))
    return np.concatenate([arm, np.repeat(0.02 + 0.01 * np.cos(time), 2, axis=-1)], axis=-1)


def speeds(time: float) -> np.ndarray:
    """Return how fast the joints and fingers are then [rad/s], [m/s]."""
    return (joints(time + 1e-4) - joints(time - 1e-4)) / 2e-4


def pose(time: float, shift: float = 0.0) -> np.ndarray:
    """Return a pose (7,): a line and a turn at constant rate about a tilted axis; the tool points down."""
    turned = Rotation.from_rotvec(np.array([0.1, 0.2, 0.5]) * time) * Rotation.from_rotvec([np.pi, 0.0, 0.0])
    return np.concatenate([[0.4 + 0.05 * time + shift, -0.02 * time, 0.3], turned.as_quat()])


@dataclass(frozen=True)
class Recording:
    """How a bag is made; times are [s] after `start`, rates [Hz]."""

    duration: float = 3.0
    start: float = 1000.0
    camera_rate: float = 30.0
    jitter: float = 0.004  # of the exposures, half of their spread
    steps: tuple[float, ...] = ()  # [s] between exposures of both cameras, over and over, instead of rate and jitter
    size: tuple[int, int] = (48, 64)  # of the front camera: height, width [px]
    side_size: tuple[int, int] = (32, 48)
    first_picture: int = 0
    images: str = "raw"
    instruction: str = "pick up the mug"
    marked: tuple[tuple[float, float, bool], ...] = ()  # begin, end, success of episodes
    hole: tuple[float, float] = (9e9, 9e9)  # in which the front camera is silent
    without: tuple[str, ...] = ()  # topics
    silent: tuple[tuple[str, float, float], ...] = ()  # topic, from when to when it says nothing
    silent_throughout: tuple[str, ...] = ()  # topics that are announced, and that nothing comes from
    unused: bool = False  # a topic that nothing is made of, 50 times a second
    contract: str = ""  # noted in the bag
    namespace: str = ""
    back: float = 0.0  # by how much the clock is set back in the middle
    latency: float = 0.003  # from stamp to recording
    tempo: float = 1.0  # wall seconds for a second of the stamps
    corrected: tuple[float, float] = (9e9, 9e9)  # from when to when a person has the arm, else a policy
    order: tuple[str, ...] = tuple(JOINTS[::-1])  # of the names in joint_states
    speeds: bool = False  # that joint_states tell
    seed: int = 0

    def exposures(self, camera: int) -> np.ndarray:
        """Return the stamps of a camera's pictures [s]; picture i shows the number first_picture + i (+ 1000)."""
        if self.steps:
            stamps = np.cumsum([0.0, *self.steps * int(self.duration / sum(self.steps) + 1)])
            return np.round(self.start + stamps[stamps < self.duration], 9)
        count = int(self.duration * self.camera_rate)
        random = np.random.default_rng(self.seed + camera)
        stamps = np.arange(count) / self.camera_rate + random.uniform(-self.jitter, self.jitter, count)
        return np.round(self.start + np.maximum(stamps, 0.0), 9)


def write_bag(folder: Path, recording: Recording | None = None) -> Path:
    """Write the bag and return its folder."""
    made = recording or Recording()
    writer = BagWriter(folder, custom_data={"contract": made.contract} if made.contract else {})
    prefix = f"/{made.namespace}/" if made.namespace else "/"
    compressors: dict[str, ImageCompressor] = {}
    kinds = dict(TYPES)
    for number, (stamp, topic, kind, data) in enumerate(sorted(_messages(made), key=lambda entry: entry[0])):
        if topic in made.silent_throughout:
            writer.add_topic(prefix + topic, message_definition(kinds[kind]))
            continue
        if topic in made.without or any(
            topic == name and begin < stamp - made.start < end for name, begin, end in made.silent
        ):
            continue
        if kind == "image" and made.images != "raw":
            compressor = compressors.setdefault(topic, ImageCompressor(made.images))
            topic, data = topic + compressor.suffix, compressor.compress(data)
            kinds["image"] = compressor.type
        wall = round((made.start + made.tempo * (stamp - made.start) + made.latency) * 1e9) + 777_000_000_000
        writer.add_topic(prefix + topic, message_definition(kinds[kind]))
        writer.write(prefix + topic, wall, wall, data, number)
    return writer.close()


def _messages(made: Recording) -> Iterator[tuple[float, str, str, bytes]]:
    make, half = MessageMaker(), made.start + 0.5 * made.duration

    def ns(stamp: float) -> int:
        return round((stamp - (made.back if stamp > half else 0.0)) * 1e9)

    def grid(rate: float) -> np.ndarray:
        return made.start + np.arange(0.0, made.duration, 1.0 / rate)

    yield made.start, "instruction", "string", make.string(made.instruction)
    for stamp in grid(200.0):
        q, dq = (dict(zip(JOINTS, of(stamp - made.start), strict=True)) for of in (joints, speeds))
        told = np.array([dq[name] for name in made.order]) if made.speeds else np.empty(0)
        state = make.joint_state(ns(stamp), made.order, np.array([q[name] for name in made.order]), told)
        yield stamp, "joint_states", "joint_state", state
    for stamp in grid(100.0):
        yield stamp, "panda/ee_pose", "pose", make.pose(ns(stamp), BASE, pose(stamp - made.start))
    for stamp in grid(50.0):
        # The sign of a quaternion is nobody's business: every second one is turned.
        commanded = pose(stamp - made.start, 0.01) * np.where(np.arange(7) > 2, (-1.0) ** round(stamp * 50), 1.0)
        yield stamp, "control/commanded_pose", "pose", make.pose(ns(stamp), BASE, commanded)
        width = "0.000000" if stamp - made.start >= CLOSES_AT else "0.080000"
        source = "teleop" if made.corrected[0] <= stamp - made.start < made.corrected[1] else "policy"
        values = {"stamp": f"{stamp:.6f}", "panda_hand/width": width, "source": source}
        yield stamp, "control/progress", "status", make.status("control", "", values)
        if made.unused:
            yield stamp, "force/left", "pose", make.pose(ns(stamp), BASE, pose(0.0))
    for camera, (name, size) in enumerate((("front", made.size), ("side", made.side_size))):
        frame = f"{name}_color_optical_frame"
        yield made.start, f"cameras/{name}/pose", "pose", make.pose(ns(made.start), BASE, pose(0.1 * (camera + 1)))
        info = make.camera_info(ns(made.start), frame, INTRINSICS, (size[1], size[0]))
        yield made.start, f"cameras/{name}/color/camera_info", "camera_info", info
        for i, stamp in enumerate(made.exposures(camera)):
            if name == "front" and made.hole[0] <= stamp - made.start <= made.hole[1]:
                continue
            image = picture((made.first_picture + i + 1000 * camera) % 4096, *size)
            yield stamp, f"cameras/{name}/color/image_raw", "image", make.image(ns(stamp), frame, image)
    for number, (begin, end, success) in enumerate(made.marked):
        for time, word in ((begin, marks.BEGIN), (end, marks.END)):
            values = {marks.STAMP: f"{made.start + time:.6f}", marks.EPISODE: str(number)}
            values |= {marks.INSTRUCTION: f"task {number}"}
            values |= {marks.SUCCESS: str(success).lower()} if word == marks.END else {}
            yield made.start + time, marks.TOPIC, "status", make.status(marks.NAME, word, values)

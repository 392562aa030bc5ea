# SPDX-License-Identifier: Apache-2.0
"""A bag of a small motion of the Franka, commanded from where it stands at home: out, down, the gripper shut, back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from arms.franka_arm import ARM, HOME, franka_model

from controllers.rotations import compose_exp, from_matrix
from vla_ros.data.bags import marks
from vla_ros.data.bags.message_definitions import message_definition
from vla_ros.data.bags.writer import BagWriter
from vla_ros.data.conversion.message_making import TYPES, MessageMaker

START, IDLE, DURATION, RATE = 100.0, 0.5, 3.0, 50.0  # [s], [Hz]
CLOSES_AT = 1.5  # [s] after the motion has begun
INSTRUCTION = "pick up the mug"
SCENE = {"set": "basic", "seed": 3, "categories": "action"}


def target(t: float) -> np.ndarray:
    """Return the commanded pose (7,) at t [s] after the motion has begun."""
    T = franka_model().forward(HOME)
    share = np.sin(np.pi * np.clip(t / DURATION, 0.0, 1.0)) ** 2
    turn = compose_exp(from_matrix(T[:3, :3]), (0.0, 0.0, 0.4 * share))
    return np.concatenate([T[:3, 3] + share * np.array([0.06, -0.08, -0.05]), turn])


def width(t: float) -> float:
    return 0.08 if t < CLOSES_AT else 0.02


def write_replay_bag(folder: Path, start: np.ndarray = HOME, without: str = "", marked: bool = True) -> Path:
    """Write the bag; `start` (7,) [rad] is where the arm says it stood."""
    maker, writer = MessageMaker(), BagWriter(folder)

    def write(topic: str, kind: str, time: float, data: bytes) -> None:
        if topic == without:
            return
        writer.add_topic(f"/{topic}", message_definition(TYPES[kind]))
        writer.write(f"/{topic}", round(1e9 * time), round(1e9 * time), data)

    def mark(word: str, time: float, **values: str) -> None:
        said = {marks.STAMP: f"{time:.6f}", marks.INSTRUCTION: INSTRUCTION, **values}
        write(marks.TOPIC, "status", time, maker.status(marks.NAME, word, said))

    write("sim/scene", "string", START - 1.0, maker.string(json.dumps(SCENE)))
    write("instruction", "string", START, maker.string(INSTRUCTION))
    if marked:
        mark(marks.BEGIN, START)
    names = [*ARM.joints, "panda_finger_joint1", "panda_finger_joint2"]
    for k in range(round((IDLE + DURATION) * RATE) + 1):
        time = START + k / RATE
        t = k / RATE - IDLE
        stamp = round(1e9 * time)
        joints = np.concatenate([start, [0.04, 0.04]])
        write("joint_states", "joint_state", time, maker.joint_state(stamp, names, joints, np.zeros(9)))
        write("control/commanded_pose", "pose", time, maker.pose(stamp, "panda_link0", target(t)))
        progress = {"stamp": f"{time:.6f}", "enabled": "true", "panda_hand/width": f"{width(t):.6f}"}
        write("control/progress", "status", time, maker.status("control", "", progress))
    if marked:
        mark(marks.END, START + IDLE + DURATION, success="true")
    writer.close()
    return folder

# SPDX-License-Identifier: Apache-2.0
"""`vla launch policy` with a robot and a policy of one's own: two of three cameras bare colour, every group moved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from assets import PAIR

POLICY = '''
import json
from pathlib import Path

import numpy as np

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.rotations import from_matrix
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.needs import CameraNeed, Needs

SEEN = Path(__file__).with_name("seen.jsonl")
HORIZON, PERIOD, WAY_S = 8, 0.1, 2.5
JOINTS = {"lift_joint": 0.13, "head_pan_joint": 0.25, "head_tilt_joint": 0.3}


class Mover:
    """Raises both hands, the lift and the head, drives back, narrows the gripper and switches the cup on."""

    needs = Needs(
        (CameraNeed("head", depth=True, calibration=True, width=160, height=120), CameraNeed("left_wrist", width=96,
         height=96), CameraNeed("right_wrist", width=96, height=96)),
        groups=("left", "right", "lift", "head", "left_gripper", "right_cup", "base"),
    )
    gives = ActionContract(arms=("left", "right"), joints=tuple(JOINTS), grippers=("left_gripper",),
                           cups=("right_cup",), base=True)

    def __init__(self, robot):
        self.frame, self.first, self.sequence = robot.base_frame, None, 0

    def reset(self):
        self.first = None

    def infer(self, observation):
        state = observation.state
        if self.first is None:
            self.first = observation
        with SEEN.open("a") as file:
            cameras = {
                name: [list(view.color.shape), view.depth is not None, view.intrinsics is not None,
                       float(view.color.std())]
                for name, view in observation.cameras.items()
            }
            x = float(state.base.T_odom_base[0, 3])
            file.write(json.dumps({"stamp": observation.stamp, "cameras": cameras, "x": x} | state.values) + "\\n")
        times = PERIOD * np.arange(1, HORIZON + 1)
        share = np.clip((observation.stamp + times - self.first.stamp) / WAY_S, 0.0, 1.0)[:, None]
        columns = []
        for arm in self.gives.arms:
            T = self.first.commanded.arms[arm].T_base_ee
            columns += [T[:3, 3] + share * [0.0, 0.0, 0.05], np.tile(from_matrix(T[:3, :3]), (HORIZON, 1))]
        began = self.first.state.values
        for joint, goal in JOINTS.items():
            start = began[f"{joint}/position"]
            columns.append(start + share * (goal - start))
        columns += [np.full((HORIZON, 1), 0.04), np.ones((HORIZON, 1))]
        columns += [np.where(share < 1.0, -0.06, 0.0), np.zeros((HORIZON, 2))]
        self.sequence += 1
        return ActionChunk(observation.stamp, self.frame, self.gives.channels, times, np.hstack(columns), self.sequence)
'''


def seen(folder: Path) -> list[dict[str, Any]]:
    """Return what the policy was shown so far."""
    file = folder / "seen.jsonl"
    return [json.loads(line) for line in file.read_text().split("\n")[:-1]] if file.exists() else []


def test_a_policy_of_ones_own_moves_every_group_of_ones_own_robot(launch, tmp_path):
    (tmp_path / "mine.py").write_text(POLICY)
    words = (f"robot:={PAIR}", "policy:=mine.py:Mover", "seed:=1", "camera_rate_hz:=5", "real_time_factor:=0.4")
    graph = launch(*words, job="policy")

    def moved() -> bool:
        if graph.process.poll() is not None:
            return True
        told = seen(tmp_path)
        return bool(told) and told[-1]["stamp"] - told[0]["stamp"] > 5.0

    assert graph.arm.spin_until(moved, 240.0), graph.output
    assert graph.process.poll() is None, graph.output
    first, last = seen(tmp_path)[0], seen(tmp_path)[-1]
    for arm in ("left", "right"):
        assert last[f"{arm}/position.z"] - first[f"{arm}/position.z"] == pytest.approx(0.05, abs=0.01)
    for joint, goal in (("lift_joint", 0.13), ("head_pan_joint", 0.25), ("head_tilt_joint", 0.3)):
        assert last[f"{joint}/position"] == pytest.approx(goal, abs=0.01)
    assert last["left_gripper/width"] == pytest.approx(0.04, abs=0.005)
    assert last["right_cup/seal"] == 0.0, "it sucks at air, and says so"
    assert last["x"] - first["x"] < -0.1
    assert {name: view[:3] for name, view in last["cameras"].items()} == {
        "head": [[120, 160, 3], True, True],
        "left_wrist": [[96, 96, 3], False, False],
        "right_wrist": [[96, 96, 3], False, False],
    }
    assert all(view[3] > 5.0 for view in last["cameras"].values()), "pictures of something"
    graph.interrupt()
    graph.finish()
    assert "Traceback" not in graph.output
    assert graph.left_running == []

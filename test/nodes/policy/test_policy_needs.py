# SPDX-License-Identifier: Apache-2.0
"""The policy node over real DDS subscribes to what its policy needs and to no more, and says what it waits for."""

from __future__ import annotations

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from policy_making.policy_rig import Rig
from std_msgs.msg import String

from vla_ros import messages, qos

CAMERAS = """cameras:
  - name: front
  - {name: d405, frame: panda_tcp, depth: false, calibrated: false, role: wrist}
"""
POLICIES = """
import numpy as np

from controllers.chunks.chunk import ActionChunk, pose_channels
from vla_ros.policies.needs import CameraNeed, Needs


class Looker:
    needs = Needs((CameraNeed("wrist", width=32, height=24, history=2),), groups=("panda",))

    def __init__(self):
        self.seen = []

    def infer(self, observation):
        self.seen.append(observation)
        values = np.tile([0.5, 0.0, 0.4, 1.0, 0.0, 0.0, 0.0], (4, 1))
        return ActionChunk(observation.stamp, "panda_link0", pose_channels("panda"), 0.1 * np.arange(1, 5), values)

    def reset(self):
        pass


class Blind(Looker):
    needs = Needs(groups=("panda", "panda_hand"), instruction=False)


class Deep(Looker):
    needs = Needs((CameraNeed("d405", depth=True),))
"""


@pytest.fixture
def start(tmp_path, root):
    text = (root / "config/robots/franka.yaml").read_text()
    robot, policies = tmp_path / "franka.yaml", tmp_path / "mine.py"
    robot.write_text(text.partition("cameras:")[0].replace("urdf: urdf", f"urdf: {root}/urdf") + CAMERAS)
    policies.write_text(POLICIES)
    rigs: list[Rig] = []

    def make(name: str) -> Rig:
        rigs.append(Rig(str(robot), f"{policies}:{name}"))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()
    rclpy.try_shutdown()


def test_a_colour_camera_without_calibration_is_enough_for_a_policy_that_needs_no_more(start):
    rig = start("Looker")
    rig.instruction.publish(String(data="look"))
    assert rig.play_until(lambda: len(rig.seen) > 5)
    last = rig.seen[-1]
    assert set(last.cameras) == {"wrist"}  # as the policy calls it
    view, older = last.cameras["wrist"], last.camera_history["wrist"]
    assert view.color.shape == (24, 32, 3)
    assert (view.depth, view.intrinsics, view.T_base_camera) == (None, None, None)
    assert len(older) == 2
    assert older[0].stamp < older[1].stamp < view.stamp
    assert [int(one.color[0, 0, 0]) for one in older] == [round(10.0 * one.stamp) for one in older]
    assert set(last.state.arms) == {"panda"}
    assert not last.state.end_effectors
    assert rig.images() == {"/cameras/d405/color/image_raw"}


def test_a_policy_without_cameras_and_words_sees_the_state_ten_times_a_second(start):
    rig = start("Blind")
    assert rig.play_until(lambda: len(rig.seen) > 3, pictures=False)
    assert not rig.seen[-1].cameras
    assert rig.seen[-1].instruction == ""
    assert set(rig.seen[-1].state.end_effectors) == {"panda_hand"}
    assert np.diff([one.stamp for one in rig.seen]).min() > 0.099
    assert not rig.images()


def test_what_it_waits_for_is_said_after_two_seconds(start):
    rig, statuses = start("Looker"), []
    rig.node.create_subscription(DiagnosticArray, "diagnostics", lambda m: statuses.extend(m.status), qos.EVENTS)
    said = "waiting for cameras/d405/color/image_raw"
    assert rig.until(lambda: any(one.message == said and one.level == messages.WARN for one in statuses))
    rig.instruction.publish(String(data="look"))
    assert rig.play_until(lambda: bool(rig.seen))
    statuses.clear()
    assert rig.until(lambda: any(one.message == "look" for one in statuses))


def test_what_the_robot_cannot_give_is_refused_before_anything_waits(start):
    rig = start("Deep")
    assert "needs depth of camera 'd405', which robot 'franka' has not" in str(rig.under_test.failure)

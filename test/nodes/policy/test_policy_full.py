# SPDX-License-Identifier: Apache-2.0
"""The full-size GraspVLA, tiny and random, in the policy node: colour pictures and states in, chunks out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import rclpy
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: it comes with the full GraspVLA")

from policy_making.policy_rig import Rig
from tiny.graspvla_full import tiny_network, tiny_words

from vla_ros import messages, qos
from vla_ros.nodes.camera.publisher import CameraPublisher
from vla_ros.policies.graspvla.full.checkpoint import Checkpoint, save_checkpoint
from vla_ros.policies.graspvla.full.policy import GraspVlaFullPolicy
from vla_ros.policies.observation import CameraView


class TwoCameras:
    """Publish one picture as that of both of the checkpoint's cameras."""

    def __init__(self, node) -> None:
        self._publishers = {
            name: CameraPublisher(node, name, "panda_link0", moves=False, depth=False, calibrated=False)
            for name in ("front", "side")
        }

    def publish(self, view: CameraView) -> None:
        for name, publisher in self._publishers.items():
            publisher.publish(dataclasses.replace(view, name=name))


@pytest.fixture
def rig(tmp_path):
    save_checkpoint(Checkpoint(tiny_network(), tiny_words()), tmp_path / "tiny")
    rig = Rig("franka", str(tmp_path / "tiny"))
    assert rig.under_test.failure is None, rig.under_test.failure
    rig.camera = TwoCameras(rig.node)
    yield rig
    rig.close()
    rclpy.try_shutdown()


def test_a_checkpoints_folder_is_a_policy_that_sends_chunks(rig):
    assert isinstance(rig.under_test._worker._policy, GraspVlaFullPolicy)
    chunks = []
    rig.node.create_subscription(JointTrajectory, "policy/action_chunk", chunks.append, qos.EVENTS)
    rig.instruction.publish(String(data="pick up the red mug"))
    assert rig.play_until(lambda: len(chunks) >= 2), rig.under_test._worker.waiting_for
    chunk = messages.chunk_from(chunks[-1])
    assert "panda_hand/width" in chunk.channels
    np.testing.assert_allclose(chunk.times, [0.1, 0.2, 0.3, 0.4])
    assert np.isfinite(chunk.values).all()
    assert rig.images() == {"/cameras/front/color/image_raw", "/cameras/side/color/image_raw"}

# SPDX-License-Identifier: Apache-2.0
"""The policy: synchronised images, state and words in, action chunks out. Inference never blocks the executor."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from controllers.chunk import ActionChunk
from controllers.errors import ConfigError, unknown_name
from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import ControlProgress, control_progress
from vla_ros.nodes.camera.subscriber import CameraSubscriber
from vla_ros.nodes.managed import ManagedNode
from vla_ros.nodes.parameters import declare, declare_cameras, declare_robot
from vla_ros.nodes.policy.detection_publisher import DetectionPublisher
from vla_ros.nodes.policy.inference_worker import InferenceWorker
from vla_ros.nodes.policy.latency import Latency
from vla_ros.nodes.policy.observation_builder import ObservationBuilder
from vla_ros.nodes.policy.reasoning_publisher import ReasoningPublisher
from vla_ros.nodes.policy.synchronizer import Synchronizer
from vla_ros.nodes.spinning import run_node, serve_until_stopped, steady_timer
from vla_ros.nodes.transport import Transport
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.loading import load_policy
from vla_ros.policies.names import DEFAULT_POLICY
from vla_ros.policies.observation import CameraView, Observation
from vla_ros.policies.reasoning import Reasoner, Reasoning
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.topics import commanded_pose_topic

SILENCE_MAX_S = 0.5  # [s] after which control's last progress says nothing any more


class PolicyNode(ManagedNode):
    """Ask the policy whenever little remains of the last chunk and a new exposure is there."""

    def __init__(self, policy: Policy | None = None) -> None:
        """Load the policy that the parameters name at `configure`, unless one is given."""
        super().__init__("policy_node")
        self._embodiment = declare_cameras(self, load_embodiment(declare_robot(self)))
        cameras = self._embodiment.cameras
        self._policy = policy
        self._name = declare(self, "policy", DEFAULT_POLICY, "policy that turns images and words into chunks")
        self._objects = declare(self, "objects", "", "folder of your own objects; empty: the built-in ones") or None
        self._checkpoint = declare(
            self, "checkpoint", "", "folder of a learned policy's weights; empty: the shipped one"
        )
        self._trigger = declare(
            self,
            "trigger_remaining_s",
            10.0,
            "infer when less remains of the chunk [s]",
            0.0,
            60.0,
            change=lambda value: setattr(self, "_trigger", value),
        )
        self._settle_speed = declare(
            self,
            "settle_speed",
            0.0,
            "infer only when no joint is faster [rad/s]; 0: do not wait",
            0.0,
            1.0,
            change=lambda value: setattr(self, "_settle_speed", value),
        )
        self._reference = declare(self, "reference_camera", cameras[0], "camera whose exposure stamps the chunk")
        self._tolerance = declare(self, "tolerance_s", 0.02, "between the exposures of one observation [s]", 0.0, 1.0)
        self._skew = declare(self, "skew_max_s", 0.05, "between exposure and nearest joint state [s]", 0.001, 1.0)
        if self._reference not in cameras:
            raise ConfigError(f"policy_node: {unknown_name('reference_camera', self._reference, cameras)}")

    def configure(self) -> None:
        """Load the policy and create its topics."""
        embodiment = self._embodiment
        self._instruction = ""
        self._progress: tuple[float, ControlProgress] | None = None  # arrival [s, monotonic]
        self._speed = 0.0  # [rad/s] of the fastest joint
        self._failure, self._failures = "", 0
        self._builder = ObservationBuilder(embodiment, self._skew)
        self._reader = messages.JointStateReader(self._builder.joints)
        policy = self._policy or load_policy(self._name, embodiment, self._objects, self._checkpoint)
        self._detections = DetectionPublisher(self, policy)
        self._reasoning = ReasoningPublisher(self, policy, embodiment.cameras)
        self._reasoner, self._latency = capability(policy, Reasoner), Latency()
        self._timed: Reasoning | None = None  # whose stages are counted
        self._views: dict[str, CameraView] = {}  # what the worker's thread infers from
        self._worker = InferenceWorker(policy, self._on_chunk, self._on_failure)
        self._cameras = {
            camera: CameraSubscriber(self, camera, self._on_image, moves=camera in embodiment.mounted_cameras)
            for camera in embodiment.cameras
        }
        streams = [s for camera in self._cameras.values() for s in (camera.color_stream, camera.depth_stream)]
        self._synchronizer = Synchronizer(streams, self._cameras[self._reference].color_stream, self._tolerance)
        self._chunks = self.create_publisher(JointTrajectory, "policy/action_chunk", qos.EVENTS)
        self.create_subscription(JointState, "joint_states", self._on_joint_state, qos.BUFFERED)
        for arm in embodiment.arms:
            topic = commanded_pose_topic(embodiment, arm.name)
            self.create_subscription(PoseStamped, topic, partial(self._on_commanded_pose, arm.name), qos.BUFFERED)
        self.create_subscription(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)
        self.create_subscription(String, "instruction", self._on_instruction, qos.LATCHED)
        steady_timer(self, 1.0, self._publish_diagnostics)

    def cleanup(self) -> None:
        """End the worker's thread."""
        self._worker.close()

    # -- what arrives ------------------------------------------------------------------------------------------------
    def _on_joint_state(self, message: JointState) -> None:
        sample = self._reader.read(message)
        if sample is not None:
            self._builder.states.add(sample.stamp, np.stack([sample.position, sample.velocity]))
            self._speed = float(np.abs(sample.velocity).max())

    def _on_commanded_pose(self, arm: str, message: PoseStamped) -> None:
        stamp = messages.seconds(message.header.stamp)
        self._builder.add_commanded(arm, stamp, messages.transform(message.pose))

    def _on_progress(self, message: DiagnosticStatus) -> None:
        progress = control_progress(message.message, messages.diagnostic_values(message))
        self._progress = (time.monotonic(), progress)
        if progress.enabled:
            self._builder.add_end_effectors(progress.stamp, progress.end_effectors)

    def _on_instruction(self, message: String) -> None:
        self._instruction = message.data.strip()
        if not self._instruction:
            self._reasoning.clear()

    def _on_image(self, stream: str, stamp: float, message: Image) -> None:
        complete = self._synchronizer.add(stream, stamp, message)
        if complete is not None and self._wanted():
            reference_stamp, images = complete
            instruction = self._instruction
            self._worker.request(lambda: self._observation(reference_stamp, instruction, images))

    # -- when to infer, and on what ------------------------------------------------------------------------------------
    def _wanted(self) -> bool:
        if not self.active or not self._instruction or not all(camera.calibrated for camera in self._cameras.values()):
            return False
        if 0.0 < self._settle_speed < self._speed:
            return False
        if self._progress is None or time.monotonic() - self._progress[0] > SILENCE_MAX_S:
            return True  # nobody executes chunks: they are shown all the same (shadow mode)
        return self._progress[1].remaining_s <= self._trigger

    def _observation(self, stamp: float, instruction: str, images: dict[str, Any]) -> Observation:
        """Build the observation; runs in the worker's thread, where converting images holds up nobody."""
        self._views = views = {
            name: camera.view(images[camera.color_stream], images[camera.depth_stream])
            for name, camera in self._cameras.items()
        }
        return self._builder.build(stamp, instruction, views)

    # -- what comes out: in the worker's thread ------------------------------------------------------------------------
    def _on_chunk(self, chunk: ActionChunk) -> None:
        self._failure = ""
        reasoning = self._reasoner.reasoning if self._reasoner is not None else None
        new, self._timed = reasoning is not self._timed, reasoning
        self._latency.add(chunk.inference_s, reasoning.stages_s if reasoning is not None and new else {})
        if self.active:  # it may have been deactivated meanwhile
            self._chunks.publish(messages.chunk_message(chunk))
            self._detections.publish(chunk.stamp, chunk.frame_id)
            self._reasoning.publish(self._views, chunk.stamp, chunk.frame_id)

    def _on_failure(self, reason: str) -> None:
        self._failures += 1
        if reason != self._failure:
            self.get_logger().error(f"no chunk: {reason}")
        self._failure = reason

    def _publish_diagnostics(self) -> None:
        values = {
            "chunks": str(self._worker.count),
            "failures": str(self._failures),
            "inference_ms": f"{1e3 * self._worker.seconds:.1f}",
            "busy": str(self._worker.busy).lower(),
            **self._latency.values(),
        }
        level = messages.ERROR if self._failure else messages.OK
        text = self._failure or self._worker.waiting_for or self._instruction or "waiting for an instruction"
        self.diagnose(level, text, values, "policy")


def main() -> int:
    """Run the node."""
    return run_node("policy", serve_until_stopped(PolicyNode), Transport.IMAGES_IN)


if __name__ == "__main__":
    raise SystemExit(main())

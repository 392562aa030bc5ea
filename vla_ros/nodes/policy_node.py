# SPDX-License-Identifier: Apache-2.0
"""The policy: synchronised images, state and words in, action chunks out. Inference never blocks the executor."""

from __future__ import annotations

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from controllers.chunks.chunk import ActionChunk, TaskStatus, instruction_hash
from controllers.errors import ConfigError, unknown_name
from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import control_progress
from vla_ros.nodes.managed import ManagedNode
from vla_ros.nodes.memory import give_memory_back
from vla_ros.nodes.parameters import declare, declare_cameras, declare_robot
from vla_ros.nodes.policy.detection_publisher import DetectionPublisher
from vla_ros.nodes.policy.failure_publisher import FailurePublisher
from vla_ros.nodes.policy.failure_watch import declare_failure_watch
from vla_ros.nodes.policy.inference_diagnostics import InferenceDiagnostics
from vla_ros.nodes.policy.inference_trigger import InferenceTrigger
from vla_ros.nodes.policy.inference_worker import InferenceWorker
from vla_ros.nodes.policy.needed_cameras import Exposure, NeededCameras
from vla_ros.nodes.policy.observation_builder import ObservationBuilder
from vla_ros.nodes.policy.reasoning_publisher import ReasoningPublisher
from vla_ros.nodes.policy.state_feed import StateFeed
from vla_ros.nodes.spinning import run_node, serve_until_stopped, steady_timer
from vla_ros.nodes.transport import Transport
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.closing import Closing
from vla_ros.policies.capabilities.detection import Explaining
from vla_ros.policies.capabilities.reasoning import Reasoner, Reasoning
from vla_ros.policies.families.changed_settings import with_server
from vla_ros.policies.families.loading import check_policy, load_policy
from vla_ros.policies.families.table import DEFAULT_POLICY, UNNAMED_WEIGHTS
from vla_ros.policies.needs import STATE_PERIOD_S, everything
from vla_ros.policies.observation import CameraView, Observation
from vla_ros.robots.embodiment import load_embodiment


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
            self, "checkpoint", "", f"folder of a learned policy's weights; empty: {UNNAMED_WEIGHTS}"
        )
        url = declare(self, "url", "", "server that policy remote asks, ws://HOST:PORT; empty: none")
        token_file = declare(self, "url_token_file", "", "file of that server's token; empty: it wants none")
        contract = declare(self, "contract", "", "what a server of others means; empty: it is a vla serve")
        setting = declare(self, "setting", "", "changes to the policy's settings: KEY=VALUE,…; empty: none")
        self._changes = with_server(self._name, url, token_file, setting, contract=contract)
        self._failure_watch = declare_failure_watch(self)
        self._trigger = InferenceTrigger(self)
        self._reference = declare(
            self, "reference_camera", "", "camera whose exposure stamps the chunk; empty: the first that is needed"
        )
        self._tolerance = declare(self, "tolerance_s", 0.02, "between the exposures of one observation [s]", 0.0, 1.0)
        self._skew = declare(self, "skew_max_s", 0.05, "between exposure and nearest joint state [s]", 0.001, 1.0)
        if self._reference and self._reference not in cameras:
            raise ConfigError(f"policy_node: {unknown_name('reference_camera', self._reference, cameras)}")

    def configure(self) -> None:
        """Load the policy and create its topics."""
        embodiment = self._embodiment
        self._instruction = ""
        self._trigger.reset()
        self._inferences = InferenceDiagnostics(self)
        needs = (
            everything(embodiment)
            if self._policy
            else check_policy(self._name, embodiment, self._checkpoint, changes=self._changes)
        )
        self._needs_instruction = needs.instruction
        self._builder = builder = ObservationBuilder(embodiment, self._skew, needs)
        policy = self._policy or load_policy(self._name, embodiment, self._objects, self._checkpoint, self._changes)
        if self._failure_watch is not None:
            policy = self._failure_watch.around(policy, self._name, self._checkpoint or "", embodiment, self._changes)
        self._failures = FailurePublisher(self, policy)
        self._closing = capability(policy, Closing)
        self._detections = DetectionPublisher(self, policy)
        self._reasoning = ReasoningPublisher(self, policy, embodiment.cameras)
        self._reasoner, self._explaining = capability(policy, Reasoner), capability(policy, Explaining)
        self._timed: Reasoning | None = None  # whose stages are counted
        self._views: dict[str, CameraView] = {}  # what the worker's thread infers from
        self._worker = InferenceWorker(policy, self._on_chunk, self._inferences.failed)
        self._cameras = NeededCameras(self, embodiment, needs, self._on_exposure, self._reference, self._tolerance)
        self._last_state = -np.inf  # [s] of the last observation of a policy without cameras
        self._chunks = self.create_publisher(JointTrajectory, "policy/action_chunk", qos.EVENTS)
        self._feed = StateFeed(self, embodiment, builder, self._on_joints)
        self.create_subscription(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)
        self.create_subscription(String, "instruction", self._on_instruction, qos.LATCHED)
        steady_timer(self, 1.0, self._publish_diagnostics)

    def cleanup(self) -> None:
        """End the worker's thread, and leave a server."""
        self._worker.close()
        if self._closing is not None:
            self._closing.close()

    # -- what arrives ------------------------------------------------------------------------------------------------
    def _on_joints(self, sample: messages.JointSample) -> None:
        self._trigger.speed = float(np.abs(sample.velocity).max())
        if not self._cameras.names and not 0.0 <= sample.stamp - self._last_state < STATE_PERIOD_S:
            self._last_state = sample.stamp
            self._on_exposure(sample.stamp, ())

    def _on_progress(self, message: DiagnosticStatus) -> None:
        progress = control_progress(message.message, messages.diagnostic_values(message))
        self._trigger.note_progress(progress)
        if progress.enabled:
            self._builder.add_end_effectors(progress.stamp, progress.end_effectors)

    def _on_instruction(self, message: String) -> None:
        self._instruction = message.data.strip()
        if not self._instruction:
            self._worker.begin_anew()
            self._reasoning.clear()
            self._failures.clear()
            give_memory_back()

    def _on_exposure(self, stamp: float, exposures: tuple[Exposure, ...]) -> None:
        if self._inferences.became_overdue(self._worker):
            self._publish_diagnostics()
        if self._wanted():
            instruction = self._instruction if self._needs_instruction else ""
            self._worker.request(lambda: self._observation(stamp, instruction, exposures))

    # -- when to infer, and on what ------------------------------------------------------------------------------------
    def _wanted(self) -> bool:
        if not self.active or (self._needs_instruction and not self._instruction) or not self._cameras.calibrated:
            return False
        return self._trigger.due

    def _observation(self, stamp: float, instruction: str, exposures: tuple[Exposure, ...]) -> Observation:
        """Build the observation; runs in the worker's thread, where converting images holds up nobody."""
        older: dict[str, tuple[CameraView, ...]] = {}
        self._views = {}
        if exposures:
            self._views, older = self._cameras.views(exposures)
        return self._builder.build(stamp, instruction, self._views, older)

    # -- what comes out: in the worker's thread ------------------------------------------------------------------------
    def _on_chunk(self, chunk: ActionChunk) -> None:
        invalid = chunk.status is TaskStatus.INVALID
        self._inferences.succeeded(self._explaining.explanation if invalid and self._explaining is not None else "")
        reasoning = self._reasoner.reasoning if self._reasoner is not None else None
        new, self._timed = reasoning is not self._timed, reasoning
        self._inferences.latency.add(chunk.inference_s, reasoning.stages_s if reasoning is not None and new else {})
        current = not self._needs_instruction or chunk.instruction == instruction_hash(self._instruction)
        if self.active and current:  # it may have been deactivated meanwhile, or told something else, or nothing
            self._trigger.note_chunk(chunk)
            self._chunks.publish(messages.chunk_message(chunk))
            self._failures.publish()
            self._detections.publish(chunk.stamp, chunk.frame_id)
            self._reasoning.publish(self._views, chunk.stamp, chunk.frame_id)

    def _publish_diagnostics(self) -> None:
        silent = self._cameras.waiting_for if self.active else ""
        self._inferences.publish(self._worker, silent, self._instruction)


def main() -> int:
    """Run the node."""
    return run_node("policy", serve_until_stopped(PolicyNode), Transport.IMAGES_IN)


if __name__ == "__main__":
    raise SystemExit(main())

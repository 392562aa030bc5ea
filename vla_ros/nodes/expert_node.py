# SPDX-License-Identifier: Apache-2.0
"""A task's scripted expert in the place of a policy: the only mover that is told the simulator's truth.

It looks at every render state, as a policy looks at every exposure, and its chunks go the same way.
"""

from __future__ import annotations

import dataclasses
import sys
from functools import partial

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Float64MultiArray, String
from trajectory_msgs.msg import JointTrajectory

from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import control_progress
from vla_ros.nodes.expert.mirrored_expert import MirroredExpert
from vla_ros.nodes.expert.standing import stands_as
from vla_ros.nodes.managed import ManagedNode
from vla_ros.nodes.parameters import declare, declare_robot
from vla_ros.nodes.policy.inference_diagnostics import InferenceDiagnostics
from vla_ros.nodes.policy.inference_worker import InferenceWorker
from vla_ros.nodes.policy.observation_builder import NotReady, ObservationBuilder
from vla_ros.nodes.policy.state_feed import StateFeed
from vla_ros.nodes.sim.scene_choice import SceneChoice, announced_choice
from vla_ros.nodes.sim.scene_parameters import declare_scene
from vla_ros.nodes.spinning import run_node, serve_until_stopped, steady_timer
from vla_ros.policies.needs import Needs
from vla_ros.policies.observation import Observation
from vla_ros.robots.control import arm_model, load_control_config
from vla_ros.robots.embodiment import load_embodiment

# A plan may take a second of the interpreter: what arrives meanwhile, 500 joint states a second, must not pile up until
# the node seems dead.
SWITCH_INTERVAL_S = 5e-4
LONG_S = 0.5  # [s] of simulated time: control splices a chunk that is younger, and refuses one of two seconds
NICENESS = 3  # the world need not slow down for a plan; much less of a core, and plans come too late


class ExpertNode(ManagedNode):
    """Infer from each state of the simulator while there is an instruction."""

    def __init__(self) -> None:
        super().__init__("expert_node")
        self._embodiment = load_embodiment(declare_robot(self))
        self._scene = declare_scene(self)
        self._skew = declare(self, "skew_max_s", 0.05, "between a state and the nearest joint state [s]", 0.001, 1.0)

    def configure(self) -> None:
        """Build the scene and create the topics."""
        embodiment = self._embodiment
        self._instruction = self._said = ""
        self._refused = ""  # why control refused the last chunk; "" once the expert knows
        self._shown = self._scene  # what the simulator shows now
        config = load_control_config(embodiment.source)
        models = {arm.name: arm_model(embodiment, arm, config) for arm in embodiment.arms}
        self._expert = MirroredExpert(embodiment, models)
        self._expert.show(self._scene)
        self._builder = builder = ObservationBuilder(embodiment, self._skew, Needs())
        self._inferences = InferenceDiagnostics(self)
        self._worker = InferenceWorker(self._expert, self._on_chunk, self._inferences.failed, NICENESS)
        self._chunks = self.create_publisher(JointTrajectory, "policy/action_chunk", qos.EVENTS)
        self.create_subscription(String, "sim/scene", self._on_scene, qos.LATCHED)
        self.create_subscription(Float64MultiArray, "sim/render_state", self._on_render_state, qos.EXPOSURES)
        self._feed = StateFeed(self, embodiment, builder)
        self.create_subscription(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)
        self.create_subscription(DiagnosticStatus, "control/transitions", self._on_transition, qos.EVENTS)
        self.create_subscription(String, "instruction", self._on_instruction, qos.LATCHED)
        steady_timer(self, 1.0, self._publish_diagnostics)

    def cleanup(self) -> None:
        """End the worker's thread."""
        self._worker.close()

    # -- what arrives ------------------------------------------------------------------------------------------------
    def _on_progress(self, message: DiagnosticStatus) -> None:
        progress = control_progress(message.message, messages.diagnostic_values(message))
        if progress.enabled:
            self._builder.add_end_effectors(progress.stamp, progress.end_effectors)

    def _on_transition(self, message: DiagnosticStatus) -> None:
        if messages.diagnostic_values(message).get("source") == "policy":
            self._refused = message.message if message.level == messages.WARN else ""

    def _on_instruction(self, message: String) -> None:
        self._instruction = message.data.strip()

    def _on_scene(self, message: String) -> None:
        self._shown = announced_choice(message.data) or self._shown

    def _on_render_state(self, message: Float64MultiArray) -> None:
        scene, state = self._shown, messages.numbers(message)
        if not self.active or not self._instruction or messages.numbers_label(message) not in ("", scene.label):
            return
        if not len(state) or not 0.0 <= state[0] < messages.TIME_END:
            raise messages.MessageError("sim/render_state begins with no time")
        self._worker.request(partial(self._observation, scene, state, self._instruction))

    # -- in the worker's thread ----------------------------------------------------------------------------------------
    def _observation(self, scene: SceneChoice, state: np.ndarray, instruction: str) -> Observation:
        observation = self._builder.build(float(state[0]), instruction, {})
        self._observed = observation.state
        self._expert.show(scene)
        self._expert.follow(state)
        refused, self._refused = self._refused, ""
        if refused:
            self._expert.chunk_refused(refused)
        return observation

    def _on_chunk(self, chunk: ActionChunk) -> None:
        said = self._expert.explanation if chunk.status is TaskStatus.INVALID else ""
        self._inferences.succeeded(said)
        self._inferences.latency.add(chunk.inference_s, {})
        if said and said != self._said:
            self.get_logger().warning(f"nothing to do: {said}")
        self._said = said
        if self.active:  # it may have been deactivated meanwhile
            self._chunks.publish(messages.chunk_message(self._as_of_now(chunk)))

    def _as_of_now(self, chunk: ActionChunk) -> ActionChunk:
        """Stamp a plan that took long as if it began now, where the robot stood still and so is where it begins."""
        observed, newest = self._observed, self._builder.states.newest
        if not newest > observed.stamp + LONG_S:
            return chunk
        try:
            now = self._builder.build(newest, self._instruction, {}).state
        except NotReady:
            return chunk
        if not stands_as(observed, now):
            return chunk
        return dataclasses.replace(chunk, stamp=chunk.stamp + now.stamp - observed.stamp)

    def _publish_diagnostics(self) -> None:
        self._inferences.publish(self._worker, "", self._instruction)


def main() -> int:
    """Run the node."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    return run_node("expert", serve_until_stopped(ExpertNode))


if __name__ == "__main__":
    raise SystemExit(main())

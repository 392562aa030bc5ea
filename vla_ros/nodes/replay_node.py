# SPDX-License-Identifier: Apache-2.0
"""Execute a recorded episode again, through control and its gate, from a bag or a dataset.

In a job it stands where the policy stands and waits for the instruction. Beside a job (`in_charge`) it takes the arm
as the planner does, and ends when the motion has been executed: exit code 0, or 1 when it was not.
"""

from __future__ import annotations

from pathlib import Path

from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.data.replay.player import ReplayPlayer, start_distance
from vla_ros.data.replay.reading import read_motion
from vla_ros.data.replay.recorded_motion import RecordedMotion
from vla_ros.nodes.arm.client import ArmClient
from vla_ros.nodes.arm.way_home import JOINTS_WITHIN_S, ControlRefused, WayHome
from vla_ros.nodes.parameters import declare
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node
from vla_ros.policies.contract import load_contract

SHOW_EVERY_S = 2.0  # [s] of the motion


class ReplayNode(ArmClient):
    """What it needs to know: the motion, and when to begin."""

    def __init__(self) -> None:
        super().__init__("replay_node")
        source = declare(self, "source", "", "bag or dataset")
        self._episode = declare(self, "episode", 0, "number of the episode, 0 the first", 0, 10**9)
        contract = declare(self, "contract", "", "contract of a dataset that does not say its own")
        self._speed = declare(self, "speed", 1.0, "share of the recorded speed", 0.05, 1.0)
        self.tolerance = declare(
            self, "start_tolerance", 0.1, "a joint may be so far from where the recording begins [rad]", 0.0, 3.2
        )
        self.in_charge = declare(self, "in_charge", False, "enable control, as the planner, and end with the motion")
        self.motion: RecordedMotion = read_motion(
            Path(source), self._episode, self.embodiment, load_contract(contract) if contract else None
        )
        self.player = ReplayPlayer(self.motion, self.embodiment.base_frame, self._speed)
        self.asked = False
        self._shown = 0.0
        topic = "planner/action_chunk" if self.in_charge else "policy/action_chunk"
        self._chunks = self.create_publisher(JointTrajectory, topic, qos.EVENTS)
        self.create_subscription(String, "instruction", self._on_instruction, qos.LATCHED)
        self.measure_joints()

    def check_start(self) -> None:
        """Raise VlaError when the arm is not where the recording begins, or its joints are not heard."""
        if self.joints is None:
            raise VlaError("no joint states: is the robot (sim_node or its driver) running?")
        joint, away = start_distance(self.motion, self.measured)
        if away > self.tolerance:
            lifted = {name for group in self.embodiment.joint_groups if all(group.slides) for name in group.joints}
            unit = "m" if joint in lifted else "rad"
            raise VlaError(
                f"the arm does not stand where the recording begins: {joint} is {away:.2f} {unit} away, allowed "
                f"{self.tolerance:g} (start_tolerance); move it there first, or record from where it stands"
            )

    def advance(self) -> None:
        """Send what is due."""
        progress = self.progress
        chunk = self.player.take(progress.stamp, progress.sequence, progress.executed_s, progress.moving)
        if chunk is not None:
            self._chunks.publish(messages.chunk_message(chunk))
        reached = self.player.share * self.motion.duration
        if reached - self._shown >= SHOW_EVERY_S:
            self._shown = reached
            print(f"  {reached:.0f} of {self.motion.duration:.0f} s", flush=True)

    def _on_instruction(self, message: String) -> None:
        self.asked = bool(message.data.strip())


def serve(stop: StopRequest) -> int:
    """Wait until it is time, check where the arm is, play."""
    node = ReplayNode()
    spinner = Spinner(node, stop)
    way = WayHome(node, spinner)
    print(f"{node.motion.source}: {node.motion.duration:.1f} s, '{node.motion.instruction}'", flush=True)
    try:
        if not node.in_charge:
            return _as_policy(node, way, stop)
        with way.in_charge(lambda: node.ready and node.joints is not None, JOINTS_WITHIN_S):
            node.check_start()
            _play(node, way)
    except VlaError as error:
        reason = f" ({node.progress.refused})" if node.progress.refused else ""
        print(f"{error}{reason}", flush=True)
        return 1
    print("executed" if node.player.finished else "interrupted", flush=True)
    return 0 if node.player.finished else 1


def _as_policy(node: ReplayNode, way: WayHome, stop: StopRequest) -> int:
    """Play whenever somebody asks for something; the job ends this node."""
    while not stop:
        way.spin_until(lambda: node.asked and node.progress.enabled, 1.0)
        if node.asked and node.progress.enabled and not node.player.finished:
            node.check_start()
            _play(node, way)
    return 0


def _play(node: ReplayNode, way: WayHome) -> None:
    def over() -> bool:
        if not node.in_charge and not node.asked:  # the job has what it wanted
            return True
        if not node.progress.enabled:
            raise ControlRefused(f"the arm was stopped: {node.progress.hold_reason}")
        node.advance()
        return node.player.finished

    way.spin_until(lambda: node.progress.enabled, 2.0)
    way.spin_until(over, 20.0 * node.motion.duration + 20.0)


def main() -> int:
    """Run the node."""
    return run_node("replay", serve)


if __name__ == "__main__":
    raise SystemExit(main())

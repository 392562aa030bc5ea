# SPDX-License-Identifier: Apache-2.0
"""What LeRobot's robot and teleoperator know alike: control's words, and the state of the groups of a contract."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node
from sensor_msgs.msg import JointState

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import NO_JOINT_STATES, ControlProgress, control_progress
from vla_ros.nodes.policy.observation_builder import ObservationBuilder
from vla_ros.nodes.policy.state_feed import StateFeed
from vla_ros.policies.contract import DataContract
from vla_ros.policies.needs import Needs, groups_of
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import Embodiment

CONNECT_S = 12.0  # [s] in which everything must have been heard
SILENCE_MAX_S = 1.0  # [s] of control, or of the joints, after which their last word says nothing any more
POLL_S = 0.01


class StateLink(Node):
    """A node whose callbacks run in a thread of their own; requests come in another."""

    def __init__(self, name: str, contract: DataContract, robot: Embodiment, namespace: str, needs: Needs) -> None:
        """Listen to control and to the groups that the contract reads or moves."""
        super().__init__(name, namespace=namespace)
        self.contract, self.robot = contract, robot
        self.changed = threading.Condition()  # notified for each exposure, chunk or message that may be waited for
        self.progress = ControlProgress(hold_reason=NO_JOINT_STATES)
        self._control_heard = self._joints_heard = float("-inf")  # [s] monotonic
        self.stamp = 0.0  # [s] ROS time of the newest joint states
        self._named: list[str] = []  # joints of the newest message, whosever they are
        self._builder = ObservationBuilder(robot, contract.skew_max_s, needs)
        self._feed = StateFeed(self, robot, self._builder, self._on_joints)
        self.create_subscription(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)
        self._names = self.create_subscription(JointState, "joint_states", self._on_names, qos.NEWEST)

    @classmethod
    def needs(cls, contract: DataContract, robot: Embodiment) -> Needs:
        """Return what is subscribed to."""
        groups = groups_of((*contract.state, *contract.action.channels), robot)
        return Needs(groups=groups, instruction=False)

    def state(self) -> Observation:
        """Return the newest state, without pictures. Raises VlaError where joints or control are not heard."""
        self.check_heard()
        return self._builder.build(self.stamp, "", {})

    def known(self, observation: Observation) -> dict[str, float]:
        """Return what groups are commanded to, by channel, and where they stand where nobody says so."""
        told = {name: float(value) for name, value in self.progress.end_effectors.items()}
        return {**observation.commanded.values, **told}

    def check_heard(self) -> None:
        """Raise VlaError for joint states or a control that are not heard."""
        now = time.monotonic()
        if now - self._control_heard > SILENCE_MAX_S:
            raise VlaError("control is not heard any more: has the graph ended?")
        if now - self._joints_heard > SILENCE_MAX_S:
            raise VlaError(f"joint states are stale: nothing for {now - self._joints_heard:.1f} s on joint_states")

    def wait_for(self, ready: Callable[[], bool], timeout: float) -> bool:
        """Wait until something is so, at most `timeout` [s]; say whether it is."""
        deadline = time.monotonic() + timeout
        while not ready():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    def wait_for_robot(self, where: str, start: str) -> None:
        """Wait for control and the contract's joints. Raises VlaError that names what is missing."""
        self.wait_for(self._robot_there, CONNECT_S)
        if self._control_heard < 0.0:
            raise VlaError(f"no control node answers on {where}: {start}")
        if self._joints_heard < 0.0:
            raise VlaError(self._no_joints(where))
        self.destroy_subscription(self._names)

    def _robot_there(self) -> bool:
        if self._control_heard > 0.0 and self._named and not self._ours_named():
            return True  # it will never be ours
        return self._control_heard > 0.0 and self._joints_heard > 0.0

    def _ours_named(self) -> bool:
        return set(self._builder.joints) <= set(self._named)

    def _no_joints(self, where: str) -> str:
        if not self._named:
            return f"no joint states on {where}: is the robot (sim_node or its driver) running?"
        missing = next((name for name in self._builder.joints if name not in self._named), "")
        return (
            f"the robot on {where} is not '{self.contract.robot}', which contract '{self.contract.name}' is for: it "
            f"has no joint '{missing}', but {', '.join(self._named[:3])}, …: give its own contract"
        )

    def _on_names(self, message: JointState) -> None:
        self._named = list(message.name)

    def _on_joints(self, sample: messages.JointSample) -> None:
        self.stamp, self._joints_heard = sample.stamp, time.monotonic()

    def _on_progress(self, message: DiagnosticStatus) -> None:
        with contextlib.suppress(VlaError):  # a message that does not read is control's own affair
            self.progress = control_progress(message.message, messages.diagnostic_values(message))
            self._control_heard = time.monotonic()
            if self.progress.enabled:
                self._builder.add_end_effectors(self.progress.stamp, self.progress.end_effectors)

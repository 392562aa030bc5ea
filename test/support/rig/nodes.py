# SPDX-License-Identifier: Apache-2.0
"""Real nodes in processes of their own, and a node of the test that speaks and listens to them over real DDS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.experimental import EventsExecutor
from rclpy.publisher import Publisher
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64MultiArray
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.follower import NO_CHUNK
from controllers.rotations import from_matrix
from rig.node_server import STACKS, ForkedProcess
from rig.spinning import leave, spin_until
from vla_ros import messages, qos
from vla_ros.launching.environment import module_environment
from vla_ros.launching.parameters import ros_arguments
from vla_ros.nodes.arm.progress import NO_JOINT_STATES, ControlProgress, control_progress
from vla_ros.robots.embodiment import load_embodiment

ARM, GRIPPER, BASE = "panda", "panda_hand", "panda_link0"
MANAGED = ("state", "camera", "policy", "control")
JOINTS = tuple(f"panda_joint{i}" for i in range(1, 8))
# A graph under test runs at half the product's rates: that takes a third less processor time, of which the runs of the
# suite have little, and an arm follows, stops and is held as it does at 500 Hz. What is about those rates asks for them
# (FULL_RATES): `nodes/graph/test_graph.py`, and whole jobs as a person launches them.
HALF_RATES: Mapping[str, Mapping[str, object]] = {"sim": {"state_rate_hz": 250.0}, "control": {"rate_hz": 250.0}}
FULL_RATES: Mapping[str, Mapping[str, object]] = {"sim": {"state_rate_hz": 500.0}, "control": {"rate_hz": 500.0}}
PIPE = 1 << 20  # bytes of output that nobody has read yet: a node must never wait for its reader
STOP_S = 30.0  # a node that is signalled ends by then on any machine; `stop` returns the time it took
ASKINGS, ANSWER_S = 3, 5.0  # how often a service is asked, and how long its answer may take [s]


class NodeUnderTest:
    """One node process; a managed one brings itself up unless it is told not to."""

    def __init__(
        self,
        name: str,
        namespace: str = "",
        remappings: Mapping[str, str] | None = None,
        module: str = "",
        **parameters: object,
    ) -> None:
        """Start node `name`, or another `module` that stands in for it."""
        parameters = {**HALF_RATES.get(name, {}), **parameters}
        if name in MANAGED:
            parameters.setdefault("autostart", True)
        words = ros_arguments(None, namespace)
        words += [word for old, new in (remappings or {}).items() for word in ("-r", f"{old}:={new}")]
        words += [word for key, value in parameters.items() for word in ("-p", f"{key}:={value}")]
        self.name = name
        environment = module_environment() | {"PYTHONUNBUFFERED": "1"}
        if module:  # of the rig
            environment["PYTHONPATH"] = os.pathsep.join(sys.path)
        self.process = ForkedProcess(module or f"vla_ros.nodes.{name}_node", words, environment, PIPE)

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str, float]:
        """Signal it; return exit code, output and the time it took [s]."""
        began = time.monotonic()
        self.process.send_signal(number)
        try:
            output, _ = self.process.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} goes on:\n{self._last_words()}") from None
        return self.process.returncode, output, time.monotonic() - began

    def _last_words(self) -> str:
        """Kill it; return what nobody has read of its output, with where its threads are."""
        self.process.send_signal(STACKS)
        time.sleep(0.5)
        self.process.kill()
        return self.process.communicate()[0]

    def kill(self) -> None:
        """Make sure that it is gone."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def start_arm(
    remappings: Mapping[str, str] | None = None,
    robot: str = "franka",
    rates: Mapping[str, Mapping[str, object]] = HALF_RATES,
) -> list[NodeUnderTest]:
    """Start a simulator, with its names as `remappings` say, and the nodes that hold and move its robot."""
    sim = NodeUnderTest("sim", remappings=remappings, seed=1, robot=robot, **rates["sim"])
    others = [
        NodeUnderTest(name, use_sim_time=True, robot=robot, **rates.get(name, {}))
        for name in ("state", "control", "guard")
    ]
    return [sim, *others]


class Operator:
    """The test's own node: the newest of everything, chunks, commands, services."""

    def __init__(self, namespace: str = "", robot: str = "franka") -> None:
        """Speak to the nodes of `robot`; what is said of an arm is said of the first."""
        self.robot = load_embodiment(robot)
        self._arm = next(arm.name for arm in self.robot.arms)
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self.node = node = rclpy.create_node("operator", context=self._context, namespace=namespace)
        self._executor = EventsExecutor(context=self._context)
        self._executor.add_node(node)
        self.progress: ControlProgress | None = None
        self.joints: messages.JointSample | None = None
        self.tools: dict[str, np.ndarray] = {}  # T_base_ee (4, 4) of each arm, measured
        self.stamp = 0.0  # [s] of the newest joint state
        self.transitions: list[DiagnosticStatus] = []
        self.diagnostics: dict[str, dict[str, str]] = {}
        self._sequence = 0
        self.sent: ActionChunk | None = None  # the last
        self._clock: Publisher | None = None
        self._reader = messages.JointStateReader(self.robot.driven_joints)
        node.create_subscription(JointState, "joint_states", self._on_joints, qos.NEWEST)
        for arm in self.robot.arms:
            take = partial(self._on_pose, arm.name)
            node.create_subscription(PoseStamped, f"{arm.name}/ee_pose", take, qos.NEWEST)
        node.create_subscription(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)
        node.create_subscription(DiagnosticStatus, "control/transitions", self.transitions.append, qos.EVENTS)
        node.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, qos.EVENTS)
        self.chunks = node.create_publisher(JointTrajectory, "policy/action_chunk", qos.EVENTS)
        self.efforts = node.create_publisher(Float64MultiArray, f"{self._arm}_effort_controller/commands", qos.STREAM)
        self.estop = node.create_publisher(Bool, "estop", qos.LATCHED)
        self._enable = node.create_client(SetBool, "control/enable")
        self._reset = node.create_client(Trigger, "sim/reset")

    def _on_joints(self, message: JointState) -> None:
        self.joints = self._reader.read(message) or self.joints
        if self.joints is None:
            return
        self.stamp = self.joints.stamp

    def _on_pose(self, arm: str, message: PoseStamped) -> None:
        self.tools[arm] = messages.transform(message.pose)

    @property
    def T_base_ee(self) -> np.ndarray | None:
        """Return the measured tool pose (4, 4) of the first arm."""
        return self.tools.get(self._arm)

    def _on_progress(self, message: DiagnosticStatus) -> None:
        self.progress = control_progress(message.message, messages.diagnostic_values(message))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.diagnostics[status.name] = messages.diagnostic_values(status) | {"message": status.message}

    # -- time ----------------------------------------------------------------------------------------------------------
    def spin_until(self, done: Callable[[], bool], timeout: float = 30.0) -> bool:
        """Spin until `done` holds; False when it does not within `timeout` [s]."""
        return spin_until(self._executor, done, timeout)

    def spin(self, seconds: float) -> None:
        """Spin for a while."""
        self.spin_until(lambda: False, seconds)

    # -- orders --------------------------------------------------------------------------------------------------------
    def ready(self, timeout: float = 90.0) -> bool:
        """Wait for simulator, state and control."""
        return self.spin_until(self._complete, timeout)

    def _complete(self) -> bool:
        if any(item is None for item in (self.progress, self.joints, self.T_base_ee)):
            return False
        listened_to = all(topic.get_subscription_count() > 0 for topic in (self.chunks, self.estop))
        return listened_to and self._enable.service_is_ready() and self.progress.hold_reason != NO_JOINT_STATES

    def enable(self, wanted: bool = True) -> SetBool.Response:
        """Call control/enable, again where the answer does not come: one may be lost before both sides are matched."""
        for _ in range(ASKINGS):
            future = self._enable.call_async(SetBool.Request(data=wanted))
            if self.spin_until(future.done, ANSWER_S):
                return future.result()
        raise AssertionError("control/enable does not answer")

    def enable_at_rest(self) -> None:
        """Release the e-stop where it is latched, enable control, and wait until the arm stands still."""
        if self.progress.estop:
            self.set_estop(False)
        for _ in range(ASKINGS):  # a starved machine may make control let go again: stale joint states
            response = self.enable()
            assert response.success, response.message
            # Control answers before the tick that carries it out, and stays enabled while an e-stop holds it.
            if self.spin_until(lambda: self.progress.enabled and self.progress.hold_reason == NO_CHUNK, ANSWER_S):
                break
        else:
            raise AssertionError(f"control does not stay enabled: {self.progress.hold_reason}")
        assert self.spin_until(lambda: self.speed < 0.02), f"the arm does not rest: {self.speed:.2f} rad/s"
        self.spin(0.1)

    def reset(self) -> Trigger.Response:
        """Call sim/reset."""
        future = self._reset.call_async(Trigger.Request())
        assert self.spin_until(future.done, 30.0), "sim/reset does not answer"
        return future.result()

    def set_estop(self, stopped: bool) -> float:
        """Publish on estop until control says so; return how long that took [s].

        A release is said again: in its first seconds control takes none.
        """
        began = time.monotonic()
        for _ in range(1 if stopped else ASKINGS):
            self.estop.publish(Bool(data=stopped))
            if self.spin_until(lambda: self.progress.estop is stopped, ANSWER_S):
                return time.monotonic() - began
        raise AssertionError(f"control does not hear of estop {stopped}")

    def chunk(
        self, shift: tuple[float, float, float], duration: float = 1.0, T: np.ndarray | None = None
    ) -> ActionChunk:
        """Return a chunk that moves the tool by `shift` [m] from where it is, on a straight line."""
        self._sequence += 1
        T = self.T_base_ee
        times = np.arange(1, round(duration / 0.1) + 1) * 0.1
        pose = np.concatenate([T[:3, 3], from_matrix(T[:3, :3])])
        values = np.tile(pose, (len(times), 1))
        values[:, :3] += (times / times[-1])[:, None] * np.array(shift)
        return ActionChunk(self.stamp, self.robot.base_frame, pose_channels(self._arm), times, values, self._sequence)

    def step_clock(self, offset: float, duration: float) -> None:
        """Publish a time on /clock that is `offset` [s] off, for `duration` [s]."""
        if self._clock is None:
            self._clock = self.node.create_publisher(Clock, "/clock", qos.STREAM)
        for _ in range(round(duration / 0.02)):
            self._clock.publish(messages.clock_message(max(0.0, self.stamp + offset)))
            self.spin(0.02)

    def send(self, chunk: ActionChunk) -> None:
        """Publish a chunk as the policy."""
        self.sent = chunk
        self.chunks.publish(messages.chunk_message(chunk))

    def executed(self, points: int, timeout: float = 5.0) -> bool:
        """Wait until `points` of the chunk that was sent last have been reached; False when that does not come."""
        return self.spin_until(
            lambda: self.progress.sequence == self.sent.sequence and self.progress.index >= points, timeout
        )

    @property
    def speed(self) -> float:
        """Return the speed of the fastest joint [rad/s]."""
        return float(np.abs(self.joints.velocity).max())

    def close(self) -> None:
        """Leave ROS."""
        leave(self._executor, self.node)

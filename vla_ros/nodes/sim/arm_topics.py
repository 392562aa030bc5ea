# SPDX-License-Identifier: Apache-2.0
"""The simulated robot's topics: those of ros2_control's controllers, or of the hardware that ros2_control drives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import SetBool

from vla_ros import messages, qos
from vla_ros.nodes.sim.controllers import EFFORT, GRIPPER, POSE, POSITION, SimulatedControllers
from vla_ros.nodes.sim.topic_hardware import TopicHardware
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.hardware import JOINT_COMMANDS, JOINT_STATES
from vla_ros.sim.world import World

INTERFACES = ("controllers", "topic_hardware")
Taken = Callable[[str], None]  # told of every command that came, with a complaint or ""
Switched = Callable[[], None]  # told that controllers were switched: what was complained about is over


class JointStates:
    """Publish the joints of a world, arm first."""

    def __init__(self, node: Node, embodiment: Embodiment, topic: str) -> None:
        arm, gripper = embodiment.arms[0], embodiment.grippers[0]
        self._fingers = len(gripper.joints)
        self._message = messages.JointStateWriter([*arm.joints, *gripper.joints])
        self._publisher = node.create_publisher(JointState, topic, qos.STREAM)

    def publish(self, world: World, now: float) -> None:
        """Publish the state at `now` [s]."""
        finger_velocity = np.full(self._fingers, world.gripper_velocity / self._fingers)
        finger_effort = np.full(self._fingers, world.gripper_force)
        self._publisher.publish(
            self._message.write(
                now,
                np.concatenate([world.q, world.finger_positions]),
                np.concatenate([world.dq, finger_velocity]),
                np.concatenate([world.effort, finger_effort]),
            )
        )


class ControllerTopics:
    """Joint states, a command topic for each controller, and the switch between them."""

    refuses_reset = ""

    def __init__(self, node: Node, embodiment: Embodiment, driving: str, taken: Taken, switched: Switched) -> None:
        self.controllers: SimulatedControllers | None = None
        self._driving, self._taken, self._switched = driving, taken, switched
        self._states = JointStates(node, embodiment, "joint_states")
        arm, gripper = embodiment.arms[0].name, embodiment.grippers[0].name
        for controller, name in ((EFFORT, f"{arm}_effort"), (POSITION, f"{arm}_position"),
                                 (GRIPPER, f"{gripper}_position")):  # fmt: skip
            node.create_subscription(
                Float64MultiArray, f"{name}_controller/commands",
                partial(self._on_numbers, controller), qos.BUFFERED,
            )  # fmt: skip
        node.create_subscription(PoseStamped, f"{arm}_pose_controller/target_pose", self._on_pose, qos.BUFFERED)
        node.create_service(SetBool, "sim/hold", self._on_hold)

    def attach(self, world: World, delay: float, jitter: float) -> SimulatedControllers:
        """Return new controllers of a world, with what delays commands to it [s]."""
        self.controllers = SimulatedControllers(world, delay, jitter, self._driving)
        return self.controllers

    def publish(self, world: World, now: float) -> None:
        """Publish the state at `now` [s]."""
        self._states.publish(world, now)

    def _on_numbers(self, controller: str, message: Float64MultiArray) -> None:
        self._receive(controller, messages.numbers(message))

    def _on_pose(self, message: PoseStamped) -> None:
        self._receive(POSE, messages.pose_numbers(message.pose))

    def _receive(self, controller: str, values: np.ndarray) -> None:
        if self.controllers is not None:
            self._taken(self.controllers.receive(controller, values))

    def _on_hold(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        if self.controllers is not None:
            self.controllers.hold(request.data)
        self._switched()
        response.success = True
        response.message = "holding the present position" if request.data else f"{self._driving} controller active"
        return response


class HardwareTopics:
    """Joint states and joint commands, and the clock of the manager: it runs a cycle a tick, /clock has too few."""

    refuses_reset = "ros2_control would go on with its last torque: start the job again"

    def __init__(self, node: Node, embodiment: Embodiment, driving: str, taken: Taken, switched: Switched) -> None:
        self.controllers: TopicHardware | None = None
        self._driving, self._taken = driving, taken
        self._states = JointStates(node, embodiment, JOINT_STATES)
        self._clock = node.create_publisher(Clock, "sim/clock", qos.STREAM)
        node.create_subscription(JointState, JOINT_COMMANDS, self._on_command, qos.BUFFERED)

    def attach(self, world: World, delay: float, jitter: float) -> TopicHardware:
        """Return a new robot side of a world, with what delays commands to it [s]."""
        self.controllers = TopicHardware(world, delay, jitter, self._driving)
        return self.controllers

    def publish(self, world: World, now: float) -> None:
        """Publish the state at `now` [s], then the time: a cycle that the tick starts reads this very state."""
        self._states.publish(world, now)
        self._clock.publish(messages.clock_message(now))

    def _on_command(self, message: JointState) -> None:
        if self.controllers is not None:
            self._taken(self.controllers.receive(message.name, message.position, message.effort))


def make_arm_topics(
    interface: str, node: Node, embodiment: Embodiment, driving: str, taken: Taken, switched: Switched
) -> ControllerTopics | HardwareTopics:
    """Return the topics of one of INTERFACES; commands of the kind `driving` drive the arm."""
    kind = HardwareTopics if interface == "topic_hardware" else ControllerTopics
    return kind(node, embodiment, driving, taken, switched)

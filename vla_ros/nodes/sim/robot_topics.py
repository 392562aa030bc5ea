# SPDX-License-Identifier: Apache-2.0
"""The simulated robot's topics: those of ros2_control's controllers, or of the hardware that ros2_control drives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from geometry_msgs.msg import PoseStamped, TwistStamped
from nav_msgs.msg import Odometry
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import SetBool

from controllers.errors import ConfigError
from vla_ros import messages, qos
from vla_ros.nodes.sim.controllers import EFFORT, POSE, POSITION, SimulatedControllers, controller_name
from vla_ros.nodes.sim.topic_hardware import TopicHardware
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.groups import BaseConfig
from vla_ros.robots.ros2_control.description import JOINT_COMMANDS, JOINT_STATES
from vla_ros.robots.topics import seal_topic
from vla_ros.robots.wheels import WheelGroup
from vla_ros.sim.turning_wheels import TurningWheels
from vla_ros.sim.world import World

INTERFACES = ("controllers", "topic_hardware")
ODOM_PERIOD_S = 0.02  # [s]
SEAL_PERIOD_S = 0.05  # [s] and at once when it changes
Driving = Mapping[str, str]  # what drives each arm, by its name
Taken = Callable[[str], None]  # told of every command that came, with a complaint or ""
Switched = Callable[[], None]  # told that controllers were switched: what was complained about is over


class JointStates:
    """Publish the joints of a world: of arms, of joint groups, fingers, pistons, then wheels."""

    def __init__(self, node: Node, embodiment: Embodiment, topic: str, wheels: WheelGroup | None = None) -> None:
        self.turning: TurningWheels | None = None  # the wheels, where they are asked for
        joints = [joint for group in embodiment.jointed_groups for joint in group.joints]
        joints += embodiment.pistons
        self._message = messages.JointStateWriter(joints + list(() if wheels is None else wheels.joints))
        self._publisher = node.create_publisher(JointState, topic, qos.STREAM)

    def publish(self, world: World, now: float) -> None:
        """Publish the state at `now` [s]."""
        fingers = [(gripper, len(gripper.positions)) for gripper in world.grippers.values()]
        position = [world.q, *(gripper.positions for gripper, _ in fingers)]
        velocity = [world.dq, *(np.full(count, gripper.velocity / count) for gripper, count in fingers)]
        effort = [world.effort, *(np.full(count, gripper.force) for gripper, count in fingers)]
        for piston in world.pistons.values():
            position.append(piston.q)
            velocity.append(piston.dq)
            effort.append(piston.effort)
        if self.turning is not None:
            self.turning.update()
            position.append(self.turning.angles)
            velocity.append(self.turning.speeds)
            effort.append(np.zeros(len(self.turning.angles)))
        self._publisher.publish(
            self._message.write(now, np.concatenate(position), np.concatenate(velocity), np.concatenate(effort))
        )


class SealTopics:
    """What cups say of themselves: whether they hold something."""

    def __init__(self, node: Node, embodiment: Embodiment) -> None:
        self._cups = {
            cup: (messages.JointStateWriter([cup]), node.create_publisher(JointState, seal_topic(cup), qos.STREAM))
            for one in embodiment.suction_tools
            for cup in one.cups
        }
        self._said: dict[str, tuple[float, bool]] = {}  # by cup: when [s], and what

    def publish(self, world: World, now: float) -> None:
        """Publish what is due at `now` [s], and what has changed."""
        for name, (message, publisher) in self._cups.items():
            sealed, (said_at, said) = world.cups[name].sealed, self._said.get(name, (float("-inf"), False))
            if sealed == said and 0.0 <= now - said_at < SEAL_PERIOD_S - 1e-6:
                continue
            self._said[name] = now, sealed
            publisher.publish(message.write(now, np.array([float(sealed)]), np.zeros(1)))


class BaseTopics:
    """The base's odometry, and the velocities that drive it."""

    def __init__(self, node: Node, base: BaseConfig, taken: Taken) -> None:
        self.world: World | None = None
        self._base, self._taken, self._said = base, taken, float("-inf")
        self._publisher = node.create_publisher(Odometry, "odom", qos.STREAM)
        node.create_subscription(TwistStamped, "base_controller/cmd_vel", self._on_velocity, qos.NEWEST)

    def publish(self, now: float) -> None:
        """Publish where the base is at `now` [s], when that is due."""
        if self.world is None or self.world.base is None or 0.0 <= now - self._said < ODOM_PERIOD_S - 1e-6:
            return
        self._said, base = now, self.world.base
        message = messages.odometry(base.T_odom_base, base.twist, now, self._base.odom_frame, self._base.frame)
        self._publisher.publish(message)

    def _on_velocity(self, message: TwistStamped) -> None:
        if self.world is None or self.world.base is None:
            return
        try:
            self.world.base.command(messages.planar_velocity(message))
        except ConfigError as error:
            self._taken(f"{error}: dropped")


class ControllerTopics:
    """Joint states, a command topic for each controller, and the switch between them."""

    refuses_reset = ""

    def __init__(self, node: Node, embodiment: Embodiment, driving: Driving, taken: Taken, switched: Switched) -> None:
        self.controllers: SimulatedControllers | None = None
        self._driving, self._taken, self._switched = driving, taken, switched
        self._named = f"active: {', '.join(controller_name(*one) for one in driving.items())}"
        self._states = JointStates(node, embodiment, "joint_states")
        told = [controller_name(arm.name, EFFORT) for arm in embodiment.arms]
        told += [controller_name(group.name, POSITION) for group in embodiment.jointed_groups]
        told += [controller_name(*part) for part in embodiment.simulated_parts]
        for name in told:
            take = partial(self._on_numbers, name)
            node.create_subscription(Float64MultiArray, f"{name}_controller/commands", take, qos.BUFFERED)
        for arm in embodiment.arms:
            name = controller_name(arm.name, POSE)
            take = partial(self._on_pose, name)
            node.create_subscription(PoseStamped, f"{name}_controller/target_pose", take, qos.BUFFERED)
        self._base = None if embodiment.base is None else BaseTopics(node, embodiment.base, taken)
        self._seals = SealTopics(node, embodiment)
        node.create_service(SetBool, "sim/hold", self._on_hold)

    def attach(self, world: World, delay: float, jitter: float) -> SimulatedControllers:
        """Return new controllers of a world, with what delays commands to it [s]."""
        self.controllers = SimulatedControllers(world, delay, jitter, self._driving)
        if self._base is not None:
            self._base.world = world
        return self.controllers

    def publish(self, world: World, now: float) -> None:
        """Publish the state at `now` [s]."""
        self._states.publish(world, now)
        self._seals.publish(world, now)
        if self._base is not None:
            self._base.publish(now)

    def _on_numbers(self, controller: str, message: Float64MultiArray) -> None:
        self._receive(controller, messages.numbers(message))

    def _on_pose(self, controller: str, message: PoseStamped) -> None:
        self._receive(controller, messages.pose_numbers(message.pose))

    def _receive(self, controller: str, values: np.ndarray) -> None:
        if self.controllers is not None:
            self._taken(self.controllers.receive(controller, values))

    def _on_hold(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        if self.controllers is not None:
            self.controllers.hold(request.data)
        self._switched()
        response.success = True
        response.message = "holding the present position" if request.data else self._named
        return response


class HardwareTopics:
    """Joint states and joint commands, and the clock of the manager: it runs a cycle a tick, /clock has too few."""

    refuses_reset = "ros2_control would go on with its last torque: start the job again"

    def __init__(self, node: Node, embodiment: Embodiment, driving: Driving, taken: Taken, switched: Switched) -> None:
        self.controllers: TopicHardware | None = None
        self._driving, self._taken = driving, taken
        self._wheels = embodiment.wheels
        self._states = JointStates(node, embodiment, JOINT_STATES, self._wheels)
        self._clock = node.create_publisher(Clock, "sim/clock", qos.STREAM)
        node.create_subscription(JointState, JOINT_COMMANDS, self._on_command, qos.BUFFERED)
        self._seals = SealTopics(node, embodiment)
        # Joint commands carry neither suction nor depth: what those controllers are told is listened to beside them.
        for name in (controller_name(*part) for part in embodiment.simulated_parts):
            take = partial(self._on_part, name)
            node.create_subscription(Float64MultiArray, f"{name}_controller/commands", take, qos.BUFFERED)
        # Where wheels are described ros2_control's own controller hears cmd_vel and says odom; else it has no part in
        # the base.
        unwheeled = embodiment.base if embodiment.wheels is None else None
        self._base = None if unwheeled is None else BaseTopics(node, unwheeled, taken)

    def attach(self, world: World, delay: float, jitter: float) -> TopicHardware:
        """Return a new robot side of a world, with what delays commands to it [s]."""
        self.controllers = TopicHardware(world, delay, jitter, self._driving)
        if self._wheels is not None and world.base is not None:
            self._states.turning = TurningWheels(self._wheels, world.base)
        if self._base is not None:
            self._base.world = world
        return self.controllers

    def publish(self, world: World, now: float) -> None:
        """Publish the state at `now` [s], then the time: a cycle that the tick starts reads this very state."""
        self._states.publish(world, now)
        self._seals.publish(world, now)
        if self._base is not None:
            self._base.publish(now)
        self._clock.publish(messages.clock_message(now))

    def _on_command(self, message: JointState) -> None:
        if self.controllers is not None:
            self._taken(self.controllers.receive(message.name, message.position, message.effort, message.velocity))

    def _on_part(self, name: str, message: Float64MultiArray) -> None:
        if self.controllers is not None:
            self._taken(self.controllers.receive_part(name, messages.numbers(message)))


def make_robot_topics(
    interface: str, node: Node, embodiment: Embodiment, driving: Driving, taken: Taken, switched: Switched
) -> ControllerTopics | HardwareTopics:
    """Return the topics of one of INTERFACES; commands of the kind that `driving` says drive an arm."""
    kind = HardwareTopics if interface == "topic_hardware" else ControllerTopics
    return kind(node, embodiment, driving, taken, switched)

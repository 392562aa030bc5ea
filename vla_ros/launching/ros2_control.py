# SPDX-License-Identifier: Apache-2.0
"""The part of a graph that is ros2_control: description, controller_manager and the spawner of its controllers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.ament import find_executable, has_package
from vla_ros.launching.arguments import LaunchArgument, Value
from vla_ros.launching.graph import Argument, Chosen, Derived, NodeSpec
from vla_ros.launching.restarting import NO_DRIVER

if TYPE_CHECKING:
    from vla_ros.robots.embodiment import Embodiment

# sim: sim_node has the controllers itself; topic: ros2_control drives sim_node; mock: commands come back as states;
# joint_topics, sdk: a vendor's driver, or Python SDK, without ros2_control.
HARDWARE = ("sim", "topic", "mock", "real", "joint_topics", "sdk")
MANAGED = {"hardware": ("topic", "mock", "real")}
REAL = {"hardware": ("real",)}
SIMULATED = {"hardware": ("sim", "topic")}
UNSIMULATED = {"hardware": ("mock", "real", "joint_topics", "sdk")}
SIMULATED_TIME = Chosen("hardware", {name: name in SIMULATED["hardware"] for name in HARDWARE})
# Drivers of joint topics hold by themselves where they are while nobody tells them anything; sdk_node has arms hold.
HOLD = Chosen(
    "hardware",
    {"sim": "sim", "joint_topics": "none", "sdk": "none"} | dict.fromkeys(MANAGED["hardware"], "controller_manager"),
)


def _update_rate(robot: Value) -> float:
    """Return how often a robot's drivers take commands and say where its joints are [Hz]."""
    from vla_ros.robots.embodiment import load_embodiment

    return float(load_embodiment(str(robot)).ros2_control.update_rate)


UPDATE_RATE = Derived("robot", _update_rate)  # of controller_manager, and so of control and of the simulator
SIMULATOR_INTERFACE = Chosen("hardware", dict.fromkeys(HARDWARE, "controllers") | {"topic": "topic_hardware"})
# The manager puts its loop at 50 by itself, but torques come in and states go out through its other threads. Below
# control's own.
MANAGER_PRIORITY = 15
_TOPIC_PACKAGE = "joint_state_topic_hardware_interface"


def hardware_arguments() -> tuple[LaunchArgument, ...]:
    """Return the launch arguments that choose the hardware."""
    return (
        LaunchArgument(
            "hardware",
            "sim",
            "who has the arm: the simulator; ros2_control over the simulator, mock components or the real robot; "
            "joint_topics, sdk: a real robot's driver, or its vendor's Python SDK, without ros2_control",
            choices=HARDWARE,
        ),
        LaunchArgument("robot_ip", "", "address of the robot, for hardware:=real and sdk where one is taken"),
    )


def ros2_control_nodes() -> tuple[NodeSpec, ...]:
    """Return the processes between control and what is not the simulator; none of them starts with hardware:=sim."""
    managed = Chosen("hardware", dict.fromkeys(HARDWARE, "mock") | {"topic": "topic", "real": "real"})
    return (
        NodeSpec(
            "description",
            "description_node",
            {
                "robot": Argument("robot"),
                "hardware": managed,
                "robot_ip": Argument("robot_ip"),
            },
            when=MANAGED,
        ),
        NodeSpec(
            "controller_manager",
            "ros2_control_node",
            {"use_sim_time": SIMULATED_TIME},
            when=MANAGED,
            package="controller_manager",
            parameter_file=_controllers,
            # The manager runs a cycle a tick of its clock, and /clock has too few of them.
            remappings={"/clock": "sim/clock"},
            priority=MANAGER_PRIORITY,
            not_again=NO_DRIVER,
        ),
        NodeSpec("spawner", "spawner_node", {"robot": Argument("robot"), "hardware": managed}, when=MANAGED, ends=True),
        # Both end at once for a robot whose file names no such gripper.
        NodeSpec(
            "gripper_drivers",
            "gripper_drivers_node",
            {"robot": Argument("robot"), "robot_ip": Argument("robot_ip")},
            when=REAL,
            ends=True,
            not_again=NO_DRIVER,
        ),
        NodeSpec(
            "gripper_action",
            "gripper_action_node",
            {"robot": Argument("robot")},
            when=REAL,
            ends=True,
            not_again=NO_DRIVER,
        ),
        NodeSpec(
            "joint_topics",
            "joint_topics_node",
            {"robot": Argument("robot")},
            when={"hardware": ("joint_topics",)},
            not_again=NO_DRIVER,
        ),
        NodeSpec(
            "sdk",
            "sdk_node",
            {name: Argument(name) for name in ("robot", "command", "robot_ip")},
            when={"hardware": ("sdk",)},
            not_again=NO_DRIVER,
        ),
    )


def _controllers(arguments: Mapping[str, Value]) -> str:
    """Return the parameters of controller_manager and the controllers of the robot that is chosen."""
    from vla_ros.robots.embodiment import load_embodiment
    from vla_ros.robots.ros2_control.controllers import controllers_yaml

    return controllers_yaml(load_embodiment(str(arguments["robot"])), str(arguments["hardware"]))


def check_hardware(arguments: Mapping[str, Value]) -> None:
    """Raise ConfigError when the chosen hardware needs what is not installed, or an address that is not given."""
    hardware = str(arguments["hardware"])
    if hardware == "sim":
        return
    from vla_ros.hardware.grippers.action import make_goals
    from vla_ros.robots.embodiment import load_embodiment
    from vla_ros.robots.ros2_control.description import check_drivers

    robot = load_embodiment(str(arguments["robot"]))
    if hardware == "joint_topics":
        _check_joint_topics(robot, robot.command_modes(str(arguments["command"])))
        return
    if hardware == "sdk":
        from vla_ros.robots.sdk import addresses, check_commands

        check_commands(robot, robot.command_modes(str(arguments["command"])))
        addresses(robot, str(arguments["robot_ip"]))
        return
    if hardware != "real" and "pose" in robot.command_modes(str(arguments["command"])).values():
        raise ConfigError(
            f"command:=pose needs a driver with an impedance controller of its own, hardware:={hardware} has none: "
            "use hardware:=sim or hardware:=real, or another command"
        )
    if hardware == "real":
        check_drivers(robot, str(arguments["robot_ip"]))
    missing = [package for package in needed_packages(robot, hardware) if not has_package(package)]
    if missing:
        raise ConfigError(
            f"hardware:={hardware} needs ros2_control, but {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not installed: on a full ROS 2 Jazzy install "
            f"{_remedy(robot, hardware)}, or use hardware:=sim"
        )
    for program in ("ros2_control_node", "spawner"):
        find_executable("controller_manager", program)
    for config in robot.ros2_control.grippers if hardware == "real" else ():
        make_goals(config, robot.gripper(config.gripper))
        if config.driver is not None:
            find_executable(config.driver.package, config.driver.executable)


def _check_joint_topics(robot: Embodiment, commands: Mapping[str, str]) -> None:
    from vla_ros.robots.joint_topics import joint_drivers

    joint_drivers(robot)
    for arm, command in commands.items():
        if command != "position":
            raise ConfigError(
                f"hardware:=joint_topics takes positions, and {command} is to drive arm '{arm}': add command:=position"
            )


def needed_packages(robot: Embodiment, hardware: str) -> tuple[str, ...]:
    """Name the ROS packages that a robot's controllers and its hardware `topic`, `mock` or `real` are in."""
    from vla_ros.robots.ros2_control.controllers import MANAGER, robot_controllers
    from vla_ros.robots.ros2_control.gripper import ACTIONS_PACKAGE

    controllers = sorted({controller.package for controller in robot_controllers(robot, hardware)})
    grippers = robot.ros2_control.grippers
    drivers = [package for driver in robot.ros2_control.drivers for package in driver.packages]
    drivers += [_TOPIC_PACKAGE, ACTIONS_PACKAGE] if grippers else []
    drivers += [config.driver.package for config in grippers if config.driver is not None]
    plugins = {"topic": [_TOPIC_PACKAGE], "real": drivers}.get(hardware, [])
    return tuple(dict.fromkeys([MANAGER, *controllers, *plugins]))


def _remedy(robot: Embodiment, hardware: str) -> str:
    topic = ", ros-jazzy-joint-state-topic-hardware-interface"
    grippers = f"{topic}, ros-jazzy-control-msgs" if robot.ros2_control.grippers else ""
    extra = {"topic": topic, "real": f"{grippers} and the robot's driver"}
    return f"ros-jazzy-ros2-control, ros-jazzy-ros2-controllers{extra.get(hardware, '')}"

# SPDX-License-Identifier: Apache-2.0
"""The part of a graph that is ros2_control: description, controller_manager and the spawner of its controllers."""

from __future__ import annotations

from collections.abc import Mapping

from controllers.errors import ConfigError
from vla_ros.ament import find_executable, has_package
from vla_ros.bringup.arguments import LaunchArgument, Value
from vla_ros.bringup.graph import Argument, Chosen, NodeSpec

# sim: sim_node has the controllers itself; topic: ros2_control drives sim_node; mock: commands come back as states.
HARDWARE = ("sim", "topic", "mock", "real")
MANAGED = {"hardware": ("topic", "mock", "real")}
SIMULATED = {"hardware": ("sim", "topic")}
UNSIMULATED = {"hardware": ("mock", "real")}
SIMULATED_TIME = Chosen("hardware", {"sim": True, "topic": True, "mock": False, "real": False})
HOLD = Chosen("hardware", {"sim": "sim"} | dict.fromkeys(MANAGED["hardware"], "controller_manager"))
SIMULATOR_INTERFACE = Chosen("hardware", dict.fromkeys(HARDWARE, "controllers") | {"topic": "topic_hardware"})
CONTROLLERS = "config/controllers/franka_ros2_control.yaml"
# The broadcaster last: whoever hears joint states may enable control, and must find what control switches.
ACTIVE = ("panda_hand_position_controller", "panda_arm_controller", "joint_state_broadcaster")
INACTIVE = ("panda_effort_controller", "panda_position_controller")
# The manager puts its loop at 50 by itself, but torques come in and states go out through its other threads. Below
# control's own.
MANAGER_PRIORITY = 15
_PLUGIN_PACKAGES = {"topic": "joint_state_topic_hardware_interface", "real": "franka_hardware"}
_NEEDED = (
    "controller_manager",
    "joint_state_broadcaster",
    "joint_trajectory_controller",
    "effort_controllers",
    "forward_command_controller",
)


def hardware_arguments() -> tuple[LaunchArgument, ...]:
    """Return the launch arguments that choose the hardware."""
    return (
        LaunchArgument(
            "hardware",
            "sim",
            "who has the arm: the simulator; ros2_control over the simulator, mock components or the real robot",
            choices=HARDWARE,
        ),
        LaunchArgument("robot_ip", "", "address of the robot, for hardware:=real"),
    )


def ros2_control_nodes() -> tuple[NodeSpec, ...]:
    """Return the processes that ros2_control needs; none of them starts with hardware:=sim."""
    return (
        NodeSpec(
            "description",
            "description_node",
            {
                "robot": Argument("robot"),
                "hardware": Chosen("hardware", dict.fromkeys(HARDWARE, "mock") | {"topic": "topic", "real": "real"}),
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
            parameter_file=CONTROLLERS,
            # The manager runs a cycle a tick of its clock, and /clock has too few of them.
            remappings={"/clock": "sim/clock"},
            priority=MANAGER_PRIORITY,
        ),
        NodeSpec("spawner", "spawner_node", {"inactive": INACTIVE, "active": ACTIVE}, when=MANAGED, ends=True),
    )


def check_hardware(arguments: Mapping[str, Value]) -> None:
    """Raise ConfigError when the chosen hardware needs what is not installed, or an address that is not given."""
    from vla_ros.robots.hardware import check_address

    hardware = str(arguments["hardware"])
    if hardware == "sim":
        return
    if arguments["command"] == "pose" and hardware != "real":
        raise ConfigError(
            f"command:=pose needs a driver with an impedance controller of its own, hardware:={hardware} has none: "
            "use hardware:=sim or hardware:=real, or command:=effort"
        )
    if hardware == "real":
        check_address(str(arguments["robot_ip"]))
    needed = (*_NEEDED, *([_PLUGIN_PACKAGES[hardware]] if hardware in _PLUGIN_PACKAGES else []))
    missing = [package for package in needed if not has_package(package)]
    if missing:
        raise ConfigError(
            f"hardware:={hardware} needs ros2_control, but {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not installed: on a full ROS 2 Jazzy install "
            f"{_remedy(hardware)}, or use hardware:=sim"
        )
    for program in ("ros2_control_node", "spawner"):
        find_executable("controller_manager", program)


def _remedy(hardware: str) -> str:
    extra = {"topic": ", ros-jazzy-joint-state-topic-hardware-interface", "real": " and the arm's driver, franka_ros2"}
    return f"ros-jazzy-ros2-control, ros-jazzy-ros2-controllers{extra.get(hardware, '')}"

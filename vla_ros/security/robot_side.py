# SPDX-License-Identifier: Apache-2.0
"""What the nodes between an arm's motors and the chunks say and hear: simulator, drivers, ros2_control, control, guard.

Each function takes the robot with its cameras, and the node's parameters with the launch arguments beside them.
`test/security/test_interfaces.py` holds those that run without ros2_control against what the node makes when it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vla_ros.policies.needs import Needs
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.joint_topics import joint_drivers
from vla_ros.robots.ros2_control.controllers import MANAGER, robot_controllers
from vla_ros.robots.ros2_control.description import JOINT_COMMANDS, JOINT_STATES
from vla_ros.robots.ros2_control.names import (
    BASE_CONTROLLER,
    channel_controller,
    command_controller,
    driver_commands,
    driver_states,
    hold_controller,
)
from vla_ros.robots.topics import commanded_pose_topic, external_wrench_topic, seal_topic
from vla_ros.security.interface import (
    ANY,
    LIFECYCLE_SERVICES,
    PARAMETER_SERVICES,
    NodeInterface,
    interface,
    ros_node,
)

Values = Mapping[str, Any]
BASE_COMMAND = f"{BASE_CONTROLLER}/cmd_vel"
CHUNK_SOURCES = ("teleop", "planner", "policy")


def sim(robot: Embodiment, values: Values) -> NodeInterface:
    """Return sim_node's."""
    node = ros_node("sim_node") | interface(
        ["clock", "sim/render_state", "sim/object_poses", "sim/fixture_joints", "sim/cloth_vertices", "sim/scene"],
        ["sim/drawn"],
        ["sim/reset"],
    )
    node |= interface(["diagnostics", *map(seal_topic, cups(robot))])
    parts = [_numbers(channel_controller("/".join(part))) for part in robot.simulated_parts]
    if values["interface"] == "topic_hardware":
        node |= interface([JOINT_STATES, "sim/clock"], [JOINT_COMMANDS, *parts])
        drives_base = robot.base is not None and robot.wheels is None
    else:
        groups = [command_controller(group.name, "position") for group in robot.jointed_groups]
        efforts = [command_controller(arm.name, "effort") for arm in robot.arms]
        poses = [_pose(arm.name) for arm in robot.arms]
        node |= interface(["joint_states"], [*map(_numbers, [*groups, *efforts]), *poses, *parts], ["sim/hold"])
        drives_base = robot.base is not None
    return node | (interface(["odom"], [BASE_COMMAND]) if drives_base else interface())


def control(robot: Embodiment, values: Values) -> NodeInterface:
    """Return control_node's: the only one that commands the robot."""
    wrenches = [external_wrench_topic(arm.name) for arm in robot.arms]
    node = ros_node("control_node", managed=True) | interface(
        ["control/progress", "control/transitions", *commanded_poses(robot), *commands(robot, values)],
        ["joint_states", "estop", "instruction", *(f"{source}/action_chunk" for source in CHUNK_SOURCES)],
        ["control/enable"],
    )
    node |= interface(
        subscribes=[*map(seal_topic, cups(robot)), *wrenches, *(["odom"] if robot.base else [])],
        sometimes=wrenches,  # only where whole-body control drives an arm by positions
    )
    return node | hold(values)


def commands(robot: Embodiment, values: Values) -> list[str]:
    """Name the topics by which control moves a robot."""
    modes = robot.command_modes(str(values["command"]))
    arms = [_pose(arm) if kind == "pose" else _numbers(command_controller(arm, kind)) for arm, kind in modes.items()]
    tools = [
        command_controller(one.name, "position") if channel == f"{one.name}/width" else channel_controller(channel)
        for one in robot.end_effectors
        for channel in one.channels
    ]
    groups = [command_controller(group.name, "position") for group in robot.joint_groups]
    return [*arms, *map(_numbers, [*tools, *groups]), *([BASE_COMMAND] if robot.base is not None else [])]


def guard(robot: Embodiment, values: Values) -> NodeInterface:
    """Return guard_node's: it stops the arm and commands nothing."""
    heard = interface(["estop", "diagnostics"], ["control/progress", "estop"])
    return ros_node("guard_node") | heard | hold(values)


def hold(values: Values) -> NodeInterface:
    """Return what asks the robot to hold itself."""
    asked = {"sim": ["sim/hold"], "controller_manager": [f"{MANAGER}/switch_controller", f"{MANAGER}/list_controllers"]}
    return interface(calls=asked.get(str(values["hold"]), []))


def state(robot: Embodiment, values: Values) -> NodeInterface:
    """Return state_node's."""
    poses = [f"{arm.name}/{what}" for arm in robot.arms for what in ("ee_pose", "ee_twist")]
    widths = [f"{gripper.name}/width" for gripper in robot.grippers]
    return ros_node("state_node", managed=True) | interface([*poses, *widths], ["joint_states"])


def state_topics(robot: Embodiment, needs: Needs) -> list[str]:
    """Name what an observation of a robot's state is made of."""
    arms = [arm.name for arm in robot.arms if needs.has(arm.name)]
    jointed = [group.name for group in robot.jointed_groups if needs.has(group.name)]
    sealed = [cup for tool in robot.suction_tools if needs.has(tool.name) for cup in tool.cups]
    topics = ["joint_states"] if jointed else []
    topics += ["odom"] if robot.base is not None and needs.has("base") else []
    return [*topics, *(commanded_pose_topic(robot, arm) for arm in arms), *map(seal_topic, sealed)]


def tf(robot: Embodiment, values: Values) -> NodeInterface:
    """Return tf_node's."""
    cameras = [f"cameras/{name}/pose" for name in robot.known_cameras]
    return ros_node("tf_node") | interface(["/tf", "/tf_static"], ["joint_states", *cameras])


# -- drivers -----------------------------------------------------------------------------------------------------------
def joint_topics(robot: Embodiment, values: Values) -> NodeInterface:
    """Return joint_topics_node's."""
    drivers = joint_drivers(robot)
    told = [topic for driver in drivers for topic in driver.layout.parts]
    return ros_node("joint_topics_node") | interface(
        ["joint_states", "diagnostics", *(driver.config.commands for driver in drivers)],
        [*told, *(driver.config.states for driver in drivers)],
    )


def sdk(robot: Embodiment, values: Values) -> NodeInterface:
    """Return sdk_node's."""
    modes = robot.command_modes(str(values["command"]))
    arms = [_numbers(command_controller(config.arm, modes[config.arm])) for config in robot.sdk]
    grippers = [_numbers(command_controller(config.gripper, "position")) for config in robot.sdk if config.gripper]
    return ros_node("sdk_node") | interface(["joint_states", "diagnostics"], ["estop", *arms, *grippers])


def gripper_action(robot: Embodiment, values: Values) -> NodeInterface:
    """Return gripper_action_node's."""
    grippers = robot.ros2_control.grippers
    node = ros_node("gripper_action_node") | interface(
        ["diagnostics"], ["control/progress"], calls=["control/enable"], commands=[one.action for one in grippers]
    )
    return node | interface(
        [driver_states(one.gripper) for one in grippers],
        [topic for one in grippers for topic in (one.joint_states, driver_commands(one.gripper))],
    )


def gripper_drivers(robot: Embodiment, values: Values) -> NodeInterface:
    """Return gripper_drivers_node's, and those of the vendors' drivers that it starts: their own topics and action."""
    node = ros_node("gripper_drivers_node")
    for one in robot.ros2_control.grippers:
        if one.driver is not None:
            name = one.driver.name
            own = interface([one.joint_states, f"{name}/{ANY}"], serves=[f"{name}/{ANY}"], executes=[one.action])
            node |= ros_node(name) | own
    return node


def description(robot: Embodiment, values: Values) -> NodeInterface:
    """Return description_node's."""
    return ros_node("description_node") | interface(["robot_description"])


def controller_manager(robot: Embodiment, values: Values) -> NodeInterface:
    """Return what ros2_control's process may do: the manager and its controllers under their own names, no others."""
    hardware = str(values["hardware"])
    controllers = [one.name for one in robot_controllers(robot, hardware)]
    own = [f"{name}/{ANY}" for name in (MANAGER, *controllers)]
    node = interface(
        ["/parameter_events", "/rosout", "/diagnostics", "/tf", "joint_states", "dynamic_joint_states", "odom", *own],
        ["/parameter_events", "robot_description", "sim/clock", *own],
        own,
        executes=[f"{hold_controller(arm.name)}/follow_joint_trajectory" for arm in robot.arms],
    )
    grippers = [one.gripper for one in robot.ros2_control.grippers]
    topics = (JOINT_STATES, JOINT_COMMANDS) if hardware == "topic" else ()
    heard, said = topics[:1], topics[1:]
    return node | interface([*said, *map(driver_commands, grippers)], [*heard, *map(driver_states, grippers)])


def spawner(robot: Embodiment, values: Values) -> NodeInterface:
    """Return what loads the controllers: the manager's services, parameters and states of its controllers."""
    controllers = [one.name for one in robot_controllers(robot, str(values["hardware"]))]
    asked = [f"{MANAGER}/{ANY}"]
    asked += [f"{name}/{service}" for name in controllers for service in (*PARAMETER_SERVICES, *LIFECYCLE_SERVICES)]
    names = ("spawner_node", f"spawner_{ANY}")
    node = ros_node(names[0]) | ros_node(names[1])
    return node | interface(subscribes=[f"{MANAGER}/{ANY}"], calls=asked)


def cups(robot: Embodiment) -> Iterable[str]:
    """Return the names of a robot's suction cups."""
    return [cup for tool in robot.suction_tools for cup in tool.cups]


def commanded_poses(robot: Embodiment) -> list[str]:
    """Name the topics of where arms are told to be."""
    return [commanded_pose_topic(robot, arm.name) for arm in robot.arms]


def _numbers(controller: str) -> str:
    return f"{controller}/commands"


def _pose(arm: str) -> str:
    return f"{command_controller(arm, 'pose')}/target_pose"

# SPDX-License-Identifier: Apache-2.0
"""Which topics of a bag a contract is made of, and what is wrong with a bag that lacks one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.chunk import ChannelKind, channel_kind
from controllers.errors import VlaError
from vla_ros.data.bags.image_compression import SUFFIXES
from vla_ros.data.bags.image_reading import IMAGE_TYPES
from vla_ros.data.bags.reader import BagReader
from vla_ros.policies.contract import ActionContract, DataContract, pose_arms
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.topics import commanded_pose_topic

JOINT_STATES, PROGRESS, INSTRUCTION = "joint_states", "control/progress", "instruction"
ODOMETRY, BASE_COMMANDS = "odom", "base_controller/cmd_vel"
JOINT_STATE, POSE, TWIST, WRENCH = (
    "sensor_msgs/msg/JointState",
    "geometry_msgs/msg/PoseStamped",
    "geometry_msgs/msg/TwistStamped",
    "geometry_msgs/msg/WrenchStamped",
)
CAMERA_INFO, STATUS = "sensor_msgs/msg/CameraInfo", "diagnostic_msgs/msg/DiagnosticStatus"
NUMBERS, STRING = "std_msgs/msg/Float64MultiArray", "std_msgs/msg/String"
ODOMETRY_TYPE = "nav_msgs/msg/Odometry"
_EXTRA_TYPES = {"pose": POSE, "twist": TWIST, "wrench": WRENCH, "numbers": NUMBERS}


@dataclass(frozen=True)
class Source:
    """A topic that a contract needs."""

    topic: str  # relative to the namespace
    types: tuple[str, ...]
    reason: str  # what of the contract needs it
    constant: bool = False  # the last value stays in force: published once, or on change


def camera_topic(contract: DataContract, camera: str) -> str:
    """Return the topic of a camera's colour images."""
    return contract.cameras[camera].topic or f"cameras/{camera}/color/image_raw"


def contract_sources(contract: DataContract, robot: Embodiment) -> tuple[Source, ...]:
    """Return every topic that a contract's data is made of, each once; a recorder needs these."""
    found: dict[str, Source] = {}

    def need(topic: str, types: tuple[str, ...], reason: str, constant: bool = False) -> None:
        found.setdefault(topic, Source(topic, types, reason, constant))

    for camera in contract.cameras:
        need(camera_topic(contract, camera), IMAGE_TYPES, f"camera '{camera}'")
    action = contract.action
    measured = "measured" in (action.target, action.anchor)
    joints = [name for name in contract.state if channel_kind(name) in _OF_JOINTS and name not in BASE_AXES]
    if joints or (measured and action.joints) or (action.width_target == "measured" and action.grippers):
        need(JOINT_STATES, (JOINT_STATE,), f"state '{joints[0]}'" if joints else "measured actions")
    for arm in pose_arms(contract.state):
        need(f"{arm}/ee_pose", (POSE,), f"state '{arm}/position.x'")
    for arm in action.arms:
        if measured:
            need(f"{arm}/ee_pose", (POSE,), "measured actions")
        if "commanded" in (action.target, action.anchor):
            need(commanded_pose_topic(robot, arm), (POSE,), f"commanded actions of arm '{arm}'")
    if "commanded" in (action.target, action.anchor):
        for name in joint_command_groups(contract, robot):
            need(f"{name}_position_controller/commands", (NUMBERS,), f"commanded joints of '{name}'")
    for channel in commanded_tools(action):
        need(PROGRESS, (STATUS,), f"commanded '{channel}'", constant=True)
    velocities = [name for name in contract.state if name in BASE_AXES]
    if velocities or (action.base and measured):
        need(ODOMETRY, (ODOMETRY_TYPE,), f"state '{velocities[0]}'" if velocities else "measured actions")
    if action.base and "commanded" in (action.target, action.anchor):
        need(BASE_COMMANDS, (TWIST,), "commanded velocity of the base")
    for name, extra in contract.features.items():
        if extra.kind == "calibration":
            need(info_topic(contract, extra.camera), (CAMERA_INFO,), f"feature '{name}'", constant=True)
            stands = extra.camera not in robot.mounted_cameras
            need(f"cameras/{extra.camera}/pose", (POSE,), f"feature '{name}'", constant=stands)
        else:
            need(extra.topic, (_EXTRA_TYPES[extra.kind],), f"feature '{name}'", constant=extra.kind == "numbers")
    return tuple(found.values())


def commanded_tools(action: ActionContract) -> tuple[str, ...]:
    """Name the channels of end effectors whose commanded value is taken: what cups hold nobody measures."""
    widths = tuple(f"{gripper}/width" for gripper in action.grippers) if action.width_target == "commanded" else ()
    return (*widths, *(f"{cup}/suction" for cup in action.cups))


def info_topic(contract: DataContract, camera: str) -> str:
    """Return the topic of a camera's intrinsics, beside its images."""
    return camera_topic(contract, camera).rpartition("/")[0] + "/camera_info"


def joint_command_groups(contract: DataContract, robot: Embodiment) -> list[str]:
    """Name the groups that the action's joints belong to. Raises VlaError for a joint of none."""
    groups = {joint: group.name for group in robot.driven_groups for joint in group.joints}
    for joint in contract.action.joints:
        if joint not in groups:
            raise VlaError(f"joint '{joint}' belongs to no group of '{robot.name}': its commands are in no topic")
    return list(dict.fromkeys(groups[joint] for joint in contract.action.joints))


def locate(
    contract: DataContract, robot: Embodiment, bag: BagReader, namespace: str = ""
) -> list[tuple[Source, str, bool]]:
    """Return each source with its topic and whether it has messages; the topic may be missing altogether."""
    prefix = f"/{namespace.strip('/')}" if namespace.strip("/") else ""
    found = []
    for source in contract_sources(contract, robot):
        name = source.topic if source.topic.startswith("/") else f"{prefix}/{source.topic}"
        variants = [name, *(name + suffix for suffix in SUFFIXES.values())] if source.types == IMAGE_TYPES else [name]
        announced = [variant for variant in variants if variant in bag.topics]
        there = [variant for variant in announced if bag.topics[variant].count]
        found.append((source, (there or announced or [name])[0], bool(there)))
    return found


def resolve(contract: DataContract, robot: Embodiment, bag: BagReader, namespace: str = "") -> dict[str, str]:
    """Return the bag's topic for each source. Raises VlaError that names the missing one and the remedy."""
    counts = {name: topic.count for name, topic in bag.topics.items()}
    if not sum(counts.values()):
        raise VlaError(f"{bag.files.path}: holds no message: nothing was recorded; delete it")
    located = locate(contract, robot, bag, namespace)
    if not namespace.strip("/"):
        _refuse_two_robots(bag, counts)
    found = {}
    for source, topic, there in located:
        if not there:
            raise VlaError(_missing(bag, contract, source, topic, counts))
        kind = bag.topics[topic].type
        if kind not in source.types:
            raise VlaError(
                f"{bag.files.path}: {topic} is {kind}, {source.reason} needs {' or '.join(source.types)}: "
                "name the right topic in the contract"
            )
        found[source.topic] = topic
    return found


_OF_JOINTS = (ChannelKind.JOINT, ChannelKind.VELOCITY, ChannelKind.GRIPPER)


def _refuse_two_robots(bag: BagReader, counts: Mapping[str, int]) -> None:
    names = [name.removesuffix(f"/{JOINT_STATES}").strip("/") for name in counts if name.endswith(f"/{JOINT_STATES}")]
    spaces = sorted(name for name in names if name)
    if spaces and (len(names) > 1 or "" not in names):
        raise VlaError(
            f"{bag.files.path}: holds the robots {', '.join(spaces)} in namespaces of their own: "
            f"choose one with --namespace {spaces[0]}"
        )


def _missing(bag: BagReader, contract: DataContract, source: Source, name: str, counts: Mapping[str, int]) -> str:
    alike = [topic for topic in counts if bag.topics[topic].type in source.types and counts[topic]]
    offer = f"of that type it holds {', '.join(alike[:4])}" if alike else f"it holds nothing of type {source.types[0]}"
    return (
        f"{bag.files.path}: lacks {name}, which {source.reason} of contract '{contract.name}' is made of; {offer}: "
        "record it, or change the contract"
    )

# SPDX-License-Identifier: Apache-2.0
"""A described robot with tools on its flanges instead of what its file puts there.

A robot is named with its tool as <robot>+<tool>, or its file says `tools: {<arm>: <tool>}`; each arm's `flange` is the
link that tools are screwed to. All that hangs on it goes, in the URDF and in what the file says of it.
"""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from controllers.errors import ConfigError, unknown_name
from vla_ros.robots.groups import PARALLEL, SUCTION, ArmConfig, EndEffectorConfig
from vla_ros.robots.link_tree import LinkTree
from vla_ros.robots.tools.description import Cup, Tool
from vla_ros.robots.tools.named import load_tool
from vla_ros.robots.tools.urdf import closing_joint, cup_pull, piston_joint, tcp_link, tool_elements

if TYPE_CHECKING:
    from vla_ros.robots.embodiment import Embodiment, RobotConfig

SIGN = "+"  # between a robot and its tool
CUPS, FINGERS = "cups", "fingers"  # what a tool's end effectors are called


@dataclass(frozen=True)
class Mount:
    """A tool on an arm."""

    arm: str
    tool: Tool
    flange: str  # the link that it hangs on
    replaced_frame: str  # the tool frame that was there: the new one is turned alike
    prefix: str = ""  # of its names: "" where the robot has one arm

    @property
    def cups(self) -> dict[str, Cup]:
        """Return the tool's cups by the link that is their lip."""
        return {f"{self.prefix}{cup.name}": cup for cup in self.tool.cups}


def mounts(config: RobotConfig) -> tuple[Mount, ...]:
    """Return the tools that a robot's file names. Raises ConfigError for an arm that is not there or has no flange."""
    arms = {arm.name: arm for arm in config.arms}
    for name in config.tools:
        if name not in arms:
            raise ConfigError(f"tools: {unknown_name('arm', name, arms)}")
    several = len(arms) > 1
    return tuple(
        Mount(name, load_tool(config.tools[name]), _flange(arm), arm.tool_frame, f"{name}_" if several else "")
        for name, arm in arms.items()
        if name in config.tools
    )


def _flange(arm: ArmConfig) -> str:
    if not arm.flange:
        raise ConfigError(f"arm '{arm.name}' takes no other tool: name the link that tools hang on, flange: <link>")
    return arm.flange


@lru_cache(maxsize=16)
def mounted_urdf(urdf: str, mounted: tuple[Mount, ...]) -> str:
    """Return a robot's URDF (XML text) with these tools. Raises ConfigError for a flange that is not there."""
    import pinocchio as pin  # most robots carry no tool, and it brings collision checking along

    tree, root = LinkTree(urdf), ElementTree.fromstring(urdf)
    for mount in mounted:
        for link in (mount.flange, mount.replaced_frame):
            links = [element.get("name", "") for element in root.findall("link")]
            if link not in links:
                raise ConfigError(unknown_name("frame", link, links))
        rpy = pin.rpy.matrixToRpy(tree.between(mount.flange, mount.replaced_frame, {})[:3, :3])
        _cut(root, mount.flange)
        root.extend(tool_elements(mount.tool, mount.flange, mount.prefix, [round(float(angle), 9) for angle in rpy]))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode")


def _cut(root: ElementTree.Element, flange: str) -> None:
    """Take all off that hangs on a link."""
    hanging = [flange]
    while hanging:
        parent = hanging.pop()
        for joint in root.findall("joint"):
            if joint.find("parent").attrib["link"] == parent:  # type: ignore[union-attr]  # URDF demands it
                child = joint.find("child").attrib["link"]  # type: ignore[union-attr]
                hanging.append(child)
                root.remove(joint)
                for link in [one for one in root.findall("link") if one.get("name") == child]:
                    root.remove(link)


def with_tools(config: RobotConfig, urdf: str, mounted: tuple[Mount, ...]) -> RobotConfig:
    """Return a robot's configuration with these tools, its file's `urdf` (XML text) still that with its own.

    Cameras on the replaced tool's frame go onto the new one's; drivers of what was taken off are left out.
    """
    arms = {arm.name: arm for arm in config.arms}
    on_arm = {mount.arm: mount for mount in mounted}
    tree = LinkTree(urdf)
    replaced = tuple(
        _with_tool(arm, on_arm[name], tree) if name in on_arm else arm for name, arm in arms.items()
    )  # fmt: skip
    frames = {mount.replaced_frame: tcp_link(mount.prefix) for mount in mounted}
    left = _links(mounted_urdf(urdf, mounted))
    cameras = [
        dataclasses.replace(one, frame=frames.get(one.frame, one.frame)) if one.moves else one for one in config.cameras
    ]
    gone = {one.name for one in config.end_effectors if one.arm in on_arm}
    added = [one for name, mount in on_arm.items() for one in _end_effectors(name, mount)]
    control = config.ros2_control
    drivers = [
        dataclasses.replace(one, groups=tuple(_kept(one.groups, gone)))
        for one in control.drivers
        if _kept(one.groups, gone)
    ]
    return dataclasses.replace(
        config,
        name=SIGN.join([config.name, *dict.fromkeys(mount.tool.name for mount in mounted)]),
        arms=replaced,
        end_effectors=(*(one for one in config.end_effectors if one.name not in gone), *added),
        cameras=tuple(one for one in cameras if not one.moves or one.frame in left),
        ros2_control=dataclasses.replace(
            control,
            drivers=tuple(drivers),
            grippers=tuple(one for one in control.grippers if one.gripper not in gone),
        ),
        # Their drivers know nothing of the tool's fingers.
        joint_topics=(),
        sdk=(),
        weights_of=(),
    )  # fmt: skip


def _kept(groups: tuple[str, ...], gone: set[str]) -> list[str]:
    return [group for group in groups if group not in gone]


def _links(urdf: str) -> set[str]:
    return {element.get("name", "") for element in ElementTree.fromstring(urdf).findall("link")}


def _with_tool(arm: ArmConfig, mount: Mount, tree: LinkTree) -> ArmConfig:
    """Return an arm with the tool's frame; its wrist is higher above what it takes by what the tool is longer."""
    reach = arm.reach
    if reach is not None:
        T_flange_replaced = tree.between(mount.flange, mount.replaced_frame, {})
        longer = mount.tool.height - float(T_flange_replaced[:3, 3] @ T_flange_replaced[:3, 2])
        reach = dataclasses.replace(reach, wrist_height=max(reach.wrist_height + longer, 0.01))
    return dataclasses.replace(arm, tool_frame=tcp_link(mount.prefix), reach=reach)


def _end_effectors(arm: str, mount: Mount) -> list[EndEffectorConfig]:
    """Return a tool's end effectors: cups of one pull and one stroke together, then the fingers."""
    tool, prefix = mount.tool, mount.prefix
    alike: dict[tuple[float, float], list[Cup]] = {}
    for cup in tool.cups:
        alike.setdefault((cup.radius, cup.stroke), []).append(cup)
    made = [
        EndEffectorConfig(
            name=f"{prefix}{CUPS}" if len(alike) == 1 else f"{prefix}{CUPS}_{number}",
            kind=SUCTION,
            arm=arm,
            cups=tuple(f"{prefix}{cup.name}" for cup in cups),
            cup_force=min(cup_pull(cups[0], tool), 1000.0),
            depth_max=stroke,
            pistons=tuple(piston_joint(cup.name, prefix) for cup in cups) if stroke else (),
        )
        for number, ((_, stroke), cups) in enumerate(alike.items(), start=1)
    ]
    if tool.fingers:
        out = tool.fingers[0].stroke
        made.append(
            EndEffectorConfig(
                name=f"{prefix}{FINGERS}",
                kind=PARALLEL,
                arm=arm,
                joints=tuple(closing_joint(one.name, prefix) for one in tool.fingers),
                depth_max=out,
                pistons=tuple(piston_joint(one.name, prefix) for one in tool.fingers) if out else (),
            )
        )
    return made


def carried_tool(robot: Embodiment) -> Tool:
    """Return the tool that the one arm of a robot carries. Raises ConfigError for a robot with none, or two arms."""
    if len(robot.mounts) != 1 or len(robot.arms) != 1:
        raise ConfigError(
            f"robot '{robot.name}' carries no single tool: name one arm and its tool, such as franka{SIGN}seven_piston"
        )
    return robot.mounts[0].tool


def split_robot(robot: str, known: Sequence[str]) -> tuple[str, str]:
    """Return the robot and the tool of <robot>+<tool>, "" for none; `known` are the robots' names.

    What stands before the sign must be a known name or a YAML file: paths may hold the sign as well.
    """
    for place, sign in enumerate(robot):
        before = robot[:place]
        if sign == SIGN and robot[place + 1 :] and (before in known or before.endswith((".yaml", ".yml"))):
            return before, robot[place + 1 :]
    return robot, ""

# SPDX-License-Identifier: Apache-2.0
"""A robot's SRDF: what MoveIt calls groups, end effectors and states, and which links need no looking at each other.

One planning group for each arm, joint group and parallel gripper, by the names that chunks use, and `arms`, all arms
together, for a robot that has several.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from itertools import combinations

import pinocchio as pin

from controllers.errors import ConfigError
from controllers.safety.self_pairs import checked_self_pairs
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.groups import ArmGroup, EndEffectorGroup, JointGroup

ALL_ARMS = "arms"
HOME, OPEN, CLOSED = "home", "open", "closed"
WORLD = "world"  # in which a robot that does not drive is bolted down


def srdf(robot: Embodiment) -> str:
    """Return the SRDF (XML text). Raises ConfigError where a group is named as all arms together are."""
    urdf = expand_urdf(robot)
    joints = {element.attrib["name"]: element for element in ElementTree.fromstring(urdf).findall("joint")}
    root = ElementTree.Element("robot", name=robot.name)
    for arm in robot.arms:
        base = joints[arm.joints[0]].find("parent").attrib["link"]  # type: ignore[union-attr]  # URDF demands it
        _add(_add(root, "group", name=arm.name), "chain", base_link=base, tip_link=arm.tool_frame)
    joined: list[JointGroup | EndEffectorGroup] = [*robot.joint_groups, *robot.grippers]
    for one in joined:
        element = _add(root, "group", name=one.name)
        for joint in one.joints:
            _add(element, "joint", name=joint)
    if len(robot.arms) > 1:
        _add_all_arms(root, robot)
    for group in robot.driven_groups:
        _add_state(root, group, HOME, group.home)
    for gripper in robot.grippers:
        for state, width in ((OPEN, gripper.width_max), (CLOSED, gripper.width_min)):
            _add_state(root, gripper, state, [width / len(gripper.joints)] * len(gripper.joints))
        tool = robot.arm(gripper.arm).tool_frame
        _add(root, "end_effector", name=f"{gripper.name}_tool", parent_link=tool, group=gripper.name,
             parent_group=gripper.arm)  # fmt: skip
    base = robot.base
    _add(
        root, "virtual_joint", name="base_joint", type="fixed" if base is None else "planar",
        parent_frame=WORLD if base is None else base.odom_frame, child_link=robot.base_frame,
    )  # fmt: skip
    driven = {name for group in robot.jointed_groups for name in group.joints}
    for name, element in joints.items():
        if element.attrib["type"] != "fixed" and name not in driven and element.find("mimic") is None:
            _add(root, "passive_joint", name=name)
    for first, second, reason in _pairs_never_looked_at(robot, urdf):
        _add(root, "disable_collisions", link1=first, link2=second, reason=reason)
    ElementTree.indent(root)
    return f'<?xml version="1.0"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _add(parent: ElementTree.Element, tag: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, attributes)


def _add_all_arms(root: ElementTree.Element, robot: Embodiment) -> None:
    if ALL_ARMS in {group.name for group in robot.jointed_groups}:
        raise ConfigError(f"robot '{robot.name}': a group is named '{ALL_ARMS}', which means all arms: rename it")
    element = _add(root, "group", name=ALL_ARMS)
    for arm in robot.arms:
        _add(element, "group", name=arm.name)
    state = _add(root, "group_state", name=HOME, group=ALL_ARMS)
    for arm in robot.arms:
        _add_values(state, arm.joints, arm.home)


def _add_state(
    root: ElementTree.Element, group: ArmGroup | JointGroup | EndEffectorGroup, name: str, values: Iterable[float]
) -> None:
    _add_values(_add(root, "group_state", name=name, group=group.name), group.joints, values)


def _add_values(state: ElementTree.Element, joints: Iterable[str], values: Iterable[float]) -> None:
    for joint, value in zip(joints, values, strict=True):
        _add(state, "joint", name=joint, value=f"{value:.6g}")


def _pairs_never_looked_at(robot: Embodiment, urdf: str) -> list[tuple[str, str, str]]:
    """Return the pairs of links with shapes that need no check, and MoveIt's word for why."""
    model = pin.buildModelFromXML(urdf)
    geometry = pin.buildGeomFromUrdfString(model, urdf, pin.GeometryType.COLLISION)
    groups = [group.joints for group in robot.driven_groups]
    lower, upper = pin.neutral(model), pin.neutral(model)
    moved = [model.joints[model.getJointId(name)].idx_q for group in robot.jointed_groups for name in group.joints]
    lower[moved], upper[moved] = model.lowerPositionLimit[moved], model.upperPositionLimit[moved]
    shapes = geometry.geometryObjects
    links = [model.frames[item.parentFrame].name for item in shapes]
    looked_at = {
        frozenset((links[i], links[j])) for i, j in checked_self_pairs(model, geometry, lower, upper, groups=groups)
    }
    bodies = {link: item.parentJoint for link, item in zip(links, shapes, strict=True)}
    found = []
    for first, second in combinations(dict.fromkeys(links), 2):
        if frozenset((first, second)) not in looked_at:
            a, b = bodies[first], bodies[second]
            adjacent = a == b or model.parents[a] == b or model.parents[b] == a
            found.append((first, second, "Adjacent" if adjacent else "Never"))
    return found

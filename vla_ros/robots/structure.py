# SPDX-License-Identifier: Apache-2.0
"""Whether a URDF is built as its robot's file says: types of joints, arms that are chains, tools at their ends."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass

from controllers.errors import ConfigError, unknown_name
from vla_ros.robots.groups import ArmConfig, EndEffectorConfig, JointGroupConfig

FIXED, TURNS, SLIDES, ENDLESS = "fixed", "revolute", "prismatic", "continuous"
KINDS = (FIXED, TURNS, SLIDES, ENDLESS)


@dataclass(frozen=True)
class _Joint:
    name: str
    kind: str
    parent: str
    child: str


class Structure:
    """The joints of a URDF as a tree. Raises ConfigError for what is no tree, or a type that cannot be moved."""

    def __init__(self, urdf: str) -> None:
        root = ElementTree.fromstring(urdf)
        joints = [_joint(element) for element in root.findall("joint")]
        self._joints = {joint.name: joint for joint in joints}
        self._above: dict[str, _Joint] = {}  # by link: the joint that carries it
        for joint in joints:
            other = self._above.setdefault(joint.child, joint)
            if other is not joint:
                raise ConfigError(f"link '{joint.child}' hangs on two joints, '{other.name}' and '{joint.name}'")
        links = [element.get("name", "") for element in root.findall("link")]
        self._heavy = [element.get("name", "") for element in root.findall("link") if _has_mass(element)]
        for joint in joints:
            for link in (joint.parent, joint.child):
                if link not in links:
                    raise ConfigError(f"joint '{joint.name}': {unknown_name('link', link, links)}")
        roots = [link for link in links if link not in self._above]
        if len(roots) != 1:
            said = "in a ring" if not roots else f"with {len(roots)} roots ({', '.join(sorted(roots))})"
            raise ConfigError(f"the URDF's links are joined {said}: a robot has one root")
        self._root = roots[0]

    def way_to(self, link: str) -> list[_Joint]:
        """Return the joints between the root and a link, from the root on."""
        way: list[_Joint] = []
        while link in self._above and len(way) <= len(self._joints):
            way.append(self._above[link])
            link = way[-1].parent
        return way[::-1]

    def check_base(self, frame: str) -> None:
        """Raise ConfigError for a base frame that is not the root, in which arms are modelled."""
        if frame != self._root:
            raise ConfigError(
                f"base_frame is '{frame}', the URDF's root is '{self._root}': give that, or leave out of the URDF what "
                f"lies above '{frame}'"
            )

    def check_arm(self, arm: ArmConfig) -> None:
        """Raise ConfigError unless the arm's joints are the moving ones between its first joint and its tool."""
        where = f"arm '{arm.name}'"
        self._check_kinds(where, arm.joints, (TURNS, SLIDES))
        way = [joint.name for joint in self.way_to(arm.tool_frame) if joint.kind != FIXED]
        strangers = [joint for joint in arm.joints if joint not in way]
        if strangers:
            raise ConfigError(
                f"{where}: joint '{strangers[0]}' does not carry its tool '{arm.tool_frame}', which "
                f"{', '.join(way) or 'no joint'} do: an arm is a chain"
            )
        chain = way[way.index(next(joint for joint in way if joint in arm.joints)) :]
        others = [joint for joint in chain if joint not in arm.joints]
        if others:
            raise ConfigError(f"{where}: joint '{others[0]}' lies between its joints and is none of them: add it")
        if tuple(chain) != tuple(arm.joints):
            raise ConfigError(f"{where}: give its joints from the base to the tool: {', '.join(chain)}")

        last = arm.joints[-1]
        if not any(last in [joint.name for joint in self.way_to(link)] for link in self._heavy):
            raise ConfigError(f"{where}: nothing that joint '{last}' carries has a mass: give its links an <inertial>")

    def check_group(self, group: JointGroupConfig) -> None:
        """Raise ConfigError for a joint that cannot be moved within limits."""
        self._check_kinds(f"joint group '{group.name}'", group.joints, (TURNS, SLIDES))

    def check_wheels(self, joints: Sequence[str]) -> None:
        """Raise ConfigError for a wheel that does not turn, or that something else moves."""
        self._check_kinds("base: wheels", joints, (ENDLESS,))
        for name in joints:
            above = [joint.name for joint in self.way_to(self._joints[name].parent) if joint.kind != FIXED]
            if above:
                raise ConfigError(f"base: wheels: joint '{name}' is carried by joint '{above[-1]}', not by the base")

    def check_end_effector(self, one: EndEffectorConfig, arm: ArmConfig) -> None:
        """Raise ConfigError for fingers that do not slide, or that another arm carries."""
        where = f"end effector '{one.name}'"
        moved = (*one.joints, *one.pistons)
        self._check_kinds(where, moved, (SLIDES,))
        carried = {link: f"joint '{joint}'" for joint in moved for link in (self._joints[joint].child,)}
        carried |= {cup: f"cup '{cup}'" for cup in one.simulated_cups}
        for link, what in carried.items():
            if arm.joints[-1] not in [joint.name for joint in self.way_to(link)]:
                raise ConfigError(f"{where}: {what} is not on arm '{arm.name}', whose last joint is '{arm.joints[-1]}'")

    def _check_kinds(self, where: str, joints: Sequence[str], allowed: Sequence[str]) -> None:
        for name in joints:
            if name not in self._joints:
                raise ConfigError(f"{where}: {unknown_name('joint', name, self._joints)}")
            kind = self._joints[name].kind
            if kind == ENDLESS and ENDLESS not in allowed:
                raise ConfigError(f"{where}: joint '{name}' is continuous: give it limits, type revolute")
            if kind not in allowed:
                raise ConfigError(f"{where}: joint '{name}' is {kind} in the URDF, it must be {' or '.join(allowed)}")


def check_robot_name(name: str) -> None:
    """Raise ConfigError for a name that no file can have."""
    if not name.isascii() or not name.replace("_", "a").replace("-", "a").isalnum():
        raise ConfigError(f"robot '{name}': files are named so: give letters, digits, _ and -")


def check_name(what: str, name: str) -> None:
    """Raise ConfigError for a name that topics cannot have."""
    if not (name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()):
        raise ConfigError(f"{what} '{name}': its topics are named so: give letters, digits and _, a letter first")


def _has_mass(link: ElementTree.Element) -> bool:
    mass = link.find("inertial/mass")
    text = "0" if mass is None else mass.get("value", "0")
    try:
        return float(text) > 0.0
    except ValueError:
        raise ConfigError(f"link '{link.get('name')}': its mass is '{text[:40]}', expected a number") from None


def _joint(element: ElementTree.Element) -> _Joint:
    name, kind = element.get("name", ""), element.get("type", "")
    if kind not in KINDS:
        raise ConfigError(f"joint '{name}': {unknown_name('type', kind, KINDS)}")
    parent, child = element.find("parent"), element.find("child")
    if parent is None or child is None:
        raise ConfigError(f"joint '{name}' lacks its {'parent' if parent is None else 'child'} link")
    return _Joint(name, kind, parent.get("link", ""), child.get("link", ""))

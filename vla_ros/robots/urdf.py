# SPDX-License-Identifier: Apache-2.0
"""Robot descriptions: xacro in, URDF text and joint limits out."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from pathlib import Path

from controllers.arm.limits import NO_LIMIT
from controllers.errors import ConfigError, unknown_name
from vla_ros.ament import VARIABLE
from vla_ros.configuration import share_directory
from vla_ros.documents import read_bytes
from vla_ros.robots.meshes import with_mesh_paths

URDF_MAX = 4 << 20  # [B] of a robot's description, before xacro and after it
LINKS_MAX = 1000


@dataclass(frozen=True)
class JointLimits:
    """Limits of one joint: [rad] and [N·m] when it turns, [m] and [N] when it slides."""

    lower: float
    upper: float
    velocity: float
    effort: float
    slides: bool = False
    deceleration: float = NO_LIMIT  # [rad/s²], [m/s²] by which the speed limit falls towards the ends
    velocity_offset: float = 0.0  # [rad/s], [m/s]


def expand_xacro(path: str | Path, **xacro_args: str) -> str:
    """Return the URDF text of a xacro file; a relative path is under the share directory. Meshes have absolute paths.

    Raises ConfigError when the file or a mesh is missing, or xacro cannot process it.
    """
    full_path = Path(path) if Path(path).is_absolute() else share_directory() / path
    return _expand(str(full_path), tuple(sorted((key, str(value)) for key, value in xacro_args.items())))


@lru_cache(maxsize=16)
def _expand(path: str, xacro_args: tuple[tuple[str, str], ...]) -> str:
    import xacro  # slow to import, and a recorded URDF needs none of it

    if not Path(path).is_file():
        raise ConfigError(f"robot description '{path}' does not exist: check `urdf` in config/robots")
    if b"<!DOCTYPE" in read_bytes(Path(path), URDF_MAX):  # entities that stand for one another, again and again
        raise ConfigError(f"robot description '{path}': has a <!DOCTYPE>: write what its entities stand for")
    try:
        urdf = xacro.process_file(path, mappings=dict(xacro_args)).toprettyxml(indent="  ")
    except Exception as error:  # what is between ${ and } is Python, and fails as Python does; macros may have no end
        reason = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        if VARIABLE in reason:
            reason = f"$(find …) looks in {VARIABLE}, which is not set: source ROS 2, or write paths from this file on"
        raise ConfigError(f"robot description '{path}': xacro failed: {reason}") from error
    if len(urdf) > URDF_MAX:
        raise ConfigError(f"robot description '{path}': {len(urdf)} characters, allowed are {URDF_MAX}")
    links = len(link_names(urdf))
    if links > LINKS_MAX:
        raise ConfigError(f"robot description '{path}': {links} links, allowed are {LINKS_MAX}")
    return with_mesh_paths(urdf, Path(path))


@lru_cache(maxsize=16)
def with_fixed(urdf: str, joints: tuple[str, ...]) -> str:
    """Return a URDF text with these joints fixed where they are at 0."""
    root = ElementTree.fromstring(urdf)
    for joint in root.findall("joint"):
        if joint.get("name") in joints:
            joint.set("type", "fixed")
    return ElementTree.tostring(root, encoding="unicode")


def link_names(urdf: str) -> tuple[str, ...]:
    """List the links of a URDF text."""
    return tuple(_named(urdf, "link"))


def joint_limits(urdf: str, joint: str) -> JointLimits:
    """Read a joint's limits, and those of <position_based_velocity_limits>, as franka_description's joints have them.

    Raises ConfigError when the URDF has no such joint or no complete <limit>.
    """
    joints = _named(urdf, "joint")
    if joint not in joints:
        raise ConfigError(unknown_name("joint", joint, joints))
    limit = joints[joint].find("limit")
    if limit is None:
        raise ConfigError(f"joint '{joint}': the URDF gives it no <limit lower upper velocity effort>")
    lower, upper, velocity, effort = (_limit(joint, limit, key) for key in ("lower", "upper", "velocity", "effort"))
    if not lower < upper:
        raise ConfigError(f"joint '{joint}': the URDF's lower limit {lower:g} is not below its upper one {upper:g}")
    if min(velocity, effort) <= 0.0:
        raise ConfigError(f"joint '{joint}': the URDF's limits of velocity and effort must be above 0")
    falling = joints[joint].find("position_based_velocity_limits")
    deceleration, offset = NO_LIMIT, 0.0
    if falling is not None:
        deceleration, offset = (_limit(joint, falling, key) for key in ("deceleration_limit", "velocity_offset"))
        if deceleration <= 0.0 or offset < 0.0:
            raise ConfigError(
                f"joint '{joint}': the URDF's deceleration_limit must be above 0 and its velocity_offset at least 0"
            )
    return JointLimits(lower, upper, velocity, effort, joints[joint].get("type") == "prismatic", deceleration, offset)


def _limit(joint: str, limit: ElementTree.Element, key: str) -> float:
    text = limit.get(key)
    try:
        value = float("nan") if text is None else float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        found = "is missing" if text is None else f"is '{text[:40]}', expected a finite number"
        raise ConfigError(f"joint '{joint}': '{key}' in the <{limit.tag}> of the URDF {found}")
    return value


def _named(urdf: str, tag: str) -> dict[str, ElementTree.Element]:
    try:
        return {element.attrib["name"]: element for element in ElementTree.fromstring(urdf).findall(tag)}
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise ConfigError(f"the URDF is not usable: a <{tag}> without a name, or no XML ({error})") from None

# SPDX-License-Identifier: Apache-2.0
"""A tool's links and joints as URDF, from its description alone: boxes and cylinders, and the inertias of those.

Below the flange hang the body, a cylinder; the tool's frame; a lip for each cup, on a piston where it has a stroke;
a finger each on a joint that opens it, behind a joint that takes it out where it has a stroke.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from math import atan2, pi

import numpy as np

from controllers.errors import ConfigError
from vla_ros.robots.tools.description import Cup, Finger, Tool

PISTON_SPEED, FINGER_SPEED = 0.3, 0.1  # [m/s]: modelling choices, as are the masses and sizes below
_PISTON_FORCE_MIN = 60.0  # [N]
_CUP_DENSITY, _FINGER_DENSITY = (
    2000.0,
    2700.0,
)  # [kg/m³] rubber with its fitting, aluminium: where a tool is heavy enough
_CARRIAGE_MASS = 0.03  # [kg] likewise
_MOVING_SHARE = 0.5  # at most, of a tool's mass, is in cups and fingers
LIP, _ROOM = 0.01, 0.004  # [m] of a lip beside its bellows, and between it and the body
_BODY_MIN = 0.02  # [m]
RAIL = 0.012  # [m] height of what carries fingers that are further out than the body; seen only
_FLAT = 1e-6  # [m] lengths that count as none
_COLORS = {"body": "0.80 0.82 0.84 1", "rod": "0.42 0.44 0.46 1", "rubber": "0.22 0.22 0.23 1"}


def tcp_link(prefix: str = "") -> str:
    """Return the name of the link that is the tool's frame."""
    return f"{prefix}tcp"


def piston_joint(name: str, prefix: str = "") -> str:
    """Return the joint that takes a cup or a finger out, where it has a stroke."""
    return f"{prefix}{name}_piston"


def closing_joint(finger: str, prefix: str = "") -> str:
    """Return the joint that opens a finger, 0 where fingers meet [m]."""
    return f"{prefix}{finger}_joint"


def finger_limits(tool: Tool) -> tuple[float, float]:
    """Return from where to where [m] a finger's joint goes: how far its pad is from where the fingers meet.

    Raises ConfigError for fingers that do not meet in one point, or not alike: one drive moves them all.
    """
    places = np.array([(one.x, one.y) for one in tool.fingers])
    open_at = np.einsum("fi,fi->f", places.mean(axis=0) - places, np.array([one.direction for one in tool.fingers]))
    travel = np.array([one.travel for one in tool.fingers])
    strokes = {one.stroke for one in tool.fingers}
    if np.ptp(open_at) > 1e-3 or np.ptp(travel) > 1e-3 or len(strokes) > 1 or open_at[0] < _FLAT or travel[0] < _FLAT:
        raise ConfigError(
            f"tool '{tool.name}': its fingers must close towards their middle by one 'travel' above 0, and go out by "
            f"one 'stroke': a robot moves them by one drive"
        )
    upper = float(open_at.mean())
    return max(upper - float(travel.mean()), 0.0), upper


def tool_elements(
    tool: Tool, flange: str, prefix: str = "", rpy: Sequence[float] = (0.0, 0.0, 0.0)
) -> list[ElementTree.Element]:
    """Return the <link> and <joint> elements of a tool on the link `flange`, turned there by `rpy` [rad].

    `prefix` stands before every name. Raises ConfigError for fingers that one drive cannot move.
    """  # fmt: skip
    limits = finger_limits(tool) if tool.fingers else (0.0, 0.0)
    moving = sum(_cup_mass(cup) for cup in tool.cups)
    for one in tool.fingers:
        moving += _FINGER_DENSITY * sum(x * y * z for _, (x, y, z) in _finger_boxes(one, tool))
        moving += _CARRIAGE_MASS if one.stroke > _FLAT else 0.0
    share = min(1.0, _MOVING_SHARE * tool.mass / moving)
    body, middle = f"{prefix}tool_body", body_length(tool)
    link = _link(body)
    _inertial(link, tool.mass - share * moving, (0, 0, middle / 2), _cylinder_inertia(tool.body_radius, middle))
    for tag in ("visual", "collision"):
        _shape(link, tag, (0, 0, middle / 2), cylinder=(tool.body_radius, middle), color="body")
    for finger in tool.fingers:
        if carries_rail(finger, tool):
            out = float(np.hypot(finger.x, finger.y)) + pad_thickness(finger)
            turned = atan2(finger.y, finger.x)
            place = 0.5 * out * np.cos(turned), 0.5 * out * np.sin(turned), middle - RAIL / 2
            _shape(link, "visual", place, box=(out, finger.radius, RAIL), color="rod", rpy=(0, 0, turned))
    made = [link, _joint(f"{body}_joint", "fixed", flange, body, rpy=rpy)]
    tcp = tcp_link(prefix)
    made += [_link(tcp), _joint(f"{tcp}_joint", "fixed", body, tcp, xyz=(0, 0, tool.height))]
    for cup in tool.cups:
        made += _cup(cup, tool, body, prefix, share * _cup_mass(cup))
    for number, finger in enumerate(tool.fingers):
        mimic = closing_joint(tool.fingers[0].name, prefix) if number else ""
        made += _finger(finger, tool, body, prefix, share, limits, mimic)
    return made


def tool_urdf(tool: Tool, prefix: str = "") -> str:
    """Return the URDF (XML text) of a tool alone, its root the link <prefix>flange."""
    root = ElementTree.Element("robot", name=tool.name)
    root.append(_link(f"{prefix}flange"))
    root.extend(tool_elements(tool, f"{prefix}flange", prefix))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode")


def body_length(tool: Tool) -> float:
    """Return how far the body reaches from the flange [m]: cups and fingers that are in stand out of it."""
    out = [cup.bellows + LIP + _ROOM for cup in tool.cups] + [finger.length for finger in tool.fingers]
    return max(tool.height - max(out), min(_BODY_MIN, 0.5 * tool.height))


def carries_rail(finger: Finger, tool: Tool) -> bool:
    """Say whether an open finger is further out than the body."""
    return float(np.hypot(finger.x, finger.y)) + pad_thickness(finger) > tool.body_radius


def pad_thickness(finger: Finger) -> float:
    """Return how thick a finger's pad is along the way it closes [m]."""
    return max(finger.radius, 0.006)


def cup_pull(cup: Cup, tool: Tool) -> float:
    """Return what a sealed cup holds with [N]: the vacuum over its lip."""
    return tool.vacuum * pi * cup.radius**2


def _cup_mass(cup: Cup) -> float:
    return _CUP_DENSITY * pi * cup.radius**2 * (cup.bellows + LIP)


def _finger_boxes(finger: Finger, tool: Tool) -> list[tuple[float, tuple[float, float, float]]]:
    """Return the middle along z [m] and the size [m] of a finger's pad, and of its stem where it goes out."""
    thick, width, length = pad_thickness(finger), 2.0 * finger.radius, finger.length
    boxes = [(-length / 2, (thick, width, length))]
    stem = min(finger.stroke, tool.height - length - 0.005)  # what comes out of the body behind the pad
    return boxes + ([(-length - stem / 2, (0.8 * thick, 0.8 * width, stem))] if stem > _FLAT else [])


def _cup(cup: Cup, tool: Tool, body: str, prefix: str, mass: float) -> list[ElementTree.Element]:
    lip, thick = _link(f"{prefix}{cup.name}"), cup.bellows + LIP
    _inertial(lip, mass, (0, 0, -thick / 2), _cylinder_inertia(cup.radius, thick))
    for tag in ("visual", "collision"):
        _shape(lip, tag, (0, 0, -thick / 2), cylinder=(cup.radius, thick), color="rubber")
    # Up to the body when it is out. Seen only: what touches the link's shapes counts as at the lip.
    rod = min(_ROOM + cup.stroke, tool.height - thick)
    _shape(lip, "visual", (0, 0, -thick - rod / 2), cylinder=(0.4 * cup.radius, rod), color="rod")
    place = (cup.x, cup.y, tool.height)
    if cup.stroke <= _FLAT:
        return [lip, _joint(f"{prefix}{cup.name}_joint", "fixed", body, f"{prefix}{cup.name}", xyz=place)]
    force = max(_PISTON_FORCE_MIN, 1.5 * cup_pull(cup, tool))
    name = piston_joint(cup.name, prefix)
    return [lip, _slide(name, body, f"{prefix}{cup.name}", place, (0, 0, 1), (0.0, cup.stroke), PISTON_SPEED, force)]


def _finger(
    finger: Finger, tool: Tool, body: str, prefix: str, share: float, limits: tuple[float, float], mimic: str
) -> list[ElementTree.Element]:
    """Return a finger whose x axis points where it closes, y = 0 and x = 0 in the middle of its pad's face."""
    name, boxes = f"{prefix}{finger.name}", _finger_boxes(finger, tool)
    thick, width, length = boxes[0][1]
    along = finger.direction
    middle = (finger.x + limits[1] * along[0], finger.y + limits[1] * along[1], tool.height)
    rpy = (0.0, 0.0, atan2(along[1], along[0]))
    made, parent = [], body
    if finger.stroke > _FLAT:
        carriage, box = _link(f"{name}_carriage"), (thick, width, 0.01)
        room = min(length + finger.stroke, tool.height - 0.005)
        _inertial(carriage, share * _CARRIAGE_MASS, (-limits[1] - thick / 2, 0, -room), _box_inertia(box))
        force = max(_PISTON_FORCE_MIN, finger.force)
        piston = piston_joint(finger.name, prefix)
        ends = body, f"{name}_carriage"
        made += [carriage, _slide(piston, *ends, middle, (0, 0, 1), (0.0, finger.stroke), PISTON_SPEED, force, rpy)]
        parent, middle, rpy = f"{name}_carriage", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    link = _link(name)
    volumes = np.array([np.prod(size) for _, size in boxes])
    heights = np.array([z for z, _ in boxes])
    weights = volumes / volumes.sum()
    middle_z = float(weights @ heights)
    aside = float(weights @ (heights - middle_z) ** 2)  # [m²] parallel axes (Huygens, Steiner)
    unit = weights @ np.array([_box_inertia(size) for _, size in boxes]) + (aside, aside, 0.0)
    _inertial(link, share * _FINGER_DENSITY * float(volumes.sum()), (-thick / 2, 0, middle_z), unit.tolist())
    for (z, size), color, shape in zip(boxes, ("rubber", "rod"), (f"{name}_pad", ""), strict=False):
        _shape(link, "visual", (-thick / 2, 0, z), box=size, color=color)
        _shape(link, "collision", (-thick / 2, 0, z), box=size, name=shape)
    joint = _slide(
        closing_joint(finger.name, prefix), parent, name, middle, (-1, 0, 0), limits, FINGER_SPEED, finger.force, rpy
    )
    ElementTree.SubElement(joint, "dynamics", damping="5")
    if mimic:
        ElementTree.SubElement(joint, "mimic", joint=mimic)
    return [*made, link, joint]


def _link(name: str) -> ElementTree.Element:
    return ElementTree.Element("link", name=name)


def _joint(
    name: str, kind: str, parent: str, child: str, xyz: Sequence[float] = (0, 0, 0), rpy: Sequence[float] = (0, 0, 0)
) -> ElementTree.Element:
    joint = ElementTree.Element("joint", name=name, type=kind)
    ElementTree.SubElement(joint, "parent", link=parent)
    ElementTree.SubElement(joint, "child", link=child)
    ElementTree.SubElement(joint, "origin", xyz=_words(xyz), rpy=_words(rpy))
    return joint


def _slide(
    name: str,
    parent: str,
    child: str,
    xyz: Sequence[float],
    axis: Sequence[float],
    limits: tuple[float, float],
    velocity: float,
    effort: float,
    rpy: Sequence[float] = (0, 0, 0),
) -> ElementTree.Element:
    joint = _joint(name, "prismatic", parent, child, xyz, rpy)
    ElementTree.SubElement(joint, "axis", xyz=_words(axis))
    lower, upper, velocity_text, effort_text = (f"{value:.9g}" for value in (*limits, velocity, effort))
    ElementTree.SubElement(joint, "limit", lower=lower, upper=upper, velocity=velocity_text, effort=effort_text)
    return joint


def _inertial(link: ElementTree.Element, mass: float, xyz: Sequence[float], unit: Sequence[float]) -> None:
    """Give a link mass [kg] and inertia: `unit` (3,) [m²] about its middle, of 1 kg."""
    inertial = ElementTree.SubElement(link, "inertial")
    ElementTree.SubElement(inertial, "origin", xyz=_words(xyz))
    ElementTree.SubElement(inertial, "mass", value=f"{mass:.9g}")
    x, y, z = (f"{mass * value:.9g}" for value in unit)
    ElementTree.SubElement(inertial, "inertia", ixx=x, iyy=y, izz=z, ixy="0", ixz="0", iyz="0")


def _shape(
    link: ElementTree.Element,
    tag: str,
    xyz: Sequence[float],
    cylinder: tuple[float, float] | None = None,
    box: Sequence[float] = (),
    color: str = "",
    name: str = "",
    rpy: Sequence[float] = (0, 0, 0),
) -> None:
    element = ElementTree.SubElement(link, tag, {"name": name} if name else {})
    ElementTree.SubElement(element, "origin", xyz=_words(xyz), rpy=_words(rpy))
    geometry = ElementTree.SubElement(element, "geometry")
    if cylinder is None:
        ElementTree.SubElement(geometry, "box", size=_words(box))
    else:
        ElementTree.SubElement(geometry, "cylinder", radius=f"{cylinder[0]:.9g}", length=f"{cylinder[1]:.9g}")
    if tag == "visual":
        material = ElementTree.SubElement(element, "material", name=f"tool_{color}")
        ElementTree.SubElement(material, "color", rgba=_COLORS[color])


def _cylinder_inertia(radius: float, length: float) -> tuple[float, float, float]:
    across = (3.0 * radius**2 + length**2) / 12.0
    return across, across, radius**2 / 2.0


def _box_inertia(size: Sequence[float]) -> tuple[float, float, float]:
    x, y, z = (value**2 / 12.0 for value in size)
    return y + z, x + z, x + y


def _words(values: Sequence[float]) -> str:
    return " ".join(f"{float(value):.9g}" for value in values)

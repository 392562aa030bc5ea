# SPDX-License-Identifier: Apache-2.0
"""From a LIBERO task to the MJCF that is simulated: its own model, with our cameras, fingers and gravity compensation.

What is changed, and nothing else: two cameras are added; the fingers are lengthened (GraspVLA lengthens them in LIBERO
as well, Appendix G); gravity of the robot's bodies is compensated, as robosuite's controllers and the real arm do; what
a task names as in the way is neither seen nor felt (Appendix G removes the basket).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

ROBOT, GRIPPER = "robot0_", "gripper0_"
# robosuite's finger: its mesh ends 53.8 mm from the finger body's origin, the pad's body is at 56 mm.
_FINGER_END = 0.0538  # [m]
_FINGERS = (("gripper0_leftfinger", "gripper0_finger1_pad_collision", 1),
            ("gripper0_rightfinger", "gripper0_finger2_pad_collision", -1))  # fmt: skip
_OVERLAP = 0.0185  # [m] of what lengthens a finger with the finger: as on this project's hand
_HALF_WIDTH, _HALF_THICKNESS, _OFFSET = 0.009, 0.00425, 0.00575  # [m]: the same


@dataclass(frozen=True)
class Camera:
    """A camera in LIBERO's world, OpenGL's convention: x right, y up, looking along −z."""

    name: str
    T_world_camera: np.ndarray  # (4, 4)
    fovy: float  # [degrees] vertical


def adapted(xml: str, cameras: Sequence[Camera], size: tuple[int, int], extension: float, hidden: Sequence[str]) -> str:
    """Return the model with cameras of `size` (width, height) [px], fingers longer by `extension` [m]."""
    root = ET.fromstring(xml)
    world = _found(root, "worldbody")
    for camera in cameras:
        world.append(ET.Element("camera", _camera_attributes(camera)))
    visual = root.find("visual")
    visual = ET.SubElement(root, "visual") if visual is None else visual
    ET.SubElement(visual, "global", {"offwidth": str(size[0]), "offheight": str(size[1])})
    bodies = {body.get("name", ""): body for body in root.iter("body")}
    for name, body in bodies.items():
        if name.startswith((ROBOT, GRIPPER)):
            body.set("gravcomp", "1")
    if extension > 0.0:
        for finger, pad, side in _FINGERS:
            _lengthen(bodies[finger], pad, side, extension)
    for name in hidden:
        if name not in bodies:
            raise ValueError(f"'{name}' is no body of this task")
        _hide(bodies[name])
    return ET.tostring(root, encoding="unicode")


def _lengthen(finger: ET.Element, pad: str, side: int, extension: float) -> None:
    for geom in finger.iter("geom"):
        if geom.get("name") == pad:  # the same pad with the same friction, further out
            x, y, z = (float(number) for number in geom.get("pos", "").split())
            geom.set("pos", _text((x, y, z + extension)))
    half = 0.5 * (_OVERLAP + extension)
    box = {
        "type": "box",
        "size": _text((_HALF_WIDTH, _HALF_THICKNESS, half)),
        "pos": _text((0.0, side * _OFFSET, _FINGER_END + extension - half)),
        "mass": "0",
    }
    attributes: Mapping[str, str] = {"group": "1", "contype": "0", "conaffinity": "0", "rgba": "0.5 0.5 0.5 1"}
    finger.append(ET.Element("geom", {**box, **attributes}))
    # As robosuite's finger mesh is felt.
    felt = {"group": "0", "contype": "0", "conaffinity": "1", "condim": "4", "friction": "1 0.005 0.0001"}
    finger.append(ET.Element("geom", {**box, **felt, "solref": "0.02 1", "rgba": "0 0 0 0"}))


def _hide(body: ET.Element) -> None:
    for inner in body.iter("body"):
        inner.set("gravcomp", "1")  # nothing holds it any more
    for geom in body.iter("geom"):
        geom.set("contype", "0")
        geom.set("conaffinity", "0")
        geom.set("rgba", "0 0 0 0")
        geom.attrib.pop("material", None)


def _camera_attributes(camera: Camera) -> dict[str, str]:
    T = camera.T_world_camera
    axes = _text((*T[:3, 0], *T[:3, 1]))
    return {"name": camera.name, "pos": _text(T[:3, 3]), "xyaxes": axes, "fovy": f"{camera.fovy:.6g}", "mode": "fixed"}


def _text(numbers: Sequence[float] | np.ndarray) -> str:
    return " ".join(f"{float(number):.9g}" for number in numbers)


def _found(root: ET.Element, name: str) -> ET.Element:
    element = root.find(name)
    if element is None:
        raise ValueError(f"the task's model has no <{name}>")
    return element

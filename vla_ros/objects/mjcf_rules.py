# SPDX-License-Identifier: Apache-2.0
"""Which of MJCF matters for a rigid thing: what is read, what is passed over, what is refused and what to do then."""

from __future__ import annotations

from xml.etree import ElementTree

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.problems import Findings

_POSE = {"pos", "quat", "euler", "axisangle", "xyaxes", "zaxis"}
# Attributes of the elements that are read: those that matter, and those that do not for a thing that is taken.
_READ = {
    "mujoco": {"model"},
    "compiler": {"angle", "meshdir", "texturedir", "assetdir", "eulerseq"},
    "asset": set(),
    "mesh": {"name", "class", "file", "scale", "refpos", "refquat"},
    "texture": {"name", "class", "type", "file", "builtin", "rgb1", "rgb2"},
    "material": {"name", "class", "texture", "rgba", "specular", "shininess"},
    "layer": {"texture", "role"},
    "default": {"class"},
    "worldbody": {"name"},
    "body": {"name", "childclass", *_POSE},
    "frame": {"name", "childclass", *_POSE},
    "freejoint": set(),  # that it has one or lacks it is the same: it stands free on the table
    "joint": {"type"},
    "geom": {"name", "class", "type", "size", "fromto", "rgba", "material", "mesh", "contype", "conaffinity", "group",
             "density", "mass", *_POSE},
}  # fmt: skip
_PASSED_OVER = {
    "compiler": {"autolimits", "balanceinertia", "boundmass", "boundinertia", "settotalmass", "inertiafromgeom",
                 "exactmeshinertia", "inertiagrouprange", "discardvisual", "fusestatic", "strippath", "convexhull",
                 "usethread", "saveinertial", "alignfree", "conflict", "coordinate", "fitaabb"},
    "mesh": {"smoothnormal", "maxhullvert", "inertia", "content_type", "normal", "octree_maxdepth"},
    "texture": {"colorspace", "content_type", "mark", "markrgb", "random", "width", "height", "nchannel", "gridsize",
                "gridlayout", "hflip", "vflip", *(f"file{side}" for side in ("right", "left", "up", "down", "front",
                                                                             "back"))},
    "material": {"texrepeat", "texuniform", "emission", "reflectance", "metallic", "roughness"},
    "body": {"mocap", "gravcomp", "user", "sleep"},
    "geom": {"friction", "condim", "solimp", "solref", "solmix", "margin", "gap", "priority", "shellinertia", "user",
             "fluidshape", "fluidcoef", "fitscale"},
}  # fmt: skip
_IGNORED = {
    "option", "size", "statistic", "visual", "custom", "contact", "keyframe", "sensor", "extension", "light", "camera",
    "site", "inertial", "skin", "pair", "velocity", "position", "motor", "general", "tendon_default",
}  # fmt: skip
_REFUSED = {
    "include": "paste the file's content in its place",
    "attach": "paste the model's content in its place",
    "replicate": "write the copies out",
    "composite": "a soft thing cannot be simulated here: model it of rigid geoms",
    "flexcomp": "a soft thing cannot be simulated here: model it of rigid geoms",
    "deformable": "a soft thing cannot be simulated here: model it of rigid geoms",
    "actuator": "an object does not move by itself: remove it",
    "tendon": "an object has no moving parts: remove it",
    "equality": "an object has no moving parts: remove it",
    "plugin": "remove it",
    "hfield": "a thing of box, sphere, capsule, cylinder, ellipsoid or mesh geoms is needed",
}
_SECTIONS_OF_DEFAULT = {"default", "geom", "mesh", "material"}  # of a class's defaults nothing else matters here


def check_elements(root: ElementTree.Element, where: str, findings: Findings) -> None:
    """Note every element and attribute that cannot be read, each with its remedy."""
    for element in root:
        tag = str(element.tag)
        if tag in _IGNORED or not isinstance(element.tag, str):
            continue
        if tag in _REFUSED:
            findings.problems.append(f"{where}: <{tag}>: {_REFUSED[tag]}")
        elif tag not in _READ:
            findings.problems.append(f"{where}: {unknown_name('element', tag, _READ)}")
        elif root.tag == "default" and tag not in _SECTIONS_OF_DEFAULT:
            continue
        else:
            _check_attributes(element, where, findings)
            check_elements(element, where, findings)


def _check_attributes(element: ElementTree.Element, where: str, findings: Findings) -> None:
    tag = str(element.tag)
    for key in element.attrib:
        if tag not in ("joint", "freejoint") and key not in _READ[tag] | _PASSED_OVER.get(tag, set()):
            problem = unknown_name("attribute", key, _READ[tag])
            if tag == "mesh" and key in ("vertex", "face", "texcoord", "builtin", "params"):
                problem = f"attribute '{key}': save the mesh as an OBJ or STL and name it under 'file'"
            findings.problems.append(f"{where}: <{tag}>: {problem}")
    if tag == "joint" and element.get("type", "hinge") != "free":
        called = element.get("name", "")
        findings.problems.append(
            f"{where}: <joint{f' {called!r}' if called else ''}>: an object is one rigid thing: remove the joint, and "
            "its body is fixed as modelled"
        )


class Defaults:
    """Values that MJCF's default classes give to attributes that an element leaves out."""

    def __init__(self, root: ElementTree.Element) -> None:
        self._classes: dict[str, dict[str, dict[str, str]]] = {"main": {}}
        for top in root.iterfind("default"):
            self._read(top, top.get("class", "main"), {})

    def _read(self, element: ElementTree.Element, name: str, inherited: dict[str, dict[str, str]]) -> None:
        values = {tag: dict(given) for tag, given in inherited.items()}
        for child in element:
            if child.tag != "default":
                values.setdefault(str(child.tag), {}).update(child.attrib)
        self._classes[name] = values
        for child in element.iterfind("default"):
            self._read(child, child.get("class", ""), values)

    def apply(self, element: ElementTree.Element, childclass: str = "") -> ElementTree.Element:
        """Return the element with what its class, else `childclass`, else the main class gives. Raises ConfigError."""
        name = element.get("class") or childclass or "main"
        if name not in self._classes:
            raise ConfigError(unknown_name("default class", name, self._classes))
        filled = ElementTree.Element(element.tag, {**self._classes[name].get(str(element.tag), {}), **element.attrib})
        filled.extend(list(element))
        return filled

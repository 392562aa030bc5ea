# SPDX-License-Identifier: Apache-2.0
"""Reading an object from MJCF: one body made of geoms. What is more than that is refused, not guessed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.colors import Rgba
from vla_ros.objects.geometry import part_volume
from vla_ros.objects.mesh_file import convex_hull, read_mesh, read_texture
from vla_ros.objects.parts import SIZES, Mesh, Part
from vla_ros.objects.solids import towards

_ALLOWED = {
    "mujoco": {"model"},
    "compiler": {"angle", "meshdir", "texturedir", "autolimits"},
    "asset": set(),
    "mesh": {"name", "file", "scale"},
    "texture": {"name", "type", "file"},
    "material": {"name", "texture", "rgba", "specular", "shininess"},
    "worldbody": set(),
    "body": {"name", "pos", "quat", "euler"},
    "freejoint": {"name"},
    "geom": {"name", "type", "size", "pos", "quat", "euler", "fromto", "rgba", "material", "mesh", "contype",
             "conaffinity", "group", "density", "mass", "friction", "condim"},
}  # fmt: skip
_HIDDEN_GROUP = 3  # MuJoCo's viewers do not draw geoms of this group or above


def read_mjcf(path: Path, scale: float, default: Rgba) -> tuple[Part, ...]:
    """Return the parts of an MJCF file. `default` colours geoms that have no colour. Raises ConfigError.

    Mass and friction come from the YAML: here `mass` and `density` only say how geoms compare.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError) as error:
        raise ConfigError(f"{path}: not readable as XML: {error}") from error
    if root.tag != "mujoco":
        raise ConfigError(f"{path}: the outermost element is <{root.tag}>: an MJCF file begins with <mujoco>")
    return _Reader(path, scale, default, root).parts()


class _Reader:
    """One MJCF file while it is read."""

    def __init__(self, path: Path, scale: float, default: Rgba, root: ElementTree.Element) -> None:
        self._path, self._scale, self._default = path, scale, default
        for element in root.iter():
            self._check(element)
        compiler = root.find("compiler")
        options = {} if compiler is None else compiler.attrib
        self._degrees = options.get("angle", "degree") == "degree"
        self._meshes = self._named(root, "mesh", options.get("meshdir", ""))
        self._textures = self._named(root, "texture", options.get("texturedir", options.get("meshdir", "")))
        self._materials = {item.get("name", ""): item for item in root.iterfind("asset/material")}
        bodies = root.findall("worldbody/body")
        if len(bodies) != 1 or bodies[0].find("body") is not None or root.find("worldbody/geom") is not None:
            raise ConfigError(f"{path}: exactly one <body> with its <geom>s is needed under <worldbody>")
        self._body = bodies[0]

    def parts(self) -> tuple[Part, ...]:
        parts = tuple(part for geom in self._body.iterfind("geom") for part in self._geom(geom))
        if not any(part.collide for part in parts):
            raise ConfigError(f"{self._path}: no geom collides: leave contype and conaffinity of one at 1")
        return parts

    def _check(self, element: ElementTree.Element) -> None:
        if element.tag not in _ALLOWED:
            raise ConfigError(f"{self._path}: {unknown_name('element', str(element.tag), _ALLOWED)}")
        for key in element.attrib:
            if key not in _ALLOWED[element.tag]:
                raise ConfigError(
                    f"{self._path}: <{element.tag}>: {unknown_name('attribute', key, _ALLOWED[element.tag])}"
                )

    def _named(self, root: ElementTree.Element, kind: str, folder: str) -> dict[str, tuple[ElementTree.Element, Path]]:
        named = {}
        for item in root.iterfind(f"asset/{kind}"):
            if "file" not in item.attrib:
                raise ConfigError(f"{self._path}: <{kind}> needs a file")
            file = self._path.parent / folder / item.attrib["file"]
            named[item.get("name", file.stem)] = (item, file)
        return named

    def _numbers(
        self, element: ElementTree.Element, key: str, count: int, default: tuple[float, ...]
    ) -> tuple[float, ...]:
        text = element.get(key)
        if text is None:
            return default
        try:
            numbers = tuple(float(word) for word in text.split())
        except ValueError:
            numbers = ()
        if len(numbers) < count or not np.isfinite(numbers).all():
            raise ConfigError(f"{self._path}: <{element.tag} {key}='{text}'>: {count} numbers are needed")
        return numbers[:count]

    def _geom(self, geom: ElementTree.Element) -> list[Part]:
        shape = geom.get("type", "mesh" if "mesh" in geom.attrib else "sphere")
        if shape not in SIZES:
            raise ConfigError(f"{self._path}: {unknown_name('geom type', shape, SIZES)}")
        size, position, quaternion = self._placed(geom, shape)
        rgba, texture = self._painted(geom)
        visible = int(self._numbers(geom, "group", 1, (0,))[0]) < _HIDDEN_GROUP
        collide = any(self._numbers(geom, key, 1, (1,))[0] for key in ("contype", "conaffinity"))
        if shape != "mesh":
            part = Part(shape, size, position, quaternion, rgba, collide=collide, visible=visible)
            return [replace(part, density=self._density(geom, part))]
        mesh, file = self._mesh(geom)
        parts = []
        if visible:
            parts.append(Part(shape, (), position, quaternion, rgba, texture, mesh, collide=False))
        if collide:
            hull = convex_hull(mesh, file)
            part = Part(shape, (), position, quaternion, rgba, mesh=hull, visible=False)
            parts.append(replace(part, density=self._density(geom, part)))
        return parts

    def _density(self, geom: ElementTree.Element, part: Part) -> float:
        """Return the geom's density relative to water's, from its own attribute or its mass."""
        density = self._numbers(geom, "density", 1, (1000.0,))[0]
        if "mass" in geom.attrib:
            density = self._numbers(geom, "mass", 1, ())[0] * self._scale**3 / part_volume(part)
        if density <= 0:
            raise ConfigError(
                f"{self._path}: mass and density must be positive: a geom that is only drawn has contype 0"
            )
        return density / 1000.0

    def _placed(self, geom: ElementTree.Element, shape: str) -> tuple[tuple, tuple, tuple]:
        """Return size, position [m] and quaternion (xyzw) of a geom."""
        count = SIZES[shape]
        if "fromto" in geom.attrib:
            ends = np.array(self._numbers(geom, "fromto", 6, ())).reshape(2, 3)
            length = float(np.linalg.norm(ends[1] - ends[0]))
            if shape not in ("capsule", "cylinder") or length == 0:
                raise ConfigError(
                    f"{self._path}: fromto is for a capsule or cylinder of some length, not for a {shape}"
                )
            radius = self._numbers(geom, "size", 1, (0.0,))[0]
            size: tuple[float, ...] = (radius, length / 2)
            position, quaternion = ends.mean(axis=0), towards(ends[1] - ends[0])
        else:
            size = self._numbers(geom, "size", count, (0.0,) * count)
            position = np.array(self._numbers(geom, "pos", 3, (0, 0, 0)))
            quaternion = self._quaternion(geom)
        if any(edge <= 0 for edge in size):
            raise ConfigError(f"{self._path}: a {shape} needs {count} positive sizes, got '{geom.get('size', '')}'")
        scaled = tuple(float(edge * self._scale) for edge in size)
        return scaled, tuple(float(v * self._scale) for v in position), quaternion

    def _quaternion(self, geom: ElementTree.Element) -> tuple[float, ...]:
        if "euler" in geom.attrib:
            turn = Rotation.from_euler("XYZ", self._numbers(geom, "euler", 3, ()), degrees=self._degrees)
            return tuple(float(value) for value in turn.as_quat())
        w, x, y, z = self._numbers(geom, "quat", 4, (1, 0, 0, 0))
        length = float(np.linalg.norm((w, x, y, z)))
        if length < 1e-6:
            raise ConfigError(f"{self._path}: quat='{geom.get('quat')}' has no length")
        return (x / length, y / length, z / length, w / length)

    def _painted(self, geom: ElementTree.Element) -> tuple[Rgba, np.ndarray | None]:
        name = geom.get("material")
        if name is None:
            return self._numbers(geom, "rgba", 4, self._default), None
        if name not in self._materials:
            raise ConfigError(f"{self._path}: {unknown_name('material', name, self._materials)}")
        material = self._materials[name]
        if "texture" not in material.attrib:
            return self._numbers(geom, "rgba", 4, self._numbers(material, "rgba", 4, self._default)), None
        texture = material.attrib["texture"]
        if texture not in self._textures:
            raise ConfigError(f"{self._path}: {unknown_name('texture', texture, self._textures)}")
        return self._numbers(material, "rgba", 4, (1, 1, 1, 1)), read_texture(self._textures[texture][1])

    def _mesh(self, geom: ElementTree.Element) -> tuple[Mesh, Path]:
        name = geom.get("mesh", "")
        if name not in self._meshes:
            raise ConfigError(f"{self._path}: {unknown_name('mesh', name, self._meshes)}")
        item, file = self._meshes[name]
        mesh = read_mesh(file)
        factor = np.array(self._numbers(item, "scale", 3, (1, 1, 1))) * self._scale
        return Mesh(mesh.vertices * factor, mesh.faces, mesh.uv), file

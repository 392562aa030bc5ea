# SPDX-License-Identifier: Apache-2.0
"""Reading an object from MJCF: bodies fixed to each other are one rigid thing made of geoms.

What does not matter for a thing that is taken is passed over, what does and cannot be done is refused: mjcf_rules.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.colors import Rgba
from vla_ros.objects.geometry import part_volume
from vla_ros.objects.mesh_collision import collision_meshes
from vla_ros.objects.mesh_file import read_mesh
from vla_ros.objects.mjcf_numbers import Orientations, numbers
from vla_ros.objects.mjcf_paint import Paints
from vla_ros.objects.mjcf_rules import Defaults, check_elements
from vla_ros.objects.parts import SIZES, Mesh, Part
from vla_ros.objects.problems import Findings
from vla_ros.objects.solids import towards

_HIDDEN_GROUP = 3  # MuJoCo's viewers do not draw geoms of this group or above
_MAX_BYTES = 5_000_000
_MOST_GEOMS = 300
_DEEPEST, _NESTED = 50, 200  # bodies in bodies; elements in elements


@dataclass(frozen=True, eq=False)
class _Placed:
    """A geom with its class's values, in the frame of the outermost body."""

    geom: ElementTree.Element
    turn: Rotation
    shift: np.ndarray  # (3,) file's unit

    def flag(self, key: str, default: int) -> int:
        return int(numbers(self.geom, key, 1, (default,))[0])

    @property
    def collides(self) -> bool:
        return bool(self.flag("contype", 1) or self.flag("conaffinity", 1))

    @property
    def group(self) -> int:
        return self.flag("group", 0)


def read_mjcf(path: Path, scale: float, default: Rgba, findings: Findings) -> tuple[tuple[Part, ...], list[Path]]:
    """Return the parts of an MJCF file and the files it names; `default` colours geoms that have no colour.

    Mass and friction come from the YAML: here `mass` and `density` only say how geoms compare. Problems go to
    `findings`, all of them; raises ConfigError where nothing can be read at all.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise ConfigError(f"{path}: {path.stat().st_size / 1e6:.0f} MB: meshes belong into files of their own")
    try:
        root = ElementTree.parse(path).getroot()
    except (ElementTree.ParseError, OSError, ValueError) as error:
        raise ConfigError(f"{path}: not readable as XML: {error}") from error
    if root.tag != "mujoco":
        raise ConfigError(f"{path}: the outermost element is <{root.tag}>: an MJCF file begins with <mujoco>")
    if _depth(root) > _NESTED:
        raise ConfigError(f"{path}: elements nested more than {_NESTED} deep: flatten them")
    try:
        return _Reader(path, scale, default, root, findings).parts()
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _depth(root: ElementTree.Element) -> int:
    """Return how deep elements are nested."""
    depth, level = 0, [root]
    while level:
        depth, level = depth + 1, [child for element in level for child in element]
    return depth


class _Reader:
    """One MJCF file while it is read."""

    def __init__(self, path: Path, scale: float, default: Rgba, root: ElementTree.Element, findings: Findings) -> None:
        self._path, self._scale, self._root, self._findings = path, scale, root, findings
        check_elements(root, str(path), findings)
        options: dict[str, str] = {}
        for compiler in root.iterfind("compiler"):
            options.update(compiler.attrib)
        self._orientations = Orientations(options.get("angle", "degree") == "degree", options.get("eulerseq", "xyz"))
        self._defaults = Defaults(root)
        folder = options.get("assetdir", "")
        self._meshes: dict[str, tuple[ElementTree.Element, Path]] = {}
        for item in root.iterfind("asset/mesh"):
            if "file" not in item.attrib:
                findings.problems.append(f"{path}: <mesh>: needs a file")
                continue
            file = path.parent / options.get("meshdir", folder) / item.attrib["file"].replace("\\", "/")
            self._meshes[item.get("name", file.stem)] = (item, file)
        # MuJoCo looks into texturedir alone; many files lie beside the meshes all the same.
        textures = (
            path.parent / options.get("texturedir", folder),
            path.parent / options.get("meshdir", folder),
        )
        self._paints = Paints(path, root, textures, default, self._defaults, findings)
        self._read: dict[str, Mesh | None] = {}

    def parts(self) -> tuple[tuple[Part, ...], list[Path]]:
        bodies = [body for body in self._root.iterfind("worldbody/body") if body.find(".//geom") is not None]
        loose = self._root.find("worldbody/geom") is not None or self._root.find("worldbody/frame") is not None
        if len(bodies) != 1 or loose:
            found = f"{len(bodies)} bodies" + (" and geoms or frames beside them" if loose else "")
            self._findings.problems.append(
                f"{self._path}: exactly one <body> with its <geom>s is needed under <worldbody>, found {found}: put "
                "all that is one thing into one <body>, bodies within it included, and a floor or a second thing out"
            )
            return (), []
        geoms = list(self._geoms(bodies[0], Rotation.identity(), np.zeros(3), "", 0))
        if len(geoms) > _MOST_GEOMS:
            self._findings.problems.append(f"{self._path}: {len(geoms)} geoms: {_MOST_GEOMS} at most")
            return (), []
        drawn = {placed.group: placed for placed in geoms if not placed.collides and placed.group < _HIDDEN_GROUP}
        skins = {placed.geom.get("mesh") for placed in drawn.values()} - {None}
        parts: list[Part] = []
        for placed in geoms:
            proxy = (
                placed.collides
                and bool(drawn)
                and placed.group not in drawn
                and (placed.geom.get("mesh") in skins or not {"material", "rgba"} & set(placed.geom.attrib))
            )
            parts += self._attempt(placed, proxy)
        if not any(part.collide for part in parts) and not self._findings.problems:
            self._findings.problems.append(f"{self._path}: no geom collides: leave contype and conaffinity of one at 1")
        named = [file for _, file in self._meshes.values()] + self._paints.files
        return tuple(parts), named

    def _attempt(self, placed: _Placed, proxy: bool) -> list[Part]:
        try:
            return self._geom(placed, proxy)
        except ConfigError as error:
            text = str(error)
            self._findings.problems.append(text if text.startswith(str(self._path.parent)) else f"{self._path}: {text}")
            return []

    def _geoms(
        self, body: ElementTree.Element, turn: Rotation, shift: np.ndarray, childclass: str, depth: int
    ) -> Iterator[_Placed]:
        """Return all geoms of a body and of the bodies and frames within it."""
        if depth > _DEEPEST:
            self._findings.problems.append(f"{self._path}: bodies nested more than {_DEEPEST} deep: flatten them")
            return
        childclass = body.get("childclass", childclass)
        for child in body:
            if child.tag not in ("geom", "body", "frame"):
                continue
            try:
                element = self._defaults.apply(child, childclass) if child.tag == "geom" else child
                inner, offset = self._orientations.of(element), np.array(numbers(element, "pos", 3, (0.0, 0.0, 0.0)))
            except ConfigError as error:
                self._findings.problems.append(f"{self._path}: {error}")
                continue
            if child.tag == "geom":
                yield _Placed(element, turn, shift)
            else:
                yield from self._geoms(child, turn * inner, shift + turn.apply(offset), childclass, depth + 1)

    def _geom(self, placed: _Placed, proxy: bool) -> list[Part]:
        geom = placed.geom
        shape = geom.get("type", "mesh" if "mesh" in geom.attrib else "sphere")
        if shape in ("plane", "hfield", "sdf"):
            raise ConfigError(f"geom of type {shape}: not a thing that can be taken: remove it, or use a mesh")
        if shape not in SIZES:
            raise ConfigError(unknown_name("geom type", shape, SIZES))
        if shape != "mesh" and "mesh" in geom.attrib:
            raise ConfigError(f"geom of type {shape} fitted to mesh '{geom.get('mesh')}': give type='mesh', or sizes")
        size, position, quaternion = self._place(placed, shape)
        group_drawn = placed.group < _HIDDEN_GROUP and not proxy
        if shape != "mesh":
            rgba = self._paints.plain(geom)
            visible = group_drawn and rgba[3] > 0
            part = Part(shape, size, position, quaternion, rgba, collide=placed.collides, visible=visible)
            if not visible and not placed.collides:
                return []
            return [replace(part, density=self._density(geom, [part]) if placed.collides else 1.0)]
        mesh, file = self._mesh(geom)
        rgba, texture = self._paints.of(geom, mesh.uv is not None)
        parts = []
        if group_drawn and rgba[3] > 0:
            parts.append(Part(shape, (), position, quaternion, rgba, texture, mesh, collide=False))
        if placed.collides:
            solid = [
                Part(shape, (), position, quaternion, rgba, mesh=piece, visible=False)
                for piece in collision_meshes(mesh, file, self._findings)
            ]
            density = self._density(geom, solid)
            parts += [replace(part, density=density) for part in solid]
        return parts

    def _density(self, geom: ElementTree.Element, parts: list[Part]) -> float:
        """Return the geom's density relative to water's, from its own attribute or its mass."""
        density = numbers(geom, "density", 1, (1000.0,))[0]
        if "mass" in geom.attrib:
            density = numbers(geom, "mass", 1, ())[0] * self._scale**3 / sum(part_volume(part) for part in parts)
        if density <= 0:
            raise ConfigError("mass and density must be positive: a geom that is only drawn has contype 0")
        return density / 1000.0

    def _place(self, placed: _Placed, shape: str) -> tuple[tuple, tuple, tuple]:
        """Return size, position [m] and quaternion (xyzw) of a geom in the object's frame."""
        geom, count = placed.geom, SIZES[shape]
        if "fromto" in geom.attrib:
            ends = np.array(numbers(geom, "fromto", 6, ())).reshape(2, 3)
            length = float(np.linalg.norm(ends[1] - ends[0]))
            if shape not in ("capsule", "cylinder") or length == 0:
                raise ConfigError(f"fromto is for a capsule or cylinder of some length, not for a {shape}")
            size: tuple[float, ...] = (numbers(geom, "size", 1, (0.0,))[0], length / 2)
            position, turn = ends.mean(axis=0), Rotation.from_quat(towards(ends[1] - ends[0]))
        else:
            size = numbers(geom, "size", count, (0.0,) * count)
            position = np.array(numbers(geom, "pos", 3, (0.0, 0.0, 0.0)))
            turn = self._orientations.of(geom)
        if any(edge <= 0 for edge in size):
            raise ConfigError(f"a {shape} needs {count} positive sizes, got '{geom.get('size', '')}'")
        scaled = tuple(float(edge * self._scale) for edge in size)
        position = placed.shift + placed.turn.apply(position)
        quaternion = (placed.turn * turn).as_quat()
        return scaled, tuple(float(v * self._scale) for v in position), tuple(float(v) for v in quaternion)

    def _mesh(self, geom: ElementTree.Element) -> tuple[Mesh, Path]:
        name = geom.get("mesh", "")
        if name not in self._meshes:
            raise ConfigError(unknown_name("mesh", name, self._meshes))
        item, file = self._meshes[name]
        if name not in self._read:
            self._read[name] = None  # told once, however many geoms use it
            filled = self._defaults.apply(item)
            mesh = read_mesh(file)
            points = mesh.vertices - np.array(numbers(filled, "refpos", 3, (0.0, 0.0, 0.0)))
            points = self._orientations.quaternion(filled, "refquat").inv().apply(points)
            points = points * np.array(numbers(filled, "scale", 3, (1.0, 1.0, 1.0))) * self._scale
            mirrored = np.prod(numbers(filled, "scale", 3, (1.0, 1.0, 1.0))) < 0
            faces = mesh.faces[:, ::-1] if mirrored else mesh.faces
            self._read[name] = Mesh(points, faces, mesh.uv)
        found = self._read[name]
        if found is None:
            raise ConfigError(f"{file}: see above")
        return found, file

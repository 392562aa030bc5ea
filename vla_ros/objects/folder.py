# SPDX-License-Identifier: Apache-2.0
"""A folder of objects: each a model (MJCF, OBJ or STL) and a YAML beside it that names it. See docs/objects.md."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import load_config
from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.colors import Rgba, color_ranges
from vla_ros.objects.geometry import surface_points
from vla_ros.objects.mesh_file import SUFFIXES, convex_hull, read_mesh, read_texture, texture_of_obj
from vla_ros.objects.mjcf import read_mjcf
from vla_ros.objects.model import ObjectModel, Part
from vla_ros.objects.resting import NAMES, RestingFaces, named_orientation
from vla_ros.objects.solids import moved

_MODELS = (".xml", *SUFFIXES)
_GRASP_WIDTH = 0.075  # [m] what a gripper of 8 cm closes on
_RANGE = (0.008, 0.40)  # [m] of an object's longest edge


@dataclass(frozen=True)
class ObjectFile:
    """The YAML beside a model."""

    name: str
    color: str
    mass: float  # [kg]
    friction: float
    category: str = ""  # the noun in an instruction; the name if empty
    model: str = ""  # the model's file; if empty, the one with the YAML's own name
    texture: str = ""  # a picture for the mesh's texture coordinates; if empty, the OBJ's own material
    scale: float = 1.0  # from the model's unit to metres
    resting: tuple[str, ...] = ("upright",)  # how it may lie: upright, side, flat, edge, roll, any
    rolls: bool = True  # has a round side
    synonyms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ConfigError("name must not be empty")
        if self.color not in color_ranges():
            raise ConfigError(unknown_name("color", self.color, color_ranges()))
        for key, low, high, unit in (
            ("mass", 0.001, 3.0, " kg"),
            ("friction", 0.05, 1.5, ""),
            ("scale", 1e-6, 1e6, ""),
        ):
            value = getattr(self, key)
            if not low <= value <= high:
                raise ConfigError(f"{key} must be within {low:g} to {high:g}{unit}, got {value:g}")
        for pose in self.resting:
            if pose not in NAMES:
                raise ConfigError(unknown_name("resting pose", pose, NAMES))
        if not self.resting:
            raise ConfigError(f"resting needs at least one of: {', '.join(NAMES)}")

    @property
    def noun(self) -> str:
        return (self.category or self.name).replace("_", " ").strip().lower()


def load_folder(folder: Path) -> Catalogue:
    """Return the catalogue of a folder and its sub-folders. Raises ConfigError naming the file and the remedy."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder of objects")
    descriptions = sorted(path for suffix in ("*.yaml", "*.yml") for path in folder.rglob(suffix))
    models = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _MODELS)
    if not descriptions and not models:
        raise ConfigError(f"{folder}: empty: put a model (.xml, .obj, .stl) and a .yaml beside it, see docs/objects.md")
    objects: list[ObjectModel] = []
    files: dict[str, Path] = {}
    synonyms: dict[str, str] = {}
    for path in descriptions:
        described = load_config(path, ObjectFile)
        if described.name in files:
            raise ConfigError(
                f"{path}: the name '{described.name}' is taken by {files[described.name]}: choose another"
            )
        files[described.name] = path
        objects.append(_build(described, _find_model(described, path), path))
        synonyms.update({word: described.noun for word in described.synonyms})
    _check_described(descriptions, models)
    return Catalogue(
        objects=tuple(objects),
        splits={model.category: "all" for model in objects},
        synonyms=synonyms,
        procedural=False,
    )


def _check_described(descriptions: list[Path], models: list[Path]) -> None:
    """Refuse a model that no YAML describes, unless an MJCF file names it as one of its meshes."""
    described = {path.with_suffix("") for path in descriptions}
    named = {path.parent / load_config(path, ObjectFile).model for path in descriptions}
    mjcf = [path.read_text(errors="replace") for path in models if path.suffix.lower() == ".xml"]
    for model in models:
        used = model.suffix.lower() != ".xml" and any(model.name in text for text in mjcf)
        if not (used or model.with_suffix("") in described or model in named):
            raise ConfigError(f"{model}: no YAML beside it: add {model.stem}.yaml with name, color, mass, friction")


def _find_model(described: ObjectFile, path: Path) -> Path:
    if described.model:
        chosen = path.parent / described.model
        if not chosen.is_file():
            raise ConfigError(f"{path}: model: no such file {chosen}")
        if chosen.suffix.lower() not in _MODELS:
            raise ConfigError(f"{path}: model: {chosen.name} is none of {', '.join(_MODELS)}")
        return chosen
    found = [path.with_suffix(suffix) for suffix in _MODELS if path.with_suffix(suffix).is_file()]
    if len(found) != 1:
        names = " or ".join(path.with_suffix(suffix).name for suffix in _MODELS)
        problem = "more than one" if found else "no"
        raise ConfigError(f"{path}: {problem} model beside it: expected {names}, or name one under 'model'")
    return found[0]


def _build(described: ObjectFile, model: Path, path: Path) -> ObjectModel:
    ranges = color_ranges()[described.color]
    color = ranges.sample(np.random.default_rng(0))
    if model.suffix.lower() == ".xml":
        parts = read_mjcf(model, described.scale, color)
    else:
        parts = _mesh_parts(described, model, path, color)
    points = surface_points(parts)
    low, high = points.min(axis=0), points.max(axis=0)
    longest = float((high - low).max())
    if not _RANGE[0] <= longest <= _RANGE[1]:
        raise ConfigError(
            f"{path}: the object is {longest:.3g} m long, allowed are {_RANGE[0]} to {_RANGE[1]} m: "
            "set scale (0.001 for a model in millimetres)"
        )
    parts = tuple(moved(parts, -(low + high) / 2))
    faces, rng = RestingFaces(parts), np.random.default_rng(0)
    return ObjectModel(
        name=described.name,
        category=described.noun,
        color=described.color,
        parts=parts,
        mass=described.mass,
        friction=described.friction,
        resting=tuple(faces.rest(named_orientation(name, rng)) for name in described.resting),
        rolls=described.rolls,
        graspable=any(np.ptp(surface_points([part]), axis=0).min() <= _GRASP_WIDTH for part in parts if part.collide),
    )


def _mesh_parts(described: ObjectFile, model: Path, path: Path, color: Rgba) -> tuple[Part, ...]:
    mesh = read_mesh(model, described.scale)
    picture = path.parent / described.texture if described.texture else texture_of_obj(model)
    texture = read_texture(picture) if picture is not None else None
    if texture is not None and mesh.uv is None:
        raise ConfigError(f"{model}: has no texture coordinates for {picture}: leave out 'texture' or export them")
    rgba = color if texture is None else (1.0, 1.0, 1.0, 1.0)
    drawn = Part("mesh", rgba=rgba, texture=texture, mesh=mesh, collide=False)
    return drawn, Part("mesh", mesh=convex_hull(mesh, model), visible=False)

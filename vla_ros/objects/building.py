# SPDX-License-Identifier: Apache-2.0
"""One object of a folder: its parts in metres, upright, coloured, and how it may lie; from the cache where it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.objects import cache
from vla_ros.objects.appearance import disagreement, surface_colors
from vla_ros.objects.geometry import surface_points
from vla_ros.objects.mesh_collision import collision_meshes
from vla_ros.objects.mesh_file import material_files, read_mesh, texture_of_obj
from vla_ros.objects.mjcf import read_mjcf
from vla_ros.objects.model import ObjectModel, Part
from vla_ros.objects.model_arrays import from_arrays, to_arrays
from vla_ros.objects.object_file import UP, ObjectFile
from vla_ros.objects.picture import read_texture
from vla_ros.objects.problems import Findings
from vla_ros.objects.resting import Quaternion, RestingFaces, named_orientation
from vla_ros.objects.solids import moved

_RANGE = (0.008, 0.40)  # [m] of an object's longest edge
_AS_ASKED = 0.1  # [rad] an orientation may be turned by and still be what was requested
_LAID_DOWN = 0.35  # [rad] a lean by more is worth telling
_STANDING = 0.25  # of the height along z: less along y is no guess for a model with y up
_FIXED = ("upright", "flat", "edge")  # poses that are one orientation; the others are drawn
_MANY_SHAPES = 40  # that collide: more slow the physics


@dataclass(frozen=True, eq=False)
class BuiltObject:
    """An object, and what is worth knowing of it."""

    model: ObjectModel
    warnings: tuple[str, ...]
    colors: dict[str, float]  # share of the drawn surface in each colour word, the most first
    files: tuple[Path, ...]  # that it was read from, besides its YAML


def build_object(described: ObjectFile, model: Path, path: Path) -> BuiltObject:
    """Return the object that a YAML at `path` and its model describe. Raises ConfigError with all problems."""
    contents = [path.name.encode(), path.read_bytes(), model.name.encode(), cache.code_digest().encode()]
    name = f"object_{cache.digest(contents)}"
    kept = _from_cache(described, path, name)
    if kept is not None:
        return kept
    findings = Findings()
    parts, files = _parts(described, model, path, findings)
    findings.check()
    parts = _turned(parts, described.turn)
    parts = _centred(parts, path)
    resting = _resting(described, parts, path, findings)
    colors = dict(surface_colors(parts))
    if wrong := disagreement((described.colors[0].word, *described.accents), colors):
        findings.warn(f"{path}: {wrong}")
    colliding = sum(part.collide for part in parts)
    if colliding > _MANY_SHAPES:
        findings.warn(f"{path}: {colliding} shapes collide: more than {_MANY_SHAPES} slow the physics")
    built = BuiltObject(_model(described, parts, resting), tuple(findings.warnings), colors, tuple(files))
    _to_cache(built, path, name)
    return built


def _model(described: ObjectFile, parts: tuple[Part, ...], resting: tuple[Quaternion, ...]) -> ObjectModel:
    return ObjectModel(
        name=described.name,
        category=described.noun,
        color=described.colors[0].word,
        accents=described.accents,
        parts=parts,
        mass=described.mass,
        friction=described.friction,
        resting=resting,
        rolls=described.rolls,
    )


def _parts(described: ObjectFile, model: Path, path: Path, findings: Findings) -> tuple[tuple[Part, ...], list[Path]]:
    color = described.colors[0].rgba
    if model.suffix.lower() == ".xml":
        parts, files = read_mjcf(model, described.scale, color, findings)
        return parts, [model, *files]
    mesh = read_mesh(model, described.scale)
    remedy = "put the file there or leave out 'texture'"
    if described.texture:
        picture: Path | None = path.parent / described.texture
    else:
        picture, remedy, missing = texture_of_obj(model)
        if missing:
            findings.warn(missing)
    texture = None if picture is None else findings.attempt(lambda: read_texture(picture, remedy))
    if texture is not None and mesh.uv is None:
        where = "leave out 'texture'" if described.texture else "remove map_Kd from its material library"
        findings.problems.append(f"{model}: has no texture coordinates for {picture}: {where}, or export them")
    drawn = Part(
        "mesh", rgba=color if texture is None else (1.0, 1.0, 1.0, 1.0), texture=texture, mesh=mesh, collide=False
    )
    pieces = findings.attempt(lambda: collision_meshes(mesh, model, findings)) or ()
    files = [model, *([picture] if picture else []), *material_files(model)]
    return (drawn, *(Part("mesh", mesh=piece, visible=False) for piece in pieces)), files


def _turned(parts: tuple[Part, ...], turn: Rotation) -> tuple[Part, ...]:
    if turn.magnitude() < 1e-9:
        return parts
    return tuple(
        replace(
            part,
            position=tuple(turn.apply(part.position).tolist()),
            quaternion=tuple((turn * Rotation.from_quat(part.quaternion)).as_quat().tolist()),
        )
        for part in parts
    )


def _centred(parts: tuple[Part, ...], path: Path) -> tuple[Part, ...]:
    points = surface_points(parts)
    low, high = points.min(axis=0), points.max(axis=0)
    longest = float((high - low).max())
    if not _RANGE[0] <= longest <= _RANGE[1]:
        raise ConfigError(
            f"{path}: the object is {longest:.3g} m long, allowed are {_RANGE[0]} to {_RANGE[1]} m: "
            f"set scale ({_likely_scale(longest)})"
        )
    return tuple(moved(parts, -(low + high) / 2))


def _likely_scale(longest: float) -> str:
    for unit, factor in (("millimetres", 0.001), ("centimetres", 0.01), ("inches", 0.0254)):
        if 0.02 <= longest * factor <= 0.3:
            return f"{factor:g} for a model in {unit}"
    return "0.001 for a model in millimetres"


def _resting(described: ObjectFile, parts: tuple[Part, ...], path: Path, findings: Findings) -> tuple[Quaternion, ...]:
    faces, rng = RestingFaces(parts), np.random.default_rng(0)
    found: list[Quaternion] = []
    for name in described.resting:
        orientation = named_orientation(name, rng)
        rested = faces.rest(orientation)
        tilt = faces.tilt(orientation, rested)
        if name in _FIXED and tilt > _AS_ASKED:
            if faces.stands(orientation):
                rested = tuple(float(value) for value in orientation.as_quat())
            elif tilt > _LAID_DOWN:
                findings.warn(f"{path}: {_why_not(name, tilt, described, faces, _extents(parts))}")
        found.append(rested)
    return tuple(found)


def _extents(parts: tuple[Part, ...]) -> np.ndarray:
    return np.ptp(surface_points(parts), axis=0)


def _why_not(name: str, tilt: float, described: ObjectFile, faces: RestingFaces, extents: np.ndarray) -> str:
    text = (
        f"resting: it does not stand '{name}': a push of half a millimetre tips it over, so it is laid down, "
        f"turned by {np.degrees(tilt):.0f}°"
    )
    high = extents[1] > _STANDING * extents[2]  # a card lies on its back whatever its axes are called
    if name == "upright" and described.up == "z" and high and faces.stands(UP["y"]):
        return f"{text}; with the model's y axis up it would stand: set up: y if it is modelled so"
    return f"{text}; say side, flat, edge or roll for how it is to lie"


# -- the cache ---------------------------------------------------------------------------------------------------------


def _from_cache(described: ObjectFile, path: Path, name: str) -> BuiltObject | None:
    arrays = cache.load(path.parent, name)
    if arrays is None:
        return None
    try:
        parts, facts = from_arrays(arrays)
        files = {Path(path.parent, file): was for file, was in facts["files"].items()}
        if any(_contents(file) != was for file, was in files.items()):
            return None
        resting = tuple(tuple(float(value) for value in pose) for pose in facts["resting"])
        model = _model(described, parts, resting)
        return BuiltObject(model, tuple(facts["warnings"]), dict(facts["colors"]), tuple(files))
    except (KeyError, TypeError, ValueError, ConfigError):
        return None


def _to_cache(built: BuiltObject, path: Path, name: str) -> None:
    facts = {
        "resting": [list(pose) for pose in built.model.resting],
        "warnings": list(built.warnings),
        "colors": built.colors,
        "files": {_relative(file, path.parent): _contents(file) for file in built.files},
    }
    cache.store(path.parent, name, to_arrays(built.model.parts, facts))


def _contents(file: Path) -> str:
    return cache.digest([file.read_bytes()]) if file.is_file() else ""


def _relative(file: Path, folder: Path) -> str:
    try:
        return str(file.relative_to(folder))
    except ValueError:
        return str(file)

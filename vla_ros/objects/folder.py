# SPDX-License-Identifier: Apache-2.0
"""A folder of objects: each a model (MJCF, OBJ, STL or MSH) and a YAML beside it that names it. See docs/objects.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.objects.building import BuiltObject, build_object
from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.mesh_file import SUFFIXES
from vla_ros.objects.object_file import ObjectFile, read_object_file
from vla_ros.objects.problems import ObjectProblems, problems_of

_MODELS = (".xml", *SUFFIXES)
_TOLD = 3  # problems that one error line holds


@dataclass(frozen=True, eq=False)
class ObjectReading:
    """What came of one YAML."""

    path: Path
    described: ObjectFile | None = None
    built: BuiltObject | None = None
    problems: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.built.warnings if self.built else ()


@dataclass(frozen=True, eq=False)
class FolderReading:
    """What a folder holds, and all that is wrong with it."""

    folder: Path
    objects: tuple[ObjectReading, ...]
    stray: tuple[str, ...] = field(default=())  # problems of files that no object uses

    @property
    def problems(self) -> tuple[str, ...]:
        return (*(problem for item in self.objects for problem in item.problems), *self.stray)

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(warning for item in self.objects for warning in item.warnings)

    def catalogue(self) -> Catalogue:
        """Return the objects. Raises ObjectProblems where there is any problem."""
        if self.problems:
            raise _short(self.folder, self.problems)
        read = [(item.described, item.built) for item in self.objects]
        models = tuple(built.model for _, built in read if built)
        return Catalogue(
            objects=models,
            splits={model.category: "all" for model in models},
            synonyms={word: described.noun for described, _ in read if described for word in described.synonyms},
            procedural=False,
        )


def _short(folder: Path, problems: Sequence[str]) -> ObjectProblems:
    """Return an error of a bearable length: the first problems, and where to see the rest."""
    if len(problems) <= _TOLD:
        return ObjectProblems(problems)
    rest = f"{len(problems) - _TOLD} more problems: `vla objects check {folder}` names them all"
    return ObjectProblems([*problems[:_TOLD], rest])


def load_folder(folder: Path) -> Catalogue:
    """Return the catalogue of a folder and its sub-folders. Raises ConfigError naming files and remedies."""
    return read_folder(folder).catalogue()


def object_files(folder: Path) -> list[Path]:
    """Return the files of a folder and its sub-folders, without hidden ones."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def read_folder(
    folder: Path, progress: Callable[[int, int, str], None] = lambda done, total, name: None
) -> FolderReading:
    """Read every object of a folder, whatever is wrong with another.

    `progress` is told before each object: how many are done, of how many, and the next one's file. Raises ConfigError
    where there is no folder, or nothing in it.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder of objects")
    files = object_files(folder)
    descriptions = [path for path in files if path.suffix.lower() in (".yaml", ".yml")]
    models = [path for path in files if path.suffix.lower() in _MODELS]
    if not descriptions and not models:
        raise ConfigError(f"{folder}: empty: put a model (.xml, .obj, .stl) and a .yaml beside it, see docs/objects.md")
    readings: list[ObjectReading] = []
    names: dict[str, Path] = {}
    used: set[Path] = set()
    for done, path in enumerate(descriptions):
        progress(done, len(descriptions), path.name)
        reading, needed = _read_object(path, names)
        readings.append(reading)
        used.update(needed)
    stray = [_stray(path) for path in _unused(models, descriptions, used)]
    return FolderReading(folder, tuple(readings), tuple(stray))


def _read_object(path: Path, names: dict[str, Path]) -> tuple[ObjectReading, set[Path]]:
    """Read one object; return it and the files it uses."""
    described, model = None, None
    try:
        described = read_object_file(path)
        if described.name in names:
            raise ConfigError(
                f"{path}: the name '{described.name}' is taken by {names[described.name]}: choose another"
            )
        names[described.name] = path
        model = _find_model(described, path)
        built = build_object(described, model, path)
        return ObjectReading(path, described, built), {model, *built.files}
    except ConfigError as error:
        return ObjectReading(path, described, None, problems_of(error)), {model} if model else set()


def _unused(models: list[Path], descriptions: list[Path], used: set[Path]) -> list[Path]:
    """Return the models that no object uses, but for those of a folder of meshes that MJCF files choose from."""
    described = {path.with_suffix("") for path in descriptions}
    # An object that could not be read may need a mesh all the same.
    texts = {path: path.read_text(errors="replace") for path in models if path.suffix.lower() == ".xml"}
    needed = {path.resolve() for path in used}
    unused = [
        path
        for path in models
        if path.resolve() not in needed
        and path.with_suffix("") not in described
        and not (path not in texts and any(path.name in text for text in texts.values()))
    ]
    libraries = {path.parent for path in models if path not in unused} - {path.parent for path in descriptions}
    return [path for path in unused if path.parent not in libraries]


def _stray(path: Path) -> str:
    return (
        f"{path}: no YAML beside it: add {path.stem}.yaml with name, color, mass, friction, "
        "or move the file out of the folder: no MJCF here names it"
    )


def _find_model(described: ObjectFile, path: Path) -> Path:
    if described.model:
        chosen = path.parent / described.model
        if not chosen.is_file():
            raise ConfigError(f"{path}: model: no such file {chosen}: put it there, or name the one that is")
        if chosen.suffix.lower() not in _MODELS:
            raise ConfigError(f"{path}: model: {chosen.name} is none of {', '.join(_MODELS)}: convert it")
        return chosen
    found = [path.with_suffix(suffix) for suffix in _MODELS if path.with_suffix(suffix).is_file()]
    if len(found) != 1:
        names = " or ".join(path.with_suffix(suffix).name for suffix in _MODELS)
        problem = "more than one" if found else "no"
        raise ConfigError(f"{path}: {problem} model beside it: expected {names}, or name one under 'model'")
    return found[0]

# SPDX-License-Identifier: Apache-2.0
"""What scenes of a task are drawn from, and what each of its sets changes; config/tasks/<task>_sets.yaml."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import build, config_file, config_names
from vla_ros.documents import read_yaml
from vla_ros.robots.cameras import CameraMount, Vector3

BASE, _SUFFIX = "base", "_sets"  # key of a file; end of its name


@dataclass(frozen=True)
class Area:
    """The rectangle objects stand in, robot base frame [m]."""

    center: tuple[float, float]
    extent: tuple[float, float]

    def __post_init__(self) -> None:
        if min(self.extent) <= 0:
            raise ConfigError(f"extent must be positive, got {list(self.extent)}")


@dataclass(frozen=True)
class CameraPlace:
    """Where a camera stands and what it looks at, robot base frame [m]."""

    position: Vector3
    look_at: Vector3


@dataclass(frozen=True)
class CalibrationError:
    """How far the published calibration is off: fixed sizes, random directions."""

    translation: float  # [m]
    rotation: float  # [degrees]


@dataclass(frozen=True)
class SceneRanges:
    """What a scene is drawn from."""

    area: Area
    table_height: tuple[float, float]  # [m]
    others: tuple[int, int]
    cameras: dict[str, CameraPlace]
    camera_ball: float  # [m]
    camera_rotation: float  # [degrees]
    camera_fovy: float  # [degrees]
    calibration_error: CalibrationError
    mounted_cameras: dict[str, CameraMount]  # on a robot that has them and says no place of its own for them
    mount_ball: float  # [m]
    mount_rotation: float  # [degrees]

    def __post_init__(self) -> None:
        for name, low, high in (("table_height", *self.table_height), ("others", *self.others)):
            if low > high:
                raise ConfigError(f"{name} must be an increasing range, got [{low}, {high}]")
        if not 0 <= self.others[0] <= 10 or self.others[1] > 10:
            raise ConfigError(f"others must be within 0 to 10, got {list(self.others)}")
        if not -0.5 <= self.table_height[0] <= self.table_height[1] <= 0.3:
            raise ConfigError(f"table_height must be within -0.5 to 0.3 m, got {list(self.table_height)}")


@dataclass(frozen=True)
class SceneSet:
    """What one set changes."""

    lights: str = "mild"  # mild | strong
    surfaces: str = "common"  # common | unseen: textures no training scene has
    extra: int = 0  # further objects
    extra_alike: int = 0  # of which share colour or category with the target
    raise_table: float = 0.0  # [m]
    above: tuple[float, float] | None = None  # [m] that a table is above the scene's highest; None: as the scene's
    opacity: tuple[float, float] | None = None  # of what stands there: the share of light it stops; None: all of it
    novel: bool = False  # some of the objects are of categories that no demonstration holds, where a task has such
    asks: str = ""  # what is asked for, of a task that knows several; "": the usual
    things: int = 0  # objects in all, where the set and not `scene` says how many stand there
    others_visible: float = 0.3  # share of every object but the target that each camera must see
    relations: dict[str, float] = field(default_factory=dict)  # kinds of relation that tell the target, their shares

    def __post_init__(self) -> None:
        if self.lights not in ("mild", "strong"):
            raise ConfigError(unknown_name("lights", self.lights, ("mild", "strong")))
        if self.surfaces not in ("common", "unseen"):
            raise ConfigError(unknown_name("surfaces", self.surfaces, ("common", "unseen")))
        if not 0 <= self.extra_alike <= self.extra <= 10:
            raise ConfigError(f"0 ≤ extra_alike ≤ extra ≤ 10 is needed, got {self.extra_alike} and {self.extra}")
        if not 0 <= self.raise_table <= 0.15:
            raise ConfigError(f"raise_table must be within 0 to 0.15 m, got {self.raise_table}")
        if not 0 <= self.things <= 10:
            raise ConfigError(f"things must be 0 to 10, got {self.things}")
        if not 0.0 <= self.others_visible <= 0.9:
            raise ConfigError(f"others_visible must be 0 to 0.9, got {self.others_visible:g}")
        if self.relations and not (
            min(self.relations.values()) >= 0.0 and math.isclose(sum(self.relations.values()), 1)
        ):
            raise ConfigError(f"relations: shares must be 0 or more and add up to 1, got {self.relations}")
        if self.opacity is not None and not 0.05 <= self.opacity[0] <= self.opacity[1] <= 1.0:
            raise ConfigError(f"opacity must be an increasing range within 0.05 to 1, got {list(self.opacity)}")
        low, high = self.above or (0.0, 0.0)
        if not -0.3 <= low <= high <= 0.15:
            raise ConfigError(f"above must be an increasing range within -0.3 to 0.15 m, got [{low:g}, {high:g}]")


@dataclass(frozen=True)
class SceneSets:
    """A whole file."""

    scene: SceneRanges
    sets: dict[str, SceneSet]
    generation: dict[str, SceneSet] = field(default_factory=dict)  # what sets are instead in generated data


def check_set(sets: SceneSets, name: str, stream: str = "evaluation") -> SceneSet:
    """Return one set, as scenes of a stream have it. Raises ConfigError naming the nearest."""
    if name not in sets.sets:
        raise ConfigError(unknown_name("set", name, sets.sets))
    return sets.generation.get(name, sets.sets[name]) if stream == "generation" else sets.sets[name]


def check_trained_set(sets: SceneSets, name: str) -> None:
    """Raise ConfigError for a set of which no training may see anything, and for an unknown one."""
    known = sets.sets
    allowed = [each for each, changes in known.items() if changes.surfaces != "unseen" and not changes.novel]
    if name not in known:
        raise ConfigError(unknown_name("set", name, allowed))
    if name not in allowed:
        what = "objects" if known[name].novel else "textures"
        raise ConfigError(
            f"set '{name}': its {what} are for evaluation alone: leave it out; valid: {', '.join(allowed)}"
        )


@cache
def load_sets(task: str) -> SceneSets:
    """Read the sets of a task, config/tasks/<task>_sets.yaml. Raises ConfigError.

    A file with `base: OTHER` names only what differs from that task's, whose sets that ask for something else than
    usual, or are of glass, are its own alone.
    """
    path, values = _read(task)
    base = values.pop(BASE, None)
    if base is None:
        return _checked(build(SceneSets, values, str(path)), path)
    known = [name.removesuffix(_SUFFIX) for name in config_names("tasks") if name.endswith(_SUFFIX)]
    if base not in known or base == task:
        raise ConfigError(f"{path}: {unknown_name(BASE, str(base), [name for name in known if name != task])}")
    base_path, base_values = _read(base)
    if BASE in base_values:
        raise ConfigError(f"{path}: base '{base}' has a base itself, '{base_values[BASE]}': name that one")
    like = build(SceneSets, base_values, str(base_path))
    like = dataclasses.replace(
        like, sets={name: one for name, one in like.sets.items() if not (one.asks or one.opacity)}
    )
    own = build(SceneSets, values, str(path), defaults=like)
    own_names = values.get("sets") or {}
    # A set that the file says anew is so in either stream, unless it says more.
    inherited = {name: changes for name, changes in like.generation.items() if name not in own_names}
    generation = {name: changes for name, changes in own.generation.items() if name in values.get("generation", {})}
    return _checked(SceneSets(own.scene, {**like.sets, **own.sets}, {**inherited, **generation}), path)


def _checked(sets: SceneSets, path: Path) -> SceneSets:
    for name in sets.generation:
        if name not in sets.sets:
            raise ConfigError(f"{path}: generation: {unknown_name('set', name, sets.sets)}")
    return sets


def _read(task: str) -> tuple[Path, dict[str, Any]]:
    path = config_file("tasks", f"{task}{_SUFFIX}.yaml")
    values = read_yaml(path)
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected a mapping, got {type(values).__name__}")
    return path, values

# SPDX-License-Identifier: Apache-2.0
"""The YAML beside a model: what a folder's object is called, weighs, looks like and how it may lie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import build
from vla_ros.documents import read_yaml
from vla_ros.objects.color_words import NamedColor, read_colors
from vla_ros.objects.resting import MEANINGS, NAMES

# Which of the model's axes points up, and the turn that puts it there.
UP = {
    "z": Rotation.identity(),
    "-z": Rotation.from_euler("x", np.pi),
    "y": Rotation.from_euler("x", np.pi / 2),
    "-y": Rotation.from_euler("x", -np.pi / 2),
    "x": Rotation.from_euler("y", -np.pi / 2),
    "-x": Rotation.from_euler("y", np.pi / 2),
}
_LISTS = ("resting", "synonyms")  # a single word will do
_MAX_BYTES = 100_000


@dataclass(frozen=True)
class ObjectFile:
    """What the YAML says."""

    name: str
    color: str  # "red", "maroon", "#800000", "red and white": the most of it first
    mass: float  # [kg]
    friction: float
    category: str = ""  # the noun in an instruction; the name if empty
    model: str = ""  # the model's file; if empty, the one with the YAML's own name
    texture: str = ""  # a picture for the mesh's texture coordinates; if empty, the OBJ's own material
    scale: float = 1.0  # from the model's unit to metres
    up: str = "z"  # which of the model's axes points up
    rotation: tuple[float, float, float] = (0.0, 0.0, 0.0)  # [degrees] roll, pitch, yaw about fixed axes, after `up`
    resting: tuple[str, ...] = ("upright",)  # how it may lie: upright, side, flat, edge, roll, any
    rolls: bool = True  # has a round side
    synonyms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ConfigError("name must not be empty")
        for key, low, high, unit in (
            ("mass", 0.001, 3.0, " kg"),
            ("friction", 0.05, 1.5, ""),
            ("scale", 1e-6, 1e6, ""),
        ):
            value = getattr(self, key)
            if not low <= value <= high:
                raise ConfigError(f"{key} must be within {low:g} to {high:g}{unit}, got {value:g}")
        if self.up not in UP:
            raise ConfigError(f"{unknown_name('axis', self.up, UP)}: up names the model's axis that points up")
        for pose in self.resting:
            if pose not in NAMES:
                raise ConfigError(f"{unknown_name('resting pose', pose, NAMES)}. {_meanings()}")
        if not self.resting:
            raise ConfigError(f"resting needs at least one of: {_meanings()}")
        self.colors  # noqa: B018  requested now, so that a wrong one is an error of this file

    @property
    def noun(self) -> str:
        return (self.category or self.name).replace("_", " ").strip().lower()

    @cached_property
    def colors(self) -> tuple[NamedColor, ...]:
        """Return its colours, the dominant one first."""
        return read_colors(self.color)

    @property
    def accents(self) -> tuple[str, ...]:
        """Return the colour words besides the dominant one's."""
        words = dict.fromkeys(color.word for color in self.colors)
        return tuple(word for word in words if word != self.colors[0].word)

    @property
    def turn(self) -> Rotation:
        """Return the rotation from the model's frame to one with z up."""
        return Rotation.from_euler("xyz", self.rotation, degrees=True) * UP[self.up]


def read_object_file(path: Path) -> ObjectFile:
    """Return what a YAML says. Raises ConfigError."""
    if path.stat().st_size > _MAX_BYTES:
        raise ConfigError(f"{path}: {path.stat().st_size} bytes: a description of an object has a dozen lines")
    values = read_yaml(path)
    if isinstance(values, dict):
        values = {key: [item] if key in _LISTS and isinstance(item, str) else item for key, item in values.items()}
        if isinstance(values.get("color"), list):
            values["color"] = " and ".join(str(item) for item in values["color"])
    return build(ObjectFile, values, str(path))


def _meanings() -> str:
    return "; ".join(f"{name}: {meaning}" for name, meaning in MEANINGS.items())

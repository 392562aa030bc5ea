# SPDX-License-Identifier: Apache-2.0
"""Parts of an object as arrays and back, for the cache."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vla_ros.documents import parse_json
from vla_ros.objects.parts import Mesh, Part

_PLAIN = ("shape", "size", "position", "quaternion", "rgba", "collide", "visible", "density", "gloss")


def to_arrays(parts: Sequence[Part], facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return parts, and facts that JSON can hold, as arrays."""
    arrays: dict[str, np.ndarray] = {}
    described = []
    textures: dict[int, str] = {}
    for index, part in enumerate(parts):
        plain = {key: getattr(part, key) for key in _PLAIN}
        if part.mesh is not None:
            arrays[f"vertices_{index}"], arrays[f"faces_{index}"] = part.mesh.vertices, part.mesh.faces
            if part.mesh.uv is not None:
                arrays[f"uv_{index}"] = part.mesh.uv
        if part.texture is not None:
            plain["texture"] = textures.setdefault(id(part.texture), f"texture_{index}")
            arrays[plain["texture"]] = part.texture
        described.append(plain)
    arrays["facts"] = np.array(json.dumps({"parts": described, **facts}))
    return arrays


def from_arrays(arrays: Mapping[str, np.ndarray]) -> tuple[tuple[Part, ...], dict[str, Any]]:
    """Return what `to_arrays` was given. Raises KeyError, TypeError, ValueError or ConfigError for anything else."""
    facts = parse_json(str(arrays["facts"]), "facts")
    parts = []
    for index, plain in enumerate(facts.pop("parts")):
        mesh = None
        if f"vertices_{index}" in arrays:
            mesh = Mesh(arrays[f"vertices_{index}"], arrays[f"faces_{index}"], arrays.get(f"uv_{index}"))
        texture = arrays[plain["texture"]] if "texture" in plain else None
        values: dict[str, Any] = {key: _value(plain[key]) for key in _PLAIN}
        parts.append(Part(**values, mesh=mesh, texture=texture))
    return tuple(parts), facts


def _value(item: Any) -> Any:
    """Return what JSON read as it was written: tuples became lists."""
    return tuple(item) if isinstance(item, list) else item

# SPDX-License-Identifier: Apache-2.0
"""What a mesh of a user's file collides as, worked out once and told in one line where it takes its time."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.objects import cache
from vla_ros.objects.convex_pieces import ConvexDecomposition, PieceSettings, convex_pieces
from vla_ros.objects.parts import Mesh
from vla_ros.objects.problems import Findings

_log = logging.getLogger(__name__)


def collision_meshes(mesh: Mesh, path: Path, findings: Findings) -> tuple[Mesh, ...]:
    """Return convex meshes: the hull, or pieces of a concave mesh. Raises ConfigError where it is flat."""
    settings = PieceSettings()
    contents = [mesh.vertices.tobytes(), mesh.faces.tobytes(), repr(settings).encode(), cache.code_digest().encode()]
    name = f"pieces_{cache.digest(contents)}"
    pieces = _kept(path.parent, name)
    if pieces is None:
        started = time.monotonic()
        try:
            pieces = convex_pieces(mesh, settings)
        except ValueError as error:
            raise ConfigError(f"{path}: the mesh is flat: a solid one is needed") from error
        place = _keep(path.parent, name, pieces)
        if pieces.concave:
            took, kept = time.monotonic() - started, f", kept in {place}" if place else ""
            _log.warning("%s: concave: %d convex pieces (%.0f s%s)", path, len(pieces.meshes), took, kept)
    if pieces.warning:
        findings.warn(f"{path}: {pieces.warning}")
    return pieces.meshes


def _kept(folder: Path, name: str) -> ConvexDecomposition | None:
    arrays = cache.load(folder, name)
    if arrays is None:
        return None
    try:
        count = int(arrays["count"])
        meshes = tuple(Mesh(arrays[f"vertices_{i}"], arrays[f"faces_{i}"]) for i in range(count))
        return ConvexDecomposition(meshes, bool(arrays["concave"]))
    except (KeyError, ValueError, TypeError):
        return None


def _keep(folder: Path, name: str, pieces: ConvexDecomposition) -> Path | None:
    if pieces.warning:  # a machine under load may do better next time
        return None
    arrays = {"count": np.array(len(pieces.meshes)), "concave": np.array(pieces.concave)}
    for index, mesh in enumerate(pieces.meshes):
        arrays |= {f"vertices_{index}": mesh.vertices, f"faces_{index}": mesh.faces}
    return cache.store(folder, name, arrays)

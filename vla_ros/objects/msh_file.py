# SPDX-License-Identifier: Apache-2.0
"""MuJoCo's own binary mesh format (.msh): four counts, then vertices, normals, texture coordinates and triangles."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.objects.parts import Mesh

_COUNTS = 4  # int32: vertices, normals, texture coordinates, triangles


def read_msh(path: Path, most_faces: int) -> Mesh:
    """Return the mesh of a .msh file. Raises ConfigError; the counts are checked against the file's size first."""
    length = path.stat().st_size
    with path.open("rb") as file:
        begin = file.read(4 * _COUNTS)
        head = np.frombuffer(begin if len(begin) == 4 * _COUNTS else b"\xff" * 4, "<i4")
        if (head < 0).any():
            raise ConfigError(f"{path}: not a .msh file: export it again as OBJ or STL")
        vertices, normals, coordinates, faces = (int(count) for count in head)
        expected = 4 * (_COUNTS + 3 * vertices + 3 * normals + 2 * coordinates + 3 * faces)
        if expected != length:
            raise ConfigError(
                f"{path}: its header tells of {expected} bytes, the file has {length}: export it again as OBJ or STL"
            )
        if faces > most_faces:
            raise ConfigError(f"{path}: {faces} triangles: simplify it to fewer than {most_faces}")
        points = np.frombuffer(file.read(12 * vertices), "<f4").reshape(-1, 3)
        file.seek(12 * normals, 1)
        uv = np.frombuffer(file.read(8 * coordinates), "<f4").reshape(-1, 2)
        triangles = np.frombuffer(file.read(12 * faces), "<i4").reshape(-1, 3)
    if len(triangles) == 0 or triangles.min() < 0 or triangles.max() >= vertices:
        raise ConfigError(f"{path}: a triangle names a vertex that is not there: export it again as OBJ or STL")
    usable = len(uv) == vertices and np.isfinite(uv).all()
    # v runs down the picture in this format and up in ours.
    return Mesh(points.astype(float), triangles.astype(np.int32), uv * (1, -1) + (0, 1) if usable else None)

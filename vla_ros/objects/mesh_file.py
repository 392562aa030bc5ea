# SPDX-License-Identifier: Apache-2.0
"""Reading OBJ and STL meshes with their texture: what is drawn, and the convex hull that collides."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from scipy.spatial import ConvexHull, QhullError

from controllers.errors import ConfigError
from vla_ros.objects.parts import Mesh

SUFFIXES = (".obj", ".stl")
_MAX_FACES = 200_000


def read_mesh(path: Path, scale: float = 1.0) -> Mesh:
    """Return the mesh of an OBJ or STL file, enlarged by `scale` to metres. Raises ConfigError."""
    import trimesh  # slow to import, and needed only for folders of objects

    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"{path}: not a mesh this project reads: convert it to OBJ or STL")
    if not path.is_file():
        raise ConfigError(f"{path}: no such mesh: put the file there, or name it under 'model'")
    try:
        loaded = trimesh.load_mesh(path, process=False, skip_materials=True)
        vertices, faces = np.asarray(loaded.vertices, dtype=float), np.asarray(loaded.faces, dtype=np.int32)
    except Exception as error:  # trimesh raises whatever its parsers meet: any of it means the file is unreadable
        raise ConfigError(f"{path}: unreadable mesh ({_first_line(error)}): export it again as OBJ or STL") from error
    if len(faces) < 4 or not np.isfinite(vertices).all():
        raise ConfigError(f"{path}: unreadable mesh (fewer than 4 triangles or a number that is not finite)")
    if len(faces) > _MAX_FACES:
        raise ConfigError(f"{path}: {len(faces)} triangles: simplify it to fewer than {_MAX_FACES}")
    uv = getattr(loaded.visual, "uv", None)
    usable = uv is not None and len(uv) == len(vertices)
    return Mesh(vertices * scale, faces, np.asarray(uv, dtype=float) if usable else None)


def convex_hull(mesh: Mesh, path: Path) -> Mesh:
    """Return the convex hull of a mesh. Raises ConfigError where it is flat."""
    try:
        hull = ConvexHull(mesh.vertices)
    except QhullError as error:
        raise ConfigError(f"{path}: the mesh is flat: a solid one is needed") from error
    index = np.full(len(mesh.vertices), -1)
    index[hull.vertices] = np.arange(len(hull.vertices))
    faces = index[hull.simplices]
    corners = mesh.vertices[hull.simplices]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    inward = (normals * hull.equations[:, :3]).sum(axis=1) < 0  # Qhull does not order its triangles
    faces[inward] = faces[inward][:, ::-1]
    return Mesh(mesh.vertices[hull.vertices], faces.astype(np.int32))


def read_texture(path: Path) -> np.ndarray:
    """Return a picture as (H, W, 3) uint8 RGB. Raises ConfigError."""
    if not path.is_file():
        raise ConfigError(f"{path}: no such texture: put the file there or leave out 'texture'")
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ConfigError(f"{path}: unreadable texture: use PNG or JPEG")
    height, width = image.shape[:2]
    largest = max(height, width)
    if largest > 512:  # a small object covers a hundred pixels: more only costs time
        image = cv2.resize(
            image, (max(1, width * 512 // largest), max(1, height * 512 // largest)), interpolation=cv2.INTER_AREA
        )
    return np.ascontiguousarray(image[..., ::-1])


def texture_of_obj(path: Path) -> Path | None:
    """Return the colour picture that an OBJ's material library names, if any."""
    if path.suffix.lower() != ".obj":
        return None
    library = _argument(path, "mtllib")
    if library is None or not (path.parent / library).is_file():
        return None
    picture = _argument(path.parent / library, "map_Kd")
    return path.parent / picture if picture else None


def _argument(path: Path, keyword: str) -> str | None:
    for line in path.read_text(errors="replace").splitlines():
        words = line.split(maxsplit=1)
        if len(words) == 2 and words[0] == keyword:
            return words[1].strip()
    return None


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:100]

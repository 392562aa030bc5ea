# SPDX-License-Identifier: Apache-2.0
"""Reading meshes: OBJ, STL and MuJoCo's .msh; sizes are looked at before files are believed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.objects.msh_file import read_msh
from vla_ros.objects.parts import Mesh

SUFFIXES = (".obj", ".stl", ".msh")
MAX_FACES = 200_000
_MAX_BYTES = 64_000_000  # 200 000 triangles as text take about 50 MB
_STL_HEADER, _STL_FACE = 84, 50  # [bytes]


def read_mesh(path: Path, scale: float = 1.0) -> Mesh:
    """Return the mesh of a file, enlarged by `scale` to metres. Raises ConfigError."""
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"{path}: not a mesh this project reads: convert it to OBJ or STL")
    if not path.is_file():
        raise ConfigError(f"{path}: no such mesh: put the file there, or name it under 'model'")
    _check_size(path)
    mesh = read_msh(path, MAX_FACES) if path.suffix.lower() == ".msh" else _read_with_trimesh(path)
    if len(mesh.faces) < 4 or not np.isfinite(mesh.vertices).all():
        raise ConfigError(
            f"{path}: unreadable mesh (fewer than 4 triangles or a number that is not finite): "
            "export it again as OBJ or STL"
        )
    _check_faces(path, len(mesh.faces))
    return Mesh(mesh.vertices * scale, mesh.faces, mesh.uv)


def _read_with_trimesh(path: Path) -> Mesh:
    import trimesh  # slow to import, and needed only for files that are not in the cache

    try:
        loaded = trimesh.load_mesh(path, process=False, skip_materials=True)
        vertices, faces = np.asarray(loaded.vertices, dtype=float), np.asarray(loaded.faces, dtype=np.int32)
    except Exception as error:  # trimesh raises whatever its parsers meet: any of it means the file is unreadable
        raise ConfigError(f"{path}: unreadable mesh ({_first_line(error)}): export it again as OBJ or STL") from error
    uv = getattr(loaded.visual, "uv", None)
    usable = uv is not None and len(uv) == len(vertices)
    return Mesh(vertices, faces, np.asarray(uv, dtype=float) if usable else None)


def _check_size(path: Path) -> None:
    length = path.stat().st_size
    if length > _MAX_BYTES:
        raise ConfigError(f"{path}: {length / 1e6:.0f} MB: simplify it to fewer than {MAX_FACES} triangles")
    with path.open("rb") as file:
        if path.suffix.lower() == ".obj":
            # A face of many corners becomes many triangles.
            _check_faces(path, sum(max(1, line.strip().count(b" ") - 2) for line in file if line.startswith(b"f ")))
        elif path.suffix.lower() == ".stl":
            head = file.read(_STL_HEADER)
            faces = int.from_bytes(head[80:84], "little")
            if length == _STL_HEADER + faces * _STL_FACE:  # a binary one: of text the size alone bounds the count
                _check_faces(path, faces)


def _check_faces(path: Path, faces: int) -> None:
    if faces > MAX_FACES:
        raise ConfigError(f"{path}: {faces} triangles: simplify it to fewer than {MAX_FACES}")


def texture_of_obj(path: Path) -> tuple[Path | None, str, str]:
    """Return the colour picture that an OBJ's material library names, what to do where it is missing, and a warning.

    The picture is None where there is none.
    """
    if path.suffix.lower() != ".obj":
        return None, "", ""
    library = _argument(path, "mtllib")
    if library is None:
        return None, "", ""
    if not (path.parent / library).is_file():
        return None, "", f"{path}: its material library {library} is not there: drawn in its colour alone"
    picture = _argument(path.parent / library, "map_Kd")
    if not picture:
        return None, "", ""
    # Options such as "-s 1 1 1" stand before the name; a folder of another machine helps nobody.
    file = path.parent / picture
    if not file.is_file():
        file = path.parent / picture.replace("\\", "/").rpartition("/")[2].rpartition(" ")[2]
    remedy = (
        f"{library} names it under map_Kd: put the picture there, name another under 'texture' in the YAML, "
        f"or remove that line of {library}"
    )
    return file, remedy, ""


def material_files(path: Path) -> list[Path]:
    """Return the files besides an OBJ that its look follows from, whether they are there or not."""
    library = _argument(path, "mtllib") if path.suffix.lower() == ".obj" else None
    if library is None:
        return []
    picture = texture_of_obj(path)[0]
    return [path.parent / library, *([picture] if picture else [])]


def _argument(path: Path, keyword: str) -> str | None:
    with path.open(errors="replace") as file:
        for line in file:
            words = line.split(maxsplit=1)
            if len(words) == 2 and words[0] == keyword:
                return words[1].strip()
    return None


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:100]

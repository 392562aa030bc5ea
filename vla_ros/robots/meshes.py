# SPDX-License-Identifier: Apache-2.0
"""Mesh files of a robot's description: found wherever it says they are, and such that every reader can read them.

Control and drawing read a URDF by pinocchio, the simulator by MuJoCo, each with its own idea of where a relative path
begins and none of where `package://` leads: behind this each mesh has an absolute path.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.ament import VARIABLE, prefixes
from vla_ros.configuration import share_directory

PACKAGE, FILE = "package://", "file://"
KINDS = (".stl", ".obj")  # that MuJoCo and pinocchio both read
MESH_MAX = 64 << 20  # [B]
_STL_HEAD, _STL_TRIANGLE = 84, 50  # [B] of a binary STL


def with_mesh_paths(urdf: str, description: Path) -> str:
    """Return a URDF text whose meshes are named by absolute paths; a relative one begins beside `description`.

    Raises ConfigError, which names link and file, for a mesh that is not there or that not every reader can read.
    """
    if "<mesh" not in urdf:
        return urdf
    root = ElementTree.fromstring(urdf)
    for link in root.findall("link"):
        for mesh in link.iter("mesh"):
            try:
                path = _found(mesh.get("filename", ""), description)
                _check(path)
            except (ConfigError, OSError) as error:
                raise ConfigError(f"{description}: link '{link.get('name')}': {error}") from None
            mesh.set("filename", str(path))
    return ElementTree.tostring(root, encoding="unicode")


def collision_meshes(urdf: str) -> tuple[str, ...]:
    """Name the links whose collision shapes are meshes."""
    links = ElementTree.fromstring(urdf).findall("link")
    return tuple(link.attrib["name"] for link in links if link.find("collision/geometry/mesh") is not None)


def _found(name: str, description: Path) -> Path:
    """Return the absolute path of a mesh. Raises ConfigError."""
    if name.startswith(PACKAGE):
        package, _, rest = name.removeprefix(PACKAGE).partition("/")
        shares = [share_directory()] if package == "vla_ros" else [at / "share" / package for at in prefixes()]
        path = next((share / rest for share in shares if (share / rest).is_file()), None)
        if path is None:
            raise ConfigError(
                f"mesh '{name}' is in no folder of {VARIABLE}: source the ROS 2 workspace of '{package}', or write its "
                "path from this file on, such as meshes/link.stl"
            )
        return path
    path = description.parent / Path(name.removeprefix(FILE)).expanduser()
    if not path.is_file():
        raise ConfigError(f"mesh '{name}': there is no file {path}")
    return path.resolve()


def _check(path: Path) -> None:
    """Raise ConfigError for a mesh that one of its readers would refuse."""
    if path.suffix.lower() not in KINDS:
        raise ConfigError(f"mesh '{path}': the simulator reads {' and '.join(KINDS)}: convert it, such as in Blender")
    size = path.stat().st_size
    if size > MESH_MAX:
        raise ConfigError(f"mesh '{path}' has {size >> 20} MB, allowed are {MESH_MAX >> 20}: simplify it")
    if path.suffix.lower() == ".stl":
        with path.open("rb") as file:
            head = file.read(_STL_HEAD)
        if size != _STL_HEAD + _STL_TRIANGLE * int.from_bytes(head[80:], "little") or size == _STL_HEAD:
            raise ConfigError(f"mesh '{path}' is no binary STL, or holds no triangle: write it as binary STL")

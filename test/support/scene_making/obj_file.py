# SPDX-License-Identifier: Apache-2.0
"""A mesh as an OBJ file."""

from __future__ import annotations

from pathlib import Path

from vla_ros.objects.model import Mesh


def write_obj(path: Path, mesh: Mesh) -> None:
    lines = [f"v {x:.7f} {y:.7f} {z:.7f}" for x, y, z in mesh.vertices]
    path.write_text("\n".join([*lines, *(f"f {a + 1} {b + 1} {c + 1}" for a, b, c in mesh.faces)]) + "\n")

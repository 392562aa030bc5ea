# SPDX-License-Identifier: Apache-2.0
"""The test robot with some of its text changed: a robot that is wrong in one way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from assets import PAIR

NONE: Mapping[str, str] = {}


def changed_pair(folder: Path, yaml: Mapping[str, str] = NONE, xacro: Mapping[str, str] = NONE) -> Path:
    """Write the robot into a folder, each text replaced by its other, and return its YAML file."""
    for path, changes in ((PAIR, yaml), (PAIR.with_name("pair.urdf.xacro"), xacro)):
        text = path.read_text()
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        (folder / path.name).write_text(text)
    (folder / "pair_impedance.yaml").write_text(PAIR.with_name("pair_impedance.yaml").read_text())
    return folder / "pair.yaml"

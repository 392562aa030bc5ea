# SPDX-License-Identifier: Apache-2.0
"""How many actions the scripted expert needs: the reference length of SPL, cached for the usual scenes.

config/tasks/grasp_reference.json holds, for each set and split, seed → [digest of the scene, steps or null]. A scene
that is drawn differently today has another digest, and is run again instead of being compared with a stranger.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.configuration import share_directory
from vla_ros.sim.scene import Scene

Entry = tuple[int, int | None]  # digest, steps (None: the expert failed)


@dataclass(frozen=True)
class Reference:
    """The expert's actions by set and split, then by seed."""

    entries: Mapping[str, Mapping[str, Entry]]

    def steps(self, set_name: str, categories: str, scene: Scene) -> tuple[bool, int | None]:
        """Return whether this scene is known, and the expert's actions in it; None when the expert failed."""
        entry = self.entries.get(f"{set_name}/{categories}", {}).get(str(scene.seed))
        if scene.stream != "evaluation" or entry is None or entry[0] != scene_digest(scene):
            return False, None
        return True, entry[1]


def scene_digest(scene: Scene) -> int:
    """Hash what decides how long a grasp takes: the objects, where they stand, which one is meant."""
    parts = [scene.target, f"{scene.table.height:.4f}", f"{scene.arm_start}"]
    for placed in scene.objects:
        size = np.round(np.asarray(placed.model.size), 4).tolist()
        pose = (np.round(placed.T_base_object[:3], 3) + 0.0).tolist()
        parts.append(f"{placed.name} {size} {placed.model.mass:.3f} {pose}")
    return zlib.crc32("\n".join(parts).encode())


def reference_path() -> Path:
    """Return where the cache lies."""
    return share_directory() / "config" / "tasks" / "grasp_reference.json"


def load_reference(path: Path | None = None) -> Reference:
    """Read the cache; a missing one is empty. Raises ConfigError when it is not what it should be."""
    path = path or reference_path()
    if not path.exists():
        return Reference({})
    try:
        content = json.loads(path.read_text())
        entries = {
            key: {seed: (int(value[0]), None if value[1] is None else int(value[1])) for seed, value in seeds.items()}
            for key, seeds in content.items()
        }
    except (OSError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise ConfigError(f"{path}: not a reference file ({error}): restore it or delete it") from error
    return Reference(entries)


def save_reference(reference: Reference, path: Path | None = None) -> None:
    """Write the cache, a line a seed, so that a change is readable."""
    blocks = []
    for key in sorted(reference.entries):
        seeds = sorted(reference.entries[key].items(), key=lambda item: int(item[0]))
        lines = ",\n".join(f'  "{seed}": {json.dumps(list(entry))}' for seed, entry in seeds)
        blocks.append(f'"{key}": {{\n{lines}\n}}')
    (path or reference_path()).write_text("{\n" + ",\n".join(blocks) + "\n}\n")

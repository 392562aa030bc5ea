# SPDX-License-Identifier: Apache-2.0
"""How many actions the scripted expert needs: the reference length of SPL, cached for the usual scenes.

config/tasks/<task>_reference.json: digest of a scene → steps, or null where the expert failed. A scene that is drawn
differently today has another digest, and is run instead of being compared with a stranger; sets that differ in light
and texture only share their scenes' entries.
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
from vla_ros.documents import read_json
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.table import DEFAULT_TASK


@dataclass(frozen=True)
class Reference:
    """The expert's actions by digest of the scene; None where it failed."""

    entries: Mapping[int, int | None]

    def knows(self, scene: Scene) -> bool:
        """Say whether the expert has been in this scene."""
        return scene_digest(scene) in self.entries

    def steps(self, scene: Scene) -> int | None:
        """Return the expert's actions in a known scene; None when it failed there."""
        return self.entries[scene_digest(scene)]


def scene_digest(scene: Scene) -> int:
    """Hash what decides how long a grasp takes: the bodies, where they stand, which one is meant."""
    parts = [scene.target, *([scene.goal] if scene.goal else []), f"{scene.table.height:.4f}", f"{scene.arm_start}"]
    for placed in scene.objects:
        size = np.round(np.asarray(placed.model.size), 4).tolist()
        pose = (np.round(placed.T_base_object[:3], 3) + 0.0).tolist()
        parts.append(f"{placed.name} {size} {placed.model.mass:.3f} {pose}")
    for fixture in scene.fixtures:
        pose = (np.round(fixture.T_base_fixture[:3], 3) + 0.0).tolist()
        parts.append(f"{fixture.name} {fixture.joints} {sorted(fixture.start.items())} {pose}")
    for cloth in scene.cloths:
        pose = (np.round(cloth.T_base_cloth[:3], 3) + 0.0).tolist()
        parts.append(f"{cloth.name} {cloth.model.size} {cloth.model.count} {cloth.model.mass:.3f} {pose}")
    return zlib.crc32("\n".join(parts).encode())


def reference_path(task: str = DEFAULT_TASK) -> Path:
    """Return where the cache of a task lies."""
    return share_directory() / "config" / "tasks" / f"{task}_reference.json"


def load_reference(task: str = DEFAULT_TASK, path: Path | None = None) -> Reference:
    """Read the cache; a missing one is empty. Raises ConfigError when it is not what it should be."""
    path = path or reference_path(task)
    if not path.exists():
        return Reference({})
    try:
        content = read_json(path)
        entries = {int(digest): None if steps is None else int(steps) for digest, steps in content.items()}
    except (ConfigError, ValueError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: not a reference file ({error}): restore it or delete it") from error
    return Reference(entries)


def save_reference(reference: Reference, path: Path) -> None:
    """Write the cache, a line a scene, so that a change is readable."""
    lines = (f'"{digest}": {json.dumps(steps)}' for digest, steps in sorted(reference.entries.items()))
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")

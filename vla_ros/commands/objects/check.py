# SPDX-License-Identifier: Apache-2.0
"""What `vla objects check` finds out of a folder: every object with its grasps, every problem and warning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.objects.folder import ObjectReading, read_folder
from vla_ros.objects.model import ObjectModel
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.names import DEFAULT_ROBOT
from vla_ros.sim.grasping.grasps import CLOSURE_FRICTION
from vla_ros.sim.grasping.takeable import PoseGrasps, grasps_at_rest, too_slippery


@dataclass(frozen=True, eq=False)
class CheckedObject:
    """One object of the folder."""

    path: Path  # of its YAML
    model: ObjectModel | None  # None where it cannot be used
    resting: tuple[str, ...]  # names of its poses
    grasps: tuple[PoseGrasps, ...]  # of each pose
    colors: dict[str, float]  # share of what is drawn, by colour word
    warnings: tuple[str, ...]
    problems: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return what was found of it."""
        found: dict[str, Any] = {"file": str(self.path), "usable": self.model is not None}
        if self.model is not None:
            found |= {
                "name": self.model.name,
                "category": self.model.category,
                "colors": [self.model.color, *self.model.accents],
                "drawn_colors": self.colors,
                "size_m": list(self.model.size),
                "mass_kg": self.model.mass,
                "convex_shapes": len(self.model.collision_parts),
                "poses": [{"name": name, **asdict(pose)} for name, pose in zip(self.resting, self.grasps, strict=True)],
            }
        return found | {"warnings": list(self.warnings), "problems": list(self.problems)}


@dataclass(frozen=True, eq=False)
class FolderCheck:
    """All of a folder."""

    folder: Path
    objects: tuple[CheckedObject, ...]
    problems: tuple[str, ...]  # of all objects, and of files that no object uses

    def as_json(self) -> dict[str, Any]:
        """Return all that was found."""
        objects = [item.as_json() for item in self.objects]
        return {"folder": str(self.folder), "objects": objects, "problems": list(self.problems)}


def check_folder(folder: Path, progress: Callable[[int, int, str], None]) -> FolderCheck:
    """Read a folder and look for grasps of every object. Raises ConfigError where there is nothing in it."""
    reading = read_folder(folder, progress)
    checked = []
    for done, item in enumerate(reading.objects):
        progress(done, len(reading.objects), f"grasps of {item.path.stem}")
        checked.append(_checked(item))
    lost = tuple(problem for one in checked for problem in one.problems if problem not in reading.problems)
    return FolderCheck(folder, tuple(checked), reading.problems + lost)


def _checked(item: ObjectReading) -> CheckedObject:
    if item.built is None or item.described is None:
        return CheckedObject(item.path, None, (), (), {}, (), item.problems)
    model, warnings = item.built.model, list(item.warnings)
    try:
        grasps = grasps_at_rest(model)
    except (ConfigError, ValueError) as error:  # MuJoCo refuses a model with a ValueError
        problem = f"{item.path}: the simulator cannot take it ({error}): simplify or repair the mesh"
        return CheckedObject(item.path, None, (), (), {}, tuple(warnings), (problem,))
    if too_slippery(model):
        warnings.append(
            f"{item.path}: friction {model.friction:g}: grasps are planned to hold at {CLOSURE_FRICTION:g}, so it "
            "would slip: it stands in scenes and is never the target; state the friction of rubber on it"
        )
    elif not any(pose.count for pose in grasps):
        opening = 100.0 * load_embodiment(DEFAULT_ROBOT).only_gripper.width_max
        warnings.append(
            f"{item.path}: no grasp from above fits an {opening:g} cm gripper, however it lies: it stands in scenes "
            "and is never the target; set a smaller scale or another resting pose"
        )
    return CheckedObject(
        item.path, model, item.described.resting, grasps, item.built.colors, tuple(warnings), item.problems
    )

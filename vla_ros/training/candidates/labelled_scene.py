# SPDX-License-Identifier: Apache-2.0
"""One scene: what is seen of it, and candidates of every tool and mode that lacks some, drawn and labelled."""

from __future__ import annotations

import dataclasses
import zlib
from dataclasses import dataclass, field

import numpy as np

from controllers.errors import VlaError
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.robots.tools.description import Tool
from vla_ros.robots.tools.named import load_tool
from vla_ros.sim.candidates.labels import label
from vla_ros.sim.candidates.samplers import draw
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.bins.scenes import SOURCE
from vla_ros.training.candidates.files import CandidateFolder, write_arrays
from vla_ros.training.candidates.observed import observe
from vla_ros.training.candidates.settings import CandidateSettings


@dataclass(frozen=True)
class SceneEnded:
    """What became of a seed: how many candidates, of which how many succeed, or why there are none."""

    seed: int
    candidates: int = 0
    successes: dict[str, tuple[int, int]] = field(default_factory=dict)  # mode → candidates, successes
    reason: str = ""


def make_scene(settings: CandidateSettings, folder: CandidateFolder, seed: int) -> SceneEnded:
    """Write what a scene lacks. A scene that cannot be used says why."""
    tools = settings.tools_of(seed)
    lacking = [
        (name, mode)
        for name, modes in tools.items()
        for mode in modes
        if not folder.candidates(seed, name, mode).exists()
    ]
    if not lacking and folder.scene(seed).exists():
        return SceneEnded(seed)
    try:
        scene, seen, shown = observe(settings.request(seed))
        made: dict[str, tuple[int, int]] = {}
        still = StillScene.of(in_source(scene))
        for name, mode in lacking:
            rng = np.random.default_rng((seed, zlib.crc32(f"{name}.{mode}".encode())))
            arrays = labelled(still, load_tool(name), mode, settings.candidates, rng)
            write_arrays(folder.candidates(seed, name, mode), arrays)
            before = made.get(mode, (0, 0))
            made[mode] = before[0] + len(arrays["success"]), before[1] + int(arrays["success"].sum())
    except VlaError as error:
        return SceneEnded(seed, reason=str(error))
    write_arrays(
        folder.scene(seed),
        {
            "images": seen.images,
            "places": seen.places.astype(np.float16),
            "points": seen.points,
            "colors": seen.colors,
            "instances": seen.instances,
            "instance_objects": shown,
            "T_base_source": seen.T_base_source,
            "T_base_destination": seen.T_base_destination,
        },
    )
    return SceneEnded(seed, sum(count for count, _ in made.values()), made)


def in_source(scene: Scene) -> Scene:
    """Return a scene of which only the source's things are left: what lies elsewhere is in no pick's way."""
    objects = tuple(one for one in scene.objects if one.name.startswith(f"{SOURCE}_"))
    return dataclasses.replace(scene, objects=objects)


def labelled(still: StillScene, tool: Tool, mode: str, count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the arrays of a file of candidates."""
    candidates, objects = draw(still, tool, mode, count, rng)
    labels = label(still, tool, mode, candidates, objects)
    return {
        **candidate_arrays(candidates),
        "objects": objects.astype(np.int16),
        "criteria": np.array([one.name for one in criteria_of(mode)]),
        "scores": labels.scores,
        "success": labels.success.astype(np.float32),
    }


def candidate_arrays(candidates: Candidates) -> dict[str, np.ndarray]:
    """Return what candidates are, as a file has it."""
    return {name: np.asarray(value, np.float32) for name, value in vars(candidates).items()}

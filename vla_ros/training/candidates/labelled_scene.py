# SPDX-License-Identifier: Apache-2.0
"""One scene: what is seen of it, and candidates of every tool and mode that lacks some, drawn and labelled."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from controllers.errors import VlaError
from vla_ros.objects.totes import DESTINATION, SOURCE
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.candidate_poses import joined
from vla_ros.policies.gam.prompts import PLACE
from vla_ros.robots.tools.description import Tool
from vla_ros.robots.tools.named import load_tool
from vla_ros.sim.candidates.labels import label
from vla_ros.sim.candidates.samplers import draw
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.tasks.bins.scenes import in_tote
from vla_ros.training.candidates.files import CandidateFolder, UnwritableError, candidate_arrays, write_arrays
from vla_ros.training.candidates.measured import MeasuredScene
from vla_ros.training.candidates.observed import observe
from vla_ros.training.candidates.placed import placed
from vla_ros.training.candidates.settings import CandidateSettings
from vla_ros.training.gam.candidate_file import read_candidates


@dataclass(frozen=True)
class SceneEnded:
    """What became of a seed: how many candidates, of which how many succeed, or why there are none."""

    seed: int
    candidates: int = 0
    successes: dict[str, tuple[int, int]] = field(default_factory=dict)  # mode → candidates, successes
    reason: str = ""
    kept: bool = False  # it was all there


def make_scene(settings: CandidateSettings, folder: CandidateFolder, seed: int) -> SceneEnded:
    """Write what a scene lacks. A scene that cannot be used says why. Raises UnwritableError."""
    places = settings.places_of(seed)
    wanted = [(name, mode) for name, modes in settings.tools_of(seed).items() for mode in modes]
    wanted += [(name, PLACE) for name in places]  # last: their picks are read from the files of the modes before
    lacking = [one for one in wanted if not folder.candidates(seed, *one).exists()]
    if not lacking and folder.scene(seed).exists():
        return SceneEnded(seed, kept=True)
    try:
        scene, seen, shown = observe(settings.request(seed), settings.frames)
        measured = MeasuredScene(seen, shown)
        made: dict[str, tuple[int, int]] = {}
        still = StillScene.of(in_tote(scene, SOURCE))
        for name, mode in lacking:
            rng = np.random.default_rng((seed, zlib.crc32(f"{name}.{mode}".encode())))
            if mode == PLACE:
                picks = read_candidates(folder.candidates(seed, name, places[name].mode))
                arrays = placed(still, in_tote(scene, DESTINATION), seen.T_base_source, picks, shown, places[name], rng)
            else:
                tool = load_tool(name)
                analysed, acted = (
                    round(settings.candidates * share) for share in (settings.measured, settings.proposed)
                )
                proposed = [
                    measured.analysed(tool, mode, analysed, rng),
                    measured.acted(settings.checkpoint, tool, mode, acted, rng),
                ]
                parts = [part for part in proposed if part is not None]
                rest = settings.candidates - sum(len(objects) for _, objects in parts)
                if rest > 0:
                    parts.append(draw(still, tool, mode, rest, rng))
                arrays = labelled(still, tool, mode, parts)
            write_arrays(folder.candidates(seed, name, mode), arrays)
            before = made.get(mode, (0, 0))
            made[mode] = before[0] + len(arrays["success"]), before[1] + int(arrays["success"].sum())
    except UnwritableError:
        raise
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


def labelled(
    still: StillScene, tool: Tool, mode: str, parts: Sequence[tuple[Candidates, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Return the arrays of a file of candidates: of `parts`, each with the object (N,) that each means."""
    candidates = joined([candidates for candidates, _ in parts])
    objects = np.concatenate([objects for _, objects in parts])
    return candidate_arrays(candidates, objects, mode, label(still, tool, mode, candidates, objects))

# SPDX-License-Identifier: Apache-2.0
"""Folders of scenes with labelled candidates: what one object offers one tool in one mode is one of its tasks.

dataset.json                          {"format": "gam_candidates", "version": 1, …}
scenes/<seed>.npz                     scene_file.py
candidates/<seed>/<tool>.<mode>.npz   candidate_file.py
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.documents import read_json
from vla_ros.policies.gam.config import GamSizes
from vla_ros.training.gam.candidate_file import LabelledCandidates, read_candidates
from vla_ros.training.gam.good_candidates import top_candidates
from vla_ros.training.gam.scene_file import RecordedScene, read_scene

FORMAT, VERSION = "gam_candidates", 1
INDEX = "dataset.json"


@dataclass(frozen=True, eq=False)
class ObjectTask:
    """Candidates of one tool and mode that are meant for one object, of one pick where they are placements."""

    scene: RecordedScene
    scene_number: int  # in the order of the dataset
    labelled: LabelledCandidates  # of the whole scene
    rows: np.ndarray  # (n,) its candidates
    top: np.ndarray  # rows among them that the actor learns
    instances: np.ndarray  # that show the object, the one of most points first

    @property
    def key(self) -> tuple[str, str]:
        """Return tool and mode."""
        return self.labelled.tool, self.labelled.mode


def find_folders(roots: Sequence[Path]) -> tuple[Path, ...]:
    """Return the folders. Raises ConfigError for one that is none of labelled candidates."""
    for root in roots:
        index = root / INDEX
        if not index.is_file():
            raise ConfigError(f"{root}: has no {INDEX}: give folders of scenes with labelled candidates")
        values = read_json(index)
        said = (values.get("format"), values.get("version")) if isinstance(values, dict) else (None, None)
        if said != (FORMAT, VERSION):
            raise ConfigError(f"{index}: is {said[0]} of version {said[1]}; this reads {FORMAT} of version {VERSION}")
        if not any((root / "scenes").glob("*.npz")):
            raise ConfigError(f"{root}: has no scenes/*.npz: generate scenes first")
    return tuple(roots)


def read_dataset(
    roots: Sequence[Path], sizes: GamSizes, top_share: float, progress: Callable[[int, int], None]
) -> list[ObjectTask]:
    """Read all scenes, in order of their seeds. `progress` takes scenes that are read and all, and may raise.

    Raises ConfigError in one line for a file that cannot be used.
    """
    paths = [path for root in find_folders(roots) for path in sorted((root / "scenes").glob("*.npz"))]
    tasks: list[ObjectTask] = []
    for number, path in enumerate(paths):
        progress(number, len(paths))
        files = sorted((path.parent.parent / "candidates" / path.stem).glob("*.npz"))
        if not files:
            continue  # scenes whose candidates are still to come
        scene = read_scene(path, sizes.scene)
        for file in files:
            tasks += _tasks(scene, number, file, top_share, sizes.elements)
    progress(len(paths), len(paths))
    return tasks


def _tasks(scene: RecordedScene, number: int, file: Path, top_share: float, room: int) -> list[ObjectTask]:
    labelled = read_candidates(file)
    elements = len(labelled.description.names)
    if elements > room:
        raise ConfigError(
            f"{file}: tool '{labelled.tool}' has {elements} cups and fingers: raise sizes.elements, {room} now"
        )
    top = top_candidates(labelled, top_share)
    tasks = []
    for rows in _by_object(labelled):
        instances = scene.instances_of(int(labelled.objects[rows[0]]))
        if len(instances):  # an object that no instance shows cannot be asked for
            tasks.append(ObjectTask(scene, number, labelled, rows, np.intersect1d(rows, top), instances))
    return tasks


def _by_object(labelled: LabelledCandidates) -> list[np.ndarray]:
    """Return the rows of each object that is meant, and of each pick of it where there are picks."""
    columns = [labelled.objects[:, None].astype(np.float64)]
    if labelled.picked is not None:
        picked = labelled.picked
        columns += [picked.positions, picked.rotations.reshape(-1, 9), picked.active]
    _, of = np.unique(np.concatenate(columns, axis=1), axis=0, return_inverse=True)
    meant = np.flatnonzero(labelled.objects >= 0)
    return [meant[of[meant] == number] for number in np.unique(of[meant])]

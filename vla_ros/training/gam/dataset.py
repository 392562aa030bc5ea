# SPDX-License-Identifier: Apache-2.0
"""Folders of `vla generate --task bin_pick`: what one object offers one tool in one mode is one of its tasks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.documents import read_json
from vla_ros.training.candidates.files import CANDIDATES, DATASET, FORMAT, SCENES, VERSION
from vla_ros.training.gam.candidate_file import LabelledCandidates, read_candidates
from vla_ros.training.gam.config import GamTraining
from vla_ros.training.gam.good_candidates import top_candidates
from vla_ros.training.gam.scene_file import RecordedScene, read_scene


@dataclass(frozen=True, eq=False)
class ObjectTask:
    """Candidates of one tool and mode that are meant for one object, of one pick where they are placements."""

    scene: RecordedScene
    seed: int  # of its scene, of which several folders may have candidates
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
        index = root / DATASET
        if not index.is_file():
            raise ConfigError(f"{root}: has no {DATASET}: give folders of `vla generate --task bin_pick`")
        values = read_json(index)
        said = (values.get("format"), values.get("version")) if isinstance(values, dict) else (None, None)
        if said != (FORMAT, VERSION):
            raise ConfigError(f"{index}: is {said[0]} of version {said[1]}; this reads {FORMAT} of version {VERSION}")
        if not any((root / SCENES).glob("*.npz")):
            raise ConfigError(f"{root}: has no {SCENES}/*.npz: generate scenes first")
    return tuple(roots)


def content_digest(root: Path) -> str:
    """Return a digest of what a folder holds: names and lengths, since other arrays pack to other lengths."""
    found = hashlib.sha256()
    for path in sorted([*(root / SCENES).glob("*.npz"), *(root / CANDIDATES).glob("*/*.npz")]):
        found.update(f"{path.relative_to(root).as_posix()} {path.stat().st_size}\n".encode())
    return found.hexdigest()


def read_dataset(roots: Sequence[Path], config: GamTraining, progress: Callable[[int, int], None]) -> list[ObjectTask]:
    """Read all scenes, in order of their seeds. `progress` takes scenes that are read and all, and may raise.

    Raises ConfigError in one line for a file that cannot be used.
    """
    paths = [path for root in find_folders(roots) for path in sorted((root / SCENES).glob("*.npz"))]
    tasks: list[ObjectTask] = []
    for done, path in enumerate(paths):
        progress(done, len(paths))
        if not path.stem.isdecimal():
            raise ConfigError(f"{path}: must be named by its scene's seed, such as 000012.npz: rename it")
        files = sorted((path.parent.parent / CANDIDATES / path.stem).glob("*.npz"))
        if not files:
            continue  # nothing lies in the tote
        scene = read_scene(path, config.sizes.scene)
        for file in files:
            tasks += _tasks(scene, int(path.stem), file, config)
    progress(len(paths), len(paths))
    return tasks


def _tasks(scene: RecordedScene, seed: int, file: Path, config: GamTraining) -> list[ObjectTask]:
    labelled = read_candidates(file)
    elements, room = len(labelled.description.names), config.sizes.elements
    if elements > room:
        raise ConfigError(
            f"{file}: tool '{labelled.tool}' has {elements} cups and fingers: raise sizes.elements, {room} now"
        )
    top = top_candidates(labelled, config.top_share, config.successes_alone)
    tasks = []
    for rows in _by_object(labelled):
        instances = scene.instances_of(int(labelled.objects[rows[0]]))
        if len(instances):  # an object that no instance shows cannot be asked for
            tasks.append(ObjectTask(scene, seed, labelled, rows, np.intersect1d(rows, top), instances))
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

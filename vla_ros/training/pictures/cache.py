# SPDX-License-Identifier: Apache-2.0
"""Cut the frames of datasets once, in pieces that survive an interruption."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.data.datasets.content import episode_digests, rows_digest
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.backbone.matching import CROP
from vla_ros.training.pictures.frames import Views, chosen_frames, read_frames
from vla_ros.training.pictures.pieces import each_done

LAYOUT = 2  # of a piece: boxes are shares of their own view's picture, things as large as the policy sees them
PIECE = 400  # frames
_Job = tuple[Path, Path, list[int], int, Views, bool, int]


def cut_frames(
    datasets: Sequence[Path],
    folder: Path,
    an_episode: int,
    workers: int,
    views: Views,
    progress: Callable[[int, int], None] = lambda done, total: None,
    said: bool = False,
    crop: int = CROP,
) -> list[Path]:
    """Return the folders with the cut frames of all datasets; what is there already is kept.

    `said`: the words of the datasets' own instructions are learned as well. `crop` is what the network takes [px].
    `progress` may raise: the pieces under way are then cut again next time.
    """
    jobs: list[_Job] = []
    for root in datasets:
        reader = LeRobotReader(root)
        frames = list(chosen_frames(reader, an_episode, seed=0))
        name = piece_name(root, an_episode, views, said, crop)
        digests = episode_digests(reader.metadata)
        for number, first in enumerate(range(0, len(frames), PIECE)):
            piece = frames[first : first + PIECE]
            held = rows_digest(reader.metadata, digests, piece)
            jobs.append((root, folder / f"{name}_{number:05d}_{len(piece)}_{held}", piece, number, views, said, crop))
    if not jobs:
        raise ConfigError("nothing to train on: give datasets made by `vla generate`")
    waiting = [job for job in jobs if not job[1].is_dir()]
    progress(len(jobs) - len(waiting), len(jobs))
    if waiting:
        for left in folder.glob(".*"):  # by somebody who was killed
            shutil.rmtree(left, ignore_errors=True)
        with contextlib.closing(each_done(_cut, waiting, min(workers, len(waiting)))) as pieces:
            for done, _ in enumerate(pieces, len(jobs) - len(waiting) + 1):
                progress(done, len(jobs))
    return [job[1] for job in jobs if (job[1] / "texts.json").exists()]


def piece_name(root: Path, an_episode: int, views: Views, said: bool = False, crop: int = CROP) -> str:
    """Return how the names of a dataset's pieces begin."""
    what = f"{LAYOUT} {root.resolve()} {an_episode} {' '.join(views)}{' said' if said else ''}"
    if crop != CROP:
        what += f" {crop} px"
    return hashlib.sha256(what.encode()).hexdigest()[:12]


def _cut(job: _Job) -> None:
    root, out, frames, seed, views, said, crop = job
    part = out.with_name(f".{out.name}.{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    made = read_frames(root, frames, seed, views, said=said, crop=crop)
    if made.texts:
        made.save(part)
    else:
        part.mkdir(parents=True)
    os.replace(part, out)

# SPDX-License-Identifier: Apache-2.0
"""What the backbone sees in frames of datasets: looked at once, kept in files that survive an interruption.

What looks closely does not learn here, so a frame is a few hundred numbers a thing, as acting has them: boxes that were
proposed and not those that the simulator knows. In frames of people's hands a camera that took no picture proposes
nothing, and what is seen from the robot's tools is not known.
Shape legend: F frames, V views, N things of all views at most, D numbers of a look, O objects that a frame names.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from controllers.chunks.chunk import pose_channels
from controllers.errors import ConfigError
from vla_ros.data.datasets.content import episode_digests, rows_digest
from vla_ros.data.datasets.features import IMAGES, STATE
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.hands.masks import PREFIX, is_masked
from vla_ros.policies.backbone.checkpoint import load_backbone
from vla_ros.policies.backbone.network import COUNT
from vla_ros.policies.contract import DataContract
from vla_ros.policies.gr3.small.reader import look_at
from vla_ros.policies.gr3.small.thing_numbers import VIEWS, tool_poses
from vla_ros.training.generation import annotations as notes
from vla_ros.training.gr3.grasp_crops import GraspCropCutter
from vla_ros.training.pictures.frames import SEEN
from vla_ros.training.pictures.pieces import each_done
from vla_ros.training.pictures.sentences import Sentences

LAYOUT = 3  # of a file: it holds what grasps are found in, and things of pictures of any size
PIECE = 400  # frames
THINGS = VIEWS * COUNT  # N
OVERLAP = 0.5  # of a proposal and an object, from which on it is that object
SENTENCES = 6  # about the things of a frame without actions

Progress = Callable[[int, int], None]  # frames that have been looked at, and all


@dataclass(frozen=True)
class _Piece:
    root: Path
    rows: tuple[int, ...]
    out: Path
    backbone: Path
    contract: DataContract
    surface: float
    seed: int


def see_frames(
    rows: Mapping[Path, Sequence[int]],
    contract: DataContract,
    backbone: Path,
    surface: float,
    folder: Path,
    workers: int,
    progress: Progress = lambda done, total: None,
) -> dict[Path, list[Path]]:
    """Return the files of these rows of datasets, in order; what is there already is kept.

    `progress` may raise: the pieces under way are then made again next time.
    """
    stamp = _stamp(backbone)
    pieces: dict[Path, list[_Piece]] = {root: [] for root in rows}
    for root, own in rows.items():
        metadata = load_metadata(root)
        digests = episode_digests(metadata)
        for number, first in enumerate(range(0, len(own), PIECE)):
            piece = tuple(own[first : first + PIECE])
            what = (
                f"{LAYOUT} {root.resolve()} {rows_digest(metadata, digests, piece)} {stamp} {surface} {contract.name}"
            )
            out = folder / f"{hashlib.sha256(what.encode()).hexdigest()[:16]}_{len(piece)}.npz"
            pieces[root].append(_Piece(root, piece, out, backbone, contract, surface, number))
    # All datasets' at once: those of few frames would keep few workers busy.
    waiting = [piece for own in pieces.values() for piece in own if not piece.out.is_file()]
    total = sum(map(len, rows.values()))
    done = total - sum(len(piece.rows) for piece in waiting)
    progress(done, total)
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(each_done(_see, waiting, min(workers, max(1, len(waiting))))) as made:
        for count in made:
            done += count
            progress(done, total)
    return {root: [piece.out for piece in own] for root, own in pieces.items()}


def _stamp(backbone: Path) -> str:
    """Return what tells one backbone's weights from another's: its file's size and time."""
    status = (backbone / "model.safetensors").stat()
    return f"{backbone.resolve()} {status.st_size} {status.st_mtime_ns}"


def _see(piece: _Piece) -> int:
    torch.set_num_threads(1)
    backbone = load_backbone(piece.backbone)
    made: dict[str, list[np.ndarray]] = {}
    texts: list[list[tuple[int, str]]] = []
    sentences = Sentences(piece.seed)
    with LeRobotReader(piece.root) as reader, torch.inference_mode():
        crops = GraspCropCutter(reader, np.array(piece.rows), piece.contract)
        for number, row in enumerate(piece.rows):
            pictures, calibrations, measured = _pictures(reader, row, piece.contract)
            for name, value in _seen(reader, row, pictures, calibrations, measured, backbone, piece).items():
                made.setdefault(name, []).append(value)
            texts.append([] if is_masked(reader.metadata) else _texts(reader, row, piece.contract, sentences))
            crops.cut(number, pictures, calibrations)
    part = piece.out.with_suffix(f".{os.getpid()}.part")
    with part.open("wb") as file:
        arrays: dict[str, Any] = {name: np.stack(values) for name, values in made.items()} | crops.arrays()
        np.savez(file, texts=np.array(json.dumps(texts)), **arrays)
    os.replace(part, piece.out)
    return len(piece.rows)


def _pictures(
    reader: LeRobotReader, row: int, contract: DataContract
) -> tuple[list[np.ndarray], list[np.ndarray], list[bool]]:
    """Return pictures (H, W, 3) uint8 of a frame, black where none was taken, calibrations (11,), and which were."""
    cameras, measured = tuple(contract.cameras), _measured(reader, row, contract)
    sizes = [reader.metadata.features[IMAGES + camera].shape for camera in cameras]
    pictures = [
        reader.image(IMAGES + camera, row) if real else np.zeros(size, dtype=np.uint8)
        for camera, size, real in zip(cameras, sizes, measured, strict=True)
    ]
    calibrations = [reader.column(f"observation.calibration.{camera}")[row].astype(float) for camera in cameras]
    return pictures, calibrations, measured


def _seen(
    reader: LeRobotReader,
    row: int,
    pictures: list[np.ndarray],
    calibrations: list[np.ndarray],
    measured: list[bool],
    backbone: torch.nn.Module,
    piece: _Piece,
) -> dict[str, np.ndarray]:
    """Return looks (N, D), geometry and numbers (N, …), and of each thing (N,) the object that it is, -1 for none."""
    tools = None if is_masked(reader.metadata) else _tools(reader, row, piece.contract)
    looks, geometry, numbers = look_at(
        backbone,  # type: ignore[arg-type]
        pictures,
        calibrations,
        tools,
        piece.surface,
        measured=measured,
    )
    count = looks.shape[1]
    found = {
        "looks": looks[0].numpy().astype(np.float16),
        "geometry": geometry[0].numpy().astype(np.float16),
        "numbers": numbers[0].numpy().astype(np.float16),
    }
    padded = {name: np.zeros((THINGS, values.shape[1]), values.dtype) for name, values in found.items()}
    for name, values in found.items():
        padded[name][:count] = values
    objects = np.full(THINGS, -1, dtype=np.int8)
    things: dict[str, np.ndarray] = padded | {"count": np.array(count, dtype=np.int16), "objects": objects}
    if is_masked(reader.metadata):
        return things  # nobody says what stands before a person
    views, shares = numbers[0, :, :VIEWS].numpy(), geometry[0, :, :4].numpy()
    for view, (camera, picture) in enumerate(zip(piece.contract.cameras, pictures, strict=True)):
        own = np.flatnonzero(views[:, view] > 0.5)
        known = reader.column(notes.boxes_column(camera))[row]
        objects[own] = _objects(shares[own] * np.tile(picture.shape[1::-1], 2), known)
    return things


def _measured(reader: LeRobotReader, row: int, contract: DataContract) -> list[bool]:
    """Return which cameras (V,) took a picture. Raises ConfigError where none did."""
    if not is_masked(reader.metadata):
        return [True] * len(contract.cameras)
    masks = [reader.column(PREFIX + IMAGES + camera) for camera in contract.cameras]
    found = [bool(np.ravel(mask)[row]) for mask in masks]
    if not any(found):
        raise ConfigError(f"{reader.metadata.root}: frame {row} has no picture of any camera: leave its episode out")
    return found


def _tools(reader: LeRobotReader, row: int, contract: DataContract) -> np.ndarray:
    """Return the poses of a robot's tools (A, 4, 4)."""
    names = reader.metadata.features[STATE].names or contract.state
    state = reader.column(STATE)[row].astype(float)
    poses = [[names.index(channel) for channel in pose_channels(arm)] for arm in contract.action.arms]
    return tool_poses(np.stack([state[columns] for columns in poses]))


def _objects(boxes: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return for each box (K, 4) [px] the row of the object (O, 5) that it is, -1 for none."""
    low = np.maximum(boxes[:, None, :2], known[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], known[None, :, 2:4])
    shared = np.clip(high - low, 0.0, None).prod(axis=2)
    areas = [np.clip(each[:, 2:4] - each[:, :2], 0.0, None).prod(axis=1) for each in (boxes, known)]
    overlaps = shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-6)
    overlaps[:, known[:, 4] <= 0.0] = 0.0
    return np.where(overlaps.max(axis=1, initial=0.0) >= OVERLAP, overlaps.argmax(axis=1), -1).astype(np.int8)


def _texts(reader: LeRobotReader, row: int, contract: DataContract, sentences: Sentences) -> list[tuple[int, str]]:
    """Return sentences about the things of a frame, and which object (O) each means; -1 for what is not there."""
    names = str(reader.column(notes.OBJECT_NAMES)[row]).split(";")
    first = next(iter(contract.cameras))
    shown = reader.column(notes.boxes_column(first))[row][:, 4] >= SEEN
    features = reader.metadata.features
    extents = reader.column(notes.EXTENTS)[row] if notes.EXTENTS in features else None
    return sentences.of_frame(names, reader.column(notes.POSITIONS)[row], shown, SENTENCES, (), extents)

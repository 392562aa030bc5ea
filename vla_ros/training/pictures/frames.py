# SPDX-License-Identifier: Apache-2.0
"""Frames of generated datasets as training wants them: decoded once, cut once, kept in flat files.

Shape legend: F frames, V = 2 views, N objects a frame holds at most, K grasps, S sentences a frame.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.data.datasets.features import ACTION, IMAGES, STATE
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.hands.masks import require_measured
from vla_ros.policies.backbone import matching, proposals
from vla_ros.policies.backbone.crops import LEAST, MARGIN, box_window
from vla_ros.policies.backbone.view_geometry import point_window
from vla_ros.policies.contract import DataContract
from vla_ros.policies.grasp_finding import grasp_network
from vla_ros.policies.graspvla.small.cut_boxes import place_pairs
from vla_ros.policies.graspvla.small.part_search import BY, split_part
from vla_ros.training.generation import annotations as notes
from vla_ros.training.pictures.sentences import Sentences

Views = tuple[str, str]  # cameras, in the order of the networks' views
SENTENCES = 12  # cheap beside looking at what they are about
SEEN = 0.12  # share of an object that must be seen for it to count
AXES = ("/position.x", "/position.y", "/position.z")  # [m] end the names of a tool point's channels
CROP_MARGIN = 1.2  # crops are kept larger than the networks take them, so that they can be shifted
KEPT_MARGIN = MARGIN * CROP_MARGIN
KEPT_GRASP = round(grasp_network.CROP * 1.125)  # [px]


@dataclass
class FrameSet:
    """Columns of F frames, and of the objects in them."""

    pictures: list[np.ndarray] = field(default_factory=list)  # (V, 144, 192, 3)
    sizes: list[np.ndarray] = field(default_factory=list)  # (V, 2) [px] width and height of what the cameras took
    calibrations: list[np.ndarray] = field(default_factory=list)  # (V, 11)
    boxes: list[np.ndarray] = field(default_factory=list)  # (V, N, 5) as shares of the picture, share seen
    things: list[np.ndarray] = field(default_factory=list)  # (V, N) row of `crops`, -1 where there is none
    crops: list[np.ndarray] = field(default_factory=list)  # (K, K, 3) of one object in one view
    labels: list[np.ndarray] = field(default_factory=list)  # (N, 2) category and colour, -1 where there is none
    texts: list[list[tuple[int, str]]] = field(default_factory=list)  # object (-1: not there) and how it is requested
    tools: list[np.ndarray] = field(default_factory=list)  # (3,) [m] the tool point, measured
    rows: list[np.ndarray] = field(default_factory=list)  # () of the frame in its dataset
    episodes: list[np.ndarray] = field(default_factory=list)  # () the frame's in its dataset
    # Of demonstrations alone: pictures with boxes say nothing of grasps (GraspVLA, section 4).
    grasp_crops: list[np.ndarray] = field(default_factory=list)  # (V, KEPT_GRASP, KEPT_GRASP, 3)
    windows: list[np.ndarray] = field(default_factory=list)  # (V, 3) x, y, side [px] of those
    middles: list[np.ndarray] = field(default_factory=list)  # (3,) [m] where both boxes place the object
    options: list[np.ndarray] = field(default_factory=list)  # (K, 9)
    closed: list[np.ndarray] = field(default_factory=list)  # () the fingers are around the object

    def save(self, folder: Path) -> None:
        """Write everything that there is, a file each."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, values in vars(self).items():
            if name == "texts":
                (folder / "texts.json").write_text(json.dumps(values))
            elif values:
                np.save(folder / f"{name}.npy", np.stack(values))


def read_frames(
    root: Path,
    frames: Sequence[int],
    seed: int,
    views: Views,
    reader: LeRobotReader | None = None,
    said: bool = False,
    crop: int = matching.CROP,
) -> FrameSet:
    """Cut frames of a dataset for a network that takes crops of this size [px].

    `said`: the words of its own instructions are among the sentences.

    Raises ConfigError when it lacks a camera or an annotation.
    """
    reader = reader or LeRobotReader(root)
    for name in (*(IMAGES + view for view in views), *(notes.boxes_column(view) for view in views)):
        if name not in reader.metadata.features:
            raise ConfigError(f"{root}: has no {name}: training needs both cameras and what `vla generate` notes down")
    require_measured(reader, dict.fromkeys(IMAGES + view for view in views))
    made, sentences = FrameSet(), Sentences(seed)
    rng = np.random.default_rng(seed)
    column = reader.column
    features = reader.metadata.features
    acts = ACTION in features
    # Beside a camera that stands, those on hands look elsewhere: what is named is seen by the first alone.
    must_see = 1 if not acts and len(reader.metadata.video_keys) > len(views) else len(views)
    tool = _tool_columns(features[STATE].names or ())
    for frame, episode in zip(frames, reader.metadata.episode_of(frames), strict=True):
        # Datasets of before tables of twelve have fewer rows.
        boxes = np.stack([notes.padded(column(notes.boxes_column(view))[frame], notes.OBJECTS) for view in views])
        calibrations = np.stack([column(f"observation.calibration.{view}")[frame] for view in views]).astype(float)
        target = int(column(notes.TARGET)[frame])
        if boxes[:must_see, target, 4].min() < SEEN:
            continue
        names = str(column(notes.OBJECT_NAMES)[frame]).split(";")
        positions = column(notes.POSITIONS)[frame]
        pictures = [reader.image(IMAGES + view, frame) for view in views]
        _add_pictures(made, pictures, boxes, calibrations)
        _add_things(made, pictures, boxes, names, round(CROP_MARGIN * crop), rng)
        words = _said(reader.task(frame), names, target) if said else []
        extents = column(notes.EXTENTS)[frame] if notes.EXTENTS in features else None
        shown = boxes[:must_see, :, 4].min(axis=0) >= SEEN
        made.texts.append(sentences.of_frame(names, positions, shown, SENTENCES, words, extents))
        made.tools.append(column(STATE)[frame, tool].astype(float) if tool else np.full(3, np.nan))
        made.rows.append(np.array(frame))
        made.episodes.append(np.array(episode))
        if acts:
            _add_grasps(made, pictures, boxes[:, target, :4], calibrations, positions[target].astype(float), rng)
            made.options.append(column(notes.GRASP_OPTIONS)[frame].astype(np.float32))
            made.closed.append(np.array(column(notes.CLOSED)[frame]))
    return made


def _tool_columns(names: Sequence[str]) -> list[int]:
    """Return which of the state's channels say where the first tool point is; none where no channel does."""
    first = next((name.removesuffix(AXES[0]) for name in names if name.endswith(AXES[0])), None)
    return [] if first is None else [names.index(first + axis) for axis in AXES]


def contract_views(contract: DataContract) -> Views:
    """Return a contract's two cameras. Raises ConfigError when it has fewer or more."""
    if len(contract.cameras) != 2:
        raise ConfigError(
            f"contract '{contract.name}' has cameras {', '.join(contract.cameras) or 'none'}: the small GraspVLA has "
            "two views"
        )
    first, second = contract.cameras
    return first, second


def _said(instruction: str, names: list[str], target: int) -> list[tuple[int, str]]:
    """Return which things a person's words mean: where they name a part, the whole and then the part."""
    plain, part = split_part(instruction)
    if not part or target + 1 >= len(names) or names[target] != BY + part:
        return [(target, instruction)]
    return [(target + 1, plain), (target, names[target])]


def _add_pictures(made: FrameSet, pictures: list[np.ndarray], boxes: np.ndarray, calibrations: np.ndarray) -> None:
    made.pictures.append(proposals.small_pictures(pictures))
    sizes = np.array([picture.shape[1::-1] for picture in pictures])  # (V, 2): a wrist's may be smaller than a head's
    shares = np.column_stack([sizes, sizes, np.ones(len(sizes))]).astype(np.float32)
    made.boxes.append(boxes / shares[:, None])
    made.sizes.append(sizes)
    made.calibrations.append(calibrations)


def _add_things(
    made: FrameSet,
    pictures: list[np.ndarray],
    boxes: np.ndarray,
    names: list[str],
    kept: int,
    rng: np.random.Generator,
) -> None:
    rows = np.full(boxes.shape[:2], -1, dtype=np.int64)
    for view, picture in enumerate(pictures):
        for i in range(len(names)):
            if boxes[view, i, 4] < SEEN:
                continue
            box = boxes[view, i, :4]
            size = box[2:] - box[:2]
            shaken = box + np.tile(0.06 * size * rng.normal(size=2), 2) + 0.04 * np.tile(size, 2) * rng.normal(size=4)
            rows[view, i] = len(made.crops)
            made.crops.append(box_window(shaken, KEPT_MARGIN, CROP_MARGIN * LEAST).cut(picture, kept))
    made.things.append(rows)
    labels = np.full((boxes.shape[1], 2), -1, dtype=np.int64)
    for i, name in enumerate(names):
        labels[i] = Sentences.label(name)
    made.labels.append(labels)


def _add_grasps(
    made: FrameSet,
    pictures: list[np.ndarray],
    boxes: np.ndarray,
    calibrations: np.ndarray,
    position: np.ndarray,
    rng: np.random.Generator,
) -> None:
    sizes = [(picture.shape[1], picture.shape[0]) for picture in pictures]
    first, second = boxes.astype(float)
    # As the policy places it, which remembers where a thing was that a picture's edge cuts now.
    middle = place_pairs(list(calibrations), [first[None], second[None]], sizes, position)[0][0, 0]
    around = middle + rng.normal(size=3) * 0.006
    windows = [point_window(calibration, around, grasp_network.EXTENT * 1.125) for calibration in calibrations]
    made.grasp_crops.append(
        np.stack([window.cut(picture, KEPT_GRASP) for window, picture in zip(windows, pictures, strict=True)])
    )
    made.windows.append(np.array([(window.x, window.y, window.side) for window in windows]))
    made.middles.append(middle)


def chosen_frames(reader: LeRobotReader, per_episode: int, seed: int) -> Iterator[int]:
    """Yield frames of every episode, spread over it; all of an episode that has no more."""
    rng = np.random.default_rng(seed)
    for episode in reader.metadata.episodes:
        if episode.length <= per_episode:
            yield from range(episode.start, episode.start + episode.length)
            continue
        places = (np.arange(per_episode) + rng.uniform(size=per_episode)) / per_episode * episode.length
        yield from (episode.start + places.astype(int)).tolist()

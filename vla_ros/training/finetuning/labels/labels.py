# SPDX-License-Identifier: Apache-2.0
"""The annotations of a demonstration that nobody annotated, derived from what it shows.

A recording has pictures, calibrations, states, actions and words. Grasp and opening are those at which the fingers
closed; boxes are the checkpoint's own proposals that show that place; an action is an example unless it stands still
or belongs to a closure that held nothing. Shape legend: V = 2 views, T frames, N objects, K grasps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import VlaError
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE
from vla_ros.data.datasets.metadata import EpisodeMetadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.hands.masks import is_masked
from vla_ros.policies.actions.single_arm import STATE_TOOL, STATE_WIDTH
from vla_ros.policies.graspvla.small.part_search import BY, part_boxes, part_points, split_part
from vla_ros.policies.graspvla.small.target_search import Proposed, TargetSearch
from vla_ros.training.finetuning.labels import object_boxes
from vla_ros.training.finetuning.labels.closure import Closure, find_closure
from vla_ros.training.finetuning.labels.phrases import named_thing
from vla_ros.training.generation import annotations as notes
from vla_ros.training.generation.demonstrators.grasping import OPTIONS
from vla_ros.training.pictures.frames import Views

LOOKED_AT = 12  # frames that say where the object lay
STILL, STILL_TURN, STILL_WIDTH = 0.0005, 0.003, 0.0005  # [m], [rad], [m] of an action that does nothing
SHOWN = 0.15  # share of a box that a picture must hold of it
OTHER_PARTS, AWAY = 4, 0.055  # of an object that are told from the part that was taken; [m] from it
PAUSE = 3  # frames in a row that do nothing are a pause and no example


@dataclass(frozen=True, eq=False)
class Labels:
    """Columns of an episode, and what they rest on."""

    columns: dict[str, np.ndarray]
    closure: Closure
    resting: object_boxes.RestingObject


def label_episode(reader: LeRobotReader, episode: EpisodeMetadata, search: TargetSearch, views: Views) -> Labels:
    """Return the annotation columns of an episode. Raises VlaError when nothing was lifted in it."""
    frames = slice(episode.start, episode.start + episode.length)
    states, anchors, actions = (reader.column(name)[frames].astype(float) for name in (STATE, ANCHOR, ACTION))
    calibrations = np.stack([reader.column(f"observation.calibration.{view}")[frames] for view in views], axis=1)
    commanded = np.concatenate([states[:1, STATE_WIDTH], actions[:-1, 6]])
    closure = find_closure(commanded, states[:, STATE_WIDTH], states[:, STATE_TOOL][:, 2])
    if closure is None:
        raise VlaError("nothing is lifted in it: no closure of the fingers that holds something and rises")
    T_grasp = poses(anchors)[closure.told]
    if is_masked(reader.metadata):  # a hand without a robot: there are no two views to find a box in
        return _motion_alone(closure, T_grasp, anchors, actions, commanded, views)
    point = T_grasp[:3, 3]
    seen = _proposals(reader, episode, search, views)
    clear = list(_clear_frames(closure, states[:, STATE_TOOL], point))
    resting = object_boxes.find_resting([seen[k] for k in clear], calibrations[clear].astype(float), point)
    sizes = [reader.metadata.features[IMAGES + view].shape[1::-1] for view in views]
    columns = _grasps(closure, T_grasp, anchors) | _things(
        closure, resting, seen, calibrations.astype(float), states, anchors, views, sizes
    )
    name, part = named_thing(reader.task(episode.start)), split_part(reader.task(episode.start))[1]
    names = [name]
    if part:
        _put_part(columns, closure, calibrations.astype(float), poses(anchors), views)
        names = [BY + part, name]
    first, second = (columns[notes.boxes_column(view)][..., 4] > 0 for view in views)
    rows = first | second
    columns[notes.OBJECT_NAMES] = np.array(
        [";".join([*names, *[""] * max(0, int(np.flatnonzero(row).max(initial=0)) + 1 - len(names))]) for row in rows],
        dtype=object,
    )
    columns[notes.TARGET] = np.zeros(episode.length, dtype=np.int64)
    columns[notes.VALID] = _examples(actions, commanded, closure).astype(np.int64)
    return Labels(columns, closure, resting)


def _motion_alone(
    closure: Closure, T_grasp: np.ndarray, anchors: np.ndarray, actions: np.ndarray, commanded: np.ndarray, views: Views
) -> Labels:
    """Return labels that teach motion and nothing else: the object is where the fingers closed."""
    count, T = len(anchors), poses(anchors)
    resting = object_boxes.RestingObject(np.zeros((2, 4)), T_grasp[:3, 3].copy(), 0.0, np.zeros((2, 11)))
    positions = np.zeros((count, notes.OBJECTS, 3), dtype=np.float32)
    positions[:, 0] = T_grasp[:3, 3]
    positions[closure.held : closure.ended, 0] = T[closure.held : closure.ended, :3, 3]
    columns = _grasps(closure, T_grasp, anchors) | {
        notes.POSITIONS: positions,
        notes.OBJECT_NAMES: np.array([""] * count, dtype=object),
        notes.TARGET: np.zeros(count, dtype=np.int64),
        notes.VALID: _examples(actions, commanded, closure).astype(np.int64),
    }
    columns |= {notes.boxes_column(view): np.zeros((count, notes.OBJECTS, 5), dtype=np.float32) for view in views}
    return Labels(columns, closure, resting)


def poses(numbers: np.ndarray) -> np.ndarray:
    """Return poses (T, 4, 4) of positions and quaternions xyzw (T, 7)."""
    T = np.tile(np.eye(4), (len(numbers), 1, 1))
    T[:, :3, :3], T[:, :3, 3] = Rotation.from_quat(numbers[:, 3:]).as_matrix(), numbers[:, :3]
    return T


def _proposals(reader: LeRobotReader, episode: EpisodeMetadata, search: TargetSearch, views: Views) -> list[Proposed]:
    """Return what is proposed in each frame."""
    pictures = zip(*(reader.images(IMAGES + view, episode.index) for view in views), strict=True)
    return [search.propose(shown) for shown in pictures]


def _clear_frames(closure: Closure, tool: np.ndarray, point: np.ndarray) -> Sequence[int]:
    """Return frames in which the object lies where it is grasped later, and the hand is furthest from it."""
    before = np.arange(closure.missed_until, max(closure.told, closure.missed_until + 1))
    away = np.linalg.norm(tool[before] - point, axis=1)
    return before[np.argsort(-away, kind="stable")[:LOOKED_AT]].tolist()


def _grasps(closure: Closure, T_grasp: np.ndarray, anchors: np.ndarray) -> dict[str, np.ndarray]:
    count = len(anchors)
    closed = (np.arange(count) >= closure.told) & (np.arange(count) < closure.ended)
    options = np.zeros((count, OPTIONS, 9), dtype=np.float32)
    grasp = np.tile(np.concatenate([notes.pose_numbers(T_grasp), [closure.opening]]), (count, 1))
    # Before it was missed, it may have lain elsewhere.
    lies = (np.arange(count) >= closure.missed_until) & (np.arange(count) < closure.told)
    options[lies, 0] = np.concatenate([grasp[0], [1.0]])
    after = np.minimum(np.arange(count) + 1, count - 1)
    grasp[closed, :7] = anchors[after][closed]  # as in generated data: the tool's next pose
    options[closed, 0] = np.column_stack([grasp[closed], np.ones(int(closed.sum()))])
    return {notes.GRASP: grasp, notes.GRASP_OPTIONS: options, notes.CLOSED: closed.astype(np.int64)}


def _things(
    closure: Closure,
    resting: object_boxes.RestingObject,
    seen: list[Proposed],
    calibrations: np.ndarray,
    states: np.ndarray,
    anchors: np.ndarray,
    views: Views,
    sizes: Sequence[tuple[int, ...]],
) -> dict[str, np.ndarray]:
    """Return boxes and positions: the object in row 0, what else is proposed below it."""
    count = len(states)
    boxes = np.zeros((2, count, notes.OBJECTS, 5), dtype=np.float32)
    positions = np.zeros((count, notes.OBJECTS, 3), dtype=np.float32)
    T = poses(anchors)
    moves = [bool((calibrations[:, view] != calibrations[0, view]).any()) for view in range(2)]
    away = np.linalg.norm(states[:, STATE_TOOL] - resting.middle, axis=1)
    for k in range(count):
        T_moved = np.eye(4)
        if closure.held <= k < closure.ended:
            T_moved = T[k] @ np.linalg.inv(T[closure.held])
        wanted, positions[k, 0] = object_boxes.moved_boxes(resting, calibrations[k], T_moved)
        lies = closure.missed_until <= k < closure.told
        for view in range(2):
            shown = 1.0
            if moves[view]:  # its picture may show a part, or nothing
                width, height = sizes[view]
                wanted[view], shown = object_boxes.inside(wanted[view], (width, height))
            if shown < SHOWN:
                continue
            found = object_boxes.seen_box(wanted[view], seen[k][view][0])
            if found is not None:
                boxes[view, k, 0] = *found, shown
            elif lies and away[k] > object_boxes.HIDDEN:
                boxes[view, k, 0] = *wanted[view], shown
        others = object_boxes.other_things(seen[k], calibrations[k], wanted, notes.OBJECTS - 1)
        boxes[:, k, 1 : 1 + len(others)] = others.transpose(1, 0, 2)
    named = {notes.boxes_column(view): boxes[i] for i, view in enumerate(views)}
    return named | {notes.POSITIONS: positions}


def _put_part(
    columns: dict[str, np.ndarray], closure: Closure, calibrations: np.ndarray, T: np.ndarray, views: Views
) -> None:
    """Put the part that was taken into row 0, the whole object into row 1, other parts of it and other things below.

    The words mean the part then, and so does what comes after it in the chain: crops are cut around it, and grasps are
    looked for there. GraspVLA's task-specific grasps (section 5.5) need no more than such a box. Of the other parts
    the network learns which one is not meant.
    """
    point = T[closure.told][:3, 3]
    positions = columns[notes.POSITIONS]
    wholes = [columns[notes.boxes_column(view)] for view in views]
    for rows in (positions, *wholes):
        rows[:, 2 + OTHER_PARTS :] = rows[:, 1 : -1 - OTHER_PARTS].copy()
        rows[:, 1] = rows[:, 0].copy()
        rows[:, 2 : 2 + OTHER_PARTS] = 0.0
    for k in range(len(T)):
        moved = T[k] @ np.linalg.inv(T[closure.held]) if closure.held <= k < closure.ended else np.eye(4)
        positions[k, 0] = moved[:3, :3] @ point + moved[:3, 3]
        own = np.stack([whole[k, 1, :4] for whole in wholes]).astype(float)
        boxes = part_boxes(own, calibrations[k], positions[k, 0].astype(float))
        for whole, box in zip(wholes, boxes, strict=True):
            whole[k, 0, :4] = box if whole[k, 1, 4] > 0 else 0.0
        if all(whole[k, 1, 4] > 0 for whole in wholes):
            others = _other_parts(own, calibrations[k], positions[k, 0].astype(float), k)
            for view, whole in enumerate(wholes):
                whole[k, 2 : 2 + len(others)] = np.insert(others[:, view], 4, 1.0, axis=1)


def _other_parts(own: np.ndarray, calibrations: np.ndarray, point: np.ndarray, seed: int) -> np.ndarray:
    """Return boxes (P, V, 4) of up to OTHER_PARTS places of an object with boxes `own` (V, 4), away from the part."""
    points = part_points(own, calibrations)
    points = points[np.linalg.norm(points - point, axis=1) > AWAY]
    chosen = np.random.default_rng(seed).permutation(len(points))[:OTHER_PARTS]
    return np.array([part_boxes(own, calibrations, points[i]) for i in chosen]).reshape(-1, 2, 4)


def _examples(actions: np.ndarray, commanded: np.ndarray, closure: Closure) -> np.ndarray:
    """Return which actions are worth imitating (T,)."""
    widths = np.diff(np.concatenate([commanded, actions[-1:, 6]]))
    does = (np.linalg.norm(actions[:, :3], axis=1) > STILL) | (np.linalg.norm(actions[:, 3:6], axis=1) > STILL_TURN)
    does |= np.abs(widths) > STILL_WIDTH
    does[closure.told - 1 : closure.held + 1] = True  # closing waits for the fingers
    valid = does.copy()
    for first, end in _runs(~does):
        if end - first < PAUSE:
            valid[first:end] = True
    # What led to a closure that held nothing is no example, opening again is.
    valid[: max(0, closure.missed_until - 1)] = False
    valid[closure.ended :] = False
    return valid


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))

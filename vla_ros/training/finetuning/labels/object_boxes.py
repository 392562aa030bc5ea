# SPDX-License-Identifier: Apache-2.0
"""Boxes of a demonstration's object, and of what lies around it, from the checkpoint's own proposals.

The fingers closed on the object, so the point between them then lies on it: of the proposals of both views those are
its box that show this point and whose lines of sight meet near it. Until it is touched it lies still: what most frames
agree on, each as the first one's cameras would show it, is its box in all of them. A hand that hides it is near it, and
then a frame must propose the box itself.
Shape legend: V = 2 views, T frames, K proposals of a view, N objects of a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.policies.backbone.view_geometry import project, triangulate
from vla_ros.policies.graspvla.small.part_search import ball_boxes
from vla_ros.policies.graspvla.small.target_search import Proposed

MARGIN = 8.0  # [px] by which a box may miss the point between the fingers
GAP, NEAR = 0.015, 0.05  # [m] by which lines of sight pass each other, and miss the closing point: standard deviations
APART, FAR = 0.04, 0.13  # [m] more is another object
HIDDEN = 0.14  # [m] of the tool from the object: a hand this near may hide it
SAME = 0.4  # overlap of two boxes of one object
SURE = 0.3  # score of a proposal that is taken for a thing


@dataclass(frozen=True, eq=False)
class RestingObject:
    """The object as it lay before it was grasped."""

    boxes: np.ndarray  # (V, 4) x1 y1 x2 y2 [px]
    middle: np.ndarray  # (3,) [m]
    agreed: float  # 0…1: share of the frames looked at that found it there
    calibrations: np.ndarray  # (V, 11) of the cameras that show it so


def find_resting(proposed: Sequence[Proposed], calibrations: np.ndarray, point: np.ndarray) -> RestingObject:
    """Return the object that lies at `point` (3,) [m], by the proposals of frames in which nothing hides it.

    `calibrations` are (V, 11), or those of each frame (T, V, 11) where a camera moves.
    """
    each = np.broadcast_to(calibrations, (len(proposed), *calibrations.shape[-2:]))
    found = ((_best_pair(one, then, point), then) for one, then in zip(proposed, each, strict=True))
    pairs = [_seen_by(each[0], pair, then) for pair, then in found if pair is not None]
    if not pairs:
        return _ball(each[0], point)
    boxes = np.array(pairs)  # (frames, V, 4)
    likeness = np.mean([overlap(boxes[:, view], boxes[:, view]) for view in range(2)], axis=0)
    best = int(likeness.sum(axis=1).argmax())
    alike = likeness[best] > 0.5
    agreed = np.median(boxes[alike], axis=0)
    share = float(alike.sum() / max(1, len(proposed)))
    return RestingObject(agreed, middle_of(agreed, each[0]), share, each[0])


def middle_of(boxes: np.ndarray, calibrations: np.ndarray) -> np.ndarray:
    """Return where both views' boxes (V, 4) place an object (3,) [m]."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    return triangulate(calibrations[0], centres[0], calibrations[1], centres[1])[0]


def moved_boxes(resting: RestingObject, calibrations: np.ndarray, T_moved: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes (V, 4) and middle (3,) after the object has moved by T_moved (4, 4), base frame."""
    middle = T_moved[:3, :3] @ resting.middle + T_moved[:3, 3]
    boxes = [
        _carried(box, then, resting.middle, now, middle)
        for box, then, now in zip(resting.boxes, resting.calibrations, calibrations, strict=True)
    ]
    return np.array(boxes), middle


def inside(box: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, float]:
    """Return what of a box (4,) is in a picture of `size`, width and height [px], and which share of it that is."""
    cut = np.clip(box, 0.0, np.tile(np.array(size) - 1.0, 2))
    return cut, float(np.prod(cut[2:] - cut[:2]) / max(np.prod(box[2:] - box[:2]), 1e-9))


def _carried(box: np.ndarray, then: np.ndarray, before: np.ndarray, now: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return a box (4,) around a middle (3,) as another calibration (11,) shows it around another middle."""
    (first,), (near,) = project(then, before[None])
    (second,), (far,) = project(now, after[None])
    half = 0.5 * (box[2:] - box[:2]) * near / max(far, 1e-3) * (now[:2] / then[:2])
    centre = (box[:2] + box[2:]) / 2 + second - first
    return np.concatenate([centre - half, centre + half])


def _seen_by(wanted: np.ndarray, boxes: np.ndarray, calibrations: np.ndarray) -> np.ndarray:
    """Return boxes (V, 4) of one thing as cameras of other calibrations show it: those that stand as they are."""
    if np.array_equal(wanted, calibrations):
        return boxes
    middle = middle_of(boxes, calibrations)
    return np.array(
        [
            box if np.array_equal(then, now) else _carried(box, then, middle, now, middle)
            for box, then, now in zip(boxes, calibrations, wanted, strict=True)
        ]
    )


def seen_box(wanted: np.ndarray, boxes: np.ndarray) -> np.ndarray | None:
    """Return the proposal of a frame (K, 4) that shows the same thing as a box (4,); None without one."""
    if len(boxes) == 0:
        return None
    likeness = overlap(wanted[None], boxes)[0]
    return boxes[int(likeness.argmax())] if likeness.max() >= SAME else None


def other_things(proposed: Proposed, calibrations: np.ndarray, target: np.ndarray, most: int) -> np.ndarray:
    """Return boxes of what else is proposed (N, V, 5) with a share seen of 1, 0 where a view lacks it; `most` rows."""
    views = []
    for (boxes, scores), own in zip(proposed, target, strict=True):
        apart = overlap(own[None], boxes)[0] < 0.3 if len(boxes) else np.zeros(0, dtype=bool)
        views.append(boxes[apart & (scores >= SURE)])
    rows: list[np.ndarray] = []
    first, second = views
    free = list(range(len(second)))
    for box in first:
        row = np.zeros((2, 5))
        row[0] = *box, 1.0
        gaps = [_gap(calibrations, box, second[j]) for j in free]
        if gaps and min(gaps) < GAP:
            row[1] = *second[free.pop(int(np.argmin(gaps)))], 1.0
        rows.append(row)
    for j in free:
        row = np.zeros((2, 5))
        row[1] = *second[j], 1.0
        rows.append(row)
    rows.sort(key=lambda row: -row[:, 4].sum())
    return np.array(rows[:most]).reshape(-1, 2, 5)


def overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the intersection over union of boxes (A, 4) and (B, 4): (A, B)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    common = np.clip(high - low, 0.0, None).prod(axis=2)
    areas = [np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None).prod(axis=1) for boxes in (first, second)]
    return common / np.maximum(areas[0][:, None] + areas[1][None] - common, 1e-9)


def _best_pair(proposed: Proposed, calibrations: np.ndarray, point: np.ndarray) -> np.ndarray | None:
    """Return the boxes (V, 4) of a frame that show the point and agree on a place near it; None without such a pair."""
    showing = []
    for (boxes, scores), calibration in zip(proposed, calibrations, strict=True):
        (pixel,), _ = project(calibration, point[None])
        inside = ((boxes[:, :2] - MARGIN < pixel) & (pixel < boxes[:, 2:] + MARGIN)).all(axis=1)
        showing.append((boxes[inside], scores[inside]))
    (first, p), (second, q) = showing
    if len(first) == 0 or len(second) == 0:
        return None
    a, b = (first[:, :2] + first[:, 2:]) / 2, (second[:, :2] + second[:, 2:]) / 2
    places, gaps = triangulate(calibrations[0], a[:, None], calibrations[1], b[None])
    away = np.linalg.norm(places - point, axis=2)
    fit = np.log(p)[:, None] + np.log(q)[None] - 0.5 * (gaps / GAP) ** 2 - 0.5 * (away / NEAR) ** 2
    fit = np.where((gaps < APART) & (away < FAR), fit, -np.inf)
    if not np.isfinite(fit).any():
        return None
    i, j = np.unravel_index(int(fit.argmax()), fit.shape)
    return np.array([first[i], second[j]])


def _gap(calibrations: np.ndarray, first: np.ndarray, second: np.ndarray) -> float:
    a, b = (first[:2] + first[2:]) / 2, (second[:2] + second[2:]) / 2
    return float(triangulate(calibrations[0], a, calibrations[1], b)[1])


def _ball(calibrations: np.ndarray, point: np.ndarray) -> RestingObject:
    """Return what a ball around the point would look like: an object that no view proposes."""
    return RestingObject(ball_boxes(calibrations, point), point.copy(), 0.0, calibrations)

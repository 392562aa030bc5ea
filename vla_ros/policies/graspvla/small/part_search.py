# SPDX-License-Identifier: Apache-2.0
"""By its handle: which part of an object that was found is meant.

A part is no thing of its own to a network that proposes wholes. So it is looked for in space: points within the
object, each with the boxes that a ball around it would have in both views, all of them asked whether they are what the
words mean. What one view says and what the other does is about the same place then.
Shape legend: V = 2 views, P points.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.special import expit

from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.backbone.view_geometry import in_box, project, triangulate
from vla_ros.policies.graspvla.small.target_search import FoundTarget, TargetSearch

RADIUS = 0.035  # [m] of a part
SPACING, HALF = 0.025, 7  # [m] between points of the grid, and how many of them to each side of the object's middle
BEYOND = 0.08  # of a box that may be found too small: its ends are what is requested
MOST = 35  # points that are asked about
AT_ONCE = 7  # of them, beside the whole: as many as training shows
ALIKE = 0.045  # [m] from the best point: the middle of what fits there is the part
SCORE = 0.6  # of a box that nobody proposed, as training has it on average
BY = "by its "  # begins what a part is requested by; what the whole is called says nothing of where its parts are
_BY_PART = re.compile(r"^(.*?) by (its|the) (\w+(?: (?:end|part|side))?)$", re.IGNORECASE)

Calibrations = Sequence[np.ndarray] | np.ndarray  # (11,) a view


def split_part(instruction: str) -> tuple[str, str]:
    """Return what is left of "pick up the mug by its handle", and the part: "pick up the mug", "handle"; or "".

    "By the bottle" says where it stands: what is a thing of its own is no part.
    """
    found = _BY_PART.match(instruction.strip().rstrip(".!"))
    if not found or (found[2].lower() == "the" and found[3].lower() in _nouns()):
        return instruction, ""
    return found[1], found[3]


@cache
def _nouns() -> frozenset[str]:
    catalogue = load_catalogue()
    return frozenset([*catalogue.categories, *catalogue.synonyms])


def part_points(boxes: np.ndarray, calibrations: Calibrations) -> np.ndarray:
    """Return points (P, 3) [m] that both boxes (V, 4) [px] of an object show: its middle, then far ones before near."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    middle, _ = triangulate(calibrations[0], centres[0], calibrations[1], centres[1])
    steps = SPACING * np.arange(-HALF, HALF + 1)
    points = middle + np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    for box, calibration in zip(boxes, calibrations, strict=True):
        pixels, depths = project(calibration, points)
        points = points[in_box(pixels, box, BEYOND) & (depths > 0.1)]
    return _spread(np.concatenate([middle[None], points]))


def _spread(points: np.ndarray) -> np.ndarray:
    """Return MOST of the points, each as far from those before it as can be, the first first."""
    chosen = [0]
    away = np.linalg.norm(points - points[0], axis=1)
    while len(chosen) < MOST and away.max() >= 0.9 * SPACING:
        chosen.append(int(away.argmax()))
        away = np.minimum(away, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return points[chosen]


def ball_boxes(calibrations: Calibrations, point: np.ndarray) -> np.ndarray:
    """Return boxes (V, 4) [px] of a ball of RADIUS around a point (3,) [m]."""
    boxes = []
    for calibration in calibrations:
        (pixel,), (depth,) = project(calibration, point[None])
        half = calibration[:2] * RADIUS / depth
        boxes.append(np.concatenate([pixel - half, pixel + half]))
    return np.array(boxes)


def part_boxes(boxes: np.ndarray, calibrations: Calibrations, point: np.ndarray) -> np.ndarray:
    """Return boxes (V, 4) around the part of an object that is taken at `point` (3,): a ball, cut to the object's."""
    around = ball_boxes(calibrations, point)
    low, high = np.maximum(around[:, :2], boxes[:, :2]), np.minimum(around[:, 2:], boxes[:, 2:])
    cut = np.concatenate([low, high], axis=1)
    # A point at the very edge of a box that was found too small would leave a sliver.
    whole = (high - low > 0.5 * (around[:, 2:] - around[:, :2])).all(axis=1)
    return np.where(whole[:, None], cut, around)


def find_part(
    search: TargetSearch,
    pictures: Sequence[np.ndarray],
    calibrations: Sequence[np.ndarray],
    whole: FoundTarget,
    words: np.ndarray,
) -> FoundTarget:
    """Return the part of `whole` that the words (T, SIZE) mean, as a target of its own."""
    own = np.array(whole.boxes)
    points = part_points(own, calibrations)
    boxes = np.array([part_boxes(own, calibrations, point) for point in points])  # (P, V, 4)
    fits = np.empty((len(points), len(own)))  # logits
    groups = -(-len(points) // AT_ONCE)
    for first in range(groups):
        rows = np.arange(first, len(points), groups)
        seen = [np.concatenate([own[None, view], boxes[rows, view]]) for view in range(len(own))]
        logits = search.match(pictures, calibrations, [(shown, np.full(len(shown), SCORE)) for shown in seen], words)
        for view, values in enumerate(logits):
            fits[rows, view] = values[1:]
    total = fits.sum(axis=1)
    best = int(total.argmax())
    near = np.linalg.norm(points - points[best], axis=1) < ALIKE
    weights = np.exp(total[near] - total[best])
    middle = (weights[:, None] * points[near]).sum(axis=0) / weights.sum()
    shares = expit(fits)
    return dataclasses.replace(
        whole,
        boxes=tuple(part_boxes(own, calibrations, middle)),
        candidates=tuple(np.column_stack([boxes[:, view], shares[:, view]]) for view in range(len(own))),
        middle=middle,
    )

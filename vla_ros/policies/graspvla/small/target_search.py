# SPDX-License-Identifier: Apache-2.0
"""From two pictures and a sentence to the box of the object in each view, and where both place it.

Shape legend: K proposals of a view.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from vla_ros.policies.backbone.look_memory import LookMemory
from vla_ros.policies.backbone.network import LEAST, Answer, Backbone, Proposed
from vla_ros.policies.backbone.standing import unlike_heights
from vla_ros.policies.backbone.view_geometry import project, ray
from vla_ros.policies.graspvla.small.cut_boxes import place_pairs

GAP = 0.015  # [m] by which the lines of sight to one object may pass each other
UNLIKE = 1.6  # standard deviations by which two boxes disagree about how tall it is: beyond, one may be half hidden
APART = 0.08  # [m] more than any calibration is wrong by
STAY_NEAR = 0.04  # [m] from where the object is expected
REJECTED, REJECTED_NEAR = 3.0, 0.05  # logits less for what is so near [m] to what an earlier attempt chose in vain
NONE = -5.0  # logit of "nothing here": what a view gives less is looked for along the line of sight of the other
MADE_UP = 2.0  # logits by which a box along a line of sight must fit better than one that was proposed
SIGHT, SIGHT_STEPS = (0.4, 1.8), 24  # [m] from the camera
ON_HAND = 0.08  # [m] instead from one that is among the objects
REACH = np.array([[0.15, -0.45, -0.14], [0.95, 0.45, 0.75]])  # [m] where an object can be, base frame


@dataclass(frozen=True, eq=False)
class FoundTarget:
    """The object that is meant."""

    boxes: tuple[np.ndarray, ...]  # (4,) x1 y1 x2 y2 [px] a view
    candidates: tuple[np.ndarray, ...]  # (K, 5) boxes [px] and how well they fit, 0…1, a view
    middle: np.ndarray  # (3,) [m]
    score: float  # 0…1 how well it fits the words, the better of both views
    together: float  # 0…1 the same by both views: the mean of their logits
    agreed: float  # 0…1 how clearly it is this one of all that a view shows, the worse of both views


class TargetSearch:
    """Let the backbone propose and compare with the words, and both views agree."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        self._memory = LookMemory()
        self._answer: Answer | None = None
        self.rejected: list[np.ndarray] = []  # (3,) [m] where what earlier attempts chose stands

    def reset(self) -> None:
        """Forget the episode."""
        self._memory.clear()
        self._answer = None
        self.rejected = []

    @property
    def compared(self) -> np.ndarray | None:
        """Return the last layer's tokens (D,) of what fitted best in each view, their mean; None before a look."""
        if self._answer is None:
            return None
        first = np.cumsum([0, *map(len, self._answer.logits[:-1])])
        views = zip(first, self._answer.logits, strict=True)
        best = [int(row + logits.argmax()) for row, logits in views if len(logits)]
        return self._answer.things[best].mean(dim=0).float().numpy() if best else None

    def propose(self, pictures: Sequence[np.ndarray]) -> Proposed:
        """Return boxes (K, 4) [px] and scores (K,) of each picture (H, W, 3), the best first."""
        return self._backbone.propose(pictures)

    def find(
        self,
        pictures: Sequence[np.ndarray],
        calibrations: Sequence[np.ndarray],
        proposed: Proposed,
        words: np.ndarray,
        expected: np.ndarray | None = None,
        trust: float = 0.0,
    ) -> FoundTarget | None:
        """Return what fits the words (T, SIZE) best; None when the views agree on nothing within reach.

        `expected` is where the object should be (3,) [m], and `trust` how many logits being there is worth.
        """
        logits = self.match(pictures, calibrations, proposed, words)
        sizes = [(picture.shape[1], picture.shape[0]) for picture in pictures]
        best = self._best_pair(calibrations, sizes, proposed, logits, expected, trust)
        if best is None or best.agreed < NONE:
            longer = _along_sight(pictures, calibrations, proposed, logits)
            if longer is not None:
                further = self.match(pictures, calibrations, longer, words)
                other = self._best_pair(calibrations, sizes, longer, further, expected, trust)
                if other is not None and (best is None or other.agreed > best.agreed + MADE_UP):
                    proposed, logits, best = longer, further, other
        if best is None:
            return None
        shares = [expit(values) for values in logits]
        chosen = [values[row] for values, row in zip(logits, best.rows, strict=True)]
        return FoundTarget(
            boxes=tuple(boxes[row] for (boxes, _), row in zip(proposed, best.rows, strict=True)),
            candidates=tuple(
                np.column_stack([boxes, share]) for (boxes, _), share in zip(proposed, shares, strict=True)
            ),
            middle=best.middle,
            score=float(expit(np.max(chosen))),
            together=float(expit(np.mean(chosen))),
            agreed=min(_certainty(values, row) for values, row in zip(logits, best.rows, strict=True)),
        )

    def _best_pair(
        self,
        calibrations: Sequence[np.ndarray],
        sizes: Sequence[tuple[int, int]],
        proposed: Proposed,
        logits: list[np.ndarray],
        expected: np.ndarray | None,
        trust: float,
    ) -> _Pair | None:
        """Return the pair that fits words and geometry best; None when no lines of sight meet within reach."""
        boxes = [shown for shown, _ in proposed]
        points, gaps = place_pairs(calibrations, boxes, sizes, expected)
        unlike = np.clip(unlike_heights(calibrations, boxes, sizes, points), -UNLIKE, UNLIKE)
        scores = logits[0][:, None] + logits[1][None] - 0.5 * (gaps / GAP) ** 2 - 0.5 * unlike**2
        if expected is not None:
            scores += trust * (np.linalg.norm(points - expected, axis=2) < STAY_NEAR)
        for place in self.rejected:
            scores -= REJECTED * (np.linalg.norm(points - place, axis=2) < REJECTED_NEAR)
        possible = (gaps <= APART) & ((points >= REACH[0]) & (points <= REACH[1])).all(axis=2)
        if not possible.any():
            return None
        i, j = np.unravel_index(int(np.where(possible, scores, -np.inf).argmax()), scores.shape)
        return _Pair((int(i), int(j)), points[i, j], float(min(logits[0][i], logits[1][j])))

    def match(
        self,
        pictures: Sequence[np.ndarray],
        calibrations: Sequence[np.ndarray],
        proposed: Proposed,
        words: np.ndarray,
    ) -> list[np.ndarray]:
        """Return how well each box of each view fits the words (T, SIZE), as logits (K,) a view."""
        looks = self._backbone.look(pictures, proposed, calibrations, self._memory)
        self._answer = self._backbone.ask(looks, words)
        return list(self._answer.logits)


def _certainty(logits: np.ndarray, row: int) -> float:
    """Return the share of a proposal among all of a view, and nothing.

    A noun that nobody knows lowers the logits of what it could mean, and those of all else by as much or more.
    """
    others = np.append(np.delete(logits, row), NONE)
    return float(1.0 / (1.0 + np.exp(others - logits[row]).sum()))


@dataclass(frozen=True, eq=False)
class _Pair:
    """One proposal of each view that could be one object."""

    rows: tuple[int, int]
    middle: np.ndarray  # (3,) [m]
    agreed: float  # the lower of both logits


def _along_sight(
    pictures: Sequence[np.ndarray], calibrations: Sequence[np.ndarray], proposed: Proposed, logits: list[np.ndarray]
) -> Proposed | None:
    """Return the proposals and, in the view that misses what the other is sure of, boxes along its line of sight.

    None when neither view is sure, or nothing along the line is in the picture.
    """
    sure = int(logits[1].max(initial=-np.inf) > logits[0].max(initial=-np.inf))
    other = 1 - sure
    if logits[sure].max(initial=-np.inf) < 0.0:
        return None
    box = proposed[sure][0][int(logits[sure].argmax())]
    origin, direction = ray(calibrations[sure], (box[:2] + box[2:]) / 2)
    near = ON_HAND if ((origin > REACH[0]) & (origin < REACH[1])).all() else SIGHT[0]
    points = origin + np.linspace(near, SIGHT[1], SIGHT_STEPS)[:, None] * direction
    points = points[((points > REACH[0]) & (points < REACH[1])).all(axis=1)]
    centres, depths = project(calibrations[other], points)
    size = (box[2:] - box[:2]) / calibrations[sure][:2]  # at one metre
    half = 0.5 * calibrations[other][:2] * size * (project(calibrations[sure], points)[1] / depths)[:, None]
    height, width = pictures[other].shape[:2]
    inside = ((centres > 0.0) & (centres < (width, height))).all(axis=1) & (depths > 0.1)
    if not inside.any():
        return None
    boxes = np.column_stack([centres - half, centres + half])[inside]
    extended = list(proposed)
    extended[other] = (
        np.concatenate([proposed[other][0], boxes]),
        np.concatenate([proposed[other][1], np.full(len(boxes), LEAST)]),
    )
    return extended

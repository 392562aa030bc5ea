# SPDX-License-Identifier: Apache-2.0
"""From two pictures and a sentence to the box of the object in each view, and where both place it.

Shape legend: K proposals of a view.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from vla_ros.policies.graspvla.small import matching, proposals
from vla_ros.policies.graspvla.small.crops import box_window
from vla_ros.policies.graspvla.small.matching import MatchNetwork
from vla_ros.policies.graspvla.small.proposals import ProposalNetwork
from vla_ros.policies.graspvla.small.view_geometry import triangulate

COUNT = 10  # proposals a view at most
LEAST = 0.12  # score of a proposal
GAP = 0.015  # [m] by which the lines of sight to one object may pass each other
STAY_NEAR = 0.04  # [m] from where the object is expected
REACH = np.array([[0.15, -0.45, -0.25], [0.95, 0.45, 0.75]])  # [m] where an object can be, base frame


@dataclass(frozen=True, eq=False)
class FoundTarget:
    """The object that is meant."""

    boxes: tuple[np.ndarray, ...]  # (4,) x1 y1 x2 y2 [px] a view
    candidates: tuple[np.ndarray, ...]  # (K, 5) boxes [px] and how well they fit, 0…1, a view
    middle: np.ndarray  # (3,) [m]
    score: float  # 0…1 how well it fits the words, the better of both views


class TargetSearch:
    """Propose, look again closely, compare with the words, let the views agree."""

    def __init__(self, proposing: ProposalNetwork, matching_network: MatchNetwork) -> None:
        self._proposals, self._matching = proposing, matching_network

    def propose(self, pictures: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return boxes (K, 4) [px] and scores (K,) of each picture (H, W, 3), the best first."""
        size = (proposals.WIDTH, proposals.HEIGHT)
        small = np.stack([cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in pictures])
        boxes, scores = proposals.decode(self._proposals(torch.from_numpy(small)), COUNT)
        found = []
        for picture, box, score in zip(pictures, boxes.numpy(), scores.numpy(), strict=True):
            height, width = picture.shape[:2]
            keep = score >= min(LEAST, score[0])
            found.append((box[keep] * np.array([width, height, width, height]), score[keep]))
        return found

    def find(
        self,
        pictures: Sequence[np.ndarray],
        calibrations: Sequence[np.ndarray],
        proposed: list[tuple[np.ndarray, np.ndarray]],
        words: np.ndarray,
        expected: np.ndarray | None = None,
        trust: float = 0.0,
    ) -> FoundTarget | None:
        """Return what fits the words (T, SIZE) best; None when the views agree on nothing within reach.

        `expected` is where the object should be (3,) [m], and `trust` how many logits being there is worth.
        """
        logits = self._match(pictures, proposed, words)
        best: tuple[float, int, int, np.ndarray] | None = None
        for i, first in enumerate(proposed[0][0]):
            for j, second in enumerate(proposed[1][0]):
                centres = [(box[:2] + box[2:]) / 2 for box in (first, second)]
                point, gap = triangulate(calibrations[0], centres[0], calibrations[1], centres[1])
                if (point < REACH[0]).any() or (point > REACH[1]).any():
                    continue
                score = logits[0][i] + logits[1][j] - min(0.5 * (gap / GAP) ** 2, 12.0)
                if expected is not None and np.linalg.norm(point - expected) < STAY_NEAR:
                    score += trust
                if best is None or score > best[0]:
                    best = (score, i, j, point)
        if best is None:
            return None
        _, i, j, middle = best
        chosen = (proposed[0][0][i], proposed[1][0][j])
        shares = [1.0 / (1.0 + np.exp(-values)) for values in logits]
        candidates = tuple(np.column_stack([boxes, share]) for (boxes, _), share in zip(proposed, shares, strict=True))
        return FoundTarget(chosen, candidates, middle, float(max(shares[0][i], shares[1][j])))

    def _match(
        self, pictures: Sequence[np.ndarray], proposed: list[tuple[np.ndarray, np.ndarray]], words: np.ndarray
    ) -> list[np.ndarray]:
        crops, geometry = [], []
        for view, (picture, (boxes, scores)) in enumerate(zip(pictures, proposed, strict=True)):
            height, width = picture.shape[:2]
            for box, score in zip(boxes, scores, strict=True):
                crops.append(box_window(box).cut(picture, matching.CROP))
                shares = box / np.array([width, height, width, height])
                geometry.append([*shares, score, float(view == 0), float(view == 1)])
        looks = self._matching.look(torch.from_numpy(np.stack(crops)))[None]
        there = torch.ones(looks.shape[:2], dtype=torch.bool)
        # Rows without a token are masked anyway: leave them out.
        spoken = words[: max(1, int((words != 0).any(axis=1).nonzero()[0].max(initial=0)) + 1)]
        numbers = torch.tensor(np.array(geometry), dtype=torch.float32)[None]
        logits = self._matching(looks, numbers, there, torch.from_numpy(np.ascontiguousarray(spoken))[None])[0].numpy()
        first = len(proposed[0][0])
        return [logits[:first], logits[first:]]

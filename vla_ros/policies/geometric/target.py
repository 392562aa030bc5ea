# SPDX-License-Identifier: Apache-2.0
"""Which of the things on the table the instruction means, and whether any of them is it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from controllers.errors import ConfigError
from vla_ros.policies.capabilities.detection import Detection
from vla_ros.policies.geometric.language import Request
from vla_ros.policies.geometric.perceiving.color_naming import ColorNamer
from vla_ros.policies.geometric.perceiving.descriptor import describe
from vla_ros.policies.geometric.perceiving.recognition import ShapeMemory
from vla_ros.policies.geometric.perceiving.segmentation import Segment


@dataclass(frozen=True)
class TargetConfig:
    """When a thing is what was requested."""

    belief_floor: float = 0.01  # no shape is trusted to rule a category out altogether
    share_floor: float = 0.02  # nor a colour
    belief_min: float = 0.02  # in the category requested, against all others
    distance_max: float = 2.2  # standard deviations from the nearest view of the category
    share_min: float = 0.12  # of the surface in the colour requested
    share_usual: float = 0.3  # things named by a colour show at least this much of it; accents show less
    accent_cost: float = 3.0  # for showing none
    strangeness: float = 1.5  # cost of a shape unlike anything remembered
    tipped: float = 0.25  # [m] as far as a thing may roll when a finger tips it
    near: float = 0.05  # [m] a thing found again within this distance is the same thing

    def __post_init__(self) -> None:
        if not 0.0 < self.belief_floor < 1.0 or not 0.0 < self.share_floor < 1.0:
            raise ConfigError("target: belief_floor and share_floor must lie between 0 and 1")
        if self.distance_max <= 0.0 or self.near <= 0.0:
            raise ConfigError("target: distance_max and near must be > 0")


@dataclass(frozen=True, eq=False)
class Candidate:
    """One thing and how well it fits the request."""

    segment: Segment
    score: float  # log of belief and colour share
    belief: float  # in the category requested, 0…1
    distance: float  # from the category's nearest view, in standard deviations
    share: float  # of the surface in the colours requested
    fits: bool


class TargetFinder:
    """Rank things by how well shape and colour fit what was requested."""

    def __init__(self, memory: ShapeMemory, namer: ColorNamer, config: TargetConfig) -> None:
        self._memory = memory
        self._namer = namer
        self._config = config

    def rank(
        self,
        segments: tuple[Segment, ...],
        request: Request,
        camera_height: float,
        last_seen: np.ndarray | None = None,
    ) -> list[Candidate]:
        """Return every thing as a candidate, the best first; `camera_height` [m] above the table.

        `last_seen` (2,) [m]: the target was there before the hand touched it. What lies near there now may be the
        target tipped over, in a pose that the memory of shapes does not hold.
        """
        candidates = [self._judge(item, request, camera_height) for item in segments]
        if last_seen is not None and not any(candidate.fits for candidate in candidates):
            candidates = [self._give_credit(candidate, last_seen) for candidate in candidates]
        return sorted(candidates, key=lambda candidate: (not candidate.fits, -candidate.score))

    def _judge(self, item: Segment, request: Request, camera_height: float) -> Candidate:
        config = self._config
        belief, distance, share = 1.0, 0.0, 1.0
        if request.colors:
            shares = self._namer.shares(item.colors)
            share = float(sum(shares[self._namer.names.index(color)] for color in request.colors))
        if request.category is not None:
            # What is not of the colour is not described: in a full scene that is most of the work.
            if request.category not in self._memory.categories or share <= config.share_min:
                return Candidate(item, -np.inf, 0.0, np.inf, share, False)
            index = self._memory.categories.index(request.category)
            beliefs, distances = self._memory.beliefs(describe(item.points, item.heights), camera_height)
            belief, distance = float(beliefs[index]), float(distances[index])
        score = float(np.log(max(belief, config.belief_floor)) + np.log(max(share, config.share_floor)))
        score -= config.accent_cost * max(1.0 - share / config.share_usual, 0.0)
        # Beliefs compare categories and say nothing of a shape unlike them all.
        score -= config.strangeness * max(distance - 0.7, 0.0) ** 2
        fits = distance < config.distance_max and belief > config.belief_min and share > config.share_min
        return Candidate(item, score, belief, distance, share, fits)

    def _give_credit(self, candidate: Candidate, last_seen: np.ndarray) -> Candidate:
        near = np.linalg.norm(candidate.segment.center - last_seen) < self._config.tipped
        return replace(candidate, fits=bool(near) and candidate.share > self._config.share_min)


def detect(candidates: list[Candidate], request: Request) -> tuple[Detection, ...]:
    """Return candidates, the best first, as what the policy shows of them; the first that fits is the chosen one."""
    name = " ".join((*request.colors, request.category or "thing"))
    found = []
    for rank, candidate in enumerate(candidates):
        points = candidate.segment.points
        low, high = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
        found.append(
            Detection(
                label=name if candidate.fits else f"not a {name}",
                score=candidate.belief * candidate.share,
                center=(low + high) / 2.0,
                size=high - low,
                fits=candidate.fits,
                chosen=rank == 0 and candidate.fits,
            )
        )
    return tuple(found)

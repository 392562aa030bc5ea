# SPDX-License-Identifier: Apache-2.0
"""Where something is to go: the receptacle that an instruction names, found among the things on the table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vla_ros.objects.catalogue import Catalogue, with_receptacles
from vla_ros.policies.geometric.config import GeometricConfig
from vla_ros.policies.geometric.language import Request, Vocabulary, parse_instruction
from vla_ros.policies.geometric.perceiving.color_naming import ColorNamer
from vla_ros.policies.geometric.perceiving.memory_cache import remember
from vla_ros.policies.geometric.perceiving.perception import TableView
from vla_ros.policies.geometric.perceiving.segmentation import Segment
from vla_ros.policies.geometric.target import TargetFinder


@dataclass(frozen=True, eq=False)
class Goal:
    """A receptacle as the cameras see it."""

    center: np.ndarray  # (2,) [m] of its outline, base frame
    rim: float  # [m] height of its rim, base frame
    parts: frozenset[int]  # which fragments of the view it is


class GoalFinder:
    """Know receptacles beside the catalogue's own objects; what they look like is imagined when first needed."""

    def __init__(self, catalogue: Catalogue, namer: ColorNamer, config: GeometricConfig) -> None:
        self._catalogue, self._namer, self._config = catalogue, namer, config

    def read(self, phrase: str) -> Request:
        """Return what a phrase names."""
        return parse_instruction(phrase, self._vocabulary)

    def find(self, view: TableView, request: Request) -> Goal | None:
        """Return the thing that fits a request best; None where none does."""
        found = self._best(view, request)
        if found is None and request.category is not None:
            # Glossy and dark things hardly show their colour: then the shape alone has to do.
            found = self._best(view, Request(request.category, (), True))
        return None if found is None else Goal(found.center, view.table + found.height, found.parts)

    def _best(self, view: TableView, request: Request) -> Segment | None:
        ranked = self._finder.rank(view.things, request, view.camera_height)
        return ranked[0].segment if ranked and ranked[0].fits else None

    @cached_property
    def _everything(self) -> Catalogue:
        return with_receptacles(self._catalogue)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        known = self._everything
        return Vocabulary.of(known.categories, known.synonyms, known.colors)

    @cached_property
    def _finder(self) -> TargetFinder:
        return TargetFinder(remember(self._everything, self._config.recognition), self._namer, self._config.target)

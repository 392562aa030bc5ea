# SPDX-License-Identifier: Apache-2.0
"""Sentences about the objects of a frame, in the wording of training, drawn anew whenever frames are cut."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.descriptions import describe
from vla_ros.sim.scenes.instructions import write_instruction
from vla_ros.sim.scenes.objects import same_name
from vla_ros.sim.scenes.scene import PlacedObject

ABSENT = 0.12  # share of sentences about something that is not there


class Sentences:
    """Ask for objects that are there, and now and then for one that is not."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._catalogue = load_catalogue()

    def of_frame(self, names: list[str], positions: np.ndarray, seen: np.ndarray, count: int) -> list[tuple[int, str]]:
        """Return rows of objects, -1 for one that is not there, and how they are asked for; `count` at most.

        `names` are "colour category", `positions` (N, 3) [m], `seen` (N,) says which may be asked for.
        """
        placed = []
        for i, name in enumerate(names):
            T = np.eye(4)
            T[:3, 3] = positions[i]
            placed.append(PlacedObject(f"{i}", _model(name), T))
        asked: list[tuple[int, str]] = []
        for i in self._rng.permutation(np.flatnonzero(seen[: len(names)])):
            if len(asked) == count:
                break
            if self._rng.uniform() < ABSENT:
                asked.append((-1, self._absent(placed)))
            described = describe(placed[i], placed, self._catalogue, self._rng)
            if described is not None and len(asked) < count:
                # A name alone is how captions and web data say it.
                asked.append((int(i), described.phrase if self._rng.uniform() < 0.25 else described.text))
        return asked

    def _absent(self, placed: list[PlacedObject]) -> str:
        seen = self._catalogue.models("seen")
        while True:
            model = seen[int(self._rng.integers(len(seen)))]
            colors = self._catalogue.colors_of(model)
            other = _model(f"{self._rng.choice(colors)} {model.category}")
            if not any(same_name(other, there.model) for there in placed):
                return write_instruction(other, self._catalogue, self._rng)

    @staticmethod
    def label(name: str) -> tuple[int, int]:
        """Return the numbers of an object's category and colour."""
        color, category = name.split(" ", 1)
        catalogue = load_catalogue()
        return catalogue.categories.index(category), catalogue.colors.index(color)


@lru_cache(maxsize=512)
def _model(name: str) -> ObjectModel:
    """Return an object of a "colour category": its like, where the frame's own is not known."""
    color, category = name.split(" ", 1)
    catalogue: Catalogue = load_catalogue()
    shape = next(model for model in catalogue.objects if model.category == category)
    return catalogue.vary(shape, np.random.default_rng(0), color)

# SPDX-License-Identifier: Apache-2.0
"""Whether a garment hangs over a bar, and how much of it on which side. Shape legend: V vertices, E threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_ros.objects.cloth import ClothModel
from vla_ros.sim.scenes.placed import PlacedFixture


@dataclass(frozen=True, eq=False)
class Bar:
    """The axis of a hanger's bar, which is level; `behind` is away from the robot."""

    ends: np.ndarray  # (2, 3) [m] left and right

    @classmethod
    def of(cls, placed: PlacedFixture) -> Bar:
        """Return the bar of a hanger, the first of its parts."""
        part = placed.model.parts[0]
        T, half = placed.T_base_fixture, part.size[1]
        ends = np.array(part.position) + np.array([(0.0, half, 0.0), (0.0, -half, 0.0)])
        return cls(ends @ T[:3, :3].T + T[:3, 3])

    @property
    def middle(self) -> np.ndarray:
        """Return its middle (3,) [m]."""
        return self.ends.mean(axis=0)

    @property
    def left(self) -> np.ndarray:
        """Return the level direction (2,) along it."""
        along = (self.ends[0] - self.ends[1])[:2]
        return along / np.linalg.norm(along)

    @property
    def onwards(self) -> np.ndarray:
        """Return the level direction (2,) across it, away from the robot."""
        x, y = self.left
        return np.array([y, -x])

    @property
    def length(self) -> float:
        """Return how long it is [m]."""
        return float(np.linalg.norm(self.ends[0] - self.ends[1]))


@dataclass(frozen=True, eq=False)
class HangMeasure:
    """A bar and the threads of a garment, by which it is seen to lie over that."""

    bar: Bar
    threads: np.ndarray  # (E, 2) vertices

    @classmethod
    def facts(cls, model: ClothModel, hanger: PlacedFixture) -> dict[str, Any]:
        """Return what a judge must know of garment and hanger: plain values."""
        threads = {tuple(sorted(pair)) for a, b, c in model.triangles for pair in ((a, b), (b, c), (c, a))}
        return {"bar": Bar.of(hanger).ends.round(5).tolist(), "threads": [list(pair) for pair in sorted(threads)]}

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> HangMeasure:
        """Return what plain values say."""
        return cls(Bar(np.array(values["bar"])), np.array(values["threads"]))

    def behind(self, vertices: np.ndarray) -> float:
        """Return which share of a garment's vertices (V, 3) [m] is behind the bar."""
        return float((self._beyond(vertices) > 0.0).mean())

    def over(self, vertices: np.ndarray) -> bool:
        """Say whether a garment (V, 3) [m] lies over the bar: threads cross above it, between its ends.

        Below it others may cross, too: of either half a part swings to the other side.
        """
        beyond = self._beyond(vertices)
        one, other = beyond[self.threads].T
        crossing = (one > 0.0) != (other > 0.0)
        share = (one[crossing] / (one[crossing] - other[crossing]))[:, None]
        a, b = vertices[self.threads[crossing]].transpose(1, 0, 2)
        points = (1.0 - share) * a + share * b  # (C, 3)
        aside = np.abs((points[:, :2] - self.bar.middle[:2]) @ self.bar.left)
        return bool(((points[:, 2] > self.bar.middle[2]) & (aside < self.bar.length / 2)).any())

    def _beyond(self, vertices: np.ndarray) -> np.ndarray:
        """Return how far behind the bar each vertex is (V,) [m]."""
        return np.asarray((vertices[:, :2] - self.bar.middle[:2]) @ self.bar.onwards)

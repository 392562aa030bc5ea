# SPDX-License-Identifier: Apache-2.0
"""What two hands can hold at once: something long that lies, and is thin enough along all of its length."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.geometry import surface_points
from vla_ros.objects.measured import measured
from vla_ros.objects.model import ObjectModel

LENGTH = 0.14  # [m] at least: two hands side by side, and a pad's width beyond each
PLAY = 0.006  # [m] that the fingers open wider than the thing is
LEVEL = 0.3  # [rad] that its length may lie off the level
FROM_END, FROM_MIDDLE = 0.030, 0.055  # [m] where a hand is best: so far from the end, or so far from the middle


@dataclass(frozen=True)
class LongThing:
    """An object along its longest axis, object frame [m]."""

    axis: int
    low: float
    high: float
    width: float  # across it, as it lies, seen from above

    @classmethod
    def of(cls, model: ObjectModel, opening: float) -> LongThing | None:
        """Return the measures of what two hands that open so wide [m] can hold; None for what they cannot."""
        least, _, most = sorted((model.bounds[1] - model.bounds[0]).tolist())
        if most < LENGTH or least > 2.0 * opening:  # seen without asking how it comes to rest, which takes its time
            return None
        thing = cls.measure(model)
        return None if thing is None or thing.width > opening - PLAY else thing

    @classmethod
    def measure(cls, model: ObjectModel) -> LongThing | None:
        """Return an object's measures; None where it never lies along its longest axis."""
        low, high = model.bounds
        axis = int(np.argmax(high - low))
        widths = [width for _, width in _lying(model, axis)]
        return cls(axis, float(low[axis]), float(high[axis]), min(widths)) if widths else None

    @property
    def length(self) -> float:
        """Return its length [m]."""
        return self.high - self.low

    @property
    def middle(self) -> float:
        """Return where its middle is along the axis [m]."""
        return (self.low + self.high) / 2.0

    def hold(self, sign: float) -> float:
        """Return where along the axis a hand holds one half best [m]; `sign` 1 towards `high`, -1 towards `low`."""
        return self.middle + sign * min(self.length / 2.0 - FROM_END, FROM_MIDDLE)


def long_things(models: Sequence[ObjectModel], opening: float) -> list[LongThing | None]:
    """Return `LongThing.of` each object; of built-in ones it is worked out once."""
    rows = measured(models, partial(_numbers, opening=opening), f"long things, opening {opening!r}", Path(__file__))
    return [None if np.isnan(row[0]) else LongThing(int(row[0]), *row[1:].tolist()) for row in rows]


def _numbers(model: ObjectModel, opening: float) -> tuple[float, ...]:
    thing = LongThing.of(model, opening)
    return (np.nan,) * 4 if thing is None else dataclasses.astuple(thing)


def lying(model: ObjectModel, opening: float) -> ObjectModel:
    """Return the object as it comes to rest along its longest axis, and no wider than the fingers open [m]."""
    low, high = model.bounds
    poses = _lying(model, int(np.argmax(high - low)))
    return dataclasses.replace(model, resting=[pose for pose, width in poses if width <= opening - PLAY])


def _lying(model: ObjectModel, axis: int) -> list[tuple[tuple[float, ...], float]]:
    """Return the resting poses in which an axis of the object is level, and its width across that from above [m]."""
    points, found = surface_points(model.parts), []
    for pose in model.resting:
        turn = Rotation.from_quat(pose)
        along = turn.apply(np.eye(3)[axis])
        if abs(along[2]) < np.sin(LEVEL):
            across = np.array([-along[1], along[0]]) / np.linalg.norm(along[:2])
            spread = turn.apply(points)[:, :2] @ across
            found.append((pose, float(spread.max() - spread.min())))
    return found

# SPDX-License-Identifier: Apache-2.0
"""One object of a scene as a judge of words needs it: what it is, its colour, where it stands and how large it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.category import categories
from vla_ros.objects.geometry import surface_points
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.relations import Spot
from vla_ros.sim.scenes.scene import PlacedObject


@dataclass(frozen=True)
class SceneObject:
    """One object as `sim/scene` describes it, at the pose in which the scene begins."""

    name: str  # unique in the scene
    category: str
    color: str
    words: tuple[str, ...] = ()  # what else it may be called
    shape: str = ""  # of the built-in categories; "": an object of a folder, whose colour is an estimate
    spot: Spot | None = None  # the rectangle that it covers, base frame [m]; None: not known
    length: float = 0.0  # [m] its longest edge
    height: float = 0.0  # [m] as it stands
    volume: float = 0.0  # [m³] of its bounding box

    @property
    def description(self) -> str:
        """Return what a person would call it."""
        return f"{self.color} {self.category.replace('_', ' ')}"

    @property
    def accents(self) -> tuple[str, ...]:
        """Return no further colours: those of an object of a folder are an estimate, as its first is."""
        return ()

    @property
    def built_in(self) -> bool:
        """Say whether it is one of the procedural objects, of which category and colour are exact."""
        return bool(self.shape)

    @classmethod
    def of(cls, placed: PlacedObject, catalogue: Catalogue) -> SceneObject:
        """Describe an object where it stands."""
        model = placed.model
        points = surface_points(model.parts)
        heights = points @ placed.T_base_object[2, :3]
        edges = np.ptp(points, axis=0)
        return cls(
            placed.name,
            model.category,
            model.color,
            tuple(word for word, category in catalogue.synonyms.items() if category == model.category),
            _shape(model, catalogue),
            Spot.of(placed),
            float(edges.max()),
            float(np.ptp(heights)),
            float(edges.prod()),
        )

    def values(self) -> dict[str, Any]:
        """Return it as plain values for JSON, lengths to a tenth of a millimetre."""
        edges = [] if self.spot is None else [*self.spot.low, *self.spot.high]
        return {
            "name": self.name, "category": self.category, "color": self.color, "words": list(self.words),
            "shape": self.shape, "spot": [round(edge, 4) for edge in edges], "length": round(self.length, 4),
            "height": round(self.height, 4), "volume": round(self.volume, 7),
        }  # fmt: skip

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> SceneObject:
        """Return the object of such values."""
        edges = values["spot"]
        spot = Spot((edges[0], edges[1]), (edges[2], edges[3])) if edges else None
        words = tuple(values["words"])
        sizes = (values["length"], values["height"], values["volume"])
        return cls(values["name"], values["category"], values["color"], words, values["shape"], spot, *sizes)


def _shape(model: ObjectModel, catalogue: Catalogue) -> str:
    """Name the shape of a built-in object; "": one of a folder, or of no category, as a task's own parcel is."""
    known = categories().get(model.category) if catalogue.procedural else None
    return "" if known is None else known.shapes[model.shape]

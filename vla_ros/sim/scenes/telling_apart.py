# SPDX-License-Identifier: Apache-2.0
"""How one object is told from its fellows without a name: by where it stands, by how large it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vla_ros.sim.scenes.relations import CLOSEST, EXTREMES, RELATIONS, SIDES, USUAL, Margins, Spot, distance, leads
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.scenes.sizes import OF_TWO, SIZES, Size


@dataclass(frozen=True)
class Table:
    """Where the objects of a scene stand, and how large they are, by name; without sizes nothing is said of them."""

    spots: Mapping[str, Spot]
    sizes: Mapping[str, Size]
    margins: Margins = USUAL

    @classmethod
    def of(cls, objects: Sequence[PlacedObject], margins: Margins = USUAL) -> Table:
        """Measure objects where they stand."""
        sizes = {placed.name: Size.of(placed) for placed in objects}
        return cls({placed.name: Spot.of(placed) for placed in objects}, sizes, margins)

    @classmethod
    def unsized(cls, objects: Sequence[PlacedObject]) -> Table:
        """Measure where objects stand whose models are others of their kind: of sizes nothing is known."""
        return cls({placed.name: Spot.of(placed) for placed in objects}, {})

    def among(self, target: str, fellows: Sequence[str]) -> Iterator[str]:
        """Yield the ways in which the target is the one of itself and its fellows: leftmost, biggest, …"""
        if not fellows:
            return
        spot, others = self.spots[target], [self.spots[name] for name in fellows]
        for way in EXTREMES if len(fellows) > 1 else (*EXTREMES, *SIDES):
            if leads(way, spot, others, self.margins):
                yield way
        if self.sizes:
            size, rest = self.sizes[target], [self.sizes[name] for name in fellows]
            for way, beats in (SIZES if len(fellows) > 1 else SIZES | OF_TWO).items():
                if all(beats(size, other) for other in rest):
                    yield way

    def beside(self, target: str, anchor: str, fellows: Sequence[str], exact: bool) -> Iterator[str]:
        """Yield the relations to the anchor that hold for the target and for no fellow.

        `exact`: what they are all called means the target and a fellow for certain, so that "closest" compares.
        """
        rivals = [self.spots[name] for name in fellows if name != anchor]
        at, to = self.spots[target], self.spots[anchor]
        for way, holds in RELATIONS.items():
            if holds(at, to, self.margins) and all(holds(spot, to, self.margins) is False for spot in rivals):
                yield way
        near, others = distance(at, to), [distance(spot, to) for spot in rivals]
        if exact and others and near <= min(self.margins.within, min(others) - self.margins.lead):
            yield CLOSEST

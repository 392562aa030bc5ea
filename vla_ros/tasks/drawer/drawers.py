# SPDX-License-Identifier: Apache-2.0
"""Drawers of a scene's furniture: where they slide, what is held, what they hold. Plain values for a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_ros.objects.articulated import FixtureLink, FixtureModel, Vector
from vla_ros.sim.scenes.placed import PlacedFixture
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.placing.receptacles import Body, Receptacle

# What rows of drawers are called, the lowest first, and what columns are, from the left, by how many there are.
ROWS: dict[int, tuple[str, ...]] = {1: ("",), 2: ("bottom", "top"), 3: ("bottom", "middle", "top")}
COLUMNS: dict[int, tuple[str, ...]] = {1: ("",), 2: ("left", "right")}
_SAME = 0.02  # [m] between handles of one row, or of one column


@dataclass(frozen=True)
class Drawer:
    """One drawer. Its frame is the fixture's, which moves with it."""

    joint: str  # `<fixture>/<joint>`
    place: str  # among the fixture's drawers, such as top or top left; empty: it is the only one
    T_base_fixture: tuple[tuple[float, ...], ...]  # (4, 4)
    axis: tuple[float, ...]  # (3,) unit, along which it opens
    travel: float  # [m] fully open
    handle: tuple[float, ...]  # (3,) [m]
    inside: Receptacle

    @property
    def name(self) -> str:
        """Return what a person calls it."""
        return drawer_name(self.place)

    @property
    def outward(self) -> np.ndarray:
        """Return the direction (3,) in which it opens, base frame."""
        return np.array(self.T_base_fixture)[:3, :3] @ np.array(self.axis)

    def pose(self, opening: float) -> np.ndarray:
        """Return its frame (4, 4), base frame, when it is `opening` [m] open."""
        T = np.array(self.T_base_fixture)
        T[:3, 3] += opening * self.outward
        return T

    def handle_at(self, opening: float) -> np.ndarray:
        """Return where its handle is (3,) [m], base frame."""
        T = self.pose(opening)
        return T[:3, :3] @ np.array(self.handle) + T[:3, 3]

    def holds(self, opening: float, body: Body, T_base_object: np.ndarray) -> bool:
        """Say whether an object is inside: its middle between the walls, nothing of it below the floor."""
        return self.inside.supports(self.pose(opening), body, T_base_object)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Drawer:
        """Return the drawer of plain values."""
        return cls(
            str(values["joint"]),
            str(values["place"]),
            tuple(tuple(map(float, row)) for row in values["T_base_fixture"]),
            tuple(map(float, values["axis"])),
            float(values["travel"]),
            tuple(map(float, values["handle"])),
            Receptacle.read(**values["inside"]),
        )


def drawer_name(place: str) -> str:
    """Return what a person calls the drawer in a place among others."""
    return f"{place} drawer".strip()


def drawers_of(placed: PlacedFixture) -> tuple[Drawer, ...]:
    """Return the drawers of a fixture: what slides, has a handle and holds something."""
    return tuple(_drawer(placed, link, place) for link, place in places(placed.model))


def places(model: FixtureModel) -> tuple[tuple[FixtureLink, str], ...]:
    """Return each drawer of a fixture with its place among them, such as top left: +y is left."""
    drawers = {one.handle: one for one in model.links if one.joint.kind == "slide" and one.handle and one.inside}
    rows = _distinct([handle[2] for handle in drawers])
    columns = _distinct([-handle[1] for handle in drawers])
    if len(rows) not in ROWS or len(columns) not in COLUMNS:
        raise ValueError(f"'{model.name}' has {len(rows)} × {len(columns)} drawers: nobody says what they are called")

    def place(handle: Vector) -> str:
        row, column = _nearest(rows, handle[2]), _nearest(columns, -handle[1])
        return f"{ROWS[len(rows)][row]} {COLUMNS[len(columns)][column]}".strip()

    return tuple((link, place(handle)) for handle, link in drawers.items())


def top_row(model: FixtureModel) -> tuple[FixtureLink, ...]:
    """Return the drawers of the highest row: above their handles nothing is in a hand's way."""
    highest = max(link.handle[2] for link, _ in places(model) if link.handle)
    return tuple(link for link, _ in places(model) if link.handle and link.handle[2] > highest - _SAME)


def scene_drawers(scene: Scene) -> tuple[Drawer, ...]:
    """Return all drawers of a scene."""
    return tuple(drawer for placed in scene.fixtures for drawer in drawers_of(placed))


def asked_drawer(scene: Scene) -> Drawer:
    """Return the drawer that a scene's target is to go into. Raises StopIteration where it is to go into none."""
    return next(drawer for drawer in scene_drawers(scene) if drawer.joint == scene.goal)


def _distinct(values: Sequence[float]) -> list[float]:
    found: list[float] = []
    for value in sorted(values):
        if not found or value > found[-1] + _SAME:
            found.append(value)
    return found


def _nearest(values: Sequence[float], value: float) -> int:
    return int(np.argmin(np.abs(np.array(values) - value)))


def _drawer(placed: PlacedFixture, link: FixtureLink, place: str) -> Drawer:
    assert link.handle is not None  # by the caller's choice
    assert link.inside is not None
    (x0, y0, floor), (x1, y1, rim) = link.inside
    T = np.round(placed.T_base_fixture, 6).tolist()
    return Drawer(
        f"{placed.name}/{link.joint.name}",
        place,
        tuple(map(tuple, T)),
        tuple(link.joint.axis),
        link.joint.range[1],
        tuple(link.handle),
        Receptacle(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), floor, rim),
    )

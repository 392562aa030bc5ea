# SPDX-License-Identifier: Apache-2.0
"""Cluttered tables to plan on, one a number.

A table of 0.9 × 1.4 m, its top up to 0.2 m below the base. On it 8 to 15 things that do not overlap: boxes 4 to 12 cm
wide and 5 to 28 cm high, turned at random; cylinders of 2.5 to 5 cm radius, 8 to 28 cm high; balls of 3 to 6 cm.
Around it one to three pieces of furniture: a wall at one side or behind, a shelf of two uprights and a board, a bin
with four sides, a board overhead. The start is drawn uniformly from all joint configurations that are free with the
tool over the table or near it. The goal is a tool pose beside a thing (1 to 6 cm from its side), above it (3 to
12 cm), or between two neighbours, pointing down within 35 degrees, turned at random. Start and goal are free by
construction with MARGIN, the goal in at least one configuration; whether a way leads from one to the other is not
known beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.arm.inverse_kinematics import solve_ik
from vla_ros.planning.collision import CollisionChecker
from vla_ros.planning.planner import MotionPlanner
from vla_ros.planning.problem import PlanningProblem, PoseGoal
from vla_ros.planning.scene import CollisionScene, Obstacle, box_between
from vla_ros.planning.shapes import Box, Cylinder, Shape, Sphere

MARGIN = 0.01  # [m]
REACH = (0.30, 0.80)  # [m] how far from the base's axis things stand
PLACES, TALLEST = (np.array((0.1, -0.6)), np.array((0.85, 0.6))), 0.28  # [m]
KINDS = ("beside", "above", "between")


@dataclass(frozen=True, eq=False)
class Thing:
    """Something that stands on the table."""

    shape: Shape
    place: np.ndarray  # (2,) [m]
    heading: float  # [rad]
    radius: float  # [m] of its footprint's circle
    height: float  # [m]


class SceneMaker:
    """Draw planning problems for one arm."""

    def __init__(self, planner: MotionPlanner) -> None:
        (arm,) = planner.arms
        self._geometry, self._model, self._arm = planner.geometry, arm.model, arm.group

    def problem(self, number: int, **changes: float) -> PlanningProblem:
        """Return problem `number`; `changes` are PlanningProblem's other arguments."""
        for again in range(100):
            random = np.random.default_rng([number, again])
            table = float(random.uniform(-0.2, 0.0))
            things = _things(random)
            scene = _scene(random, table, things)
            checker = CollisionChecker(self._geometry, scene, MARGIN)
            among = self._among(random, checker, table, things) if number % 2 else None
            start = self._anywhere(random, checker, table) if among is None else among
            goal = None if start is None else self._among(random, checker, table, things)
            if start is not None and goal is not None:
                T = self._model.forward(goal)
                return PlanningProblem(start, PoseGoal(T), scene, margin=MARGIN, **changes)
        raise RuntimeError(f"scene {number}: nothing could be placed")

    def _anywhere(self, random: np.random.Generator, checker: CollisionChecker, table: float) -> np.ndarray | None:
        """Return a free configuration (N,) [rad] from all there are."""
        for _ in range(400):
            q = random.uniform(self._arm.lower, self._arm.upper)
            x, y, z = self._model.forward(q)[:3, 3]
            if -0.2 < x < 0.9 and abs(y) < 0.8 and table < z < 0.9 and checker.free(q):
                return q
        return None

    def _among(
        self, random: np.random.Generator, checker: CollisionChecker, table: float, things: list[Thing]
    ) -> np.ndarray | None:
        """Return a free configuration (N,) [rad] with the tool near, above or between things."""
        for _ in range(30):
            T = draw_pose(random, table, things)
            for _ in range(6):
                q = solve_ik(self._model, T, random.uniform(self._arm.lower, self._arm.upper), starts=1)
                if q is not None and checker.free(q):
                    return q
        return None


def _things(random: np.random.Generator) -> list[Thing]:
    wanted, things = int(random.integers(8, 16)), []
    for _ in range(400):
        thing = draw_thing(random, *PLACES, TALLEST)
        apart = all(np.linalg.norm(thing.place - other.place) > thing.radius + other.radius for other in things)
        if apart and REACH[0] < np.linalg.norm(thing.place) < REACH[1]:
            things.append(thing)
            if len(things) == wanted:
                break
    return things


def draw_thing(random: np.random.Generator, low: np.ndarray, high: np.ndarray, tallest: float) -> Thing:
    """Return a box, a cylinder or a ball somewhere between two corners (2,) [m], at most `tallest` [m]."""
    place = random.uniform(low, high)
    heading = float(random.uniform(0.0, np.pi))
    kind = random.integers(5)
    if kind < 2:
        x, y = random.uniform(0.04, 0.12, 2)
        height = float(random.uniform(0.05, tallest))
        return Thing(Box((float(x), float(y), height)), place, heading, float(np.hypot(x, y)) / 2, height)
    if kind < 4:
        radius, height = float(random.uniform(0.025, 0.05)), float(random.uniform(0.08, tallest))
        return Thing(Cylinder(radius, height), place, heading, radius, height)
    radius = float(random.uniform(0.03, 0.06))
    return Thing(Sphere(radius), place, heading, radius, 2.0 * radius)


def _scene(random: np.random.Generator, table: float, things: list[Thing]) -> CollisionScene:
    obstacles = [box_between("table", (0.15, -0.7, table - 0.04), (1.05, 0.7, table))]
    if table > -0.06:  # the base stands on it then
        obstacles = [box_between("table", (-0.2, -0.7, table - 0.04), (1.05, 0.7, table))]
    obstacles += [standing(f"thing {index}", thing, table) for index, thing in enumerate(things)]
    pieces = (_wall, _shelf, _bin, _overhead)
    for index in random.permutation(len(pieces))[: random.integers(1, 4)]:
        obstacles += pieces[index](random, table)
    return CollisionScene(tuple(obstacles))


def standing(name: str, thing: Thing, table: float) -> Obstacle:
    """Return a thing as it stands on a table of that height [m]."""
    T = np.eye(4)
    T[:3, :3] = Rotation.from_euler("z", thing.heading).as_matrix()
    T[:3, 3] = (*thing.place, table + thing.height / 2 + 1e-3)
    return Obstacle(name, thing.shape, T)


def _wall(random: np.random.Generator, table: float) -> list[Obstacle]:
    height = table + float(random.uniform(0.4, 0.9))
    side = random.integers(3)
    if side == 2:
        x = float(random.uniform(0.85, 0.95))
        return [box_between("wall", (x, -0.7, table), (x + 0.03, 0.7, height))]
    y = float(random.uniform(0.62, 0.75))
    low, high = (y, y + 0.03) if side else (-y - 0.03, -y)
    return [box_between("wall", (-0.2, low, table), (0.95, high, height))]


def _shelf(random: np.random.Generator, table: float) -> list[Obstacle]:
    """Return a shelf along one side: two uprights and a board between them."""
    x, y = float(random.uniform(0.35, 0.5)), float(random.uniform(0.38, 0.5)) * (1 if random.integers(2) else -1)
    depth, width, board = 0.25, float(random.uniform(0.4, 0.5)), table + float(random.uniform(0.3, 0.45))
    low, high = y - depth / 2, y + depth / 2
    return [
        box_between("shelf near upright", (x - 0.02, low, table), (x, high, board + 0.15)),
        box_between("shelf far upright", (x + width, low, table), (x + width + 0.02, high, board + 0.15)),
        box_between("shelf board", (x - 0.02, low, board), (x + width + 0.02, high, board + 0.02)),
    ]


def _bin(random: np.random.Generator, table: float) -> list[Obstacle]:
    x, y = float(random.uniform(0.45, 0.6)), float(random.uniform(-0.35, 0.35))
    length, width, height, wall = 0.28, 0.36, float(random.uniform(0.1, 0.2)), 0.01
    top = table + height
    x0, x1, y0, y1 = x - length / 2, x + length / 2, y - width / 2, y + width / 2
    return [
        box_between("bin front", (x0 - wall, y0, table), (x0, y1, top)),
        box_between("bin back", (x1, y0, table), (x1 + wall, y1, top)),
        box_between("bin right", (x0, y0 - wall, table), (x1, y0, top)),
        box_between("bin left", (x0, y1, table), (x1, y1 + wall, top)),
    ]


def _overhead(random: np.random.Generator, table: float) -> list[Obstacle]:
    bottom = table + float(random.uniform(0.6, 0.8))
    x, y = float(random.uniform(0.5, 0.7)), float(random.uniform(-0.3, 0.3))
    return [box_between("board overhead", (x - 0.15, y - 0.3, bottom), (x + 0.15, y + 0.3, bottom + 0.05))]


def draw_pose(random: np.random.Generator, table: float, things: list[Thing]) -> np.ndarray:
    """Return a tool pose (4, 4) beside, above or between things on a table of that height [m]."""
    kind = KINDS[random.integers(3)]
    thing = things[random.integers(len(things))]
    if kind == "above":
        place, z = thing.place, table + thing.height + float(random.uniform(0.03, 0.12))
    elif kind == "beside":
        angle = random.uniform(0.0, 2.0 * np.pi)
        away = thing.radius + float(random.uniform(0.01, 0.06)) + 0.02
        place = thing.place + away * np.array([np.cos(angle), np.sin(angle)])
        z = table + float(random.uniform(0.03, max(0.05, thing.height)))
    else:
        others = sorted(things, key=lambda other: float(np.linalg.norm(other.place - thing.place)))
        place = (thing.place + others[1].place) / 2.0
        z = table + float(random.uniform(0.03, 0.15))
    T = np.eye(4)
    T[:3, 3] = (*place, z)
    lean = Rotation.from_rotvec(np.radians(35.0) * random.uniform(-1.0, 1.0) * _direction(random))
    down = Rotation.from_euler("x", np.pi)
    T[:3, :3] = (lean * Rotation.from_euler("z", random.uniform(-np.pi, np.pi)) * down).as_matrix()
    return T


def _direction(random: np.random.Generator) -> np.ndarray:
    angle = random.uniform(0.0, 2.0 * np.pi)
    return np.array([np.cos(angle), np.sin(angle), 0.0])

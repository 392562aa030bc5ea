# SPDX-License-Identifier: Apache-2.0
"""The scripted expert: two hands pinch an edge near its ends, carry it over and lay it onto the edge opposite."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.objects.garments import fold_in_half
from vla_ros.policies.observation import Observation
from vla_ros.sim.world import World
from vla_ros.tasks.fold.fingers import finger_corners
from vla_ros.tasks.fold.measure import FoldMeasure
from vla_ros.tasks.fold.two_hands import Both, Hand, TwoArms, wait, way


@dataclass(frozen=True)
class FoldMotion:
    """How the hands move. Heights are those of the finger tips above the table."""

    opening: float = 0.055  # [m] of the fingers before they close
    inset: float = 0.012  # [m] from the edge to the middle between the fingers
    press: float = 0.0005  # [m] height of the tips at the pinch: the fingers push the cloth onto the table
    pinch: float = 0.005  # [m] width that the fingers are told to close to: less than two layers of cloth
    above: float = 0.08  # [m] before and after
    corner: float = 0.0  # [m] from a corner to the middle between the fingers, along the edge
    outside: float = 0.08  # [m] further apart the hands come down, before they near each other slowly
    apex: float = 0.75  # height of the way over, as a share of half its length
    lay: float = 0.008  # [m] height of the tips where the edge is laid down
    beyond: float = 0.0  # [m] that the edge is carried past the other
    speed: float = 0.18  # [m/s] at the fastest point with cloth in the hands
    release: float = 0.026  # [m] width that lets go: wider than that the fingers would pull the cloth along
    rise_s: float = 1.2  # [s] from there up
    close_s: float = 0.9
    open_s: float = 0.6
    tilts: tuple[float, ...] = (0.0, 0.2, 0.35, 0.5, 0.7)  # [rad], tried in this order


class FoldExpert:
    """Fold with both hands; when the garment is not folded then, once more from where it lies."""

    TRIES = 3
    FOLDED = 0.75  # of which progress it is content

    def __init__(self, world: World, motion: FoldMotion | None = None) -> None:
        self.world, self.motion = world, motion or FoldMotion()
        self.both = TwoArms(world.embodiment)
        (placed,) = world.scene.cloths
        self.garment, self.model = placed.name, placed.model
        self.measure = FoldMeasure.read(FoldMeasure.facts(placed.model))
        self.fold = fold_in_half(placed.model)
        self._corners = finger_corners(world, self.both.grippers[0].name)
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        self.explanation = ""  # why there is nothing to do, in words
        self._segments: list[list[Both]] = []
        self._sent: tuple[float, list[Both]] = (-np.inf, [])  # when the last chunk was, and its actions
        self._tries = self._sequence = 0

    def infer(self, observation: Observation) -> ActionChunk:
        """Return what is left of the present segment of the motion, else the next one."""
        stamp, sent = self._sent
        left = sent[max(0, round((observation.stamp - stamp) / self.both.codec.period)) :] if sent else []
        status = TaskStatus.ONGOING
        if not left:
            if not self._segments and self._tries < self.TRIES and not self._folded():
                self._segments = self._plan(observation)
                self._tries += 1
            if self._segments:
                left = self._segments.pop(0)
            else:
                left, status = [self._hold(observation)], TaskStatus.TERMINATED
                status = TaskStatus.INVALID if self.explanation else TaskStatus.TERMINATED
        self._sent = (observation.stamp, left)
        self._sequence += 1
        rows = np.array([self.both.values(one) for one in left])
        return self.both.codec.chunk_of_targets(observation, rows, status, self._sequence)

    def _folded(self) -> bool:
        return self._tries > 0 and self.measure.folded(self.world.cloth_vertices(self.garment)) >= self.FOLDED

    def _hold(self, observation: Observation) -> Both:
        return Both(self._commanded(observation), self.both.width_max)

    def _commanded(self, observation: Observation) -> tuple[np.ndarray, ...]:
        return tuple(observation.commanded.arms[arm.name].T_base_ee for arm in self.both.arms)

    def _plan(self, observation: Observation) -> list[list[Both]]:
        """Return the motion, a segment a list; empty where the arms cannot do it."""
        state = observation.state
        start = [state.arms[arm.name].q for arm in self.both.arms]
        tools = self._commanded(observation)
        for first, last in itertools.product(self.motion.tilts, repeat=2):
            segments = self._segments_of(tools, first, last)
            if self.both.follow([step for segment in segments for step in segment], start):
                self.explanation = ""
                return segments
        self.explanation = "the edge is out of reach"
        return []

    def _segments_of(self, tools: Sequence[np.ndarray], first: float, last: float) -> list[list[Both]]:
        motion, table = self.motion, self.world.scene.table.height
        vertices = self.world.cloth_vertices(self.garment)
        taken, met = self._edges(vertices)
        over = met.mean(axis=0) - taken.mean(axis=0)
        length = float(np.linalg.norm(over[:2]))
        onwards = over[:2] / length
        lean = onwards if onwards[0] > 0.0 else -onwards  # hands point away from the robot
        yaw, across = float(np.arctan2(lean[1], lean[0])), np.array([-lean[1], lean[0]])
        middle = taken.mean(axis=0)[:2]
        reach = float(np.abs((taken[:, :2] - middle) @ across).max()) - motion.corner
        pinches = [middle + motion.inset * onwards + side * reach * across for side in (1.0, -1.0)]
        apart = [point + side * motion.outside * across for point, side in zip(pinches, (1.0, -1.0), strict=True)]
        landings = [
            point + (length - 2.0 * motion.inset + motion.beyond) * onwards for point in pinches
        ]

        def hands(points: Sequence[np.ndarray], height: float, tilt: float) -> list[Hand]:
            z = table + height + self._tip(tilt)
            return [Hand((float(x), float(y), z), yaw, tilt) for x, y in points]

        wide, opening = self.both.width_max, motion.opening
        high, low = hands(pinches, motion.above, first), hands(pinches, motion.press, first)
        beside = hands(apart, motion.above, first)
        segments = [
            way(tools, [beside], opening, 2.0),
            way([h.T for h in beside], [high], opening, 1.6),
            way([h.T for h in high], [low], opening, 1.0),
        ]
        held = tuple(hand.T for hand in low)
        segments.append(wait(held, motion.pinch, motion.close_s))
        arc = []
        for share in np.linspace(0.0, 1.0, 13)[1:]:
            points = [(1.0 - x) * a + x * b for a, b in zip(pinches, landings, strict=True)
                      for x in [(1.0 - np.cos(np.pi * share)) / 2]]  # fmt: skip
            rise = motion.apex * length / 2 * np.sin(np.pi * share)
            height = (1.0 - share) * motion.press + share * motion.lay + rise
            arc.append(hands(points, float(height), (1.0 - share) * first + share * last))
        seconds = 1.875 * np.pi / 2 * length / motion.speed * 0.8
        segments.append(way(held, arc, motion.pinch, seconds))
        laid = tuple(hand.T for hand in arc[-1])
        segments.append(wait(laid, motion.pinch, 0.3))
        segments.append(wait(laid, motion.release, motion.open_s))
        away = hands(landings, motion.above + 0.04, last)
        segments.append(way(laid, [away], motion.release, motion.rise_s))
        segments.append(wait(tuple(hand.T for hand in away), wide, 1.5))
        return segments

    def _tip(self, tilt: float) -> float:
        """Return how far above the lowest point of the fingers the tool point is [m]."""
        x, z = self._corners[:, 0], self._corners[:, 2]
        return float((np.cos(tilt) * z + np.sin(tilt) * np.abs(x)).max())

    def _edges(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the edge that is taken (E, 3) and that on which it is laid.

        A T-shirt is taken by its hem: fingers that close at its shoulders fold the sleeves around themselves.
        """
        pairs = np.array(self.fold.edges)
        one, other = vertices[pairs[:, 0]], vertices[pairs[:, 1]]
        first = self.fold.along == 0 or one[:, 0].mean() < other[:, 0].mean()
        return (one, other) if first else (other, one)

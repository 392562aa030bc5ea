# SPDX-License-Identifier: Apache-2.0
"""Jerk-limited motion in pieces, each solved by Ruckig (Berscheid and Kröger 2021).

Position, velocity and acceleration are continuous everywhere, jerk is bounded: the limits hold by construction.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import numpy as np
from ruckig import InputParameter, Result, Ruckig, RuckigError, Trajectory

from vla_ros.robots.groups import ArmGroup

State = tuple[list[float], list[float], list[float]]  # position, velocity, acceleration, N each
SHORTEST = 1e-9  # [s] of a piece worth keeping: leaving out more would be a jump


@dataclass(frozen=True, eq=False)
class MotionLimits:
    """Joint limits of planned motion, (N,) each."""

    lower: np.ndarray  # [rad]
    upper: np.ndarray  # [rad]
    velocity: np.ndarray  # [rad/s]
    acceleration: np.ndarray  # [rad/s²]
    jerk: np.ndarray  # [rad/s³]


def motion_limits(arms: Sequence[ArmGroup], speed_scale: float) -> MotionLimits:
    """Return the limits of arms, one after the other, with time stretched by 1/speed_scale: the same motion, slower."""
    return MotionLimits(
        np.concatenate([arm.lower for arm in arms]),
        np.concatenate([arm.upper for arm in arms]),
        np.concatenate([arm.velocity for arm in arms]) * speed_scale,
        np.concatenate([arm.acceleration for arm in arms]) * speed_scale**2,
        np.concatenate([arm.jerk for arm in arms]) * speed_scale**3,
    )


class SourceTrajectory(Protocol):
    """What a piece is cut from: one of Ruckig's trajectories, or a Line."""

    duration: float  # [s]

    def at_time(self, time: float) -> State:
        """Return the state at `time` [s]."""
        ...


class Line:
    """Rest to rest on the straight line: q = q_from + s(t) (q_to − q_from), s by Ruckig.

    Ruckig's own phase synchronisation leaves the line where joints differ in which limit holds them back.
    """

    def __init__(self, q_from: np.ndarray, q_to: np.ndarray, share: Trajectory) -> None:
        self._from, self._way, self._share = q_from.tolist(), (q_to - q_from).tolist(), share
        self.duration: float = share.duration

    def at_time(self, time: float) -> State:
        """Return the state at `time` [s]."""
        (s,), (ds,), (dds,) = self._share.at_time(time)
        way = self._way
        return [a + s * w for a, w in zip(self._from, way, strict=True)], [ds * w for w in way], [dds * w for w in way]


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of a motion."""

    source: SourceTrajectory
    begin: float  # [s] of the source
    end: float  # [s] of the source

    @property
    def duration(self) -> float:
        """Return its length [s]."""
        return self.end - self.begin


@dataclass(frozen=True, eq=False)
class PieceTrajectory:
    """Pieces one after the other."""

    pieces: tuple[Piece, ...]
    starts: tuple[float, ...] = field(init=False, repr=False)  # [s]
    duration: float = field(init=False)  # [s]

    def __post_init__(self) -> None:
        ends = np.cumsum([piece.duration for piece in self.pieces]).tolist()
        object.__setattr__(self, "starts", (0.0, *ends[:-1]))
        object.__setattr__(self, "duration", ends[-1])

    def at(self, t: float) -> State:
        """Return the state at t [s]."""
        index = max(0, bisect_right(self.starts, t) - 1)
        piece = self.pieces[index]
        return piece.source.at_time(min(piece.begin + (t - self.starts[index]), piece.end))

    def states(self, times: Iterable[float]) -> np.ndarray:
        """Return the states (3, K, N) at `times` (K,) [s]."""
        return np.array([self.at(float(t)) for t in times]).transpose(1, 0, 2)

    def replace(self, t1: float, t2: float, middle: SourceTrajectory) -> PieceTrajectory:
        """Return the trajectory with what lies between t1 and t2 [s] replaced."""
        before = [
            Piece(piece.source, piece.begin, min(piece.end, piece.begin + t1 - start))
            for piece, start in zip(self.pieces, self.starts, strict=True)
            if start < t1
        ]
        after = [
            Piece(piece.source, max(piece.begin, piece.begin + t2 - start), piece.end)
            for piece, start in zip(self.pieces, self.starts, strict=True)
            if start + piece.duration > t2
        ]
        pieces = [*before, Piece(middle, 0.0, middle.duration), *after]
        return PieceTrajectory(tuple(piece for piece in pieces if piece.duration > SHORTEST))

    def slow_points(self) -> list[float]:
        """Return the times [s] at which one piece hands over to the next."""
        return list(self.starts[1:])


class Connector:
    """Connect two states in the least time the limits allow."""

    def __init__(self, limits: MotionLimits) -> None:
        size = len(limits.velocity)
        self._limits = limits
        self._ruckig, self._input = Ruckig(size), InputParameter(size)
        self._line_ruckig, self._line_input = Ruckig(1), InputParameter(1)
        # What leaves the solver is read back as its input: rounding must not push it over a limit.
        self._input.max_velocity = (limits.velocity * (1.0 + 1e-6)).tolist()
        self._input.max_acceleration = (limits.acceleration * (1.0 + 1e-6)).tolist()
        self._input.max_jerk = limits.jerk.tolist()

    def straight(self, q_from: np.ndarray, q_to: np.ndarray) -> Line | None:
        """Return the motion from rest to rest on the straight line; None where there is no way to go."""
        way = np.abs(q_to - q_from)
        moved = way > 1e-9
        if not moved.any():
            return None
        given, limits = self._line_input, self._limits
        for name, limit in (
            ("velocity", limits.velocity),
            ("acceleration", limits.acceleration),
            ("jerk", limits.jerk),
        ):
            setattr(given, f"max_{name}", [float((limit[moved] / way[moved]).min())])
        given.target_position = [1.0]
        share = _solve(self._line_ruckig, given)
        return None if share is None else Line(q_from, q_to, share)

    def quickest(self, begin: State, end: State) -> Trajectory | None:
        """Return the motion of least duration between two states; each joint goes its own way."""
        given = self._input
        given.current_position, given.current_velocity, given.current_acceleration = begin
        given.target_position, given.target_velocity, given.target_acceleration = end
        return _solve(self._ruckig, given)


def _solve(ruckig: Ruckig, given: InputParameter) -> Trajectory | None:
    trajectory = Trajectory(ruckig.degrees_of_freedom)
    try:
        result = ruckig.calculate(given, trajectory)
    except RuckigError:  # a state from which a limit cannot be kept
        return None
    return trajectory if result in (Result.Working, Result.Finished) else None


def polyline_trajectory(corners: np.ndarray, connector: Connector) -> PieceTrajectory | None:
    """Return the motion along straight lines that rests in every corner (W, N) [rad]."""
    pieces = []
    for q_from, q_to in pairwise(corners):
        line = connector.straight(q_from, q_to)
        if line is None:
            return None
        pieces.append(Piece(line, 0.0, line.duration))
    return PieceTrajectory(tuple(pieces))

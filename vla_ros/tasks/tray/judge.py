# SPDX-License-Identifier: Apache-2.0
"""Judge a carried tray: where it lies once the hands are open and away, and whether what stood on it still does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.judging import Judge, Outcome, Truth
from vla_ros.tasks.placing.receptacles import Body, Receptacle
from vla_ros.tasks.tray.limits import TrayLimits
from vla_ros.tasks.watches import StillWatch, narrowest

FALLEN, SPILLED = Outcome("tray fell off the table"), Outcome("something was spilled")
LIFTED, CARRIED, PLACED = 0.3, 0.8, 0.9  # progress, the most so far


class TrayJudge(Judge):
    """Follow one run."""

    limits: TrayLimits

    def __init__(
        self,
        tray: str,
        holds: Receptacle,
        bodies: Mapping[str, Body],
        handles: Sequence[Sequence[float]],  # (2, 3) [m] tray frame
        T_base_goal: np.ndarray,  # (4, 4) of the mat
        objects: Sequence[SceneObject],
        start: Truth,
        openings: Mapping[str, float],  # [m] of each gripper, fully open
        limits: TrayLimits,
        doubt: str = "",  # whether the tray is meant
    ) -> None:
        super().__init__(start, limits, objects)
        self.target = tray
        self._holds, self._bodies, self._handles = holds, bodies, np.array(handles)
        self._goal, self._openings, self._doubt = T_base_goal, openings, doubt
        T = start.objects[tray]
        self._table = bodies[tray].lowest(T)  # [m]
        self._things = [name for name in bodies if name != tray]
        self._upright = {name: start.objects[name][:3, :3].T @ T[:3, 2] for name in self._things}
        self._start_distance = self.distance = self._off(T)[0]  # [m] from the mat's middle
        self.yaw = 0.0  # [rad] from the mat's
        self._still = StillWatch(limits.still_m, math.radians(limits.still_deg))
        self._gone_since: dict[str, float] = {}
        self._up = False

    @property
    def success_text(self) -> str:
        """Say what was done, after a success."""
        things = len(self._things)
        return (
            f"carried {self._called([self.target or ''])} with {things} thing{'s' * (things != 1)} on it: "
            f"{100 * self.distance:.1f} cm and {math.degrees(self.yaw):.0f}° from the mat"
        )

    def _shortfall(self) -> str:
        if self.outcome in (FALLEN, SPILLED):
            return self.outcome.value
        return "never lifted" if self.attempts == 0 else "lifted, not on the mat"

    def figures(self) -> dict[str, Any]:
        """Return what else a report says."""
        return {"off_m": round(self.distance, 3), "off_deg": round(math.degrees(self.yaw), 1)}

    def _off(self, T: np.ndarray) -> tuple[float, float]:
        """Return how far a tray at T (4, 4) is from the mat [m] and turned from it [rad]."""
        R = self._goal[:3, :3].T @ T[:3, :3]
        return float(np.linalg.norm((T - self._goal)[:2, 3])), abs(float(np.arctan2(R[1, 0], R[0, 0])))

    def _judge(self, truth: Truth) -> None:
        limits, T = self.limits, truth.objects[self.target or ""]
        above = self._bodies[self.target or ""].lowest(T) - self._table
        self.distance, self.yaw = self._off(T)
        if above < -limits.fallen_m:
            self._end(FALLEN)
            return
        if spilled := self._spilled(truth, T):
            self._end(SPILLED, f"{self._called([spilled])} does not stand on the tray")
            return
        self._follow_lifts(above)
        if self.finished:
            return
        if self._up:
            share = np.clip(1.0 - self.distance / max(self._start_distance, 1e-6), 0.0, 1.0)
            self.progress = max(self.progress, LIFTED + (CARRIED - LIFTED) * float(share))
        rest = min(self._still.update(truth.time, truth.objects).values())
        there = self.distance <= limits.place_m and self.yaw <= math.radians(limits.yaw_deg)
        if self.attempts == 0 or above > limits.flat_m or not there:
            return
        self.progress = max(self.progress, PLACED)
        if rest >= limits.hold_s - 1e-9 and self._let_go(truth, T):
            self._succeed(self._doubt)

    def _spilled(self, truth: Truth, T_tray: np.ndarray) -> str:
        """Name what has not stood on the tray for long enough; "": nothing."""
        for name in self._things:
            T = truth.objects[name]
            upright = (T[:3, :3] @ self._upright[name])[2] >= math.cos(math.radians(self.limits.tilt_deg))
            if upright and self._holds.supports(T_tray, self._bodies[name], T):
                self._gone_since.pop(name, None)
            elif truth.time - self._gone_since.setdefault(name, truth.time) >= self.limits.spilled_s - 1e-9:
                return name
        return ""

    def _follow_lifts(self, above: float) -> None:
        if above > self.limits.lift_m and not self._up:
            if self.attempts == self.limits.attempts:
                self._end(Outcome.ATTEMPTS)
                return
            self._up, self.first_lifted = True, self.target
            self.attempts += 1
            self.progress = max(self.progress, LIFTED)
            self._events.append(f"attempt {self.attempts}: the tray is up")
        elif above < self.limits.flat_m and self._up:
            self._up = False
            self._events.append(f"the tray is down, {100 * self.distance:.0f} cm from the mat")

    def _let_go(self, truth: Truth, T: np.ndarray) -> bool:
        if narrowest(truth.widths, self._openings) < self.limits.open_fraction:
            return False
        handles = self._handles @ T[:3, :3].T + T[:3, 3]
        tools = truth.tools.values()
        return all(np.linalg.norm(handles - tool[:3, 3], axis=1).min() >= self.limits.away_m for tool in tools)

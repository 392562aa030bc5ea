# SPDX-License-Identifier: Apache-2.0
"""One cell of the fault matrix: its figures, and what in it was not as it must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from rig.arm_observer import ArmObserver

from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel

SPEED_MARGIN = 1.02  # of a measured speed over its limit: the simulated encoder's own noise
EFFORT_RATE_WINDOW = 0.010  # [s] over which a rate of effort is taken


@dataclass
class Cell:
    """The outcome of one fault in one situation."""

    fault: str
    situation: str
    rest_s: float = float("nan")  # [s] of simulated time from the fault until the arm rests
    speed_ratio: float = float("nan")  # worst, of each joint's limit
    effort_ratio: float = float("nan")  # worst, of each joint's limit
    effort_rate: float = float("nan")  # worst [N·m/s]
    outcome: str = ""  # how the job went on
    problems: list[str] = field(default_factory=list)
    skipped: str = ""  # why this cell could not be run here

    @property
    def name(self) -> str:
        """Return one word for the cell, for file names and flat JSON."""
        return f"{self.fault}/{self.situation}".replace(" ", "_")

    def require(self, holds: bool, problem: str) -> None:
        """Note a problem unless something holds."""
        if not holds:
            self.problems.append(problem)

    def take_worst(self, cells: Sequence[Cell]) -> None:
        """Take the worst figures of several runs; NaN where one of them has none, so that no bar is kept."""
        for figure in ("rest_s", "speed_ratio", "effort_ratio", "effort_rate"):
            setattr(self, figure, float(np.max([getattr(cell, figure) for cell in cells])))

    def judge_motion(self, arm: ArmObserver, since: float, limits: ArmLimits, model: ArmModel) -> None:
        """Fill in the figures of the arm's motion after the fault at `since` [s], and check every limit."""
        stamps = np.array(arm.stamps)
        after = stamps >= since
        if after.sum() < 2:
            self.outcome = self.outcome or "the world stood still"
            return
        recorded = (arm.stamps, arm.positions, arm.velocities, arm.efforts)
        stamps, q, dq, tau = (np.array(values)[after] for values in recorded)
        self.speed_ratio = float((np.abs(dq) / limits.velocity).max())
        self.effort_ratio = float((np.abs(tau) / limits.effort).max())
        self.effort_rate = _worst_rate(stamps, tau)
        self.require(bool(((q >= limits.lower) & (q <= limits.upper)).all()), "a joint left its range")
        self.require(self.speed_ratio <= SPEED_MARGIN, f"{self.speed_ratio:.2f} of a joint's speed limit")
        self.require(self.effort_ratio <= 1.0 + 1e-6, f"{self.effort_ratio:.2f} of a joint's effort limit")
        tool = np.array([model.forward(values)[:3, 3] for values in q[:: max(1, len(q) // 200)]])
        self.require(bool(limits.contains(tool, 0.01).all()), "the tool left its workspace")
        self.rest_s = max(0.0, arm.rest_began - since)


def _worst_rate(stamps: np.ndarray, tau: np.ndarray) -> float:
    """Return the fastest change of effort over a window [N·m/s]; a single step of the simulator says little."""
    later = np.searchsorted(stamps, stamps + EFFORT_RATE_WINDOW)
    whole = later < len(stamps)
    if not whole.any():
        return 0.0
    span = stamps[later[whole]] - stamps[whole]
    return float((np.abs(tau[later[whole]] - tau[whole]).max(axis=1) / span).max())

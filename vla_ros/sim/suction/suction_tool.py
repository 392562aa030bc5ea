# SPDX-License-Identifier: Apache-2.0
"""The cups of one tool in simulation: which seal by the surface under them, and which of the sealed let go.

Both by the models of vla_ros/robots/suction: `seal` on rays against the scene, and the limits of `holding` on what the
welds carry, shared over all cups on one body as springs share it. The most utilised lets go first, one at a time.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import mujoco
import numpy as np

from vla_ros.robots.suction.cup_array import CupArray
from vla_ros.robots.suction.holding import CupLimits, HoldFailure, shared_load, utilisation_parts
from vla_ros.robots.suction.seal import RIM_POINTS, LipLimits, SealFailure, seal
from vla_ros.robots.tools.mounting import Mount
from vla_ros.sim.suction.lip_rays import NOTHING, LipRays, Surface
from vla_ros.sim.suction.sealing_cup import SealingCup

PERIOD = 0.004  # [s] of simulated time from one check of what sealed cups carry to the next
_ASK_EVERY = 5  # of these checks one asks whether further cups would seal: as often as a valve switches
_ALIKE = 0.95  # shares of two limits that count as one: of those the first in order is the reason, pull before slip
_LAG = 0.01  # [s] time constant of the low-pass on loads: a shorter shock takes no cup off


class SuctionTool:
    """The cups of a mounted tool, each with its seal."""

    def __init__(
        self, model: mujoco.MjModel, data: mujoco.MjData, mount: Mount, conductances: Mapping[int, float]
    ) -> None:
        """`conductances` [m/(s·Pa)] by body, of those that leak."""
        self.cups = {name: SealingCup(model, data, name, cup) for name, cup in mount.cups.items()}
        self._model, self._data, self._rays = model, data, LipRays(model, data)
        self._conductances = conductances
        self._vacuum = mount.tool.vacuum
        # A piston is where it is: how far it would go counts nothing.
        self._array = CupArray.of([dataclasses.replace(cup, stroke=0.0) for cup in mount.tool.cups])
        self._lip_limits, self._limits = LipLimits(pump_vacuum=mount.tool.vacuum), CupLimits()
        self.loads: dict[int, np.ndarray] = {}  # (6,) by body that is held: force [N] and moment [N·m] about its middle
        self._every = max(round(PERIOD / model.opt.timestep), 1)
        self._share = 1.0 - math.exp(-self._every * model.opt.timestep / _LAG)
        self._left = self._every  # time steps to the next check
        self._checks = 0

    @property
    def steps_left(self) -> int | None:
        """Return in how many time steps cups are to be checked; None where none sucks."""
        return self._left if any(cup.on for cup in self.cups.values()) else None

    def advance(self, steps: int) -> None:
        """Take note of `steps` time steps that were made, at most `steps_left`; check the cups where that is due.

        To be called right after the physics: forces and poses are then those of the last step's beginning.
        """
        self._left -= steps
        if self._left > 0:
            return
        while self._left <= 0:  # more than one where no cup sucked
            self._left += self._every
            self._checks += 1
        asking = self._checks % _ASK_EVERY == 0
        waiting = [number for number, cup in enumerate(self.cups.values()) if asking and cup.on and not cup.sealed]
        sealed = [cup for cup in self.cups.values() if cup.sealed]
        if not waiting and not sealed:
            return
        self._carry(sealed)
        if waiting:
            self._try(waiting)

    def _try(self, waiting: list[int]) -> None:
        """Seal those of the cups that are near a surface and would seal on it."""
        cups, surfaces = list(self.cups.values()), [NOTHING] * len(self.cups)
        for number in waiting:
            surfaces[number] = self._rays.cast(
                cups[number].lip, cups[number].description.radius, cups[number].description.bellows
            )
        near = [number for number in waiting if surfaces[number].nearest <= cups[number].description.bellows]
        for number in set(waiting) - set(near):
            cups[number].let_go = False
            if not cups[number].reason:
                cups[number].refuse(SealFailure.MISS)
        if not near:
            return
        distances = np.array([surface.distances - _shift(surface) for surface in surfaces])
        bodies = np.array([surface.bodies for surface in surfaces])
        found = seal(
            distances[:, :RIM_POINTS],
            self._array,
            distances[:, RIM_POINTS:],
            bodies[:, :RIM_POINTS],
            bodies[:, RIM_POINTS:],
            np.array([self._conductance(surface) for surface in surfaces]),
            self._lip_limits,
        )
        for number in near:
            cup = cups[number]
            if not found.sealed[number]:
                cup.refuse(SealFailure(int(found.failure[number])))
            elif not cup.let_go:
                cup.seal(surfaces[number].body, found.axis[number], float(found.vacuum_share[number]))

    def _conductance(self, surface: Surface) -> float:
        return math.inf if surface.cloth else self._conductances.get(surface.body, 0.0)

    def _carry(self, sealed: list[SealingCup]) -> None:
        """Have the most utilised cup on each body let go where its load is beyond a limit."""
        groups: dict[int, list[SealingCup]] = {}
        for cup in sealed:
            groups.setdefault(cup.body, []).append(cup)
        former, self.loads = self.loads, {}
        for body, cups in groups.items():
            center = self._data.xipos[body]
            wrenches = self._wrenches(cups)
            load, before = _moved(wrenches, cups, center), former.get(body, np.zeros(6))
            self.loads[body] = load = before + self._share * (load - before)
            for cup, wrench in zip(cups, wrenches, strict=True):
                cup.pull += self._share * (-float(wrench[:3] @ cup.axis) - cup.pull)
            parts = self._utilisation(cups, center, load)
            worst = parts.max(axis=1)
            for cup, each in zip(cups, worst, strict=True):
                cup.utilisation = float(each)
            weakest = int(worst.argmax())
            if worst[weakest] > 1.0:
                first = int((parts[weakest] > _ALIKE * worst[weakest]).argmax())
                cups[weakest].open(HoldFailure(first + HoldFailure.PULL_OFF))

    def _wrenches(self, cups: list[SealingCup]) -> np.ndarray:
        """Return (C, 6) what each cup exerted in the last step, as `SealingCup.wrench` does."""
        rows = self._data.ne  # equalities come first
        constraints, forces = self._data.efc_id[:rows].tolist(), self._data.efc_force[:rows]
        return np.array([cup.wrench(constraints, forces) for cup in cups])

    def _utilisation(self, cups: list[SealingCup], center: np.ndarray, load: np.ndarray) -> np.ndarray:
        """Return (C, 4) the shares of pull, slip, peel and material that a load takes of each cup.

        Pull is at least what the weld bears: pistons that go different ways pull at cups and not at the body.
        """
        positions = np.array([cup.position for cup in cups])[None]
        axes = np.array([cup.axis for cup in cups])[None]
        radius = np.array([cup.description.radius for cup in cups])
        vacuum = self._vacuum * np.array([cup.vacuum_share for cup in cups])
        on = np.ones((1, len(cups)), bool)
        shared = shared_load(
            on, positions, axes, radius[None], load[None, :3], center[None], load[None, 3:], self._limits
        )  # fmt: skip
        parts = utilisation_parts(*shared, axes, radius[None], vacuum[None], self._limits)[0]
        own = np.array([cup.pull for cup in cups]) / (vacuum * np.pi * radius**2)
        parts[:, 0] = np.maximum(parts[:, 0], own)
        return parts


def _moved(wrenches: np.ndarray, cups: list[SealingCup], center: np.ndarray) -> np.ndarray:
    """Return (6,) the sum of what cups exert (C, 6), its moment about a point."""
    arms = np.array([cup.position for cup in cups]) - center
    moments = wrenches[:, 3:] + np.cross(arms, wrenches[:, :3])
    return np.concatenate([wrenches[:, :3], moments], axis=1).sum(axis=0)


def _shift(surface: Surface) -> float:
    """Return how far a surface is moved for its plane to be as far as its nearest point [m].

    A simulated lip is rigid and stops where it first touches; a real one would be pressed on until its rim lies on.
    """
    level = surface.distances[:RIM_POINTS].mean()
    return float(level - surface.nearest) if np.isfinite(level) else 0.0

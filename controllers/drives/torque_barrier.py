# SPDX-License-Identifier: Apache-2.0
"""Keep joints in range and speed, links apart, the tool in its box, by the smallest change of the efforts.

Each limit is a bound on joint acceleration, a first-order barrier: with v the speed that the way to the limit allows,

    q̈ ≤ ρ (v − q̇),     for links   n q̈ ≥ −ρ (v(d) + n q̇),     for the tool   J q̈ ≤ ρ (v(d) − J q̇)

so a joint may close in on its bound at the rate ρ and never faster. Efforts that mean more are changed to

    minimise over q̈   ½ (q̈ − q̈₀)ᵀ M (q̈ − q̈₀),   q̈₀ = M⁻¹(τ − τ_coriolis − τ_friction)

Gauss's principle of least constraint: what is added acts like an ideal stop on the joints that meet a bound, and along
the gradient of the distance on links that near each other, which bends the arm aside, and like a wall on a tool that
meets a face of its box, along which it slides. Away from all bounds nothing is changed. The solution is continuous in
the state, so nothing chatters.
"""

from __future__ import annotations

from math import isfinite

import daqp
import numpy as np

from controllers.arm.limits import NO_LIMIT, ArmLimits
from controllers.arm.model import ArmModel
from controllers.laws.friction_feedforward import FrictionFeedforward
from controllers.safety.braking_profile import BrakingProfile
from controllers.safety.clearance import ROWS, Clearance
from controllers.safety.workspace import Workspace

RATE = 50.0  # [1/s] ρ: slow against the delay of the wire, four times END_RATE and more, so that no end is overshot …
SPEED_RATE = 35.0  # [1/s] … and of the speed limit alone: early, since efforts take their time to change
END_RATE = 12.0  # [1/s] at which a joint approaches the end of its range
SPEED_SHARE = 0.95  # of the speed limit: the rest is for the delay of the wire
BRAKING_SHARE = 0.6  # of the acceleration limit: how a joint brakes before the end of its range
FRICTION_SHARE = 0.5  # of the known friction is counted on: more than there is would let a joint be too fast
RANGE_MARGIN = 0.015  # [rad] inside the range, at most a hundredth of it: what friction and delay may take
RETURN_SPEED = 0.25  # [rad/s] at most, of a joint that is past it: the rest of its way back is its own
FAR = 0.8  # [rad/s] from every bound: checked every CHECK_EVERY ticks only
CHECK_EVERY = 4
AXES = 3  # rows of the tool, along x, y and z, bounded both ways
SOFT = 8  # daqp: links and tool give way to joints where not both can be kept
SOLVED = (1, 2)  # daqp's exit flags, the second with a soft bound given way


class TorqueBarrier:
    """The last change of the efforts before the gate."""

    def __init__(
        self,
        model: ArmModel,
        limits: ArmLimits,
        clearance: Clearance | None = None,
        workspace: Workspace | None = None,
    ) -> None:
        """Keep the `limits` of `model`, whose friction is known, the links of `clearance` apart, the tool inside."""
        n = len(limits.velocity)
        margin = np.minimum(RANGE_MARGIN, 0.01 * (limits.upper - limits.lower))
        # Row 0 looks at the upper end of each joint, row 1 at the lower end, with the joint's sign turned.
        self._ends = np.stack([limits.upper - margin, -(limits.lower + margin)])  # (2, N)
        self._signs = np.array([[1.0], [-1.0]])
        self._cap = SPEED_SHARE * limits.velocity
        self._profile = BrakingProfile(END_RATE, BRAKING_SHARE * np.minimum(limits.acceleration, 1e3))
        # Of speed limits that fall towards the ends: how far beyond the barrier's ends those are that they fall to, and
        # what a joint that follows them at the rate ρ is too fast by.
        falling = limits.deceleration < NO_LIMIT  # (N,) an arm may have joints of both kinds
        self._falls = bool(falling.any() or limits.velocity_offset.any())
        self._twice, self._beyond_end = 2.0 * SPEED_SHARE**2 * limits.deceleration, margin
        self._late = limits.velocity_offset + np.where(falling, limits.deceleration, 0.0) / RATE
        self._falling = np.zeros((2, n))
        self._distance, self._room, self._wanted = np.zeros((2, n)), np.zeros((2, n)), np.zeros((2, n))
        self._friction = FrictionFeedforward(model, FRICTION_SHARE)
        self._resisting, self._force, self._ddq = np.zeros(n), np.zeros(n), np.zeros(n)
        self._rows = np.zeros((AXES + ROWS, n))  # of the tool where it nears a face, then of the links
        self._upper, self._lower = np.zeros(n + len(self._rows)), np.zeros(n + len(self._rows))
        self._sense = np.array([0] * n + [SOFT] * len(self._rows), dtype=np.int32)
        self.clearance, self.workspace = clearance or Clearance(n), workspace
        self._change = np.zeros(AXES)
        self._wall: Workspace | None = None  # where the tool is about to meet a face of its box
        self._approach, self._excess = np.zeros(ROWS), np.zeros(ROWS)
        self._n, self._ticks, self._near, self._count = n, 0, True, 0
        self.active = False  # in the last tick

    def apply(self, model: ArmModel, tau: np.ndarray) -> None:
        """Change tau (N,) [N·m], without gravity, where it must be changed. The model must be up to date."""
        self.active = False
        linked = self.clearance.count > 0
        self._ticks += 1
        if self._near or linked or self._wall or self._ticks % CHECK_EVERY == 0:
            self._check_joints(model)
            self._check_tool(model)
        if not (self._near or linked or self._wall):
            return
        resisting = self._resisting  # what the arm does not turn into acceleration
        np.add(model.coriolis, model.weight, out=resisting)
        self._friction.add(model.dq, resisting)
        force = np.subtract(tau, resisting, out=self._force)
        if not isfinite(force.dot(force)):
            return  # the gate's to refuse
        ddq = model.M_inverse.dot(force, out=self._ddq)
        if self._write_bounds(model, ddq, linked):
            self._solve(model, tau)

    def _check_joints(self, model: ArmModel) -> None:
        """Write how much faster each joint may be, each way, (2, N) [rad/s], at the rate ρ."""
        distance, room = self._distance, self._room
        np.multiply(self._signs, model.q, out=room)
        np.subtract(self._ends, room, out=distance)
        if self._falls:
            self._write_falling(distance)
        self._profile.write(distance, room)
        if self._falls:
            np.minimum(room, self._falling, out=room)
        np.maximum(room, -RETURN_SPEED, out=room)
        speed = np.multiply(self._signs, model.dq, out=distance)
        room -= speed
        free = np.subtract(self._cap, speed, out=speed)
        free *= SPEED_RATE / RATE
        np.minimum(room, free, out=room)
        self._near = float(room.min()) < FAR

    def _write_falling(self, distance: np.ndarray) -> None:
        """Write what speed limits that fall towards the ends allow (2, N) [rad/s], `distance` (2, N) [rad] before."""
        falling = np.add(distance, self._beyond_end, out=self._falling)
        np.maximum(falling, 0.0, out=falling)
        falling *= self._twice
        np.sqrt(falling, out=falling)
        falling -= self._late
        np.maximum(falling, 0.0, out=falling)

    def _check_tool(self, model: ArmModel) -> None:
        workspace = self.workspace
        near = workspace is not None and workspace.near(model.position, model.twist[:AXES])
        self._wall = workspace if near else None

    def _write_bounds(self, model: ArmModel, ddq: np.ndarray, linked: bool) -> bool:
        """Write the bounds on the acceleration; say whether ddq (N,) [rad/s²] is beyond one."""
        n, room, wanted = self._n, self._room, self._wanted
        room *= RATE
        np.multiply(self._signs, ddq, out=wanted)
        wanted -= room
        beyond = float(wanted.max()) > 0.0
        first = n
        if self._wall:
            beyond = self._write_faces(self._wall, model, ddq) or beyond
            first += AXES
        if linked:
            clearance, approach = self.clearance, self._approach
            np.add(clearance.speeds(model.q), clearance.rates(model.dq), out=approach)
            approach *= -RATE
            beyond = beyond or float(np.subtract(approach, clearance.rates(ddq), out=self._excess).max()) > 0.0
        if not beyond:
            return False
        self._upper[:n] = room[0]
        np.negative(room[1], out=self._lower[:n])
        np.minimum(self._lower[:n], self._upper[:n], out=self._lower[:n])
        if linked:
            self._upper[first : first + ROWS] = 1e9
            self._lower[first : first + ROWS] = self._approach
            self._rows[first - n : first - n + ROWS] = self.clearance.gradients
        self._count = first - n + self.clearance.count
        return True

    def _write_faces(self, wall: Workspace, model: ArmModel, ddq: np.ndarray) -> bool:
        """Write the tool's rows and their bounds; say whether ddq (N,) [rad/s²] is beyond one."""
        n, J, speeds = self._n, self._rows[:AXES], wall.speeds(model.position)
        J[:] = model.J[:AXES]
        up, down = self._upper[n : n + AXES], self._lower[n : n + AXES]
        velocity, change = model.twist[:AXES], J.dot(ddq, out=self._change)
        np.subtract(speeds[0], velocity, out=up)
        up *= RATE
        np.add(speeds[1], velocity, out=down)
        down *= -RATE
        return bool((change > up).any() or (change < down).any())

    def _solve(self, model: ArmModel, tau: np.ndarray) -> None:
        n, ddq, count = self._n, self._ddq, self._count
        self.active = True
        np.negative(self._force, out=self._force)
        every = n + count
        solution, _, flag, _ = daqp.solve(
            model.M,
            self._force,
            self._rows[:count],
            self._upper[:every],
            self._lower[:every],
            self._sense[:every],
        )
        if flag in SOLVED and isfinite(solution.dot(solution)):
            ddq[:] = solution
        else:  # at least the joints' own
            np.maximum(ddq, self._lower[:n], out=ddq)
            np.minimum(ddq, self._upper[:n], out=ddq)
        model.M.dot(ddq, out=tau)
        tau += self._resisting

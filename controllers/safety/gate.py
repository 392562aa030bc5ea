# SPDX-License-Identifier: Apache-2.0
"""The safety gate: which chunks may move the arm, and what effort may leave for it."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np
from scipy.linalg.blas import dnrm2  # on seven numbers a third of what a product of NumPy's costs

from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk
from controllers.control_config import SafetyConfig
from controllers.errors import ChunkError, unknown_name
from controllers.safety.workspace import check_workspace

SOURCES = ("safety", "teleop", "planner", "policy")  # highest priority first


class SourceLease:
    """Who may move the arm: the highest source that asked, until a person or the episode enables again.

    A lapsed lease means hold. The same source may go on; a lower one must wait to be enabled, so that a lost
    connection never hands the arm to whatever else happens to talk.
    """

    def __init__(self, lease_s: float) -> None:
        """Give a source the arm until `lease_s` [s] after the end of its last chunk."""
        self._lease_s = lease_s
        self.owner = ""
        self.until = 0.0

    def clear(self) -> None:
        """Let any source ask: the arm was enabled."""
        self.owner, self.until = "", 0.0

    def check(self, source: str, now: float) -> None:
        """Raise ChunkError when `source` may not move the arm at `now` [s]."""
        if source not in SOURCES:
            raise ChunkError(unknown_name("chunk source", source, SOURCES))
        if self.owner and SOURCES.index(source) > SOURCES.index(self.owner):
            state = "holds the arm" if not self.lapsed(now) else "lost the arm: enable control again to hand it over"
            raise ChunkError(f"source '{source}' is refused: '{self.owner}' {state}")

    def take(self, source: str, now: float) -> None:
        """Give the arm to `source` at `now` [s]."""
        self.owner, self.until = source, now + self._lease_s

    def extend(self, now: float) -> None:
        """Renew the lease: a chunk of its owner is being executed at `now` [s]."""
        self.until = now + self._lease_s

    def lapsed(self, now: float) -> bool:
        """Say whether the owner has been silent for longer than its lease."""
        return bool(self.owner) and now > self.until


def check_chunk(chunk: ActionChunk, now: float, base_frame: str, instruction: int, config: SafetyConfig) -> None:
    """Raise ChunkError, with the reason, for a chunk that nothing of this robot may execute at `now` [s]."""
    if base_frame and chunk.frame_id != base_frame:
        raise ChunkError(f"chunk is given in frame '{chunk.frame_id}', this robot's base is '{base_frame}'")
    age = now - chunk.stamp
    if age > config.chunk_age_max_s:
        raise ChunkError(f"chunk is {age:.2f} s old, allowed {config.chunk_age_max_s:g} s")
    if age < -config.chunk_future_max_s:
        raise ChunkError(f"chunk is stamped {-age:.2f} s in the future: the clocks disagree")
    if instruction and chunk.instruction and chunk.instruction != instruction:
        raise ChunkError("chunk was computed for another instruction")


def check_poses(
    chunk: ActionChunk, arm: str, position: np.ndarray, tool: np.ndarray, limits: ArmLimits, config: SafetyConfig
) -> None:
    """Raise ChunkError, with the reason, for poses of `arm` that it must not be moved to.

    `position` (3,) [m] is where its tool is commanded to be, `tool` (3,) [m] where it is.
    """
    positions = chunk.positions(arm)
    jump = float(np.linalg.norm(positions - position, axis=1).min())
    if jump > config.target_jump_max:
        raise ChunkError(f"chunk lies {jump:.2f} m from the commanded pose, allowed {config.target_jump_max:g} m")
    check_workspace(positions, tool, limits, config.workspace_margin)
    if len(chunk.times) < 2:
        return
    spans = np.diff(chunk.times)
    speed = float((np.linalg.norm(np.diff(positions, axis=0), axis=1) / spans).max())
    if speed > config.target_speed_max:
        raise ChunkError(f"chunk asks for {speed:.2f} m/s, allowed {config.target_speed_max:g}")
    cosines = np.abs((chunk.quaternions(arm)[1:] * chunk.quaternions(arm)[:-1]).sum(axis=1))
    turn = float((2.0 * np.arccos(np.minimum(cosines, 1.0)) / spans).max())
    if turn > config.target_rotation_speed_max:
        raise ChunkError(f"chunk asks for {turn:.2f} rad/s, allowed {config.target_rotation_speed_max:g}")


def check_joint_targets(targets: np.ndarray, times: np.ndarray, joints: Sequence[str], limits: ArmLimits) -> None:
    """Raise ChunkError when targets (H, N) [rad] or [m] of `joints` leave the limits or are too fast."""
    outside = np.argwhere((targets < limits.lower) | (targets > limits.upper))
    if len(outside):
        point, joint = outside[0]
        raise ChunkError(f"chunk point {point} asks '{joints[joint]}' for {targets[point, joint]:.3f}, "
                         f"allowed {limits.lower[joint]:.3f} to {limits.upper[joint]:.3f}")  # fmt: skip
    if len(times) > 1:
        ratio = np.abs(np.diff(targets, axis=0)) / np.diff(times)[:, None] / limits.velocity
        if ratio.max() > 1.0:
            fastest = joints[int(np.unravel_index(ratio.argmax(), ratio.shape)[1])]
            raise ChunkError(f"chunk asks '{fastest}' for {ratio.max():.1f} times its velocity limit")


def check_joint_rates(rates: np.ndarray, joints: Sequence[str], limits: ArmLimits) -> None:
    """Raise ChunkError when velocities (H, N) [rad/s] or [m/s] of `joints` are above their limits."""
    ratio = np.abs(rates) / limits.velocity
    if ratio.max() > 1.0:
        point, joint = np.unravel_index(ratio.argmax(), ratio.shape)
        raise ChunkError(f"chunk point {point} asks '{joints[joint]}' for {rates[point, joint]:.2f} a second, "
                         f"allowed {limits.velocity[joint]:.2f}")  # fmt: skip


class EffortGate:
    """The last thing before the arm: finite, within effort, within effort rate."""

    def __init__(self, limits: ArmLimits) -> None:
        """Start from zero effort."""
        self._upper, self._lower, self._rate = limits.effort, -limits.effort, limits.effort_rate
        self.effort = np.zeros(len(limits.effort))  # (N,) [N·m] the last one let through
        self._change, self._largest = np.zeros_like(self.effort), np.zeros_like(self.effort)
        self._least_rate, self._least_limit = float(limits.effort_rate.min()), float(limits.effort.min())

    def reset(self) -> None:
        """Forget the last effort: the arm is not driven."""
        self.effort[:] = 0.0

    def apply(self, tau: np.ndarray, dt: float) -> bool:
        """Move `effort` towards tau (N,) as far as the limits allow; False, and to zero, when tau is not finite."""
        effort, change = self.effort, self._change
        finite = isfinite(dnrm2(tau))  # only if every term is
        np.subtract(tau if finite else 0.0, effort, out=change)
        # What is as a whole, by its length, within the least of the limits is within each: most ticks are.
        if dnrm2(change) > self._least_rate * dt:
            largest = np.multiply(self._rate, dt, out=self._largest)
            np.minimum(change, largest, out=change)
            np.negative(largest, out=largest)
            np.maximum(change, largest, out=change)
        effort += change
        if dnrm2(effort) > self._least_limit:
            np.minimum(effort, self._upper, out=effort)
            np.maximum(effort, self._lower, out=effort)
        return finite


class DampedStop:
    """Take the speed out of every joint at one rate, τ = −M dq · rate, whatever was commanded; hold the payload."""

    def __init__(self, size: int, config: SafetyConfig) -> None:
        """Prepare for `size` joints."""
        self._rate, self._rest_speed = config.stop_rate, config.rest_speed
        self._tau = np.zeros(size)

    def effort(self, model: ArmModel) -> np.ndarray:
        """Return τ (N,) [N·m] (a view)."""
        model.M.dot(model.dq, out=self._tau)
        self._tau *= -self._rate
        self._tau += model.coriolis
        self._tau += model.weight
        return self._tau

    def at_rest(self, model: ArmModel) -> bool:
        """Say whether the arm is slow enough to be held."""
        return float(np.abs(model.dq).max()) < self._rest_speed

# SPDX-License-Identifier: Apache-2.0
"""One run of one method down one path: a late policy, a driver, an arm with full dynamics and actuation latency."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from bench.chunk_control.drivers import Driver, Entry, drive
from bench.chunk_control.paths import IdealPath
from bench.chunk_control.streams import PERIOD_MIN, DelayPattern, LatePolicy, PhaseTracker
from bench.franka import ARM, Franka
from controllers.chunks.chunk import ActionChunk
from controllers.errors import ChunkError
from vla_ros.sim.delayed_arm import DelayedArm

DT = 0.002  # [s] 500 Hz: what a torque arm behind a ros2_control topic runs at
TRACK_EVERY = 5  # ticks between two looks of the policy's own sense of progress
SETTLED_SPEED, SETTLED_ERROR = 0.01, 0.003  # [m/s], [m]
RUN_ON_S = 0.4  # [s] after the path is done
PATIENCE, PATIENCE_S = 3.0, 4.0  # a run is given up after this many times its ideal duration, and this much [s] …
STALLED_S = 3.0  # [s] … or so long after it last got any further
WIRE = {"command_delay": 0.004, "jitter": 0.0025}  # [s] as measured through a 500 Hz manager


@dataclass(frozen=True, eq=False)
class Rollout:
    """What was commanded, what the arm did, and when chunks took over. N ticks, DT apart."""

    path: IdealPath
    commanded: np.ndarray  # (N, 7)
    measured: np.ndarray  # (N, 3) [m] tool
    phase: np.ndarray  # (N,) [s] how far along the path the policy thought the commanded tool was
    transitions: np.ndarray  # (K,) [s] arrivals of chunks that replaced a moving one
    refused: int  # chunks
    completed: bool


def roll_out(franka: Franka, path: IdealPath, pattern: DelayPattern, entry: Entry, seed: int) -> Rollout:
    """Follow the path to its end with one method; the same seed gives every method the same policy."""
    model, q = franka.model.clone(), franka.home
    driver = drive(entry, model, franka.limits, franka.config, ARM, q)
    arm = franka.arm(DT / 2, **WIRE, seed=seed)
    run = _Run(driver, LatePolicy(path, pattern, seed, ARM, model.base_frame), PhaseTracker(path))
    run.observe(0.0)
    commanded, measured, phase, done = [], [], [], np.inf
    furthest, advanced = 0.0, 0.0  # [s] along the path, and when
    settled = True
    most = PATIENCE * path.duration + PATIENCE_S
    for k in range(round(most / DT)):
        now = k * DT
        run.hand_over(now)
        if k:
            run.schedule(now, settled)
        run.hand_over(now)  # what needed no time
        q, dq = arm.measure()
        arm.command(driver.tick(now, DT, q, dq))
        _step(arm)
        commanded.append(driver.commanded.copy())
        measured.append(franka.model.forward(arm.q)[:3, 3])
        if k % TRACK_EVERY == 0:
            run.tracker.update(driver.commanded[:3], TRACK_EVERY * DT)
        phase.append(run.tracker.phase)
        if run.tracker.phase >= path.done:
            done = min(done, now)
        if run.tracker.phase > furthest:
            furthest, advanced = run.tracker.phase, now
        if now > min(done + RUN_ON_S, advanced + STALLED_S):
            break
        speed = np.linalg.norm(measured[-1] - measured[-2]) / DT if k else 0.0
        error = np.linalg.norm(measured[-1] - driver.commanded[:3])
        settled = bool(speed < SETTLED_SPEED and error < SETTLED_ERROR)
    return Rollout(
        path, np.array(commanded), np.array(measured), np.array(phase), np.array(run.transitions), run.refused,
        bool(np.isfinite(done)),
    )  # fmt: skip


class _Run:
    """The policy's side: when it observes, what is on its way, what arrived."""

    def __init__(self, driver: Driver, policy: LatePolicy, tracker: PhaseTracker) -> None:
        self.driver, self.policy, self.tracker = driver, policy, tracker
        self.transitions: list[float] = []
        self.refused = 0
        self._coming: deque[tuple[float, ActionChunk, np.ndarray]] = deque()  # arrival [s], chunk, origin
        self._frame = np.inf  # [s] the camera frame waited for
        self._free, self._observed = 0.0, 0.0  # [s] when inference ends, when it last observed

    def observe(self, now: float) -> None:
        """Take a camera frame at `now` [s] and begin inference."""
        origin = self.driver.commanded.copy()
        chunk, delay, arrives = self.policy.chunk(now, origin, self.tracker.phase)
        self._free, self._observed, self._frame = now + delay, now, np.inf
        if arrives:
            self._coming.append((now + delay, chunk, origin))

    def hand_over(self, now: float) -> None:
        """Submit what has arrived."""
        while self._coming and self._coming[0][0] <= now + 1e-9:
            _, chunk, origin = self._coming.popleft()
            try:
                self.driver.submit(chunk, origin, now)
            except ChunkError:
                self.refused += 1
                continue
            self.transitions.append(now)

    def schedule(self, now: float, settled: bool) -> None:
        """Take the next frame when inference is done, its least period is over and the method lets it."""
        if np.isinf(self._frame) and now >= self._free - 1e-9 and self.driver.ready(now, settled):
            self._frame = self.policy.next_frame(max(now, self._observed + PERIOD_MIN))
        if now >= self._frame - 1e-9:
            self.observe(now)


def _step(arm: DelayedArm) -> None:
    for _ in range(round(DT / arm.timestep)):
        arm.step()

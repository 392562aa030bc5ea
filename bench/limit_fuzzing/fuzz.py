# SPDX-License-Identifier: Apache-2.0
"""One arm driven from random place to random place, and the worst that it did on the way."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from bench.limit_fuzzing.driven_arm import DrivenArm
from bench.one_arm import OneArm
from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.errors import ChunkError

MODES = {  # what drives the arm → the chunks it can follow
    "effort": ("poses", "joints", "velocities"),
    "position": ("poses", "joints", "velocities"),
    "pose": ("poses",),
}
KINDS = MODES["effort"]
FIGURES = ("chunks", "refused", "travels", "holds", "speed_share_max", "range_exceeded_rad", "outside_box_mm",
           "effort_share_max", "self_distance_min_mm")  # fmt: skip
STEP_S, HORIZON = 0.1, 4  # of a chunk of poses: the policies' own
TRAVEL_S = 4.0  # [s] at most from place to place
BRIEF_S = (0.02, 0.25)  # [s] after which the next chunk cuts a brief one short
BRIEF_CHUNKS = 4  # of poses, to one place
DISTANCE_EVERY = 10  # ticks between two measurements of the own-body distance
FLOOR = -0.02  # [m] no place of the tool is lower


class LimitFuzz:
    """Drive the arm about; a place is a configuration that is free of the arm itself."""

    def __init__(
        self,
        kinds: tuple[str, ...],
        seed: int,
        rate: float,
        delay: float,
        jitter: float,
        mode: str = "effort",
        brief: bool = False,
        robot: str = "franka",
    ) -> None:
        """Prepare the robot's first arm at home, driven by `mode`; `brief` cuts every chunk short by the next."""
        self.one = one = OneArm(robot)
        self._random, self._kinds, self._dt = np.random.default_rng(seed), kinds, 1.0 / rate
        self._latency, self._mode, self._brief = (delay, jitter), mode, brief
        self.follower = one.follower(mode)
        self.chunks = self.travels = 0
        self.refused: Counter[str] = Counter()  # reasons
        self.holds: list[tuple[str, str]] = []  # kind of chunk, reason
        self.speed = self.beyond = self.effort = 0.0  # shares of the limits; [rad] beyond the range
        self.outside = 0.0  # [m] of the tool from its box
        self.nearest = np.inf  # [m] own-body distance
        self._sequence = self._ticks = 0
        self.arm = DrivenArm(mode, one, self._dt, delay, jitter, one.home)
        self.follower.activate(self.arm.q, self.arm.dq, {one.width: one.opening}, self.arm.time)

    def figures(self) -> dict[str, float]:
        """Return the worst of every kind."""
        effort = max(self.effort, self.arm.effort_share)
        values = (self.chunks, self.refused.total(), self.travels, len(self.holds), self.speed, self.beyond,
                  1e3 * self.outside, effort, 1e3 * self.nearest)  # fmt: skip
        return dict(zip(FIGURES, map(float, values), strict=True))

    def travel(self) -> None:
        """Send the arm to one random place by one kind of chunk."""
        kind = str(self._random.choice(self._kinds))
        self.travels += 1
        getattr(self, f"_{kind}")()
        reason = self.follower.latched
        if self.follower.latched:
            self.holds.append((kind, re.sub(r"\d+(\.\d+)?", "#", reason)))
            self._run(0.5)
            self._restart(self._free_configuration() if self._random.random() < 0.5 else self.one.home)

    def _poses(self) -> None:
        T_start, T_goal = self.follower.arms[self.one.name].progress.T_base_ee_commanded.copy(), self._free_pose()
        random = self._random
        way = np.linalg.norm(T_goal[:3, 3] - T_start[:3, 3])
        turns = Rotation.from_matrix(np.stack([T_start[:3, :3], T_goal[:3, :3]]))
        turn = (turns[0].inv() * turns[1]).magnitude()
        seconds = max(way / random.uniform(0.1, 0.8), turn / random.uniform(0.3, 2.5), 0.2)
        slerp = Slerp([0.0, 1.0], turns)
        t, period = 0.0, float(random.choice([0.1, 0.2, 0.4]))
        chunks = int(random.integers(1, BRIEF_CHUNKS + 1)) if self._brief else np.inf
        while t < min(seconds, TRAVEL_S) and chunks > 0 and not self.follower.latched:
            phases = np.minimum((t + STEP_S * np.arange(1, HORIZON + 1)) / seconds, 1.0)
            positions = T_start[:3, 3] + phases[:, None] * (T_goal[:3, 3] - T_start[:3, 3])
            values = np.hstack([positions, slerp(phases).as_quat()])
            if not self._submit(pose_channels(self.one.name), STEP_S * np.arange(1, HORIZON + 1), values):
                break
            chunks -= 1
            t += self._spend(period, 0.0)
        if not self._brief:
            self._run(float(random.uniform(0.0, 0.8)))

    def _joints(self) -> None:
        random, limits = self._random, self.one.limits
        goal = self._free_configuration()
        start = self.arm.q
        seconds = float((np.abs(goal - start) / limits.velocity).max() / random.uniform(0.2, 1.0)) + 0.05
        count = int(random.integers(1, 9))
        phases = np.arange(1, count + 1) / count
        targets = start + phases[:, None] * (goal - start)
        if self._submit(self._names("position"), seconds * phases, np.clip(targets, limits.lower, limits.upper)):
            self._spend(seconds, float(random.uniform(0.0, 0.8)))

    def _velocities(self) -> None:
        random, limits = self._random, self.one.limits
        count = int(random.integers(1, 6))
        rates = random.uniform(-1.0, 1.0, (count, len(limits.velocity))) * limits.velocity * random.uniform(0.1, 1.0)
        step = float(random.uniform(0.05, 0.3))
        if self._submit(self._names("velocity"), step * np.arange(1, count + 1), rates):
            self._spend(step * count, float(random.uniform(0.0, 0.8)))

    def _spend(self, seconds: float, longer: float) -> float:
        """Run for as long as a chunk is followed, `longer` [s] more, or briefly; return how long [s]."""
        spent = float(self._random.uniform(*BRIEF_S)) if self._brief else seconds + longer
        self._run(spent)
        return spent

    def _names(self, quantity: str) -> tuple[str, ...]:
        return tuple(f"{joint}/{quantity}" for joint in self.one.model.joints)

    def _submit(self, channels: tuple[str, ...], times: np.ndarray, values: np.ndarray) -> bool:
        self._sequence += 1
        self.chunks += 1
        now = self.arm.time
        try:
            self.follower.submit(
                ActionChunk(now, self.one.embodiment.base_frame, channels, times, values, self._sequence), now
            )
        except ChunkError as error:
            self.refused[re.sub(r"-?\d+(\.\d+)?", "#", str(error))] += 1
            return False
        return True

    def _run(self, seconds: float) -> None:
        follower, arm, limits = self.follower, self.arm, self.one.limits
        low, high = limits.workspace_lower, limits.workspace_upper
        for _ in range(round(seconds / self._dt)):
            arm.send(follower.tick(arm.time, self._dt, arm.q, arm.dq, arm.time).arms[self.one.name])
            arm.advance(self._dt)
            shares = np.abs(arm.dq) / limits.velocity
            if shares.max() > self.speed:
                self.speed = float(shares.max())
            self.beyond = max(self.beyond, float((limits.lower - arm.q).max()), float((arm.q - limits.upper).max()))
            tool = self.one.model.forward(arm.q)[:3, 3]
            self.outside = max(self.outside, float((low - tool).max()), float((tool - high).max()))
            self._ticks += 1
            if self._ticks % DISTANCE_EVERY == 0:
                self.nearest = min(self.nearest, self._own_distance())

    def _own_distance(self) -> float:
        own = self.one.monitor._own
        if own is None:
            return np.inf
        own._q_asked[own._columns] = self.arm.q
        return min(own._whole.measure(own._q_asked))

    def _restart(self, q: np.ndarray) -> None:
        self.effort = max(self.effort, self.arm.effort_share)
        self.arm = DrivenArm(self._mode, self.one, self._dt, *self._latency, q)
        self.follower.activate(self.arm.q, self.arm.dq, {self.one.width: self.one.opening}, self.arm.time)

    def _free_configuration(self) -> np.ndarray:
        """Return a configuration with its tool in the box, free of the arm itself, at times near a joint's end."""
        one, random = self.one, self._random
        limits = one.limits
        own = one.monitor._own
        while True:
            q = random.uniform(limits.lower, limits.upper)
            if random.random() < 0.3:
                joint, end = random.integers(len(q)), random.choice([0.0, 1.0])
                q[joint] = limits.lower[joint] + (0.002 + 0.996 * end) * (limits.upper[joint] - limits.lower[joint])
            T = one.model.forward(q)
            if T[2, 3] > FLOOR and limits.contains(T[:3, 3]) and not (own and own.objection(q)):
                return q

    def _free_pose(self) -> np.ndarray:
        return self.one.model.forward(self._free_configuration())

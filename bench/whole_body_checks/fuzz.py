# SPDX-License-Identifier: Apache-2.0
"""Random targets for a whole robot, reachable and not, and what of its limits each tick leaves."""

from __future__ import annotations

import gc
import time
from array import array
from collections.abc import Callable

import numpy as np

from bench.whole_body_checks.zero_moment import ZeroMoment
from controllers.rotations import normalise, write_matrix
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.description import Box
from controllers.whole_body.model import BodyModel
from controllers.whole_body.targets import BodyTarget, HandTarget
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.whole_body import whole_body

HOLD_MS = 300.0  # [ms] for which a target stands, at most; drawn evenly on a logarithmic scale
AFRESH = 200  # targets after which the robot begins anew, somewhere else
TOLERANCE = 1e-9  # of a limit's share: rounding
DISTANCES_EVERY = 5  # ticks between two measurements of all pairs
TOUCH = 0.0  # [m] links at or below it have touched


class BodyFuzz:
    """One robot before a table, under targets of one seed."""

    def __init__(self, robot: str, seed: int, hold_ms: float = HOLD_MS) -> None:
        """Put the robot at home, a table as high as its tools can reach before it.

        Targets stand for one tick, at the robot's update rate, to `hold_ms` [ms].
        """
        self.embodiment = load_embodiment(robot)
        self.dt = self.embodiment.control_period
        self._ticks_max = max(1, round(1e-3 * hold_ms / self.dt))
        self.random = np.random.default_rng(seed)
        bare = WholeBody(whole_body(self.embodiment))
        tools = np.array([bare.tool_pose(name)[:3, 3] for name in bare.hands])
        # 10 cm below the tools at home, from just before the robot's own shapes on.
        table = Box("table", (0.8, 1.8, 0.04), (float(tools[:, 0].mean()) + 0.25, 0.0, float(tools[:, 2].min()) - 0.12))
        self.control = WholeBody(whole_body(self.embodiment, [table]))
        self._ghost = BodyModel(self.control.body)  # to find poses that can be reached
        self._mean = tools.mean(axis=0)
        self.targets = self.ticks = self.failures = 0
        self.range_exceeded = -np.inf  # [rad, m]
        self.speed_share = self.acceleration_share = 0.0
        self.distance_min = self.zmp_room_min = np.inf  # [m]
        self.violations = 0  # ticks that left a limit
        self.what: dict[str, int] = {}
        self.times = array("d")  # [s]
        self.worked = array("d")  # [s] of them that the processor was ours
        self._place_afresh()

    def run(self, targets: int, told: Callable[[], None] = lambda: None) -> None:
        """Follow so many targets, telling after each; without the garbage collector, as the control loop runs."""
        gc.collect()
        gc.disable()
        try:
            for _ in range(targets):
                if self.targets and self.targets % AFRESH == 0:
                    self._place_afresh()
                self.follow(self._target())
                self.targets += 1
                told()
        finally:
            gc.enable()

    def follow(self, target: BodyTarget) -> None:
        """Hold one target for a while and look at every tick."""
        for _ in range(round(np.exp(self.random.uniform(0.0, np.log(self._ticks_max))))):
            control = self.control
            before = np.concatenate([control.base_twist, control.dq])
            began, worked = time.perf_counter(), time.thread_time()
            solved = control.tick(target, self.dt)
            self.times.append(time.perf_counter() - began)
            self.worked.append(time.thread_time() - worked)
            self.ticks += 1
            self._look(before, solved)

    def figures(self) -> dict[str, float]:
        """Return what was seen: times, and how near each limit came."""
        microseconds, worked = 1e6 * np.array(self.times), 1e6 * np.array(self.worked)
        figures = {
            "tick_us_median": float(np.median(microseconds)),
            "tick_us_p999": float(np.quantile(microseconds, 0.999)),
            "tick_cpu_us_median": float(np.median(worked)),
            "tick_cpu_us_p999": float(np.quantile(worked, 0.999)),
            "limit_violations": float(self.violations),
            "infeasible": float(self.failures),
            "targets": float(self.targets),
            "ticks": float(self.ticks),
            "range_exceeded": max(0.0, self.range_exceeded),
            "speed_share_max": self.speed_share,
            "acceleration_share_max": self.acceleration_share,
        }
        if np.isfinite(self.distance_min):
            figures["distance_min_mm"] = 1e3 * self.distance_min
        if np.isfinite(self.zmp_room_min):
            figures["tipping_room_min_mm"] = 1e3 * self.zmp_room_min
        return figures

    def _look(self, before: np.ndarray, solved: bool) -> None:
        control, bounds = self.control, self.control.bounds
        moved = control.model.moved
        after = np.concatenate([control.base_twist, control.dq])
        axes = [*control.model.axes, *range(3, len(after))]
        exceeded = max((bounds.lower_range[moved:] - control.q).max(), (control.q - bounds.upper_range[moved:]).max())
        speed = float((np.abs(after[axes]) / bounds.speed).max())
        acceleration = float((np.abs(after - before)[axes] / (bounds.acceleration * self.dt)).max())
        room = self._zmp_room()
        self.range_exceeded = max(self.range_exceeded, float(exceeded))
        self.speed_share, self.acceleration_share = (
            max(self.speed_share, speed), max(self.acceleration_share, acceleration)
        )  # fmt: skip
        self.zmp_room_min = min(self.zmp_room_min, room)
        wrong = {
            "not solved": not solved,
            "not finite": not np.isfinite(after).all(),
            "range": exceeded > TOLERANCE,
            "speed": speed > 1.0 + TOLERANCE,
            "acceleration": acceleration > 1.0 + 1e-6,
            "tipping": room < 0.0,
        }
        if self.ticks % DISTANCES_EVERY == 0:
            nearest = control.distances.minimum(control.T_odom_base)
            self.distance_min = min(self.distance_min, nearest)
            wrong["distance"] = nearest <= min(TOUCH, self._begun)
        for name, left in wrong.items():
            if left:
                self.what[name] = self.what.get(name, 0) + 1
        self.failures += not solved
        self.violations += any(wrong.values())

    def _zmp_room(self) -> float:
        """Return how far the zero moment point is inside the support polygon, by what the floor must bear."""
        control = self.control
        if not control.tip_over.count:
            return np.inf
        point = self._zero_moment.add(control.base_place, control.model.q_whole)
        return np.inf if point is None else control.tip_over.room(point)

    def _place_afresh(self) -> None:
        """Stand somewhere near the table, at rest, nothing touching."""
        control, bounds, moved = self.control, self.control.bounds, self.control.model.moved
        while True:
            q = self.random.uniform(bounds.lower_range[moved:], bounds.upper_range[moved:])
            place = self.random.uniform([-0.4, -0.4, -0.5], [0.2, 0.4, 0.5]) if moved else np.zeros(3)
            control.reset(q, place)
            if control.distances.minimum(control.T_odom_base) > control.config.distance:
                break
        self._begun = control.distances.minimum(control.T_odom_base)
        self._zero_moment = ZeroMoment(control.body.urdf, self.dt)

    def _target(self) -> BodyTarget:
        random, control = self.random, self.control
        hands = {name: self._hand(name) for name in control.hands if random.random() < 0.9}
        bounds, moved = control.bounds, control.model.moved
        joints = {
            name: random.uniform(bounds.lower_range[moved:][part], bounds.upper_range[moved:][part])
            for name, part in control.parts.items()
            if name not in control.hands and random.random() < 0.3
        }
        elbows = {name: random.uniform(-np.pi, np.pi) for name in control.elbows if random.random() < 0.3}
        base = random.uniform(-1.5, 1.5, 3) if moved and random.random() < 0.2 else None
        wrenches = {name: random.normal(0.0, 20.0, 6) for name in control.hands if random.random() < 0.1}
        return BodyTarget(hands, joints, elbows, base, wrenches)

    def _hand(self, name: str) -> HandTarget:
        random, control, moved = self.random, self.control, self.control.model.moved
        twist = random.normal(0.0, 0.5, 6) if random.random() < 0.5 else None
        if random.random() < 0.5:  # the tool of some configuration, the base near where it is
            self._ghost.update(random.uniform(control.bounds.lower_range[moved:], control.bounds.upper_range[moved:]))
            T = self._ghost.T_base_ee[name].copy()
            riding = bool(random.random() < 0.3)
            return HandTarget(T if riding else control.T_odom_base @ T, twist, riding)
        T = np.eye(4)
        write_matrix(normalise(tuple(random.normal(0.0, 1.0, 4))), T[:3, :3])
        T[:3, 3] = self._mean + random.uniform(-1.5, 1.5, 3)
        return HandTarget(T, twist)

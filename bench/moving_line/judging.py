# SPDX-License-Identifier: Apache-2.0
"""Drive many times with one method, each way with a line that jumps and with one that does not, and judge.

Shape legend: N drives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.moving_line.delays import TICK, Delay, DelayedWorld
from bench.moving_line.drive import LONG_S, Drive, Follower, Jump, drive
from bench.moving_line.task import JUMP
from vla_ros.evaluation.statistics import wilson_interval
from vla_ros.policies.chunking.config import CORRECTION, FUTURE_STATE, GUIDANCE, wrap_chunking
from vla_ros.policies.flow.policy import MlpFlowPolicy

JUMPS_AT = (4.6, 4.9)  # [s] the post is passed, and three seconds are left
NOTICED = 2e-3  # [m] by which the motion has left the one of a line that did not jump: it has turned
ARRIVED = 0.01  # [m] of the line at the end


@dataclass(frozen=True, eq=False)
class Judged:
    """N drives of one method under one delay."""

    successes: np.ndarray  # (N,) bool: the post not touched, and on the line at the end, jumped or not
    reactions: np.ndarray  # (N,) [s] from the jump to the turn, or to the end where there was none
    settlings: np.ndarray  # (N,) [s] from the jump until it is within ARRIVED of the line for good, or to the end
    transition_position: np.ndarray  # (N,) [m] RMS over the transitions of a drive
    transition_velocity: np.ndarray  # (N,) [m/s]
    bends: np.ndarray  # (N,) [m/s]
    jerks: np.ndarray  # (N,) [m/s³]

    def figures(self) -> dict[str, float]:
        """Return the figures by their names, with 95 % intervals."""
        figures: dict[str, float] = {}
        for name, values, scale in (
            ("transition_mm", self.transition_position, 1e3),
            ("transition_mm_s", self.transition_velocity, 1e3),
            ("bend_mm_s", self.bends, 1e3),
            ("jerk_m_s3", self.jerks, 1.0),
            ("reaction_s", self.reactions, 1.0),
            ("settled_s", self.settlings, 1.0),
        ):
            low, middle, high = median_interval(scale * values)
            figures |= {name: middle, f"{name}_low": low, f"{name}_high": high}
        count, n = int(self.successes.sum()), len(self.successes)
        low, high = wilson_interval(count, n)
        return figures | {
            "success_percent": 100.0 * count / n,
            "success_percent_low": 100.0 * low,
            "success_percent_high": 100.0 * high,
        }


def median_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return the median of `values` (N,) between the ends of its 95 % interval, by ranks."""
    ordered, n = np.sort(values), len(values)
    reach = 0.98 * np.sqrt(n)  # 1.96 standard deviations of a count of n tosses of a coin
    low, high = max(0, int(np.floor(0.5 * n - reach))), min(n - 1, int(np.ceil(0.5 * n + reach)) - 1)
    return float(ordered[low]), float(np.median(ordered)), float(ordered[high])


def judge(policy: MlpFlowPolicy, method: str, delay: Delay, drives: int, follower: Callable[[], Follower]) -> Judged:
    """Drive `drives` times. The same number has the same noise, delays and jump with every method."""
    return judged(lambda seed, jump: _one(policy, method, delay, seed, jump, follower()), drives)


def judged(driven: Callable[[int, Jump | None], Drive], drives: int) -> Judged:
    """Return `drives` drives, each by its seed, calm and with the jump of that seed."""
    rows: list[tuple[Any, ...]] = []
    for seed in range(drives):
        random = np.random.default_rng(seed)
        jump = Jump(TICK * round(random.uniform(*JUMPS_AT) / TICK), JUMP * float(random.choice([-1.0, 1.0])))
        calm, moved = driven(seed, None), driven(seed, jump)
        apart = np.flatnonzero(np.abs(calm.path[:, 0] - moved.path[:, 0]) > NOTICED)
        succeeded = calm.clearance > 0.0 and moved.clearance > 0.0
        succeeded = succeeded and calm.error(0.0) < ARRIVED and moved.error(jump.by) < ARRIVED
        rows.append((
            succeeded, (TICK * apart[0] if len(apart) else LONG_S) - jump.at,
            moved.settled(jump.by, ARRIVED) - jump.at,
            _rms(calm.transition_position), _rms(calm.transition_velocity), calm.bend, calm.jerk,
        ))  # fmt: skip
    return Judged(*(np.array(column) for column in zip(*rows, strict=True)))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _one(policy: MlpFlowPolicy, method: str, delay: Delay, seed: int, jump: Jump | None, follower: Follower) -> Drive:
    world = DelayedWorld(delay, seed)
    policy.seed(seed)
    if method == "none":
        return drive(policy, follower, world, jump, corrected=False)
    alone = method.endswith("_alone")
    method = method.removesuffix("_alone")
    settings: dict[str, Any] = {"method": method} | ({"base": "none"} if alone else {})
    if method in (*GUIDANCE, FUTURE_STATE, CORRECTION):  # drawn delays are whole ones, and nothing warms up
        settings |= {"initial_delay_s": delay.mean, "lead_s": 0.0, "warmup": 0}
    if method in GUIDANCE:
        settings |= {"seed": seed}
    wrapped = wrap_chunking(policy, settings, "bench chunk_delay", world)
    return drive(wrapped, follower, world, jump, corrected=method == CORRECTION)

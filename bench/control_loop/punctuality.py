# SPDX-License-Identifier: Apache-2.0
"""The follower's loop against an empty one of the same scheduling class, in interleaved blocks."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from bench.control_loop.rig import FrankaRig
from controllers.realtime.loop import PacedLoop, prefer_real_time

BLOCKS = 4
STEAL = 8  # column of a line of /proc/stat: user nice system idle iowait irq softirq steal


def processor_ticks() -> tuple[int, int]:
    """Return what the hypervisor took away and all processor time so far, in kernel ticks; zeros where unknown."""
    try:
        line = Path("/proc/stat").read_text().splitlines()[0].split()
    except OSError:
        return 0, 0
    return int(line[STEAL]), sum(map(int, line[1 : STEAL + 1]))


def punctuality_figures(rig: FrankaRig, seconds: float) -> dict[str, float]:
    """Run both loops for `seconds` [s] together; the share of stolen time stands beside each."""
    rig.restart()
    q, dq = (array.copy() for array in rig.arm.measure())
    start = time.monotonic()
    loops = {
        "lateness": PacedLoop(1.0 / rig.dt, lambda now: rig.follower.tick(now - start, rig.dt, q, dq)),
        "empty_lateness": PacedLoop(1.0 / rig.dt, lambda now: None),
    }
    for warning in prefer_real_time():
        print(f"warning: {warning}")
    stolen: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(BLOCKS):
        for name, loop in loops.items():
            before = processor_ticks()
            loop.run(seconds / (2.0 * BLOCKS))
            steal, total = (after - was for after, was in zip(processor_ticks(), before, strict=True))
            stolen[name].append(100.0 * steal / max(total, 1))
    reports = {name: loop.report() for name, loop in loops.items()}
    figures = {f"{name}_p999_ms": report.lateness_p999_ms for name, report in reports.items()}
    figures["lateness_median_ms"] = reports["lateness"].lateness_median_ms
    figures["lateness_p999_ratio"] = figures["lateness_p999_ms"] / max(figures["empty_lateness_p999_ms"], 1e-6)
    figures["paced_tick_us_median"] = reports["lateness"].tick_median_us
    for name, shares in stolen.items():
        figures[f"{name}_steal_percent"] = float(np.mean(shares))
        figures[f"{name}_steal_percent_max"] = float(np.max(shares))
    return figures

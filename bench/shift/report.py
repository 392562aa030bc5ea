# SPDX-License-Identifier: Apache-2.0
"""What came of a shift: a table of kills, a table of slopes with their verdicts, a flat map of figures."""

from __future__ import annotations

import math

from bench.shift.shift import Shift
from bench.shift.slopes import GROWS, Slope, slope

# What may be added in an hour, as the upper end of the 95 % interval.
BARS = {"rss_mib": 20.0, "handles": 2.0, "threads": 1.0, "lateness_ms": 0.5, "disk_mib": 50.0}
UNITS = {"rss_mib": "MiB", "handles": "", "threads": "", "lateness_ms": "ms", "disk_mib": "MiB"}
BAGS = "bags"  # grow as long as something is recorded
LOST_MAX_S = 1.0
Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


def slopes(shift: Shift) -> dict[tuple[str, str], Slope]:
    """Return the slope of every quantity of every process."""
    return {key: slope(series) for key, series in shift.sampler.series.items()}


def slopes_table(shift: Shift) -> Table:
    """Return headings and rows: what grows by how much in an hour."""
    headings = ("quantity", "process", "median", "an hour", "95 %", "samples", "lives", "verdict")
    rows = []
    for (quantity, name), one in slopes(shift).items():
        verdict = "recorded" if name == BAGS else one.verdict(BARS[quantity])
        known = math.isfinite(one.per_hour)
        interval = f"{one.low:+.2f} to {one.high:+.2f}" if known else "–"
        growth = f"{one.per_hour:+.2f} {UNITS[quantity]}".strip() if known else "–"
        figures = (f"{one.level:.2f}", growth, interval)
        rows.append((quantity, name, *figures, str(one.samples), str(one.lives), verdict))
    return headings, rows


def kills_table(shift: Shift) -> Table:
    """Return headings and rows: what each kill came to."""
    headings = ("killed", "at [s]", "back [s]", "rest [s]", "at work [s]", "speed", "what became of it")
    rows = []
    for kill in shift.kills:
        became = "; ".join(kill.problems) or ("held until a person came" if kill.released else "went on")
        numbers = (_number(kill.at, ".0f"), _number(kill.back_s, ".1f"), _number(kill.rest_s, ".2f"))
        speed = _number(100.0 * kill.speed_ratio, ".0f", " %")
        rows.append((kill.node, *numbers, _number(kill.on_s, ".0f"), speed, became))
    return headings, rows


def problems(shift: Shift) -> list[str]:
    """Return what was not as it must be."""
    found = [f"{kill.node}, killed after {kill.at:.0f} s: {what}" for kill in shift.kills for what in kill.problems]
    if not shift.worked_s:
        found.append("it never came to work: nothing was seen")
    if shift.ended:
        found.append(f"the job ended by itself: {shift.ended}")
    if "Traceback" in shift.output:
        found.append("a trace-back in the log")
    for (quantity, name), one in slopes(shift).items():
        if name != BAGS and one.verdict(BARS[quantity]) == GROWS:
            found.append(f"{quantity} of {name} grows: {one.per_hour:+.2f} {UNITS[quantity]} an hour")
    for lost in shift.lost:
        if math.isnan(lost.lost_s):
            found.append(f"{lost.bag}: is torn, and nobody killed the recorder then")
        elif lost.problem or lost.lost_s > LOST_MAX_S:
            found.append(f"{lost.bag}: {lost.problem or f'{lost.lost_s:.2f} s of its end are lost'}")
    return found


def figures(shift: Shift) -> dict[str, float]:
    """Return everything as name → number."""
    flat = {
        "minutes": shift.worked_s / 60.0,
        "episodes": float(shift.episodes),
        "successes": float(shift.successes),
        "kills": float(len(shift.kills)),
        "kills_failed": float(sum(bool(kill.problems) for kill in shift.kills)),
        "bags_torn": float(len(shift.lost)),
        "lost_s_max": max((lost.lost_s for lost in shift.lost if math.isfinite(lost.lost_s)), default=0.0),
    }
    for number, kill in enumerate(shift.kills):
        for name in ("at", "back_s", "rest_s", "on_s", "speed_ratio"):
            flat[f"kill_{number:03d}_{kill.node}/{name}"] = getattr(kill, name)
    for (quantity, name), one in slopes(shift).items():
        key = f"{quantity}/{name.replace(' ', '_')}"
        flat |= {f"{key}/per_hour": one.per_hour, f"{key}/low": one.low, f"{key}/high": one.high}
        flat |= {f"{key}/median": one.level, f"{key}/samples": float(one.samples), f"{key}/lives": float(one.lives)}
    return {name: round(value, 4) for name, value in flat.items() if math.isfinite(value)}


def _number(value: float, form: str, unit: str = "") -> str:
    return "–" if math.isnan(value) else f"{value:{form}}{unit}"

# SPDX-License-Identifier: Apache-2.0
"""The comparison as a table: on the terminal, and as it stands in docs/control.md."""

from __future__ import annotations

import numpy as np
from rich.console import Console

from bench.chunk_control.comparison import ENTRIES, OURS
from bench.chunk_control.figures import Results, values
from vla_ros.tables import print_table

# figure, heading, format, which tenth is the bad one
COLUMNS = (
    ("completion_ratio", "time, × ideal", ".2f", 90),
    ("transition_jerk_peak", "jerk at transitions, peak", ".0f", 90),
    ("transition_jerk_rms", "RMS", ".0f", 90),
    ("felt_jerk_peak", "felt, peak", ".0f", 90),
    ("felt_jerk_rms", "RMS", ".1f", 90),
    ("step_position_mm", "step [mm]", ".2g", 90),
    ("step_velocity_mm_s", "[mm/s]", ".2g", 90),
    ("step_acceleration_m_s2", "[m/s²]", ".2g", 90),
    ("deviation_rms_mm", "off the path [mm]", ".1f", 90),
    ("timed_error_rms_mm", "and the clock", ".1f", 90),
    ("ldlj", "LDLJ", ".1f", 10),
    ("sparc", "SPARC", ".1f", 10),
)
HEADINGS = ("method", "finished", *(heading for _, heading, _, _ in COLUMNS))


def number(value: float, form: str) -> str:
    """Write a figure; a large one in three digits and its power of ten."""
    text = f"{value:{form}}"
    return f"{value:.1e}".replace("e+0", "e").replace("e-0", "e-") if abs(value) >= 1e4 or "e" in text else text


def rows(results: Results) -> list[tuple[str, ...]]:
    """Return the table's rows: medians over paths, delays and seeds, and the worst tenth of the same."""
    found = []
    for entry in ENTRIES:
        cells = [f"{100.0 * values(results, entry, 'finished').mean():.0f} %"]
        for figure, _, form, worst in COLUMNS:
            p50, tenth = np.percentile(values(results, entry, figure), [50, worst])
            cells.append(f"{number(p50, form)} ({number(tenth, form)})")
        found.append((entry, *cells))
    return found


def show(results: Results, console: Console) -> None:
    """Print the table."""
    found = rows(results)
    styles = ["bold" if row[0] == OURS else "" for row in found]
    title = "Median (worst tenth); jerk in m/s³ over the ideal path's own"
    print_table(console, HEADINGS, found, title, styles)


def markdown(results: Results) -> str:
    """Return the table as it stands in docs/control.md."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *rows(results)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)

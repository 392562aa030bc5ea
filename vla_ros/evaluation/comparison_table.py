# SPDX-License-Identifier: Apache-2.0
"""Show two results row by row: scenes, successes, difference, evidence and the verdict in words."""

from __future__ import annotations

import math

from rich.console import Console

from vla_ros.evaluation.compared_results import ComparedRows
from vla_ros.evaluation.comparison import verdict_in_words
from vla_ros.evaluation.comparison_report import print_left_out
from vla_ros.evaluation.sequential import SequentialComparison
from vla_ros.tables import print_table

TOGETHER = "all rows"


def print_rows(compared: ComparedRows, names: tuple[str, str], console: Console) -> None:
    """Print one table, and below it what did not count."""
    rows = []
    for row, (_, comparison) in compared.rows.items():
        count = len(comparison.pairs)
        successes = [f"{n} of {count}" for n in comparison.successes]
        rows.append((row, str(count), *successes, *_said(comparison.sequence, names)))
    if compared.together is not None:
        sums = [sum(comparison.successes[i] for _, comparison in compared.rows.values()) for i in (0, 1)]
        total = sum(len(comparison.pairs) for _, comparison in compared.rows.values())
        count = len(compared.together.differences)
        rows.append((TOGETHER, str(count), *(f"{n} of {total}" for n in sums), *_said(compared.together, names)))
    headings = ("row", "scenes", *names, "difference [points]", "95 % interval", "evidence", "verdict")
    print_table(console, headings, rows, f"{names[0]} compared with {names[1]}, scene by scene")
    console.print(
        "evidence: of the better one, and what decides. All verdicts and intervals together are wrong in 5 % of "
        "comparisons at most, however often one looks and wherever one stops.",
        soft_wrap=True,
        highlight=False,
    )
    for row, (_, comparison) in compared.rows.items():
        print_left_out(comparison, console, f"{row}: " if len(compared.rows) > 1 else "")
    if compared.unmatched:
        console.print(f"rows of one of them alone: {', '.join(compared.unmatched)}", markup=False)


def _said(sequence: SequentialComparison, names: tuple[str, str]) -> tuple[str, str, str, str]:
    low, high = (100.0 * end for end in sequence.interval)
    reached = math.exp(min(float(max(side.max() for side in sequence.evidence)), 30.0))
    evidence = f"{reached:.1f} of {math.exp(sequence.threshold):.0f}" if reached < 1e6 else "above a million"
    return f"{100.0 * sequence.mean:+.1f}", f"{low:+.1f} to {high:+.1f}", evidence, verdict_in_words(sequence, *names)


def flat_figures(compared: ComparedRows) -> dict[str, float | int]:
    """Return name → number; names of several rows begin with the row's."""
    if len(compared.rows) == 1:
        return next(comparison.figures() for _, comparison in compared.rows.values())
    figures = {
        f"{row}.{key}": value
        for row, (_, comparison) in compared.rows.items()
        for key, value in comparison.figures().items()
    }
    together = compared.together.figures() if compared.together is not None else {}
    return figures | {f"{TOGETHER.replace(' ', '_')}.{key}": value for key, value in together.items()}

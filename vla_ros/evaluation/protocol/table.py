# SPDX-License-Identifier: Apache-2.0
"""A test's result as a table for people, Markdown for README and docs, and JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from vla_ros.evaluation.protocol.rows import Row
from vla_ros.evaluation.protocol.run import Figures, ReleaseTest, TestResult
from vla_ros.tables import print_table


def headings(test: ReleaseTest) -> tuple[str, ...]:
    """Return the columns."""
    beside = (test.protocol.beside,) if test.protocol.beside and test.protocol.beside != test.policy else ()
    asked = ("right object first", "by colour alone", "by chance")
    return ("row", "scenes", "success", "95 % interval", *asked, "SPL", *beside)


def table_rows(test: ReleaseTest, result: TestResult) -> list[tuple[str, ...]]:
    """Return the cells, a row of the protocol each."""
    return [_cells(row, figures, result.beside.get(row)) for row, figures in result.figures.items()]


def _cells(row: Row, figures: Figures, beside: Figures | None) -> tuple[str, ...]:
    named = [_percent(figures[key]) if key in figures else "n/a" for key in
             ("if_rate", "if_rate_color_alone", "if_rate_chance")]  # fmt: skip
    low, high = 100.0 * figures["success_ci95_low"], 100.0 * figures["success_ci95_high"]
    cells = (row.title, str(figures["episodes"]), _percent(figures["success_rate"]), f"{low:.1f} to {high:.1f} %")
    return (
        *cells,
        *named,
        f"{100.0 * figures['spl']:.0f}",
        *([] if beside is None else [_percent(beside["success_rate"])]),
    )


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f} %"


def notes(test: ReleaseTest, result: TestResult) -> list[str]:
    """Return what stands below a table: the look first, then what was tested."""
    record = result.record
    seeds = f"scenes {test.seeds.start} to {test.seeds.stop - 1} of each row"
    return [
        f"{record.looks}.",
        f"`./vla eval --test --policy {test.policy}`: weights {record.weights[:12]}, {seeds}, {record.begun[:10]}, "
        f"vla_ros {record.version}, code {record.code[:12]}, rows {record.rows[:12]}.",
    ]


def markdown(test: ReleaseTest, result: TestResult) -> str:
    """Return the table as Markdown, its notes below it."""
    lines = [headings(test), tuple("---" for _ in headings(test)), *table_rows(test, result)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    look, what = notes(test, result)
    return f"{table}\n\n{f'**{look}**' if result.record.look > 1 else look} {what}\n"


def print_result(test: ReleaseTest, result: TestResult, file: Path, console: Console) -> None:
    """Print the table and its notes."""
    print_table(
        console, headings(test), table_rows(test, result), f"test of {test.policy}, weights {test.weights[:12]}"
    )
    for number, note in enumerate(notes(test, result)):
        console.print(note, style="bold" if number == 0 else "", markup=False, highlight=False, soft_wrap=True)
    console.print(f"table in {file.with_suffix('.md')}, figures in {file}", markup=False, soft_wrap=True)


def document(test: ReleaseTest, result: TestResult) -> dict[str, Any]:
    """Return the JSON file."""
    record = result.record
    rows = {
        row.name: {
            "title": row.title,
            **figures,
            **({test.protocol.beside: result.beside[row]} if row in result.beside else {}),
        }
        for row, figures in result.figures.items()
    }
    return {
        "policy": record.policy,
        "look": record.look,
        "looks": record.looks,
        "weights": record.weights,
        "code": record.code,
        "version": record.version,
        "protocol": record.rows,
        "seeds": [test.seeds.start, test.seeds.stop],
        "begun": record.begun,
        "finished": record.finished,
        "rows": rows,
    }

# SPDX-License-Identifier: Apache-2.0
"""A test's result as a table for people, Markdown for README and docs, and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from vla_ros.evaluation.protocol.rows import Row
from vla_ros.evaluation.protocol.run import Figures, ReleaseTest, TestResult
from vla_ros.tables import print_table


@dataclass(frozen=True)
class Column:
    """A figure of a row; `key` is its name in a summary, `interval` the beginning of its interval's two."""

    heading: str
    key: str
    interval: str = ""
    as_percent: bool = True


SUCCESS = Column("success", "success_rate", "success_ci95")
# What not every task has; a column stands where one row at least does.
OTHERS = (
    Column("things", "parts_rate", "parts_ci95"),
    Column("followed", "followed_rate", "followed_ci95"),
    Column("right object first", "if_rate"),
    Column("by colour alone", "if_rate_color_alone"),
    Column("by chance", "if_rate_chance"),
    Column("SPL", "spl", as_percent=False),
)


def columns(result: TestResult) -> tuple[Column, ...]:
    """Return the figures that stand in the table."""
    known = {key for figures in result.figures.values() for key in figures}
    return (SUCCESS, *(column for column in OTHERS if column.key in known))


def headings(test: ReleaseTest, result: TestResult) -> tuple[str, ...]:
    """Return the columns' headings."""
    beside = (test.protocol.beside,) if test.protocol.beside and test.protocol.beside != test.policy else ()
    own = [
        name
        for column in columns(result)
        for name in (column.heading, *(("95 % interval",) if column.interval else ()))
    ]
    return ("row", "scenes", *own, *beside)


def table_rows(test: ReleaseTest, result: TestResult) -> list[tuple[str, ...]]:
    """Return the cells, a row of the protocol each."""
    shown = columns(result)
    return [_cells(row, shown, figures, result.beside.get(row)) for row, figures in result.figures.items()]


def _cells(row: Row, shown: tuple[Column, ...], figures: Figures, beside: Figures | None) -> tuple[str, ...]:
    own = [cell for column in shown for cell in _column_cells(column, figures)]
    rest = [] if beside is None else [_percent(beside["success_rate"])]
    return (row.title, str(figures["episodes"]), *own, *rest)


def _column_cells(column: Column, figures: Figures) -> list[str]:
    if column.key not in figures:
        return ["n/a"] * (2 if column.interval else 1)
    value = figures[column.key]
    cells = [_percent(value) if column.as_percent else f"{100.0 * value:.0f}"]
    if column.interval:
        low, high = (100.0 * figures[f"{column.interval}_{end}"] for end in ("low", "high"))
        cells.append(f"{low:.1f} to {high:.1f} %")
    return cells


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
    shown = headings(test, result)
    lines = [shown, tuple("---" for _ in shown), *table_rows(test, result)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    look, what = notes(test, result)
    return f"{table}\n\n{f'**{look}**' if result.record.look > 1 else look} {what}\n"


def print_result(test: ReleaseTest, result: TestResult, file: Path, console: Console) -> None:
    """Print the table and its notes."""
    print_table(
        console, headings(test, result), table_rows(test, result), f"test of {test.policy}, weights {test.weights[:12]}"
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
            "failures": result.failures.get(row, {}),
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

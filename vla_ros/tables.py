# SPDX-License-Identifier: Apache-2.0
"""Tables that fit the terminal: one too wide for it is turned on its side or split, and no cell is ever cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

Row = Sequence[str]


def print_table(
    console: Console,
    headings: Row,
    rows: Sequence[Row],
    title: str = "",
    styles: Sequence[str] = (),
    **look: Any,
) -> None:
    """Print a table of plain texts; a row's first cell names it. `styles` has one a row, `look` is rich's Table's.

    Where it is wider than the terminal, its rows become columns if that fits, else it goes on in further tables with
    the names repeated. A file or a pipe has no width: there it stays whole.
    """
    styles = styles or [""] * len(rows)
    whole = _table(headings, rows, title, styles, look)
    if not console.is_terminal:
        given, console.width = console.width, max(console.width, _width(console, whole))
        console.print(whole)
        console.width = given
        return
    if _width(console, whole) <= console.width:
        console.print(whole)
        return
    turned = list(zip(headings, *rows, strict=True))
    on_its_side = _table(turned[0], turned[1:], title, (), look)
    if _width(console, on_its_side) <= console.width:
        console.print(on_its_side)
        return
    for number, columns in enumerate(_groups(console, headings, rows, look)):
        part = [[row[column] for column in columns] for row in rows]
        names = [headings[column] for column in columns]
        console.print(_table(names, part, "" if number else title, styles, look))


def _groups(console: Console, headings: Row, rows: Sequence[Row], look: dict[str, Any]) -> list[list[int]]:
    """Return which columns stand together: as many as fit, the first in every group."""
    groups: list[list[int]] = []
    for column in range(1, len(headings)):
        columns = [*(groups[-1] if groups else [0]), column]
        part = _table([headings[c] for c in columns], [[row[c] for c in columns] for row in rows], "", (), look)
        if groups and _width(console, part) <= console.width:
            groups[-1].append(column)
        else:
            groups.append([0, column])
    return groups


def _table(headings: Row, rows: Sequence[Row], title: str, styles: Sequence[str], look: dict[str, Any]) -> Table:
    table = Table(title=Text(title) if title else None, title_justify="left", **look)
    for heading in headings:
        table.add_column(Text(heading), overflow="fold")  # what fits in no way is broken into lines, not cut
    for number, row in enumerate(rows):
        table.add_row(*map(Text, row), style=styles[number] if styles else "")
    return table


def _width(console: Console, table: Table) -> int:
    """Return the columns that a table takes without breaking a cell."""
    title, table.title = table.title, None  # is broken into lines where it is longer
    width = Measurement.get(console, console.options.update(max_width=10_000), table).maximum
    table.title = title
    return width

# SPDX-License-Identifier: Apache-2.0
"""What was found of a robot as a table, and the one line that says why it cannot be used."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vla_ros.commands.robots.check import RobotCheck
from vla_ros.robots.checks.finding import OK, PROBLEM, WARNING

_STYLES = {OK: "", WARNING: "yellow", PROBLEM: "red"}
_PLAIN_WIDTH = 160  # of a file or a pipe: sentences are broken there


def print_check(console: Console, found: RobotCheck) -> None:
    """Print one table, a row a finding, sentences broken where the terminal ends, and the verdict below it."""
    if not console.is_terminal:
        console.width = max(console.width, _PLAIN_WIDTH)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("check", "", "found"):
        table.add_column(heading, overflow="fold", no_wrap=heading != "found")
    for finding in found.findings:
        table.add_row(Text(finding.check), Text(finding.level, style=_STYLES[finding.level]), Text(finding.said))
    with console.capture() as lines:
        console.print(table)
    # Without the spaces that fill a table's lines: they would be pasted along.
    console.out("\n".join(line.rstrip() for line in lines.get().splitlines()), highlight=False)
    console.out(verdict(found), highlight=False)


def verdict(found: RobotCheck) -> str:
    """Return the robot's name, and whether it can be used."""
    counts = [
        f"{len(some)} {noun}{'' if len(some) == 1 else 's'}"
        for some, noun in ((found.problems, PROBLEM), (found.warnings, WARNING))
        if some
    ]
    return f"{found.robot}: {', '.join(counts) or 'ok'}"


def complaint(found: RobotCheck) -> str:
    """Return the first problem with its remedy, and how many more there are."""
    first, *more = found.problems
    rest = f" ({len(more)} more in the table)" if more else ""
    return f"{found.robot}: {first.check}: {first.said}{rest}"

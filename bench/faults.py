# SPDX-License-Identifier: Apache-2.0
"""What the arm does when something fails: the fault matrix over the real graph.

Every cell is a real run: a node is killed or stopped, a message is bad, the machine fails. Limits must be kept, the
arm must come to rest, somebody must say why, and the job must end or go on. Exit code 1 when a cell is not so.
"""

from __future__ import annotations

import argparse
import math

import numpy as np
import slow_tests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bench.fault_matrix import machine_faults, message_faults, network_faults, node_faults
from bench.fault_matrix.cell import Cell
from bench.fault_matrix.isolated import run_isolated
from bench.figures import add_json_argument, write_json
from controllers.errors import ConfigError
from vla_ros.output_file import OutputFile, write_output
from vla_ros.progress import WorkProgress
from vla_ros.tables import print_table

COLUMNS = (
    TextColumn("{task.description:<44}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)
GROUPS = {"nodes": node_faults, "messages": message_faults, "machine": machine_faults, "network": network_faults}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench faults`."""
    parser.add_argument(
        "--only", metavar="WORDS", default="", help="only cells whose name holds this: 'SIGSTOP camera'"
    )
    parser.add_argument("--group", choices=tuple(GROUPS), help="only one part of the matrix")
    parser.add_argument(
        "--sample",
        metavar="SEED",
        help=f"one in {slow_tests.SHARE} of the cells of each part: those that SEED chooses, the same every time",
    )
    parser.add_argument(
        "--attempts", type=int, default=1, metavar="N", help="run a cell that is not as it must be up to N times"
    )
    add_json_argument(parser)
    parser.add_argument(
        "--markdown", action=OutputFile, metavar="FILE", help="also write the table as it stands in docs/safety.md"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the cells one after the other, show the table, write the files."""
    if arguments.attempts < 1:
        raise ConfigError(f"bench faults: --attempts must be at least 1, got {arguments.attempts}")
    wanted = cells_of(arguments.group, arguments.only, arguments.sample)
    if not wanted:
        raise ConfigError(f"bench faults: no cell is called '{arguments.only}'")
    cells: list[Cell] = []
    with WorkProgress(*COLUMNS, console=Console()) as progress:
        task = progress.add_task("", total=len(wanted))
        for group, fault, situation in wanted:
            progress.update(task, description=f"{fault}, {situation}")
            cells.append(_attempt(group, fault, situation, arguments.attempts, progress.console))
            progress.advance(task)
    _show(cells, Console())
    write_json(_figures(cells), arguments.json)
    if arguments.markdown:
        write_output("--markdown", arguments.markdown, _markdown(cells))
    failed = [cell for cell in cells if cell.problems]
    for cell in failed:  # once more below the table, whose columns cut it off
        print(f"{cell.fault}, {cell.situation}: {'; '.join(cell.problems)}")
    print(f"{len(cells) - len(failed)} of {len(cells)} cells as they must be")
    return 1 if failed else 0


def cells_of(only_group: str | None, words: str, seed: str | None) -> list[tuple[str, str, str]]:
    """Return the cells asked for, in order: module, fault, situation; with a seed, what it draws of them."""
    cells = {
        f"{name}[{fault}, {situation}]": (group.__name__.rpartition(".")[2], fault, situation)
        for name, group in GROUPS.items()
        if only_group in (None, name)
        for fault, situation in group.names()
        if words in f"{fault} {situation}"
    }
    drawn = slow_tests.sample(cells, seed) if seed else cells
    return [cell for name, cell in cells.items() if name in drawn]


def _attempt(group: str, fault: str, situation: str, attempts: int, console: Console) -> Cell:
    """Run a cell until it is as it must be, at most `attempts` times; what it took is said."""
    for attempt in range(1, attempts + 1):
        cell = run_isolated(group, fault, situation)
        if cell.problems:
            console.print(f"[red]{fault}, {situation}: {'; '.join(cell.problems)}")
        elif attempt > 1:
            cell.outcome += f" (attempt {attempt})"
        if not cell.problems:
            break
    return cell


HEADINGS = ("fault", "situation", "rest [s]", "speed", "effort", "[N·m/s]", "what became of it")


def _row(cell: Cell) -> tuple[str, ...]:
    figures = (
        _number(cell.rest_s, ".2f"), _number(100.0 * cell.speed_ratio, ".0f", " %"),
        _number(100.0 * cell.effort_ratio, ".0f", " %"), _number(cell.effort_rate, ".0f"),
    )  # fmt: skip
    return (cell.fault, cell.situation, *figures, "; ".join(cell.problems) or cell.skipped or cell.outcome)


def _number(value: float, form: str, unit: str = "") -> str:
    return "–" if math.isnan(value) else f"{value:{form}}{unit}"


def _show(cells: list[Cell], console: Console) -> None:
    styles = ["red" if cell.problems else "dim" if cell.skipped else "" for cell in cells]
    print_table(console, HEADINGS, [_row(cell) for cell in cells], styles=styles)


def _markdown(cells: list[Cell]) -> str:
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(_row(cell) for cell in cells)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _figures(cells: list[Cell]) -> dict[str, float]:
    figures = {"cells": float(len(cells)), "cells_failed": float(sum(bool(cell.problems) for cell in cells))}
    for cell in cells:
        for name in ("rest_s", "speed_ratio", "effort_ratio", "effort_rate"):
            if np.isfinite(getattr(cell, name)):
                figures[f"{cell.name}/{name}"] = round(float(getattr(cell, name)), 4)
    return figures

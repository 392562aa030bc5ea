# SPDX-License-Identifier: Apache-2.0
"""Say which of two evaluated policies succeeds more often, or how many scenes more it would take to know.

A and B are the FILEs of `vla eval --json` (or of `vla eval --test`: then row by row, and all rows together), of the
same scenes; they may still be under way. Scenes are paired by their seeds. The verdict is wrong in 5 % of comparisons
at most however often one looks and wherever one stops: evaluate some scenes, compare, evaluate more with --resume,
compare again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.output_file import OutputFile, write_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("first", metavar="A.json", help="an evaluation's --json FILE, or a folder of rows")
    parser.add_argument("second", metavar="B.json", help="another one of the same scenes")
    parser.add_argument("--plot", action=OutputFile, suffix=".png", metavar="FILE",
                        help="draw the evidence scene by scene (PNG)")  # fmt: skip
    parser.add_argument("--json", action=OutputFile, metavar="FILE", help="write the figures, name → number")


def run(arguments: argparse.Namespace) -> int:
    """Compare; 0 whatever the verdict."""
    from rich.console import Console

    from vla_ros.evaluation.compared_results import compare_results, read_result
    from vla_ros.evaluation.comparison_report import print_differing
    from vla_ros.evaluation.comparison_table import flat_figures, print_rows

    files = arguments.first, arguments.second
    if Path(files[0]).resolve() == Path(files[1]).resolve():
        raise ConfigError(f"{files[0]} and {files[1]} are the same result: name two")
    first, second = (read_result(file) for file in files)
    names = (first.name, second.name) if first.name != second.name else files
    compared = compare_results(first, second)
    console = Console()
    print_rows(compared, names, console)
    if len(compared.rows) == 1:
        ((_, comparison),) = compared.rows.values()
        print_differing(names, comparison, console)
    if arguments.json:
        write_output("--json", arguments.json, json.dumps(flat_figures(compared), indent=2) + "\n")
    if arguments.plot:
        from vla_ros.evaluation.comparison_plot import draw

        write_output("--plot", arguments.plot, draw(compared, names))
    return 0

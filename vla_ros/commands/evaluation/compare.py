# SPDX-License-Identifier: Apache-2.0
"""Say which of two evaluated policies succeeds more often, or how many scenes more it would take to know.

A and B are the FILEs of `vla eval --json` (or of `vla eval --test`: then row by row, and all rows together), of the
same scenes; they may still be under way. Scenes are paired by their seeds. The verdict is wrong in 5 % of comparisons
at most however often one looks and wherever one stops: evaluate some scenes, compare, evaluate more with --resume,
compare again.

`--plan` says before the first episode how many it takes, for a difference of so many points from such a rate.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.output_file import OutputFile, write_output

PLANNING = ("points", "rate", "paired_correlation", "power", "alpha")  # options of --plan alone


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("first", metavar="A.json", nargs="?", help="an evaluation's --json FILE, or a folder of rows")
    parser.add_argument("second", metavar="B.json", nargs="?", help="another one of the same scenes")
    parser.add_argument("--plot", action=OutputFile, suffix=".png", metavar="FILE",
                        help="draw the evidence scene by scene (PNG)")  # fmt: skip
    parser.add_argument("--json", action=OutputFile, metavar="FILE", help="write the figures, name → number")
    plan = parser.add_argument_group("how many episodes, before the first of them")
    plan.add_argument("--plan", action="store_true", help="compare nothing: say how many scenes a comparison takes")
    plan.add_argument("--points", type=float, metavar="P", help="difference in success to find, in points; 5 is 5 %%")
    plan.add_argument("--rate", type=float, metavar="R", help="success of the policy that is known, 0 to 1")
    plan.add_argument("--paired-correlation", type=float, metavar="C",
                      help="of both successes, scene by scene (default: 0, 0.3 and 0.6)")  # fmt: skip
    plan.add_argument("--power", type=float, metavar="S", help="share of comparisons to find it in (default 0.8)")
    plan.add_argument("--alpha", type=float, metavar="E", help="share of errors between equal policies (default 0.05)")


def run(arguments: argparse.Namespace) -> int:
    """Compare, or plan; 0 whatever the verdict."""
    if arguments.plan:
        return _plan(arguments)
    for name in PLANNING:
        if getattr(arguments, name) is not None:
            raise ConfigError(f"--{name.replace('_', '-')} is for --plan: give it too")
    if arguments.first is None or arguments.second is None:
        raise ConfigError("name two results, A.json and B.json; --plan --points 5 --rate 0.8 needs none")
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


def _plan(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from vla_ros.evaluation.power.plan import plan, plan_figures, print_plan

    if arguments.first is not None or arguments.plot:
        given = arguments.first if arguments.first is not None else f"--plot {arguments.plot}"
        raise ConfigError(f"--plan compares nothing: leave out {given}")
    if arguments.points is None or arguments.rate is None:
        raise ConfigError("--plan needs --points and --rate, such as --points 5 --rate 0.8")
    power = 0.8 if arguments.power is None else arguments.power
    alpha = 0.05 if arguments.alpha is None else arguments.alpha
    plans = plan(arguments.rate, arguments.points, arguments.paired_correlation, power, alpha)
    print_plan(plans, power, alpha, Console())
    if arguments.json:
        write_output("--json", arguments.json, json.dumps(plan_figures(plans, power), indent=2) + "\n")
    return 0

# SPDX-License-Identifier: Apache-2.0
"""Look at a LeRobotDataset, check it, and make others of it.

DATASET is the folder that holds meta/. Everything but `merge`, `split` and `stats --write` only reads.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.output_file import OutputFile, write_output

SHOWN_MAX = 20  # findings and skipped episodes on the terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare info, check, stats, view, merge and split."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="info|check|stats|view|merge|split")

    def action(name: str, text: str, example: str) -> argparse.ArgumentParser:
        return actions.add_parser(
            name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=f"example: vla dataset {example}"
        )

    info = action("info", "say what a dataset holds", "info datasets/mugs")
    check = action("check", "find everything that is wrong with a dataset; exit code 1 when something is",
                   "check datasets/mugs --deep --contract franka_grasp")  # fmt: skip
    check.add_argument("--deep", action="store_true", help="decode every picture, too")
    check.add_argument("--contract", metavar="NAME", help="the dataset must fit it; default: the one it was made by")
    stats = action("stats", "print the statistics that training normalises by", "stats datasets/mugs --exact --write")
    stats.add_argument("--exact", action="store_true", help="count every frame again instead of reading stats.json")
    stats.add_argument("--write", action="store_true", help="with --exact: put the result into the dataset")
    view = action("view", "draw an episode as one HTML page: pictures, state, action", "view datasets/mugs --episode 3")
    view.add_argument("--episode", type=int, default=0, metavar="N", help="which one (default 0)")
    view.add_argument(
        "--output", action=OutputFile, metavar="FILE.html", help="default: <dataset>_episode_<N>.html here"
    )
    for one in (info, check, stats, view):
        one.add_argument("dataset", metavar="DATASET", help="folder that holds meta/")
    for one in (info, check, stats):
        one.add_argument("--json", action=OutputFile, metavar="FILE", help="write the answer as JSON")
    merge = action("merge", "append datasets to one without touching a picture; what is corrupt is counted, left out",
                   "merge datasets/all parts/")  # fmt: skip
    merge.add_argument("output", metavar="OUTPUT", help="dataset, new or there already")
    merge.add_argument("sources", nargs="+", metavar="DATASET", help="datasets, or folders that hold some")
    merge.add_argument("--deep", action="store_true", help="decode every picture to know what is corrupt")
    split = action("split", "write parts of a dataset, by whole episodes, into folders of their own",
                   "split datasets/mugs parts train=0.9 val=0.1 --seed 0")  # fmt: skip
    split.add_argument("dataset", metavar="DATASET", help="folder that holds meta/")
    split.add_argument("output", metavar="OUTPUT", help="folder for the parts")
    split.add_argument(
        "parts", nargs="+", metavar="NAME=SHARE", help="shares that add up to 1, or NAME=0,3-7: episodes"
    )
    split.add_argument("--seed", type=int, default=0, help="of the draw (default 0)")


def run(arguments: argparse.Namespace) -> int:
    """Do one of them; 0 when done, 1 when a check found something."""
    return {"info": _info, "check": _check, "stats": _stats, "view": _view, "merge": _merge, "split": _split}[
        arguments.action
    ](arguments)


@contextlib.contextmanager
def shown(what: str) -> Iterator[Callable[[float], None]]:
    """Yield what is to be told the share that is done; a terminal sees a bar with the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda share: progress.update(task, completed=share)


def _info(arguments: argparse.Namespace) -> int:
    from vla_ros.data.datasets.info import describe, figures
    from vla_ros.data.datasets.metadata import load_metadata

    metadata = load_metadata(arguments.dataset)
    print(describe(metadata))
    write_json(arguments.json, figures(metadata))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from vla_ros.data.datasets.check import check
    from vla_ros.policies.contract import load_contract

    contract = load_contract(arguments.contract) if arguments.contract else None
    with shown("checking") as progress:
        findings = check(arguments.dataset, contract, arguments.deep, progress)
    print_lines(findings)
    print(f"{arguments.dataset}: {f'{len(findings)} findings' if findings else 'ok'}")
    write_json(arguments.json, {"ok": not findings, "findings": findings})
    return 1 if findings else 0


def _stats(arguments: argparse.Namespace) -> int:
    from vla_ros.data.datasets.exact_statistics import exact_statistics, write_statistics
    from vla_ros.data.datasets.info import statistics_table
    from vla_ros.data.datasets.metadata import dataset_statistics, load_metadata

    if arguments.write and not arguments.exact:
        raise ConfigError("--write puts in what --exact counted: give both")
    metadata = load_metadata(arguments.dataset)
    if arguments.exact:
        with shown("counting") as progress:
            statistics = exact_statistics(metadata, progress)
        if arguments.write:
            write_statistics(metadata, statistics)
    else:
        statistics = dataset_statistics(metadata.root)
    print(statistics_table(metadata, statistics))
    listed = {name: {key: values.tolist() for key, values in entry.items()} for name, entry in statistics.items()}
    write_json(arguments.json, listed)
    return 0


def _view(arguments: argparse.Namespace) -> int:
    from vla_ros.data.datasets.page import episode_page
    from vla_ros.data.datasets.reader import LeRobotReader

    root = Path(arguments.dataset)
    name = arguments.output or f"{root.resolve().name}_episode_{arguments.episode}.html"
    with LeRobotReader(root) as reader:
        page = episode_page(reader, arguments.episode)
    write_output("--output", name, page)
    print(name)
    return 0


def _merge(arguments: argparse.Namespace) -> int:
    from vla_ros.data.datasets.merge import find_datasets, merge

    sources = find_datasets([Path(source) for source in arguments.sources])
    with shown("merging") as progress:
        report = merge(Path(arguments.output), sources, arguments.deep, progress)
    print_lines(report.unreadable + report.skipped)
    print(
        f"{arguments.output}: {report.episodes} episodes, {report.frames} frames added from {len(sources)} datasets; "
        f"{report.known} were there already, {len(report.skipped)} corrupt ({100 * report.corrupt_rate:.1f} %), "
        f"{len(report.unreadable)} datasets unreadable"
    )
    return 0


def _split(arguments: argparse.Namespace) -> int:
    from vla_ros.data.datasets.metadata import load_metadata
    from vla_ros.data.datasets.split import parse_parts, split

    parts = parse_parts(arguments.parts, len(load_metadata(arguments.dataset).episodes), arguments.seed)
    with shown("splitting") as progress:
        frames = split(Path(arguments.dataset), Path(arguments.output), parts, progress)
    for name, count in frames.items():
        print(f"{Path(arguments.output) / name}: {len(parts[name])} episodes, {count} frames")
    return 0


def print_lines(lines: list[str]) -> None:
    """Print some lines, and how many more there are."""
    for line in lines[:SHOWN_MAX]:
        print(" ".join(line.split()))
    if len(lines) > SHOWN_MAX:
        print(f"… and {len(lines) - SHOWN_MAX} more")


def write_json(file: str | None, values: object) -> None:
    """Write values as JSON when a file is named. Raises ConfigError when it cannot be written."""
    if file is not None:
        write_output("--json", file, json.dumps(values, indent=2) + "\n")

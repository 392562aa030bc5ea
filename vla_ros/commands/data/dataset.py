# SPDX-License-Identifier: Apache-2.0
"""Look at a LeRobotDataset, check it, and make others of it.

DATASET is the folder that holds meta/. Everything but `edit`, `merge`, `split` and `stats --write` only reads.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.commands.data.dataset_edit import add_edit_arguments, run_edit
from vla_ros.output_file import OutputFile, check_output, write_output

if TYPE_CHECKING:
    from vla_ros.data.datasets.metadata import DatasetMetadata

SHOWN_MAX = 20  # findings and skipped episodes on the terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare info, check, stats, view, edit, merge and split."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="info|check|stats|view|edit|merge|split")

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
    view = action("view", "draw HTML pages: an index over all episodes, and pictures, boxes and curves of each",
                  "view datasets/mugs --episode 3")  # fmt: skip
    view.add_argument("--episode", metavar="N", help="which ones, such as 3 or 0-9,12 (default: the first 50)")
    view.add_argument("--output", metavar="PLACE",
                      help="folder (default: <dataset>_view beside it), or FILE.html for one episode")  # fmt: skip
    for one in (info, check, stats, view):
        one.add_argument("dataset", metavar="DATASET", help="folder that holds meta/")
    for one in (info, check, stats):
        one.add_argument("--json", action=OutputFile, metavar="FILE", help="write the answer as JSON")
    add_edit_arguments(
        action(
            "edit",
            "change a dataset: delete episodes, rename tasks, drop features, resize pictures; undoable",
            "edit datasets/mugs --delete 3,7-9 --to datasets/good_mugs",
        )
    )
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
        "parts", nargs="+", metavar="NAME=SHARE", help="shares such as 0.9 that add up to 1, or NAME=0,3-7: episodes"
    )
    split.add_argument("--seed", type=int, default=0, help="of the draw (default 0)")


def run(arguments: argparse.Namespace) -> int:
    """Do one of them; 0 when done, 1 when a check found something."""
    actions = {
        "info": _info, "check": _check, "stats": _stats, "view": _view, "edit": run_edit, "merge": _merge,
        "split": _split,
    }  # fmt: skip
    return actions[arguments.action](arguments)


def _info(arguments: argparse.Namespace) -> int:
    from vla_ros.data.datasets.info import describe, figures
    from vla_ros.data.datasets.metadata import load_metadata

    metadata = load_metadata(arguments.dataset)
    print(describe(metadata))
    _print_note(metadata)
    write_json(arguments.json, figures(metadata))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from vla_ros.data.datasets.check import check
    from vla_ros.data.datasets.metadata import load_metadata
    from vla_ros.data.datasets.relaxed import relaxed_line
    from vla_ros.policies.contract import load_contract
    from vla_ros.progress import shown

    contract = load_contract(arguments.contract) if arguments.contract else None
    with shown("checking") as progress:
        findings = check(arguments.dataset, contract, arguments.deep, progress)
    print_lines(findings)
    metadata = load_metadata(arguments.dataset)
    _print_note(metadata)
    print(f"{arguments.dataset}: {f'{len(findings)} findings' if findings else 'ok'}")
    if note := relaxed_line(metadata):
        print(f"{arguments.dataset}: {note}")
    write_json(arguments.json, {"ok": not findings, "findings": findings})
    return 1 if findings else 0


def _stats(arguments: argparse.Namespace) -> int:
    from vla_ros.data.datasets.exact_statistics import exact_statistics, write_exact_statistics
    from vla_ros.data.datasets.info import statistics_table
    from vla_ros.data.datasets.metadata import dataset_statistics, load_metadata
    from vla_ros.progress import shown

    if arguments.write and not arguments.exact:
        raise ConfigError("--write puts in what --exact counted: give both")
    metadata = load_metadata(arguments.dataset)
    if arguments.write:
        with shown("counting") as progress:
            statistics = write_exact_statistics(Path(arguments.dataset), progress)
    elif arguments.exact:
        with shown("counting") as progress:
            statistics = exact_statistics(metadata, progress)
    else:
        statistics = dataset_statistics(metadata.root)
    print(statistics_table(metadata, statistics))
    listed = {name: {key: values.tolist() for key, values in entry.items()} for name, entry in statistics.items()}
    write_json(arguments.json, listed)
    return 0


def _view(arguments: argparse.Namespace) -> int:
    from vla_ros.data.datasets.metadata import load_metadata
    from vla_ros.data.datasets.reader import LeRobotReader
    from vla_ros.data.datasets.split import episode_list
    from vla_ros.data.datasets.viewing.episode_page import episode_page
    from vla_ros.data.datasets.viewing.pages import draw_pages, pages_folder
    from vla_ros.progress import shown

    root, given = Path(arguments.dataset), arguments.episode
    episodes = [] if given is None else episode_list(given, f"--episode {given}: give")
    alone = arguments.output is not None and arguments.output.endswith(".html")
    if alone:
        check_output("--output", arguments.output)
        if len(episodes) != 1:
            raise ConfigError("--output FILE.html is the page of one episode: name it with --episode, or give a folder")
    with LeRobotReader(load_metadata(root)) as reader, shown("drawing") as progress:
        if alone:
            write_output("--output", arguments.output, episode_page(reader, episodes[0]))
            page = Path(arguments.output)
        else:
            folder = pages_folder(root) if arguments.output is None else Path(arguments.output)
            page = draw_pages(reader, folder, episodes, progress)
    print(page)
    return 0


def _merge(arguments: argparse.Namespace) -> int:
    from vla_ros.data.datasets.merge import find_datasets, merge
    from vla_ros.progress import shown

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
    from vla_ros.progress import shown

    parts = parse_parts(arguments.parts, len(load_metadata(arguments.dataset).episodes), arguments.seed)
    with shown("splitting") as progress:
        frames = split(Path(arguments.dataset), Path(arguments.output), parts, progress)
    for name, count in frames.items():
        print(f"{Path(arguments.output) / name}: {len(parts[name])} episodes, {count} frames")
    return 0


def _print_note(metadata: DatasetMetadata) -> None:
    from vla_ros.data.datasets.contract_search import contract_note

    note = contract_note(metadata)
    if note is not None:
        print(f"note: {note}")


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

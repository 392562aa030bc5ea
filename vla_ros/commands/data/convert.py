# SPDX-License-Identifier: Apache-2.0
"""Make a dataset of bags, or a bag of a dataset's episode.

Bags → LeRobotDataset v3.0, by a data contract (config/contracts): states and actions interpolated to its rate,
of every camera the image nearest to each frame, the instruction in words. Episodes are what a recording marks as such,
else the whole bag. OUTPUT may exist: bags are appended, those it holds already are left out, and what is killed or
finds the disk full leaves the dataset as it was. Bags that cannot be used are named, counted and left out; `vla bag
check` says so before. Exit code 0 when something was made or is there already, 1 when there were only failed episodes,
2 when no bag can be used.

Hand demonstrations without a robot (folders with a demonstration.yaml, docs/finetuning.md) become episodes too: joints
and cameras that were not there are padded and masked.

Dataset → bag: images, joint states, poses, instruction and action chunks of one episode, for `vla replay`.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.commands.data.dataset import write_json
from vla_ros.output_file import OutputFile

if TYPE_CHECKING:
    from vla_ros.data.conversion.convert import ConversionReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="bags, folders of bags, collections, or one dataset")
    parser.add_argument("output", metavar="OUTPUT", help="dataset, new or there already; or a new bag")
    parser.add_argument("--contract", metavar="NAME", help="of the task: a name from config/contracts, or a .yaml file")
    parser.add_argument("--task", default="", metavar="WORDS", help="what is done; default: the recorded instruction")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (default all cores)"
    )
    parser.add_argument("--namespace", default="", metavar="NAME", help="of the robot, in a bag that holds several")
    parser.add_argument("--failures", action="store_true", help="take episodes that were marked as failed, too")
    parser.add_argument("--whole", action="store_true", help="a bag is one episode, whatever marks it holds")
    parser.add_argument(
        "--skew-max", type=float, metavar="S",
        help="most between a frame and its image; default: the contract's; the dataset says where it needed more",
    )  # fmt: skip
    parser.add_argument("--codec", choices=("h264", "av1"), default="h264",
                        help="of the video: av1 is half as large and slower (default h264)")  # fmt: skip
    parser.add_argument("--episode", type=int, default=0, metavar="N", help="of a dataset, to a bag (default 0)")
    parser.add_argument(
        "--json", action=OutputFile, metavar="FILE", help="write the figures, and the reasons of what was refused"
    )


def run(arguments: argparse.Namespace) -> int:
    """Convert in the direction that the first input says; 0 when done."""
    first = Path(arguments.inputs[0])
    if (first / "meta").is_dir():
        return _to_bag(arguments, first)
    found = {name: _hand_demonstrations(Path(name)) for name in arguments.inputs}
    demonstrations = [one for inside in found.values() for one in inside]
    if not demonstrations:
        return _to_dataset(arguments)
    other = next((name for name, inside in found.items() if not inside), None)
    if other is not None:
        raise ConfigError(
            f"{other}: holds no hand demonstration, as other inputs do: convert bags and demonstrations into a dataset "
            "each; what was not measured is masked in one alone"
        )
    return _hands_to_dataset(arguments, demonstrations)


def _hand_demonstrations(folder: Path) -> list[Path]:
    """Return the hand demonstrations that a folder is, or that lie directly in it."""
    from vla_ros.data.hands.demonstration import settings_file

    # Hidden ones are still being written.
    inside = sorted(path for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else []
    return [path for path in (folder, *inside) if settings_file(path).is_file()]


def _hands_to_dataset(arguments: argparse.Namespace, demonstrations: list[Path]) -> int:
    """Convert hand demonstrations (vla_ros/data/hands); what they lack is padded and masked."""
    from vla_ros.data.hands.convert import convert_demonstrations
    from vla_ros.policies.contract import contract_names, load_contract

    if arguments.contract is None:
        raise ConfigError(f"--contract is missing: name one of {', '.join(contract_names())}, or a .yaml file")
    done, problems = convert_demonstrations(demonstrations, Path(arguments.output), load_contract(arguments.contract))
    for line in problems:
        print(" ".join(line.split()))
    known = len(demonstrations) - done - len(problems)
    print(f"{arguments.output}: {done} demonstrations added, {len(problems)} left out, {known} known")
    write_json(arguments.json, {"added": done, "left_out": len(problems)})
    return 2 if len(problems) == len(demonstrations) else 0


def _to_dataset(arguments: argparse.Namespace) -> int:
    from vla_ros.data.bags.episode_bags import bags_in, unfinished_in
    from vla_ros.data.conversion.bag_to_dataset import ConversionSettings
    from vla_ros.data.conversion.convert import NoUsableBag, convert_bags
    from vla_ros.policies.contract import contract_names, load_contract
    from vla_ros.progress import shown

    if arguments.contract is None:
        raise ConfigError(f"--contract is missing: name one of {', '.join(contract_names())}, or a .yaml file")
    settings = ConversionSettings(
        load_contract(arguments.contract),
        arguments.task.strip(),
        arguments.namespace,
        arguments.failures,
        arguments.whole,
        arguments.codec,
        arguments.skew_max,
    )
    given = [Path(name) for name in arguments.inputs]
    paths = [bag for folder in given for bag in bags_in(folder)]
    torn = [partial for folder in given for partial in unfinished_in(folder)]
    try:
        with shown(f"{len(paths)} bags") as progress:
            report = convert_bags(paths, Path(arguments.output), settings, arguments.workers, progress)
    except NoUsableBag as error:
        report = error.report
    report.corrupt += [f"{partial}: was not finished: `vla bag repair {partial}`" for partial in torn]
    _say(report, arguments.output, settings.contract.fps)
    write_json(arguments.json, _figures(report, settings.contract.fps))
    if report.episodes or report.known:
        return 0
    return 1 if report.failures else 2


def _say(report: ConversionReport, output: str, fps: int) -> None:
    """Print what was made, and each bag that was refused with its reason; on stderr where nothing was made."""
    made = bool(report.episodes or report.known)
    file = sys.stdout if made else sys.stderr
    for line in report.corrupt:
        print(" ".join(line.split()) if made else f"vla: {' '.join(line.split())}", file=file)
    if not made and report.failures:
        reason = f"{report.failures} episodes were marked as failed: --failures takes them, too"
        print(f"vla: {output}: nothing made: {reason}", file=file)
    elif not made and len(report.corrupt) > 1:
        print(f"vla: {output}: nothing made: none of {report.bags} bags can be used", file=file)
    if not made:
        return
    print(
        f"{output}: {report.episodes} episodes, {report.frames} frames added from {report.bags} bags; {report.known} "
        f"bags were there already, {report.failures} failed episodes left out, {len(report.corrupt)} refused "
        f"({100 * report.corrupt_rate:.1f} %)"
    )
    if report.relaxed:
        print(
            f"--skew-max was needed: {report.relaxed} episodes hold holes of up to {report.longest_hole_s:.2f} s, more "
            "than the contract allows; `vla dataset info` says so, too"
        )
    if report.episodes:
        seconds = report.frames / fps
        print(f"{seconds:.1f} s of data in {report.seconds:.1f} s: {seconds / report.seconds:.1f} × real time")


def _figures(report: ConversionReport, fps: int) -> dict[str, object]:
    return {
        "bags": report.bags,
        "episodes": report.episodes,
        "frames": report.frames,
        "known": report.known,
        "failures": report.failures,
        "corrupt": len(report.corrupt),
        "corrupt_rate": report.corrupt_rate,
        "reasons": report.corrupt,
        "relaxed": report.relaxed,
        "longest_hole_s": report.longest_hole_s,
        "seconds": report.seconds,
        "times_real_time": report.frames / fps / max(1e-9, report.seconds),
    }


def _to_bag(arguments: argparse.Namespace, dataset: Path) -> int:
    from vla_ros.data.conversion.dataset_to_bag import write_bag
    from vla_ros.data.datasets.reader import LeRobotReader
    from vla_ros.policies.contract import load_contract

    if len(arguments.inputs) > 1:
        raise ConfigError(f"{dataset} is a dataset: give it alone, and a name for the bag")
    contract = load_contract(arguments.contract) if arguments.contract else None
    with LeRobotReader(dataset) as reader:
        messages = write_bag(reader, arguments.episode, Path(arguments.output), contract)
    print(f"{arguments.output}: episode {arguments.episode} of {dataset}, {messages} messages")
    write_json(arguments.json, {"messages": messages})
    return 0

# SPDX-License-Identifier: Apache-2.0
"""Make a dataset of bags, or a bag of a dataset's episode.

Bags → LeRobotDataset v3.0, by the contract of a task (config/contracts): states and actions interpolated to its rate,
of every camera the image nearest to each frame, the instruction in words. Episodes are what a recording marks as such,
else the whole bag. OUTPUT may exist: bags are appended, those it holds already are left out, and what is killed or
finds the disk full leaves the dataset as it was. Bags that cannot be used are named, counted and left out.

Takes of a hand without a robot (folders with a take.yaml, docs/finetuning.md) become episodes too: joints and cameras
that were not there are padded and masked.

Dataset → bag: images, joint states, poses, instruction and action chunks of one episode, for `vla replay`.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.bringup.dataset_command import print_lines, shown, write_json
from vla_ros.output_file import OutputFile


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
    parser.add_argument("--skew-max", type=float, metavar="S",
                        help="most between a frame and its image; default: the contract's")  # fmt: skip
    parser.add_argument("--codec", choices=("h264", "av1"), default="h264",
                        help="of the video: av1 is half as large and slower (default h264)")  # fmt: skip
    parser.add_argument("--episode", type=int, default=0, metavar="N", help="of a dataset, to a bag (default 0)")
    parser.add_argument("--json", action=OutputFile, metavar="FILE", help="write the figures, name → number")


def run(arguments: argparse.Namespace) -> int:
    """Convert in the direction that the first input says; 0 when done."""
    first = Path(arguments.inputs[0])
    if (first / "meta").is_dir():
        return _to_bag(arguments, first)
    takes = _takes([Path(name) for name in arguments.inputs])
    return _hands_to_dataset(arguments, takes) if takes else _to_dataset(arguments)


def _takes(folders: list[Path]) -> list[Path]:
    """Return the takes of a hand that are, or lie directly in, the folders."""
    found = []
    for folder in folders:
        # Hidden ones are still being written.
        inside = sorted(path for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else []
        found += [path for path in (folder, *inside) if (path / "take.yaml").is_file()]
    return found


def _hands_to_dataset(arguments: argparse.Namespace, takes: list[Path]) -> int:
    """Convert takes of a hand (vla_ros/data/hands); what they lack is padded and masked."""
    from vla_ros.data.hands.convert import convert_takes
    from vla_ros.policies.contract import contract_names, load_contract

    if arguments.contract is None:
        raise ConfigError(f"--contract is missing: name one of {', '.join(contract_names())}, or a .yaml file")
    done, problems = convert_takes(takes, Path(arguments.output), load_contract(arguments.contract))
    print_lines(problems)
    print(
        f"{arguments.output}: {done} takes added, {len(problems)} left out, {len(takes) - done - len(problems)} known"
    )
    write_json(arguments.json, {"added": done, "left_out": len(problems)})
    return 2 if len(problems) == len(takes) else 0


def _to_dataset(arguments: argparse.Namespace) -> int:
    from vla_ros.data.bags.episode_bags import bags_in
    from vla_ros.data.conversion.bag_to_dataset import ConversionSettings
    from vla_ros.data.conversion.convert import convert_bags
    from vla_ros.policies.contract import contract_names, load_contract

    if arguments.contract is None:
        raise ConfigError(f"--contract is missing: name one of {', '.join(contract_names())}, or a .yaml file")
    contract = load_contract(arguments.contract)
    if arguments.skew_max is not None:
        contract = dataclasses.replace(contract, skew_max_s=arguments.skew_max)
    settings = ConversionSettings(
        contract, arguments.task.strip(), arguments.namespace, arguments.failures, arguments.whole, arguments.codec
    )
    paths = [bag for given in arguments.inputs for bag in bags_in(Path(given))]
    output = Path(arguments.output)
    with shown(f"{len(paths)} bags") as progress:
        report = convert_bags(paths, output, settings, arguments.workers, progress)
    print_lines(report.corrupt)
    seconds = report.frames / contract.fps
    print(
        f"{output}: {report.episodes} episodes, {report.frames} frames added from {report.bags} bags; {report.known} "
        f"bags were there already, {report.failures} failed episodes left out, {len(report.corrupt)} corrupt "
        f"({100 * report.corrupt_rate:.1f} %)"
    )
    if report.episodes:
        print(f"{seconds:.1f} s of data in {report.seconds:.1f} s: {seconds / report.seconds:.1f} × real time")
    figures = {
        "bags": report.bags,
        "episodes": report.episodes,
        "frames": report.frames,
        "known": report.known,
        "failures": report.failures,
        "corrupt": len(report.corrupt),
        "corrupt_rate": report.corrupt_rate,
        "seconds": report.seconds,
        "times_real_time": seconds / max(1e-9, report.seconds),
    }
    write_json(arguments.json, figures)
    return 0


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

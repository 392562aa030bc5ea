# SPDX-License-Identifier: Apache-2.0
"""Record every message of the running job into a bag that rosbag2, rosbags and Foxglove read.

It listens, and does nothing else: start and stop it whenever you like (Ctrl-C). Without a running job it records the
graph of ROS_DOMAIN_ID. The bag is written in DIR.partial and renamed when it is whole; after a crash,
`vla bag repair DIR.partial` keeps all but the last half second.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.commands.robot.operate import targets
from vla_ros.launching.environment import module_environment
from vla_ros.launching.parameters import ros_arguments
from vla_ros.launching.recording import check_bag_folder
from vla_ros.robots.names import DEFAULT_ROBOT
from vla_ros.runtime.running import RunningGraph


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("directory", nargs="?", metavar="DIR", help="folder of the bag (default: bags/<time>)")
    parser.add_argument("--topics", nargs="+", default=[], metavar="TOPIC",
                        help="record these alone; * and ? stand for anything")  # fmt: skip
    parser.add_argument("--exclude", nargs="+", default=[], metavar="TOPIC", help="leave these out")
    parser.add_argument("--images", choices=("raw", "jpeg", "h264"), default="raw",
                        help="form of colour images; depth stays raw (default raw)")  # fmt: skip
    parser.add_argument("--compression", choices=("none", "zstd"), default="zstd", help="of all (default zstd)")
    parser.add_argument("--level", type=int, default=1, metavar="1-22", help="zstd's (default 1)")
    parser.add_argument("--split-mb", type=int, default=0, metavar="MB", help="begin a new file after so much")
    parser.add_argument("--split-s", type=float, default=0.0, metavar="S", help="begin a new file after so long")
    parser.add_argument("--episodes", action="store_true",
                        help="a bag for each episode, DIR/episode_000000 and so on; DIR may exist")  # fmt: skip
    parser.add_argument(
        "--preroll", type=float, default=0.0, metavar="S",
        help="record episodes alone, each from so long before its begin mark (with --episodes 0.5)",
    )  # fmt: skip
    parser.add_argument(
        "--postroll", type=float, default=1.0, metavar="S", help="and so long after its end (default 1)"
    )
    parser.add_argument("--compat", choices=("jazzy", "humble"), default="jazzy",
                        help="whose rosbag2 is to read it (default jazzy)")  # fmt: skip
    parser.add_argument(
        "--robot", default=DEFAULT_ROBOT, help="whose /tf is added where nobody publishes it; '' for none"
    )
    parser.add_argument("--contract", default="", help="say what of this contract is lacking; exit code 1 when it is")
    parser.add_argument("--duration", type=float, default=0.0, metavar="S", help="end by itself after so long")
    parser.add_argument(
        "--free-mb", type=int, default=512, metavar="MB", help="room to leave on the disk (default 512)"
    )
    parser.add_argument("--job", default="", help="which of several running jobs, by name or by its process id")


def run(arguments: argparse.Namespace) -> int:
    """Become the recorder of the chosen graph: exit code 0, 1 when the disk was full, 2 for bad input."""
    graph = _choose(targets(), arguments.job)
    directory = arguments.directory or f"bags/{time.strftime('%Y%m%d-%H%M%S')}"
    check_bag_folder(directory, f"DIR {directory}", arguments.episodes)
    parameters = {
        "directory": str(Path(directory).resolve()),
        "topics": arguments.topics,
        "exclude": arguments.exclude,
        "images": arguments.images,
        "compression": arguments.compression,
        "level": arguments.level,
        "split_mb": arguments.split_mb,
        "split_s": arguments.split_s,
        "episodes": arguments.episodes,
        "preroll_s": arguments.preroll,
        "postroll_s": arguments.postroll,
        "compat": arguments.compat,
        "robot": arguments.robot,
        "contract": _contract(arguments.contract),
        "job": graph.job if graph.pid else "",
        "duration_s": arguments.duration,
        "free_mb": arguments.free_mb,
    }
    environment = module_environment() | graph.environment
    words = [sys.executable, "-m", "vla_ros.nodes.recorder_node", *ros_arguments(None, graph.namespace)]
    for name, value in parameters.items():
        if value != []:  # a list without elements has no type
            words += ["-p", f"{name}:={json.dumps(value)}"]
    print(f"{graph.job} on ROS domain {graph.domain_id}; Ctrl-C ends it", flush=True)
    # Instead of this process rather than under it: Ctrl-C must reach the recorder alone, and let it finish the bag.
    os.execve(sys.executable, words, environment)


def _contract(name: str) -> str:
    """Return a contract's name, or its file wherever the node runs. Raises ConfigError for one that is not there."""
    from vla_ros.policies.contract import load_contract

    if name:
        load_contract(name)
    return str(Path(name).resolve()) if name.endswith((".yaml", ".yml")) else name


def _choose(graphs: list[RunningGraph], asked: str) -> RunningGraph:
    """Return the graph to record. Raises ConfigError that lists them when it is not clear which."""
    found = [graph for graph in graphs if asked in ("", graph.job, str(graph.pid))]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{graph.job} ({graph.pid})" for graph in graphs)
    if not found:
        raise ConfigError(f"--job {asked}: no such job runs; running: {names}")
    raise ConfigError(f"several jobs run ({names}): choose with --job and the number of one")

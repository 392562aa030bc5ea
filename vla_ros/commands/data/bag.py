# SPDX-License-Identifier: Apache-2.0
"""Look at bags: what is in one, whether it is whole, a torn one made whole, a part of one.

A bag is the folder that `vla record` or `ros2 bag record -s mcap` wrote, or one .mcap file.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.commands.data import bag_check
from vla_ros.commands.data.dataset import write_json
from vla_ros.output_file import OutputFile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `info`, `check`, `repair` and `cut`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="info|check|repair|cut")

    def add(name: str, help_text: str, description: str, example: str) -> argparse.ArgumentParser:
        child = actions.add_parser(name, help=help_text, description=description, epilog=f"example: vla bag {example}")
        child.add_argument("bag", metavar="BAG", help="folder of a bag, or an .mcap file")
        return child

    info = add("info", "say what is in a bag", "Topics, rates, episodes and what the recorder noted.", "info bags/mug")
    info.add_argument("--json", action=OutputFile, metavar="FILE", help="also write it as JSON")
    bag_check.add_arguments(
        actions.add_parser(
            "check",
            help="say whether bags are whole, and their episodes good",
            description=bag_check.DESCRIPTION,
            epilog="examples: vla bag check bags/mug --report mug.html; vla bag check bags/a bags/b --min-score 60",
        )
    )
    add(
        "repair",
        "make a torn bag whole",
        "Keep everything up to the last whole chunk of a recording that was killed, cut off or damaged. DIR.partial "
        "becomes DIR.",
        "repair bags/mug.partial",
    )
    cut = add(
        "cut",
        "write a part of a bag as a bag",
        "Copy a stretch of time, an episode, or some topics. What was latched before holds in the part too.",
        "cut bags/mug bags/first --episode 0",
    )
    cut.add_argument("output", metavar="DIR", help="folder of the new bag")
    cut.add_argument("--begin", type=float, metavar="S", help="[s] since the bag's first message (default: its begin)")
    cut.add_argument("--end", type=float, metavar="S", help="[s] since the bag's first message (default: its end)")
    cut.add_argument(
        "--episode", type=int, metavar="N", help="from an episode's begin to its end; numbers in `bag info`"
    )
    cut.add_argument(
        "--margin", type=float, metavar="S", help="with --episode: so much more on either side (default 0)"
    )
    cut.add_argument("--topics", nargs="+", default=[], metavar="TOPIC", help="these alone; * and ? stand for anything")
    cut.add_argument("--exclude", nargs="+", default=[], metavar="TOPIC", help="not these")
    cut.add_argument("--compression", choices=("none", "zstd"), default="zstd", help="of the new bag (default zstd)")
    cut.add_argument("--compat", choices=("jazzy", "humble"), default="jazzy", help="whose rosbag2 is to read it")


def run(arguments: argparse.Namespace) -> int:
    """Do one of the four."""
    actions = {"info": _info, "check": bag_check.run, "repair": _repair, "cut": _cut}
    return actions[arguments.action](arguments)


def _info(arguments: argparse.Namespace) -> int:
    from vla_ros.data.bags.information import as_json, as_text, bag_information
    from vla_ros.data.bags.reader import BagReader

    with BagReader(arguments.bag) as reader:
        information = bag_information(reader)
    print(as_text(information))
    if arguments.json:
        write_json(arguments.json, as_json(information))
    return 0


def _repair(arguments: argparse.Namespace) -> int:
    from vla_ros.data.bags.repair import repair
    from vla_ros.progress import shown_in_files

    with shown_in_files("reading") as show:
        done = repair(Path(arguments.bag), show)
    for name in done.removed:
        print(f"{name}: held nothing, removed")
    for name in done.unreadable:
        print(f"{name}: nothing of it can be read, kept as {name}.damaged")
    what = f"repaired {', '.join(done.repaired)}, {done.lost_bytes} bytes lost" if done.repaired else "was whole"
    print(f"{done.bag}: {what}; {done.messages} messages, {done.duration_s:.2f} s")
    return 0


def _cut(arguments: argparse.Namespace) -> int:
    from vla_ros.data.bags.cut import cut
    from vla_ros.data.bags.reader import BagReader
    from vla_ros.data.bags.topic_choice import TopicChoice
    from vla_ros.data.bags.writer import BagSettings
    from vla_ros.progress import shown_in_files

    settings = BagSettings(compression=arguments.compression, distribution=arguments.compat)
    choice = TopicChoice(arguments.topics, arguments.exclude)
    with BagReader(arguments.bag) as reader, shown_in_files("cutting") as show:
        begin, end = _stretch(arguments, reader)

        def progress(time: int) -> None:
            show("", time - begin, end - begin)

        bag = cut(reader, Path(arguments.output), begin, end, choice, settings, progress)
    with BagReader(bag) as reader:
        print(f"{bag}: {reader.count} messages, {reader.duration_s:.2f} s")
    return 0


def _stretch(arguments: argparse.Namespace, reader: Any) -> tuple[int, int]:
    """Return from when to when [ns]. Raises ConfigError for what the bag does not have."""
    begin, end = reader.start, reader.end
    if arguments.episode is not None:
        from vla_ros.data.bags.episodes import read_episodes

        if arguments.begin is not None or arguments.end is not None:
            raise ConfigError("--episode says from when to when: leave out --begin and --end")
        episodes = read_episodes(reader)
        if not 0 <= arguments.episode < len(episodes):
            raise ConfigError(f"--episode {arguments.episode}: the bag has 0 to {len(episodes) - 1}")
        episode = episodes[arguments.episode]
        half, seconds = 0.5e-9 * (episode.end - episode.begin), arguments.margin or 0.0
        if not -half <= seconds < math.inf:  # less would leave nothing
            raise ConfigError(f"--margin {seconds:g}: of episode {arguments.episode} give {-half:g} s or more")
        margin = round(min(seconds, reader.duration_s) * 1e9)
        return max(begin, episode.begin - margin), min(end, episode.end + margin)
    if arguments.margin is not None:
        raise ConfigError(f"--margin {arguments.margin:g}: is on either side of an episode: give --episode N")
    last = reader.duration_s
    for name in ("begin", "end"):
        value = getattr(arguments, name)
        if value is not None and not 0.0 <= value <= last:
            raise ConfigError(f"--{name} {value:g}: the bag has 0 to {last:.2f} s")
    if arguments.end is not None:
        end = reader.start + round(arguments.end * 1e9)
    if arguments.begin is not None:
        begin = reader.start + round(arguments.begin * 1e9)
    if begin > end:
        raise ConfigError(f"--begin {arguments.begin:g} is behind --end {arguments.end:g}")
    return begin, end

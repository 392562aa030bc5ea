# SPDX-License-Identifier: Apache-2.0
"""Look at bags: what is in one, whether it is whole, a torn one made whole, a part of one.

A bag is the folder that `vla record` or `ros2 bag record -s mcap` wrote, or one .mcap file.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `info`, `check`, `repair` and `cut`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="info|check|repair|cut")

    def add(name: str, help_text: str, description: str, example: str) -> argparse.ArgumentParser:
        child = actions.add_parser(name, help=help_text, description=description, epilog=f"example: vla bag {example}")
        child.add_argument("bag", metavar="BAG", help="folder of a bag, or an .mcap file")
        return child

    info = add("info", "say what is in a bag", "Topics, rates, episodes and what the recorder noted.", "info bags/mug")
    info.add_argument("--json", metavar="FILE", help="also write it as JSON")
    check = add(
        "check",
        "say whether a bag is whole, and its episodes good",
        "Read all of a bag: checksums, counts, order; then judge every episode: rates and gaps, skew, images, jerk, "
        "limits, idle stretches, clipped actions, the gripper, the end. A score from 0 to 100 and its reasons. Exit "
        "code 1 when the bag is not whole or an episode's score is below --min-score. Of a folder of bags or a "
        "collection, all of them.",
        "check bags/mug --report mug.html",
    )
    check.add_argument("--report", metavar="FILE.html", help="write a page with plots")
    check.add_argument("--json", metavar="FILE", help="write the figures of every episode")
    check.add_argument("--config", metavar="FILE", help="thresholds (default: config/quality.yaml)")
    check.add_argument("--robot", default="", help="which robot it was, where the bag does not say")
    check.add_argument("--min-score", type=float, default=0.0, metavar="0-100", help="exit code 1 below (default 0)")
    check.add_argument("--whole", action="store_true", help="only whether it is whole")
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
        "--margin", type=float, default=0.0, metavar="S", help="with --episode: so much more on either side"
    )
    cut.add_argument("--topics", nargs="+", default=[], metavar="TOPIC", help="these alone; * and ? stand for anything")
    cut.add_argument("--exclude", nargs="+", default=[], metavar="TOPIC", help="not these")
    cut.add_argument("--compression", choices=("none", "zstd"), default="zstd", help="of the new bag (default zstd)")
    cut.add_argument("--compat", choices=("jazzy", "humble"), default="jazzy", help="whose rosbag2 is to read it")


def run(arguments: argparse.Namespace) -> int:
    """Do one of the four."""
    actions = {"info": _info, "check": _check, "repair": _repair, "cut": _cut}
    return actions[arguments.action](arguments)


def _info(arguments: argparse.Namespace) -> int:
    from vla_ros.data.bags.information import as_json, as_text, bag_information
    from vla_ros.data.bags.reader import BagReader

    with BagReader(arguments.bag) as reader:
        information = bag_information(reader)
    print(as_text(information))
    if arguments.json:
        _write_json(arguments.json, as_json(information))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from vla_ros.data.bags.episode_bags import bags_in, unfinished

    for option in ("report", "json"):
        _check_output(f"--{option}", getattr(arguments, option))
    given = Path(arguments.bag)
    bags = list(bags_in(given))
    broken, readable = [], []
    for bag in bags:
        faulty, unreadable = _faults(bag, alone=bags == [given])
        broken += [bag] if faulty else []
        readable += [] if unreadable or arguments.whole else [bag]
    torn = [] if bags == [given] else unfinished(bags[0].parent)
    for path in torn:
        print(f"{path}: was not finished: `vla bag repair {path}`")
    good = not readable or _judge(arguments, readable, bags)
    if bags != [given]:
        print(f"{given}: {len(bags)} bags, {len(bags) - len(broken)} whole, {len(torn)} not finished")
    return 1 if broken or torn or not good else 0


def _faults(bag: Path, alone: bool) -> tuple[bool, bool]:
    """Say what is wrong with a bag; return whether something is, and whether it cannot be read for that.

    Raises BagError for what is no bag when it was asked for `alone`; among others it is one that is not whole.
    """
    from vla_ros.data.bags.check import check_bag
    from vla_ros.data.bags.errors import BagError

    try:
        with _progress("reading") as show:
            faults = check_bag(bag, show)
    except BagError as error:
        if alone:
            raise
        print(error)
        return True, True
    for fault in faults:
        print(f"{bag}: {fault}")
    if not faults:
        print(f"{bag}: whole")
    return bool(faults), any(fault.unreadable for fault in faults)


def _judge(arguments: argparse.Namespace, bags: Sequence[Path], among: Sequence[Path]) -> bool:
    """Judge every episode, print and write what was found; False when one is below the least score."""
    from vla_ros.data.bags.reader import BagReader
    from vla_ros.data.quality.config import load_quality_config
    from vla_ros.data.quality.judge import Judgement, as_json, as_text, judge
    from vla_ros.data.quality.reading import read_bag

    config = load_quality_config(Path(arguments.config) if arguments.config else None)
    found: list[Judgement] = []
    entries: list[dict[str, Any]] = []
    for bag in bags:
        name = bag.name if len(among) > 1 else ""
        with BagReader(bag) as reader, _progress("judging") as show:
            start, end = reader.start, reader.end
            episodes = read_bag(reader, arguments.robot, partial(_share, show, start, end))
        judgements = judge(episodes, config, name)
        for judgement in judgements:
            print(f"{name}: {as_text(judgement, start)}" if name else as_text(judgement, start))
        found += judgements
        entries += [as_json(judgement, start) for judgement in judgements]
    if arguments.json:
        _write_json(arguments.json, {"episodes": entries})
    if arguments.report:
        from vla_ros.data.quality.report_page import write_page  # Matplotlib takes a second to load

        write_page(Path(arguments.report), arguments.bag, found, config)
        print(f"{arguments.report}: plots and all figures")
    return all(judgement.score >= arguments.min_score for judgement in found)


def _share(show: Callable[[str, int, int], None], start: int, end: int, time: int) -> None:
    show("", time - start, end - start)


def _repair(arguments: argparse.Namespace) -> int:
    from vla_ros.data.bags.repair import repair

    with _progress("reading") as show:
        done = repair(Path(arguments.bag), show)
    for name in done.removed:
        print(f"{name}: held nothing, removed")
    what = f"repaired {', '.join(done.repaired)}, {done.lost_bytes} bytes lost" if done.repaired else "was whole"
    print(f"{done.bag}: {what}; {done.messages} messages, {done.duration_s:.2f} s")
    return 0


def _cut(arguments: argparse.Namespace) -> int:
    from vla_ros.data.bags.cut import cut
    from vla_ros.data.bags.reader import BagReader
    from vla_ros.data.bags.topic_choice import TopicChoice
    from vla_ros.data.bags.writer import BagSettings

    settings = BagSettings(compression=arguments.compression, distribution=arguments.compat)
    choice = TopicChoice(arguments.topics, arguments.exclude)
    with BagReader(arguments.bag) as reader, _progress("cutting") as show:
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
        margin, episode = round(arguments.margin * 1e9), episodes[arguments.episode]
        return max(begin, episode.begin - margin), min(end, episode.end + margin)
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


@contextmanager
def _progress(what: str) -> Iterator[Any]:
    """Show how far it is, with the time left, where somebody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=1)

        def show(name: str, position: int, size: int) -> None:
            bar.update(task, description=f"{what} {name}".rstrip(), completed=position, total=max(size, 1))

        yield show


def _check_output(option: str, file: str | None) -> None:
    """Raise ConfigError before long work when its result could not be written."""
    if file and not os.access(Path(file).resolve().parent, os.W_OK | os.X_OK):
        raise ConfigError(f"{option} {file}: its folder does not exist or may not be written: make it first")


def _write_json(file: str, content: dict[str, Any]) -> None:
    try:
        Path(file).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise ConfigError(f"--json {file}: cannot be written ({error.strerror})") from error

# SPDX-License-Identifier: Apache-2.0
"""Damaged inputs for every parser: files, messages and configuration of others end soundly or in one line of ours.

Inputs are those of test/assets/corpus, cut, overwritten and mixed by chance; each is read within 10 s of processor time
and 1 GB. The same --seed gives the same inputs. What fails is kept below --folder with its traceback and the command
that shows it again. The same command goes on where it was left; Ctrl-C or SIGTERM ends it with the figures so far.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Generator, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bench.figures import add_json_argument, write_json
from bench.parser_fuzzing.campaign import Campaign
from bench.parser_fuzzing.families import FAMILIES
from bench.parser_fuzzing.findings import again
from controllers.errors import ConfigError, unknown_name
from vla_ros.progress import WorkProgress

_OVER = object()  # of a campaign


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench fuzz`."""
    parser.add_argument("--only", nargs="+", metavar="FAMILY", help=f"some of {', '.join(FAMILIES)} (default: all)")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="for each family (default 1000000)")
    parser.add_argument("--seed", type=int, default=0, help="of the damage (default 0)")
    parser.add_argument("--minutes", type=float, help="at most, shared by the families (default: no limit)")
    parser.add_argument("--workers", type=int, metavar="W", help="families at once (default all cores)")
    parser.add_argument("--folder", type=Path, default=Path("runs/fuzz"), metavar="DIR",
                        help="of findings, and of what the same command goes on from (default runs/fuzz)")  # fmt: skip
    parser.add_argument("--again", type=Path, metavar="DIR", help="instead: read the input of a finding once more")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Fuzz and print the figures; exit code 1 where a parser failed."""
    if arguments.again:
        failure = again(arguments.again)
        print(failure or "taken as it should be: soundly, or in one line")
        return 1 if failure else 0
    names = arguments.only or list(FAMILIES)
    for name in names:
        if name not in FAMILIES:
            raise ConfigError(f"bench fuzz: {unknown_name('family', name, FAMILIES)}")
    if arguments.inputs < 1 or (arguments.minutes is not None and not arguments.minutes > 0.0):
        raise ConfigError("bench fuzz: --inputs must be 1 or more, --minutes above 0")
    workers = len(os.sched_getaffinity(0)) if arguments.workers is None else arguments.workers
    if workers < 1:
        raise ConfigError(f"bench fuzz: --workers must be 1 or more, got {workers}")
    campaigns = [Campaign(FAMILIES[name], arguments.seed, arguments.folder) for name in dict.fromkeys(names)]
    with _ended_early():
        _fuzz(campaigns, arguments.inputs, 60.0 * (arguments.minutes or float("inf")), workers)
    print(f"{'family':<20}{'inputs':>10}{'a second':>10}{'MB':>7}{'failed':>8}{'findings':>10}")
    for one in campaigns:
        print(
            f"{one.family.name:<20}{one.done:>10}{one.rate:>10.0f}{one.memory_mb:>7.0f}"
            f"{one.kinds.total():>8}{len(one.kinds):>10}"
        )
    write_json({name: value for one in campaigns for name, value in one.figures().items()}, arguments.json)
    for campaign in campaigns:
        for kind, count in campaign.kinds.most_common():
            print(f"not as it must be: {campaign.family.name}: {count} × {kind}: see {arguments.folder}/findings")
    return 1 if any(campaign.kinds for campaign in campaigns) else 0


def _fuzz(campaigns: list[Campaign], inputs: int, seconds: float, workers: int) -> None:
    """Run campaigns, `workers` at once; each has an equal share of the time that is left when it begins."""
    until = time.monotonic() + seconds
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rate]}"),
               TimeRemainingColumn())  # fmt: skip
    waiting, under_way = deque(campaigns), deque[tuple[Campaign, TaskID, Generator[None]]]()
    with WorkProgress(*columns, console=Console(stderr=True)) as progress, contextlib.ExitStack() as ending:
        while waiting or under_way:
            while waiting and len(under_way) < workers:
                share = min(1.0, workers / (len(waiting) + len(under_way)))
                campaign = waiting.popleft()
                running = ending.enter_context(
                    contextlib.closing(campaign.running(inputs, share * (until - time.monotonic())))
                )
                task = progress.add_task(campaign.family.name, total=inputs, completed=campaign.done, rate="")
                under_way.append((campaign, task, running))
            campaign, task, running = under_way.popleft()
            if next(running, _OVER) is not _OVER:
                under_way.append((campaign, task, running))
            elif campaign.done < inputs:  # its time is over
                progress.update(task, total=campaign.done)
            found = f", {len(campaign.kinds)} findings" if campaign.kinds else ""
            progress.update(task, completed=campaign.done, rate=f"{campaign.rate:.0f} a second{found}")


@contextlib.contextmanager
def _ended_early() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end what is inside, and go on behind it."""

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)

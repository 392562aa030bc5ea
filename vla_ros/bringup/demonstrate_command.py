# SPDX-License-Identifier: Apache-2.0
"""A scripted operator: does what a running collection of the simulator asks for, over the bridge's own websocket.

Start `vla teleop collection:=NAME task:=NAME` in one terminal and this in another. The operator sees the scene's
truth and plans its grasps, but moves the arm as a person does: with a hand that trembles, pauses, and lets go of the
clutch when it reaches no further. What fails is recorded as a failure, and asked for again. Ctrl-C leaves the arm
holding; the same command goes on.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from controllers.errors import ConfigError, VlaError
from vla_ros.teleop.serving.addresses import PAGE_PORT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("link", metavar="LINK", nargs="?", default="",
                        help=f"as vla teleop prints it (default: this machine, port {PAGE_PORT})")  # fmt: skip
    parser.add_argument("--episodes", type=int, default=1, metavar="N", help="how many are to succeed (1)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the hand's tremor and pauses (0)")
    parser.add_argument("--facing", type=float, default=0.0, metavar="RAD", help="as of vla teleop (0)")
    parser.add_argument("--name", default="script", help="of the operator, as recorded (script)")


def run(arguments: argparse.Namespace) -> int:
    """Collect, and say how it went."""
    if arguments.episodes < 1:
        raise ConfigError(f"demonstrate: --episodes must be at least 1, got {arguments.episodes}")
    try:
        return asyncio.run(_collect(arguments))
    except KeyboardInterrupt:
        return 130


async def _collect(arguments: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from vla_ros.teleop.demonstrator.connection import Connection
    from vla_ros.training.collecting.scripted_operator import Attempt, ScriptedOperator

    link = arguments.link or local_link()
    async with Connection(link, arguments.name) as connection:
        operator = ScriptedOperator(connection, seed=arguments.seed, facing=arguments.facing)
        console = Console(highlight=False)
        columns = (TextColumn("episodes"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=arguments.episodes)

            def tell(attempt: Attempt) -> None:
                bar.advance(task, attempt.success)
                console.print(f"{attempt.instruction}: {attempt.note or 'done'}", markup=False)

            attempts = await operator.collect(arguments.episodes, tell)
    done = sum(attempt.success for attempt in attempts)
    print(f"{done} episodes, {len(attempts) - done} attempts failed")
    if done < arguments.episodes:
        raise VlaError(f"nothing more is asked for: {done} of {arguments.episodes} episodes were done")
    return 0


def local_link() -> str:
    """Return the link of this user's own bridge on this machine. Raises ConfigError when there never was one."""
    from vla_ros.teleop.serving.keeping import user_folder
    from vla_ros.teleop.serving.pairing import TOKEN, page_link

    path: Path = user_folder("") / TOKEN
    try:
        return page_link("http", "localhost", PAGE_PORT, path.read_text().strip())
    except OSError:
        raise ConfigError(f"{path} is not there: start vla teleop, or give the LINK that it prints") from None

# SPDX-License-Identifier: Apache-2.0
"""A scripted operator: does what a running collection of the simulator asks for, over the bridge's own websocket.

Start `vla teleop collection:=NAME schedule:=NAME` in one terminal and this in another. The operator sees the scene's
truth and plans its grasps, but moves the arm as a person does: with a hand that trembles, pauses, and lets go of the
clutch when it reaches no further. What fails is recorded as a failure, and requested again. An arm that a fault
holds is enabled again, three times in a row at most; an e-stop is left to whoever pressed it, and ends this. Ctrl-C
leaves the arm holding; the same command goes on. Exit code: 0 when all episodes were done, 1 when not, 2 for bad
input.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import ssl
import sys
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.seed_range import check_seed
from vla_ros.teleop.serving.addresses import PAGE_PORT

TURN = 2.0 * math.pi  # [rad]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("link", metavar="LINK", nargs="?", default="",
                        help="as vla teleop prints it, without ?token=… "
                        f"(http://localhost:{PAGE_PORT}/)")  # fmt: skip
    parser.add_argument("--token-file", default="", metavar="FILE",
                        help="of the link's token (that of this user's own page)")  # fmt: skip
    parser.add_argument("--episodes", type=int, default=1, metavar="N", help="how many are to succeed (1)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the hand's tremor and pauses (0)")
    parser.add_argument("--facing", type=float, default=0.0, metavar="RAD",
                        help="vla teleop's facing:=, in radians (0)")  # fmt: skip
    parser.add_argument("--name", default="script", help="of the operator, as recorded (script)")


def run(arguments: argparse.Namespace) -> int:
    """Collect, and say how it went."""
    if arguments.episodes < 1:
        raise ConfigError(f"demonstrate: --episodes must be at least 1, got {arguments.episodes}")
    if not abs(arguments.facing) <= TURN:
        raise ConfigError(
            f"demonstrate: --facing {arguments.facing:g}: radians, -6.28 to 6.28: facing:=180 of vla teleop is 3.14159"
        )
    check_seed(arguments.seed)  # before anything is connected
    from vla_ros.training.collecting.scripted_operator import OperatorStopped

    try:
        return asyncio.run(_collect(arguments))
    except OperatorStopped as error:
        print(f"vla: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


async def _collect(arguments: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    from vla_ros.progress import WorkProgress
    from vla_ros.teleop.simulated_hand.connection import Connection
    from vla_ros.training.collecting.scripted_operator import Attempt, OperatorStopped, ScriptedOperator

    link = paired_link(arguments.link, arguments.token_file)
    async with Connection(link, arguments.name, tls=own_trust(link)) as connection:
        console = Console(highlight=False)

        def say(text: str) -> None:
            console.print(text, markup=False)

        # In a thread: loading the robot takes seconds on a busy machine, and the bridge wants to hear from us then too.
        operator = await asyncio.to_thread(
            ScriptedOperator, connection, seed=arguments.seed, facing=arguments.facing, say=say
        )
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with WorkProgress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("episodes", total=arguments.episodes)

            def report(attempt: Attempt) -> None:
                bar.advance(task, attempt.success)
                say(f"{attempt.instruction}: {attempt.note or 'done'}")

            attempts = await operator.collect(arguments.episodes, report)
    done = sum(attempt.success for attempt in attempts)
    print(f"{done} episodes, {len(attempts) - done} attempts failed")
    if done < arguments.episodes:
        raise OperatorStopped(f"nothing more is requested: {done} of {arguments.episodes} episodes were done")
    return 0


def paired_link(page: str, token_file: str) -> str:
    """Return the link to a page with its token, by default of this user's own on this machine.

    Raises ConfigError for a link that shows its token on the command line, or when there is no token.
    """
    from vla_ros.teleop.serving.keeping import user_folder
    from vla_ros.teleop.serving.pairing import TOKEN
    from vla_ros.token_file import chosen_token

    if page and not page.startswith(("http://", "https://")):
        raise ConfigError(f"'{page}': is no link: give it as vla teleop prints it, without ?token=…")
    own = user_folder("") / TOKEN
    if "token=" in page:
        raise ConfigError(
            f"LINK with ?token=…: every user of this machine can read a command line: leave the token out; it is read "
            f"from {own}, or give --token-file FILE"
        )
    if not token_file and not own.is_file():
        raise ConfigError(f"{own} is not there: start vla teleop, or give its token with --token-file FILE")
    token = chosen_token(Path(token_file) if token_file else own, "--token-file ")
    return f"{(page or f'http://localhost:{PAGE_PORT}').rstrip('/')}/?token={token}"


def own_trust(link: str) -> ssl.SSLContext | None:
    """Return what trusts the certificate of this user's own pages too; None where none is needed, or there is none.

    Raises ConfigError for one that is damaged.
    """
    from vla_ros.teleop.serving.certificate import CERTIFICATE
    from vla_ros.teleop.serving.keeping import user_folder

    certificate = user_folder("") / CERTIFICATE
    if not (link.startswith("https://") and certificate.is_file()):
        return None
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(certificate)
    except OSError as error:  # an SSLError is one
        raise ConfigError(f"{certificate}: no certificate ({error}): vla teleop --network makes it anew") from None
    return context

# SPDX-License-Identifier: Apache-2.0
"""Serve a policy to robots that ask for it over a network: `policy:=remote url:=…`, or openpi's client.

POLICY is a family's name, a checkpoint's folder or FILE.py:NAME. The protocol is openpi's (a websocket, MessagePack);
docs/serve.md says what an observation holds. Beyond this machine (--host all, or an address) it is encrypted, and
whoever connects needs the token of --token-file. Each connection has its own instance of the policy. Ctrl-C ends it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.policies.families.table import policy_text
from vla_ros.robots.names import DEFAULT_ROBOT

if TYPE_CHECKING:
    from vla_ros.teleop.serving.page_server import Listening

PORT = 8000  # openpi's
CONNECTIONS_MAX = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("policy", metavar="POLICY", help=policy_text())
    parser.add_argument("--robot", default=DEFAULT_ROBOT, help=f"that it is to move (default {DEFAULT_ROBOT})")
    parser.add_argument("--checkpoint", default="", metavar="DIR",
                        help="folder of a learned policy's weights; default the shipped one")  # fmt: skip
    parser.add_argument("--setting", default="", metavar="KEY=VALUE,…",
                        help="change the policy's settings, such as rules.rise=false")  # fmt: skip
    parser.add_argument("--objects", metavar="DIR", help="folder of your own objects; docs/objects.md")
    parser.add_argument("--host", default="localhost", metavar="WHO",
                        help="who may connect: localhost, all, or an address of this machine (localhost)")  # fmt: skip
    parser.add_argument("--port", type=int, default=PORT, metavar="N", help=f"TCP port; 0: any that is free ({PORT})")
    parser.add_argument("--token-file", default="", metavar="FILE",
                        help="token that clients show, yours alone to read; needed beyond this machine")  # fmt: skip
    parser.add_argument("--connections", type=int, default=4, metavar="N", help="robots at once, at most (4)")
    parser.add_argument("--folder", default="", metavar="DIR", help="of the certificate (the user's own)")


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    if not 0 <= arguments.port <= 65535:
        raise ConfigError(f"--port {arguments.port}: give 0 to 65535")
    if not 1 <= arguments.connections <= CONNECTIONS_MAX:
        raise ConfigError(f"--connections {arguments.connections}: give 1 to {CONNECTIONS_MAX}")

    from vla_ros import __version__
    from vla_ros.policies.families.changed_settings import REMOTE
    from vla_ros.policies.families.loading import loaded, specified
    from vla_ros.policies.remote.server_description import ServerDescription
    from vla_ros.robots.embodiment import load_embodiment
    from vla_ros.serving.policy_server import PolicyServer

    if arguments.policy == REMOTE:
        raise ConfigError("policy 'remote' asks a server itself: serve what that one serves")
    robot = load_embodiment(arguments.robot)
    family = specified(arguments.policy, robot, arguments.objects, arguments.checkpoint, arguments.setting)
    family.check()
    period = family.period()
    description = ServerDescription(
        family.choice.name, robot.name, version=__version__, needs=family.needs(), gives=family.gives(),
        rate_hz=None if period is None else 1.0 / period,
    )  # fmt: skip
    listening, pin = _listening(arguments)
    server = PolicyServer(description, robot, partial(loaded, family), listening, arguments.connections, _log)
    ended = threading.Event()
    previous = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.start()
        scheme = "ws" if listening.tls is None else "wss"
        print(f"{family.choice.name} for robot {robot.name} is served; ask it with", flush=True)
        token = " url_token_file:=FILE" if listening.token else ""
        for host in listening.hosts:
            print(f"  policy:=remote url:='{scheme}://{host}:{server.port}{pin}'{token}", flush=True)
        ended.wait()
    finally:
        server.close()
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 0


def _listening(arguments: argparse.Namespace) -> tuple[Listening, str]:
    """Return where to listen, and what a URL says of the certificate. Raises ConfigError."""
    from vla_ros.policies.remote.address import PIN
    from vla_ros.teleop.serving.addresses import bind_address, is_local, link_hosts
    from vla_ros.teleop.serving.certificate import fingerprint, tls_context
    from vla_ros.teleop.serving.keeping import user_folder
    from vla_ros.teleop.serving.page_server import Listening
    from vla_ros.token_file import chosen_token

    address = bind_address(arguments.host, "--host ")
    token = chosen_token(Path(arguments.token_file), "--token-file ") if arguments.token_file else ""
    if is_local(address):
        return Listening(address, arguments.port, link_hosts(address), token), ""
    if not token:
        raise ConfigError(f"--host {arguments.host}: whoever reaches this machine could use the policy: give "
                          "--token-file FILE, with a token such as the output of `openssl rand -hex 24`")  # fmt: skip
    folder = user_folder(arguments.folder, "--folder")
    tls = tls_context(folder)
    pin = f"#{PIN}{fingerprint(folder).replace(':', '')}"
    return Listening(address, arguments.port, link_hosts(address), token, tls), pin


def _log(level: str, text: str) -> None:
    if level == "info":
        print(text, flush=True)
    else:
        print(f"{level}: {text}", file=sys.stderr, flush=True)

# SPDX-License-Identifier: Apache-2.0
"""Serve a policy to robots that ask for it over a network: `policy:=remote url:=…`, or openpi's client.

POLICY is a family's name, a checkpoint's folder or FILE.py:NAME; --lerobot names a checkpoint of LeRobot's instead,
which runs in an environment of LeRobot's own, made where it is missing (docs/lerobot.md). The protocol is openpi's (a
websocket, MessagePack); docs/serve.md says what an observation holds. Beyond this machine (--host all, or an address)
it is encrypted, and whoever connects needs the token of --token-file. Each connection has its own instance of the
policy. Ctrl-C ends it.

With --network the policy is asked as if it were far away: later, now and then much later, for a while not at all.
POLICY may then be the URL of a policy server, of others as well, which is asked through that.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.policies.families.table import UNNAMED_WEIGHTS, policy_text
from vla_ros.robots.names import DEFAULT_ROBOT

if TYPE_CHECKING:
    from vla_ros.policies.remote.network import Network
    from vla_ros.teleop.serving.page_server import Listening

PORT = 8000  # openpi's
CONNECTIONS, CONNECTIONS_MAX = 4, 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("policy", metavar="POLICY", nargs="?", default="", help=policy_text())
    parser.add_argument("--lerobot", default="", metavar="CHECKPOINT",
                        help="a policy that LeRobot trained: the folder pretrained_model")  # fmt: skip
    parser.add_argument("--contract", default="", metavar="NAME",
                        help="what the numbers of --lerobot's dataset mean, a name from config/contracts or a .yaml "
                             "file; default: that of its dataset, or the one that fits")  # fmt: skip
    parser.add_argument("--robot", default=DEFAULT_ROBOT, help=f"that it is to move (default {DEFAULT_ROBOT})")
    parser.add_argument(
        "--checkpoint",
        default="",
        metavar="DIR",
        help=f"folder of a learned policy's weights; default {UNNAMED_WEIGHTS}",
    )
    parser.add_argument("--setting", default="", metavar="KEY=VALUE,…",
                        help="change the policy's settings, such as rules.rise=false")  # fmt: skip
    parser.add_argument("--objects", metavar="DIR", help="folder of your own objects; docs/objects.md")
    parser.add_argument("--host", default="localhost", metavar="WHO",
                        help="who may connect: localhost, all, or an address of this machine (localhost)")  # fmt: skip
    parser.add_argument("--port", type=int, default=PORT, metavar="N", help=f"TCP port; 0: any that is free ({PORT})")
    parser.add_argument("--token-file", default="", metavar="FILE",
                        help="token that clients show, yours alone to read; needed beyond this machine")  # fmt: skip
    parser.add_argument("--connections", type=int, default=CONNECTIONS, metavar="N",
                        help=f"robots at once, at most ({CONNECTIONS})")  # fmt: skip
    parser.add_argument("--network", default="", metavar="NETWORK",
                        help="for trials: as if behind a network on which a reply takes 0.3±0.15 [s] longer, messages "
                        "are lost (loss=0.02), nothing passes for 1 s every 20 s (outage=1/20); joined by commas"
                        )  # fmt: skip
    parser.add_argument("--folder", default="", metavar="DIR", help="of the certificate (the user's own)")


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    if not 0 <= arguments.port <= 65535:
        raise ConfigError(f"--port {arguments.port}: give 0 to 65535")
    if not 1 <= arguments.connections <= CONNECTIONS_MAX:
        raise ConfigError(f"--connections {arguments.connections}: give 1 to {CONNECTIONS_MAX}")

    network = _network(arguments)
    if network is not None and "://" in arguments.policy:
        return _lead_on(arguments, network)

    from vla_ros import __version__
    from vla_ros.policies.families.changed_settings import REMOTE
    from vla_ros.policies.families.loading import checked_needs, loaded, specified
    from vla_ros.policies.remote.server_description import ServerDescription
    from vla_ros.robots.embodiment import load_embodiment
    from vla_ros.serving.policy_server import PolicyServer

    if arguments.policy == REMOTE:
        raise ConfigError("policy 'remote' asks a server itself: serve what that one serves")
    policy, checkpoint, setting = _chosen(arguments)
    robot = load_embodiment(arguments.robot)
    family = specified(policy, robot, arguments.objects, checkpoint, setting)
    needs, period = checked_needs(family, policy, any_camera=True), family.period()
    description = ServerDescription(
        family.choice.name, robot.name, version=__version__, needs=needs, gives=family.gives(),
        rate_hz=None if period is None else 1.0 / period,
    )  # fmt: skip
    listening, pin = _listening(arguments, arguments.port if network is None else 0)
    server = PolicyServer(description, robot, partial(loaded, family), listening, arguments.connections, _log)
    with _until_ended() as ended, ExitStack() as running:
        running.callback(server.close)
        server.start()
        port = server.port if network is None else _relay(running, network, "127.0.0.1", server.port, arguments.port)
        scheme = "ws" if listening.tls is None else "wss"
        behind = "" if network is None else f" behind {network}"
        print(f"{family.served_as} for robot {robot.name} is served{behind}; ask it with", flush=True)
        token = " url_token_file:=FILE" if listening.token else ""
        for host in listening.hosts:
            print(f"  policy:=remote url:='{scheme}://{host}:{port}{pin}'{token}", flush=True)
        ended.wait()
    return 0


def _network(arguments: argparse.Namespace) -> Network | None:
    """Return the network that is to be tried; None where none is. Raises ConfigError."""
    from vla_ros.policies.remote.network import read_network

    if not arguments.network:
        if "://" in arguments.policy:
            raise ConfigError(f"{arguments.policy}: is served already; to try it behind a worse network give --network")
        return None
    if arguments.host != "localhost":
        raise ConfigError(f"--network is for trials on this machine: leave out --host {arguments.host}")
    return read_network(arguments.network, "--network")


def _lead_on(arguments: argparse.Namespace, network: Network) -> int:
    """Lead from a port of this machine through `network` to a server that runs elsewhere, until Ctrl-C."""
    from urllib.parse import urlsplit

    from vla_ros.policies.remote.address import server_address

    url = arguments.policy
    for option, value, default in (
        ("--lerobot", arguments.lerobot, ""),
        ("--contract", arguments.contract, ""),
        ("--robot", arguments.robot, DEFAULT_ROBOT),
        ("--checkpoint", arguments.checkpoint, ""),
        ("--setting", arguments.setting, ""),
        ("--objects", arguments.objects, None),
        ("--token-file", arguments.token_file, ""),
        ("--connections", arguments.connections, CONNECTIONS),
        ("--folder", arguments.folder, ""),
    ):
        if value != default:
            raise ConfigError(f"{option} {value}: {url} is served elsewhere, as it was started there: leave it out")
    address = server_address(url, zeromq=url.startswith("tcp:"))
    if not (address.local or address.encrypted):  # a port of this machine would make it look as if nobody were between
        raise ConfigError(f"{address.url}: whoever is on the way could change what moves the arm: ssh -L "
                          f"{address.port}:localhost:{address.port} there and {address.url.partition(':')[0]}://"
                          f"localhost:{address.port}")  # fmt: skip
    with _until_ended() as ended, ExitStack() as running:
        port = _relay(running, network, address.host, address.port, arguments.port)
        print(f"{address.url} behind {network}; ask it with", flush=True)
        print(f"  url:='{urlsplit(url)._replace(netloc=f'localhost:{port}').geturl()}'", flush=True)
        ended.wait()
    return 0


def _relay(running: ExitStack, network: Network, host: str, port: int, listen: int) -> int:
    """Lead from port `listen` of this machine (0: any) to a server until `running` ends; return that port."""
    from vla_ros.serving.network_relay import NetworkRelay

    relay = NetworkRelay(network, host, port, listen)
    running.callback(relay.close)
    return relay.port


@contextmanager
def _until_ended() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C or SIGTERM sets."""
    ended = threading.Event()
    previous = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ended
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _chosen(arguments: argparse.Namespace) -> tuple[str, str, str]:
    """Return policy, checkpoint and settings; of --lerobot with its environment, made where it is missing.

    Raises ConfigError for none, or both.
    """
    if not arguments.lerobot:
        if not arguments.policy:
            raise ConfigError("which policy? Give POLICY, or --lerobot CHECKPOINT for one that LeRobot trained")
        if arguments.contract:
            raise ConfigError(f"--contract {arguments.contract}: is for --lerobot CHECKPOINT; leave it out")
        return arguments.policy, arguments.checkpoint, arguments.setting
    given = arguments.policy or arguments.checkpoint
    if given:
        raise ConfigError(f"--lerobot {arguments.lerobot}: is the policy already: leave {given} out")

    from vla_ros.configuration import absolute_config
    from vla_ros.policies.families.table import LEROBOT_KIND
    from vla_ros.policies.lerobot.checkpoint import read_checkpoint
    from vla_ros.policies.lerobot.environment import LEROBOT, own_python

    read_checkpoint(Path(arguments.lerobot).expanduser().resolve())  # before gigabytes are fetched for it
    if own_python() is None and not LEROBOT.installed:
        print(f"LeRobot's environment is made in {LEROBOT.folder} ({LEROBOT.size})", flush=True)
        LEROBOT.install()
    if "," in arguments.contract:
        raise ConfigError(f"--contract {arguments.contract}: holds a comma, which joins settings: give one without")
    contract = f"contract={json.dumps(absolute_config(arguments.contract))}" if arguments.contract else ""
    return LEROBOT_KIND, arguments.lerobot, ",".join(filter(None, [arguments.setting, contract]))


def _listening(arguments: argparse.Namespace, port: int) -> tuple[Listening, str]:
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
        return Listening(address, port, link_hosts(address), token), ""
    if not token:
        raise ConfigError(f"--host {arguments.host}: whoever reaches this machine could use the policy: give "
                          "--token-file FILE, with a token such as the output of `openssl rand -hex 24`")  # fmt: skip
    folder = user_folder(arguments.folder, "--folder")
    tls = tls_context(folder)
    pin = f"#{PIN}{fingerprint(folder).replace(':', '')}"
    return Listening(address, port, link_hosts(address), token, tls), pin


def _log(level: str, text: str) -> None:
    if level == "info":
        print(text, flush=True)
    else:
        print(f"{level}: {text}", file=sys.stderr, flush=True)

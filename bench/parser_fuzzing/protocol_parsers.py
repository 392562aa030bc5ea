# SPDX-License-Identifier: Apache-2.0
"""What policy servers and their robots send each other, read as far as it goes: to a chunk, or to a policy's answer.

The bytes come from files, not from a socket; what reads them is what reads a socket's.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from policy_making.foreign_servers import observation
from policy_making.reasoning_policy import ReasoningPolicy

from vla_ros.policies.needs import CameraNeed, Needs
from vla_ros.policies.remote.address import ServerAddress
from vla_ros.policies.remote.foreign.contract import load_server_contract
from vla_ros.policies.remote.foreign.policy import ForeignPolicy, server_protocol
from vla_ros.policies.remote.message_pack import pack, unpack
from vla_ros.policies.remote.policy import RemotePolicy
from vla_ros.policies.remote.server_description import ServerDescription, read_description
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.serving.session import Session, robot_of

ROBOT = load_embodiment("franka")
SEEN = observation(ROBOT)
DESCRIPTION = ServerDescription("reasoning", "franka")
ADDRESS = ServerAddress("ws://127.0.0.1:1", "127.0.0.1", 1)
# What nothing that reads a message may do; the interpreter tells of each (sys.addaudithook).
FORBIDDEN = (
    "exec", "import", "open", "pickle.find_class", "marshal.loads", "ctypes.dlopen", "os.system", "os.exec",
    "os.fork", "os.posix_spawn", "os.remove", "os.rename", "os.mkdir", "os.putenv", "subprocess.Popen", "shutil.rmtree",
    "socket.connect", "socket.bind", "socket.getaddrinfo",
)  # fmt: skip

for _codec in ("unicode_escape", "raw_unicode_escape"):
    codecs.lookup(_codec)  # imported when a message's text is first shown: the name is ours, not the message's


class _Given:
    """A connection on which whatever a file holds is the reply."""

    address, connections, metadata = ADDRESS, 1, unpack(pack(DESCRIPTION.message()))
    session = "0" * 32
    data = b""

    def connect(self) -> None:
        pass

    def drop(self) -> None:
        pass


class _GivenBytes(_Given):
    def ask(self, message: bytes, timeout: float) -> bytes:
        return self.data


class _GivenValues(_Given):
    def ask(self, message: bytes, timeout: float) -> Any:
        return unpack(self.data)


@cache
def _foreign(name: str) -> tuple[ForeignPolicy, _Given]:
    """Return a policy of a contract of ours and its connection, from which it hears what it is given."""
    protocol = server_protocol(load_server_contract(name), ROBOT, ADDRESS, "")
    connection = _GivenValues() if name.startswith("openpi") else _GivenBytes()
    vars(protocol)["_connection"] = connection
    policy = ForeignPolicy(protocol, ROBOT, 1.0, 1.0)
    seen = policy.seen(SEEN)
    vars(policy)["seen"] = lambda given: seen  # pictures are not cut anew for every reply
    return policy, connection


def foreign_reply(path: Path) -> None:
    """Read a reply of a server of others; the file's name begins with its contract's."""
    policy, connection = _foreign(path.stem.partition("-")[0])
    connection.data = path.read_bytes()
    if path.stem.endswith("-modalities"):
        policy._protocol.check()
    else:
        policy.infer(SEEN)


def policy_reply(path: Path) -> None:
    """Read a chunk of our own server, or what it says of itself."""
    connection = _GivenValues()
    connection.data = path.read_bytes()
    if path.stem == "description":
        read_description(unpack(connection.data), ADDRESS.url)
    else:
        RemotePolicy(connection, DESCRIPTION, 1.0, 1.0).infer(SEEN)  # type: ignore[arg-type]


@cache
def _session() -> Session:
    cameras = (CameraNeed("front", depth=True, calibration=True), CameraNeed("wrist"))
    return Session(ReasoningPolicy(), Needs(cameras=cameras, history_s=0.2), ROBOT)


def policy_request(path: Path) -> None:
    """Answer an observation, as the server of a policy does."""
    message = path.read_bytes()
    robot_of(message)
    _session().answer(message)


class Watch:
    """Notes what the interpreter does that nothing should that reads a message; to be made once a process."""

    def __init__(self) -> None:
        self._message: Path | None = None
        self._seen: list[str] = []
        sys.addaudithook(self._hear)

    def during(self, parse: Callable[[Path], str], message: Path) -> str:
        """Return what `parse` says of a message, or what it did that it may not."""
        self._message = message
        said = parse(message)
        self._message = None
        seen, self._seen = self._seen, []
        return f"{said} {'; '.join(seen)}" if seen else said

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        own = event == "open" and arguments[0] == str(self._message)
        if self._message is not None and event in FORBIDDEN and not own:
            self._seen.append(f"{event} {arguments!r}"[:200])

# SPDX-License-Identifier: Apache-2.0
"""What a policy server says of itself before anything else: which policy, for which robot, what it needs and gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controllers.errors import ConfigError
from vla_ros.configuration import build
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.needs import STRETCH, Needs
from vla_ros.printable import printable

SERVER = "vla_ros"  # what the key `server` says
PROTOCOL = 1  # of observations and chunks; another number is another protocol


@dataclass(frozen=True)
class ServerDescription:
    """The metadata of `vla serve`."""

    policy: str
    robot: str
    server: str = SERVER
    protocol: int = PROTOCOL
    version: str = ""  # of the server's installation
    needs: Needs = field(default_factory=Needs)
    gives: ActionContract | None = None  # None: only its chunks say
    rate_hz: float | None = None  # of the points of its chunks; None: only its chunks say

    def message(self) -> dict[str, Any]:
        """Return it as plain values; what older robots do not know is said where it means something alone."""
        message = dataclasses.asdict(self)
        for camera in message["needs"]["cameras"]:
            if camera["fit"] == STRETCH:
                del camera["fit"]
            del camera["learned"]  # by which the policy node warns alone
        return message


def read_description(metadata: Any, where: str) -> ServerDescription:
    """Return what a server's metadata says. Raises ConfigError for no `vla serve`, or one of another version."""
    if not isinstance(metadata, Mapping) or metadata.get("server") != SERVER:
        raise ConfigError(f"{where}: speaks openpi's protocol, and is no vla serve: policy 'remote' cannot tell what "
                          "its actions mean; serve the policy with ./vla serve POLICY, or say it by a contract "
                          "(contract:=openpi_droid, --contract openpi_droid; config/servers)")  # fmt: skip
    if metadata.get("protocol") != PROTOCOL:
        version, protocol = (printable(str(metadata.get(name))[:20]) for name in ("version", "protocol"))
        raise ConfigError(f"{where}: vla serve of version {version} speaks protocol {protocol}, this one "
                          f"{PROTOCOL}: install the same version on both sides")  # fmt: skip
    known = {entry.name for entry in dataclasses.fields(ServerDescription)}
    return build(ServerDescription, {key: value for key, value in metadata.items() if key in known}, where)

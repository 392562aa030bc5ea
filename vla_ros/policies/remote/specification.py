# SPDX-License-Identifier: Apache-2.0
"""The family `remote`: whatever `vla serve` serves, at a URL; or a server of others, by a contract."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError, VlaError
from vla_ros.configuration import build
from vla_ros.policies.base import Policy
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.families.family import PolicyChoice, PolicyFamily
from vla_ros.policies.needs import Needs
from vla_ros.policies.remote.address import ServerAddress, server_address
from vla_ros.policies.remote.foreign.contract import ServerContract, load_server_contract
from vla_ros.policies.remote.server_description import ServerDescription, read_description
from vla_ros.token_file import chosen_token

if TYPE_CHECKING:
    from vla_ros.policies.remote.connection import Connection
    from vla_ros.policies.remote.foreign.protocols.protocol import ServerProtocol


@dataclass(frozen=True)
class RemoteSettings:
    """config/policies/remote.yaml."""

    url: str = ""  # ws://HOST:PORT, or wss://HOST:PORT#sha256=…; of a server that speaks ZeroMQ tcp://HOST:PORT
    token_file: str = ""  # of the server's token; empty: it wants none
    contract: str = ""  # of a server of others, a name from config/servers or a .yaml file; empty: it is a vla serve
    timeout_s: float = 2.0  # [s] for a reply; control refuses a chunk of what was seen 2 s ago
    first_timeout_s: float = 30.0  # [s] for the first reply of a connection, while the server loads

    def __post_init__(self) -> None:
        for name in ("timeout_s", "first_timeout_s"):
            if not 0.05 <= getattr(self, name) <= 600.0:
                raise ConfigError(f"{name} must be 0.05 to 600 s, got {getattr(self, name)}")


class Specification(PolicyFamily):
    """A specification that the server answers for; it is asked once."""

    summary = "asks a policy server: vla serve of this project, on this machine or another (url:=ws://HOST:PORT)"

    def __init__(self, choice: PolicyChoice) -> None:
        super().__init__(choice)
        self._settings = build(RemoteSettings, dict(choice.settings), choice.where)
        self._contract = load_server_contract(self._settings.contract) if self._settings.contract else None
        self._said: ServerDescription | None = None

    def check(self) -> None:
        """Raise ConfigError when nobody answers at the URL, not as a policy server does, or for another robot."""
        self._description()

    def needs(self) -> Needs:
        """Return what the server's policy needs."""
        return self._description().needs

    def gives(self) -> ActionContract | None:
        """Return what the actions of the server's policy move."""
        return self._description().gives

    def period(self) -> float | None:
        """Return the time between the points of its chunks [s], where the server or its contract says it."""
        rate = self._description().rate_hz
        return None if not rate else 1.0 / rate

    def load(self) -> Policy:
        """Return the policy, connected."""
        from vla_ros.policies.remote.policy import RemotePolicy

        description, settings = self._description(), self._settings
        if self._contract is not None:
            from vla_ros.policies.remote.foreign.policy import ForeignPolicy

            protocol = self._protocol(self._contract)
            protocol.connect()
            protocol.check()
            return ForeignPolicy(protocol, self.choice.robot, settings.timeout_s, settings.first_timeout_s)
        connection = self._connection()
        connection.connect()
        return RemotePolicy(connection, description, settings.timeout_s, settings.first_timeout_s)

    def _description(self) -> ServerDescription:
        if self._said is None:
            self._said = self._asked() if self._contract is None else self._of_others(self._contract)
        return self._said

    def _asked(self) -> ServerDescription:
        """Return what a `vla serve` says of itself. Raises ConfigError for none, or one for another robot."""
        connection, robot = self._connection(), self.choice.robot.name
        try:
            connection.connect()
            said = read_description(connection.metadata, connection.address.url)
        finally:
            connection.close()
        if said.robot != robot:
            raise ConfigError(f"{connection.address.url}: serves robot '{said.robot}', and this is '{robot}': start "
                              f"./vla serve {said.policy} --robot {robot} there")  # fmt: skip
        return said

    def _of_others(self, contract: ServerContract) -> ServerDescription:
        """Return what a contract says of a server of others, which must be there and fit it. Raises ConfigError."""
        name, robot = self._settings.contract, self.choice.robot
        try:
            gives = contract.gives(robot)
        except ConfigError as error:
            raise ConfigError(f"contract '{name}': {error}") from None
        protocol = self._protocol(contract)
        try:
            protocol.connect()
            protocol.check()
        except VlaError as error:
            raise ConfigError(str(error)) from None
        finally:
            protocol.close()
        return ServerDescription(name, robot.name, "", needs=contract.needs(), gives=gives, rate_hz=contract.rate_hz)

    def _protocol(self, contract: ServerContract) -> ServerProtocol:
        from vla_ros.policies.remote.foreign.policy import server_protocol

        return server_protocol(contract, self.choice.robot, self._address(), self._token())

    def _connection(self) -> Connection:
        from vla_ros.policies.remote.connection import Connection  # its HTTP client takes a moment to import

        return Connection(self._address(), self._token())

    def _address(self) -> ServerAddress:
        if not self._settings.url:
            raise ConfigError(f"policy '{self.choice.name}' asks a server: start ./vla serve POLICY and give its URL "
                              "(url:=ws://HOST:PORT, --url ws://HOST:PORT)")  # fmt: skip
        zeromq = self._contract is not None and self._contract.protocol != "openpi"
        address = server_address(self._settings.url, zeromq)
        if zeromq and not address.local:
            raise ConfigError(
                f"{address.url}: whoever is on the way could change what moves the arm: ssh -L "
                f"{address.port}:localhost:{address.port} there and tcp://localhost:{address.port}"
            )
        if not address.encrypted and not address.local:
            raise ConfigError(f"{address.url}: whoever is on the way could change what moves the arm: give the wss:// "
                              "URL that vla serve prints, or ssh -L 8000:localhost:8000 there and ws://localhost:8000"
                              )  # fmt: skip
        return address

    def _token(self) -> str:
        file = self._settings.token_file
        return chosen_token(Path(file).expanduser(), "token_file ") if file else ""

# SPDX-License-Identifier: Apache-2.0
"""Where a policy server is: `ws://HOST:PORT`, or `wss://HOST:PORT#sha256=…` with the certificate that it is known by.

Servers of others that speak ZeroMQ are at `tcp://HOST:PORT`.

A server in a lab has a certificate of its own making, which no authority vouches for; its SHA-256 in the URL says that
this one is meant and no other.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from controllers.errors import ConfigError

PIN = "sha256="
_HEX = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class ServerAddress:
    """A URL that was checked."""

    url: str  # without the certificate
    host: str
    port: int = 0
    certificate: bytes | None = None  # (32,) SHA-256 of the certificate; None: an authority vouches, or there is none

    @property
    def encrypted(self) -> bool:
        """Say whether what is sent can be read on the way."""
        return self.url.startswith("wss:")

    @property
    def local(self) -> bool:
        """Say whether the server runs on this machine."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def server_address(text: str, zeromq: bool = False) -> ServerAddress:
    """Return the address that a text says, of a websocket or of ZeroMQ. Raises ConfigError for what is none."""
    schemes = ("tcp",) if zeromq else ("ws", "wss")
    example = (
        "give tcp://HOST:PORT" if zeromq else "give ws://HOST:PORT, or wss://HOST:PORT#sha256=… as vla serve prints it"
    )
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigError(f"url '{text[:200]}': is none: {example}") from None
    if parts.scheme not in schemes or not host or port is None or (zeromq and parts.path not in ("", "/")):
        raise ConfigError(f"url '{text[:200]}': {example}")
    if parts.username or parts.password or parts.query:
        raise ConfigError(
            f"url of {parts.scheme}://{host}:{port}: holds a name, a password or a query, which every user of this "
            f"machine can read: {example}; a token is read from a file (url_token_file:=FILE, --url-token-file FILE)"
        )
    certificate = None
    if parts.fragment:
        said = parts.fragment.removeprefix(PIN).replace(":", "")
        if parts.scheme != "wss" or not parts.fragment.startswith(PIN) or not _HEX.fullmatch(said):
            raise ConfigError(f"url '{text[:200]}': what follows # is no certificate of wss://: {example}")
        certificate = bytes.fromhex(said)
    netloc = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return ServerAddress(f"{parts.scheme}://{netloc}{parts.path or '/'}".rstrip("/"), host, port, certificate)

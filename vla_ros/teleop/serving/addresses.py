# SPDX-License-Identifier: Apache-2.0
"""By which names and addresses this machine can be reached."""

from __future__ import annotations

import ipaddress
import socket

import psutil

from controllers.errors import ConfigError

EVERYWHERE = ("0.0.0.0", "::")
PAGE_PORT = 8443  # of the operator's page, where no other is requested
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def bind_address(host: str, option: str = "host:=") -> str:
    """Return the address to bind for `host`: localhost, all, or an address of this machine. Raises ConfigError.

    `option` is how it was named.
    """
    if host in ("localhost", ""):
        return "127.0.0.1"
    if host == "all":
        return EVERYWHERE[0]
    try:
        address = str(ipaddress.ip_address(host))
    except ValueError:
        raise ConfigError(f"{option}{host}: give localhost, all, or an address of this machine") from None
    if not _is_here(address):
        ours = ", ".join(["localhost", "all", *(str(one) for one in machine_addresses() if not one.is_loopback)])
        raise ConfigError(f"{option}{host}: is no address of this machine: give one of {ours}")
    return address


def _is_here(address: str) -> bool:
    """Say whether a server of this machine can be bound to an address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def is_local(address: str) -> bool:
    """Say whether only this machine can reach an address that is bound."""
    return ipaddress.ip_address(address).is_loopback


def machine_addresses() -> tuple[Address, ...]:
    """Return this machine's addresses, those that others can reach first; link-local ones are left out."""
    found: list[Address] = []
    for interface in psutil.net_if_addrs().values():
        for entry in interface:
            if entry.family in (socket.AF_INET, socket.AF_INET6):
                address = ipaddress.ip_address(entry.address.partition("%")[0])
                if not address.is_link_local and address not in found:
                    found.append(address)
    return tuple(sorted(found, key=lambda address: (address.is_loopback, address.version, int(address))))


def machine_names() -> tuple[str, ...]:
    """Return the names this machine goes by."""
    name = socket.gethostname().partition(".")[0]
    return tuple(dict.fromkeys(n for n in ("localhost", name, f"{name}.local") if n.strip(".")))


def link_hosts(address: str) -> tuple[str, ...]:
    """Return what goes into a link to a server that is bound to `address`, the best first."""
    if is_local(address):
        return ("localhost",)
    if address not in EVERYWHERE:
        return (f"[{address}]" if ":" in address else address,)
    return (*(str(a) for a in machine_addresses() if not a.is_loopback and a.version == 4), "localhost")

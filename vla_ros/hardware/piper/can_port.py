# SPDX-License-Identifier: Apache-2.0
"""CAN ports of this machine: whether one is there, up and as fast as the arm behind it."""

from __future__ import annotations

import contextlib
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from controllers.errors import ConfigError
from vla_ros.documents import DocumentError, parse_json

DEVICES = Path("/sys/class/net")
CAN_TYPE = "280"  # ARPHRD_CAN of the kernel's if_arp.h
UP = 0x1  # IFF_UP
PORT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,14}")  # a network device's name has at most 15 characters
CHANNEL = re.compile(r"[A-Za-z0-9_./-]{1,107}")  # as long as the path of a Unix socket can be
ANSWER_S = 2.0


class CanAddress(NamedTuple):
    """A channel of one of python-can's interfaces."""

    interface: str
    channel: str


def can_address(address: str) -> CanAddress:
    """Return what an address means: a CAN port of this machine, or `<interface of python-can>:<channel>`.

    Raises ConfigError for what is neither.
    """
    interface, separator, channel = address.partition(":")
    if not separator and PORT.fullmatch(address):
        return CanAddress("socketcan", address)
    if separator and PORT.fullmatch(interface) and CHANNEL.fullmatch(channel) and interface != "socketcan":
        return CanAddress(interface, channel)
    raise ConfigError(
        f"sdk: address '{address}' is no CAN port: at most 15 letters, digits, '_' and '-', such as can_left"
    )


def check_port(name: str, bitrate: int, devices: Path = DEVICES) -> None:
    """Raise ConfigError for a CAN port that is not there, is down, or has another bit rate than `bitrate` [bit/s]."""
    if _said(devices / name / "type") != CAN_TYPE:
        ports = sorted(port.parent.name for port in devices.glob("*/type") if _said(port) == CAN_TYPE)
        raise ConfigError(f"sdk: there is no CAN port '{name}'; this machine has: {', '.join(ports) or 'none'}")
    remedy = f"sudo ip link set {name} up type can bitrate {bitrate}"
    if not int(_said(devices / name / "flags") or "0", 16) & UP:
        raise ConfigError(f"sdk: the CAN port '{name}' is down: {remedy}")
    rate = _bitrate(name)
    if rate not in (None, bitrate):
        raise ConfigError(
            f"sdk: the CAN port '{name}' has {rate} bit/s, the arm {bitrate}: sudo ip link set {name} down; {remedy}"
        )


def port_bitrate(details: str) -> int | None:
    """Return the bit rate [bit/s] in what `ip -details -json link show` says; None where there is none."""
    rate = None
    with contextlib.suppress(DocumentError, LookupError, TypeError):
        rate = parse_json(details, "ip")[0]["linkinfo"]["info_data"]["bittiming"]["bitrate"]
    return rate if isinstance(rate, int) else None


def _bitrate(name: str) -> int | None:
    # The kernel says it over netlink alone. Without `ip` it stays unknown, and an arm at another rate does not answer.
    words = ["ip", "-details", "-json", "link", "show", "dev", name]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return port_bitrate(subprocess.run(words, capture_output=True, text=True, timeout=ANSWER_S, check=True).stdout)
    return None


def _said(file: Path) -> str:
    with contextlib.suppress(OSError):
        return file.read_text().strip()
    return ""

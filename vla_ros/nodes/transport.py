# SPDX-License-Identifier: Apache-2.0
"""How a node's messages travel: UDP for those that must be punctual, shared memory for those that handle images.

Fast DDS's shared memory can hold up everything that a process publishes for 333 ms whenever somebody joins the graph
(config/dds/localhost.xml says why), so it is kept away from joint states and commands. Images need it.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from enum import Enum

from vla_ros.configuration import share_directory

PROFILES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
_SEGMENT = "VLA_ROS_SEGMENT_BYTES"
_BUILTIN = "FASTDDS_BUILTIN_TRANSPORTS"


class Transport(Enum):
    """What a node sends most, and the shared memory it needs for that [bytes]."""

    STREAMS = 0
    IMAGES_IN = 2 << 20
    IMAGES_OUT = 24 << 20  # four exposures of two 640x480 cameras, below the 64 MB of a container's /dev/shm


def choose_transport(transport: Transport, environment: MutableMapping[str, str] = os.environ) -> None:
    """Set `environment` for rclpy.init; whoever has chosen a profile or peers of his own keeps them."""
    discovery = environment.get(RANGE, "SUBNET").upper()
    chosen = any(environment.get(name) for name in (*PROFILES, _BUILTIN, "ROS_STATIC_PEERS"))
    if chosen or discovery not in ("LOCALHOST", "SUBNET"):
        return
    scope = "localhost" if discovery == "LOCALHOST" else "network"
    if transport is Transport.STREAMS and scope == "network":
        environment[_BUILTIN] = "UDPv4"
        return
    images = "" if transport is Transport.STREAMS else "_images"
    profile = share_directory() / "config" / "dds" / f"{scope}{images}.xml"
    environment.update(dict.fromkeys(PROFILES, str(profile)))
    environment[_SEGMENT] = str(transport.value)
    if scope == "localhost":
        # rmw_fastrtps would add shared memory of its own to LOCALHOST; the profile names the loopback interface itself.
        environment[RANGE] = "SYSTEM_DEFAULT"

# SPDX-License-Identifier: Apache-2.0
"""How a node's messages travel: by what it sends and who may hear it, and never against the user's choice."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from vla_ros.nodes.transport import PROFILES, Transport, choose_transport

NAMESPACE = "{http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles}"


def transports(environment: dict[str, str]) -> list[str]:
    """Return the kinds of transport that the chosen profile states."""
    assert environment[PROFILES[0]] == environment[PROFILES[1]]
    root = ElementTree.parse(Path(environment[PROFILES[0]])).getroot()
    return sorted(element.text for element in root.iter(f"{NAMESPACE}type"))


@pytest.mark.parametrize("transport", list(Transport))
def test_on_this_machine_alone_nothing_leaves_the_loopback_interface(transport):
    environment = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    choose_transport(transport, environment)
    assert transports(environment) == (["UDPv4"] if transport is Transport.STREAMS else ["SHM", "UDPv4"])
    root = ElementTree.parse(Path(environment[PROFILES[0]])).getroot()
    assert [e.text for e in root.iter(f"{NAMESPACE}address")] == ["127.0.0.1", "127.0.0.1"]
    # With LOCALHOST itself rmw_fastrtps adds shared memory to everybody.
    assert environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SYSTEM_DEFAULT"


def test_with_other_machines_only_images_take_shared_memory():
    streams, images = {}, {}
    choose_transport(Transport.STREAMS, streams)
    choose_transport(Transport.IMAGES_OUT, images)
    assert streams == {"FASTDDS_BUILTIN_TRANSPORTS": "UDPv4"}
    assert transports(images) == ["SHM", "UDPv4"]
    assert "ROS_AUTOMATIC_DISCOVERY_RANGE" not in images


@pytest.mark.parametrize(
    "own",
    [
        {"FASTRTPS_DEFAULT_PROFILES_FILE": "/etc/dds/site.xml"},
        {"FASTDDS_DEFAULT_PROFILES_FILE": "/etc/dds/site.xml"},
        {"FASTDDS_BUILTIN_TRANSPORTS": "LARGE_DATA"},
        {"ROS_STATIC_PEERS": "192.168.1.7"},
        {"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"},
        {"ROS_AUTOMATIC_DISCOVERY_RANGE": "SYSTEM_DEFAULT"},
    ],
)
def test_what_the_user_chose_stays(own):
    environment = dict(own)
    choose_transport(Transport.IMAGES_OUT, environment)
    assert environment == own

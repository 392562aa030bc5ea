# SPDX-License-Identifier: Apache-2.0
"""How messages would travel from this shell: the ROS domain's ports, and settings that override our own profile."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from vla_ros.commands.doctor.check_result import CheckResult, missing, poor
from vla_ros.commands.doctor.jazzy import installed_ros_wheels
from vla_ros.launching.environment import LAST_DOMAIN, bound_udp_ports, domain_ports
from vla_ros.launching.ports import tcp_problem, udp_problem
from vla_ros.teleop.serving.addresses import PAGE_PORT

VIEW_PORT = 8765
DOMAIN_MAX = 232
_FAST_DDS = "rmw_fastrtps_cpp"


def check_domain() -> CheckResult:
    """Look at ROS_DOMAIN_ID and the UDP ports that go with it."""
    name = "ROS domain"
    problem = udp_problem(0)
    if problem:
        return missing(name, f"no UDP on the loopback interface: {problem}", "bring it up: ip link set lo up")
    chosen = os.environ.get("ROS_DOMAIN_ID", "")
    if not chosen:
        return CheckResult(name, "ROS_DOMAIN_ID is not set: each job takes one that nobody on this machine uses")
    if not chosen.isdigit() or int(chosen) > DOMAIN_MAX:
        return missing(name, f"ROS_DOMAIN_ID={chosen}", f"set a number from 0 to {LAST_DOMAIN}, or unset it")
    domain, ports = int(chosen), domain_ports(int(chosen))
    used = len(bound_udp_ports() & set(ports))
    state = f"{domain}, UDP ports {ports[0]} to {ports[-1]}, {used} in use"
    if domain > LAST_DOMAIN:
        remedy = f"its ports may be taken by outgoing connections: set 0 to {LAST_DOMAIN}, or unset ROS_DOMAIN_ID"
        return poor(name, state, remedy)
    return CheckResult(name, state)


def check_view_port() -> CheckResult:
    """Look whether Foxglove's port is free, and its package there."""
    name = "viewer"
    if importlib.util.find_spec("foxglove") is None:
        return CheckResult(name, "foxglove-sdk is not installed", "for view:=foxglove: pip install foxglove-sdk")
    problem = tcp_problem(VIEW_PORT)
    if problem:
        return CheckResult(name, f"port {VIEW_PORT}: {problem}", f"for view:=foxglove: add view_port:={VIEW_PORT + 1}")
    return CheckResult(name, f"foxglove-sdk is there, port {VIEW_PORT} is free")


def check_page_port() -> CheckResult:
    """Look whether the port of the operator's page is free, and what serves it there."""
    name = "teleoperation"
    absent = [package for package in ("aiohttp", "cryptography", "segno") if importlib.util.find_spec(package) is None]
    if absent:
        return CheckResult(
            name, f"not installed: {', '.join(absent)}", f"for vla teleop: pip install {' '.join(absent)}"
        )
    problem = tcp_problem(PAGE_PORT)
    if problem:
        return CheckResult(name, f"port {PAGE_PORT}: {problem}", f"for vla teleop: add port:={PAGE_PORT + 1}")
    return CheckResult(name, f"port {PAGE_PORT} is free")


def check_middleware() -> CheckResult:
    """Look for settings of this shell that replace our transport profiles (vla_ros/nodes/transport.py)."""
    from vla_ros.nodes.transport import PROFILES  # reads YAML, which may be what is missing

    name = "middleware"
    chosen = os.environ.get("RMW_IMPLEMENTATION", _FAST_DDS)
    if chosen != _FAST_DDS:
        if installed_ros_wheels():
            return missing(name, f"RMW_IMPLEMENTATION={chosen}: the wheels have Fast DDS alone", "unset it")
        return poor(name, f"RMW_IMPLEMENTATION={chosen}", f"our profiles are Fast DDS's: unset it, or set {_FAST_DDS}")
    for variable in PROFILES:
        file = os.environ.get(variable, "")
        if file and not Path(file).is_file():
            return missing(name, f"{variable}={file}: no such file", "unset it: ours is chosen when it is not set")
    return _overrides(name, PROFILES)


def _overrides(name: str, profiles: tuple[str, ...]) -> CheckResult:
    own = [v for v in (*profiles, "FASTDDS_BUILTIN_TRANSPORTS", "ROS_STATIC_PEERS") if os.environ.get(v)]
    if own:
        state = ", ".join(f"{variable}={os.environ[variable]}" for variable in own)
        effect = (
            "every node uses this instead of our profiles: with shared memory control may be held up for 333 ms, "
            "with small segments images get lost (docs/topics.md)"
        )
        return poor(name, state, f"{effect}; unset it unless it is meant")
    if os.environ.get("ROS_LOCALHOST_ONLY", "0") == "1":
        state = "ROS_LOCALHOST_ONLY=1 goes before discovery:= and the range our profiles are made for"
        return poor(name, state, "unset it: jobs stay on this machine anyway")
    return CheckResult(name, "Fast DDS, our profiles: UDP for control, shared memory for images")

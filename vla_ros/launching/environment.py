# SPDX-License-Identifier: Apache-2.0
"""The environment of a graph's nodes: who hears them, how many threads, where they render."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from pathlib import Path

from vla_ros.launching.arguments import Value
from vla_ros.nodes.memory import MALLOC_ENVIRONMENT

# One thread a node: seven BLAS pools on two cores would take time from the control loop.
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
FIRST_DOMAIN, LAST_DOMAIN = 1, 100  # above 101 the ports would reach into Linux's ephemeral range
_PORT_BASE, _PORTS_PER_DOMAIN = 7400, 250  # RTPS 2.5, section 9.6.2.3


def node_environment(arguments: Mapping[str, Value], colored: bool) -> dict[str, str]:
    """Return the environment for the nodes of one run; `arguments` are `discovery` and `domain_id`."""
    # The doctor works without their YAML.
    from vla_ros.configuration import USER_FOLDER, user_folder
    from vla_ros.launching.security import SECURITY, ros_domain

    environment = module_environment()
    discovery = str(arguments.get("discovery", "localhost"))
    environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] = discovery.upper()
    secured = bool(arguments.get(SECURITY))  # its keys are for one domain, so none is chosen
    domain = ros_domain(arguments) if secured else choose_domain(int(arguments.get("domain_id", -1)), discovery)
    environment["ROS_DOMAIN_ID"] = str(domain)
    for name in ONE_THREAD:
        environment.setdefault(name, "1")
    for name, value in MALLOC_ENVIRONMENT.items():
        environment.setdefault(name, value)
    environment.setdefault("MUJOCO_GL", "egl")
    environment["PYTHONUNBUFFERED"] = "1"
    if own := user_folder():
        environment[USER_FOLDER] = str(own)  # as it is from here, wherever a node works
    environment["RCUTILS_COLORIZED_OUTPUT"] = "1" if colored else "0"
    environment.setdefault("RCUTILS_CONSOLE_OUTPUT_FORMAT", "{severity}: {message}")
    return environment


def module_environment() -> dict[str, str]:
    """Return this process's environment such that `python -m vla_ros.…` finds this very package from any folder.

    Without the safe path, a numpy.py or a launch/ in the user's working directory would be imported instead.
    """
    environment = dict(os.environ)
    root = Path(__file__).resolve().parents[2]
    if (root / "setup.py").is_file():  # a clone; an installed package is found anyway
        others = [
            entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry not in ("", str(root))
        ]
        environment["PYTHONPATH"] = os.pathsep.join([str(root), *others])
    environment["PYTHONSAFEPATH"] = "1"
    return environment


def choose_domain(asked: int, discovery: str) -> int:
    """Return the ROS domain: the asked one, else ROS_DOMAIN_ID, else on this machine alone one that nobody uses.

    With subnet discovery the default is ROS's own 0, since the other machine must be able to guess it.
    """
    if asked >= 0:
        return asked
    if os.environ.get("ROS_DOMAIN_ID", "").isdigit():
        return int(os.environ["ROS_DOMAIN_ID"])
    return free_domain() if discovery == "localhost" else 0


def free_domain() -> int:
    """Return a domain id whose UDP ports nobody on this machine has bound."""
    used = {(port - _PORT_BASE) // _PORTS_PER_DOMAIN for port in bound_udp_ports()}
    free = [domain for domain in range(FIRST_DOMAIN, LAST_DOMAIN + 1) if domain not in used]
    # At random, so that two launches started together do not choose the same one.
    return random.SystemRandom().choice(free or list(range(FIRST_DOMAIN, LAST_DOMAIN + 1)))


def domain_ports(domain: int) -> range:
    """Return the UDP ports of a ROS domain."""
    first = _PORT_BASE + _PORTS_PER_DOMAIN * domain
    return range(first, min(first + _PORTS_PER_DOMAIN, 65536))


def bound_udp_ports() -> set[int]:
    """Return the UDP ports that somebody on this machine has bound."""
    ports: set[int] = set()
    for table in ("udp", "udp6"):
        try:
            rows = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        ports.update(int(row.split()[1].rpartition(":")[2], 16) for row in rows)
    return ports

# SPDX-License-Identifier: Apache-2.0
"""Make a keystore for the nodes of a job, by which DDS Security (SROS 2) keeps strangers out: a key for each node, and
signed permissions to say and hear what it does, no more. Full ROS 2 uses it: ros2 launch … security:=KEYSTORE.

An existing keystore gets the nodes that it lacks; what is there stays. With --check nothing is written. Exit code: 0
when it fits the job, 1 when it does not, 2 for bad input. private/ signs new keys: keep it off the robot.
"""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vla_ros.launching.arguments import Value
    from vla_ros.security.interface import DdsTopics
    from vla_ros.security.keystore import Keystore

DAYS, DAYS_MAX = 365, 3650
SOON = datetime.timedelta(days=30)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("keystore", metavar="KEYSTORE", help="its folder")
    parser.add_argument("--job", default="franka_grasp", help="job of `vla launch` (default franka_grasp)")
    parser.add_argument("assignments", nargs="*", default=[], metavar="name:=value",
                        help="launch arguments that decide on topics: hardware, cameras, policy, …")  # fmt: skip
    parser.add_argument("--robot", default="", help="the same as robot:=")
    parser.add_argument("--domain", type=int, default=None, metavar="N",
                        help="ROS domain that the keys are for (default: ROS_DOMAIN_ID, or 0)")  # fmt: skip
    parser.add_argument("--days", type=int, default=DAYS, help=f"how long new keys are valid (default {DAYS})")
    parser.add_argument("--update", action="store_true",
                        help="sign anew what no longer fits, or expires within 30 days; private keys stay")  # fmt: skip
    parser.add_argument("--check", action="store_true", help="say what is there, and write nothing")


def run(arguments: argparse.Namespace) -> int:
    """Make, extend or check."""
    from controllers.errors import ConfigError
    from vla_ros.launching.arguments import parse_assignments
    from vla_ros.launching.checks import check_namespace
    from vla_ros.launching.jobs import load_job
    from vla_ros.launching.security import graph_topics, ros_domain
    from vla_ros.security.checks import keystore_problem
    from vla_ros.security.keystore import Keystore

    if not 1 <= arguments.days <= DAYS_MAX:
        raise ConfigError(f"--days {arguments.days}: give 1 to {DAYS_MAX}")
    if arguments.check and arguments.update:
        raise ConfigError("--check writes nothing and --update does: give one of the two")
    graph, words = load_job(arguments.job), list(arguments.assignments)
    words += [f"robot:={arguments.robot}"] if arguments.robot else []
    words += [f"domain_id:={arguments.domain}"] if arguments.domain is not None else []
    values: dict[str, Value] = parse_assignments(words, graph.arguments)
    values |= graph.settle(values)
    check_namespace(str(values["namespace"]))
    domain, now = ros_domain(values), datetime.datetime.now(datetime.UTC)
    wanted = graph_topics(graph, values)
    folder = Path(arguments.keystore).expanduser()
    if not arguments.check:
        store = Keystore.make(folder, domain, now)
    elif folder.is_dir():
        store = Keystore(folder)
    else:
        raise ConfigError(f"keystore {folder}: there is no such folder: leave out --check to make it")
    if problem := keystore_problem(store, domain, now):
        raise ConfigError(f"keystore {folder}: {problem}")
    done = {} if arguments.check else _sign(store, wanted, domain, now, arguments)
    return _report(store, wanted, domain, now, done)


def _sign(
    store: Keystore, wanted: Mapping[str, DdsTopics], domain: int, now: datetime.datetime, arguments: argparse.Namespace
) -> dict[str, str]:
    """Make the enclaves that are missing, sign anew what is to be; return what was done to which."""
    done = {}
    present = store.enclaves()
    for name, topics in wanted.items():
        if name not in present:
            store.add(name, topics, domain, now, arguments.days)
            done[name] = "made"
        elif arguments.update and (_outdated(store, name, topics, domain, now) or _ends(store, name) - now < SOON):
            store.renew(name, topics, domain, now, arguments.days)
            done[name] = "signed anew"
    return done


def _report(
    store: Keystore, wanted: Mapping[str, DdsTopics], domain: int, now: datetime.datetime, done: Mapping[str, str]
) -> int:
    """Print a line for each enclave, and what does not fit; return the exit code."""
    from vla_ros.security.checks import signature_problem

    width = max(map(len, wanted))
    outdated = any(_outdated(store, name, topics, domain, now) for name, topics in wanted.items())
    faults = [f"{name}: others than its owner may read it: chmod 600" for name in store.open_files()]
    print(f"{'enclave':<{width}}  publishes  subscribes  valid until")
    for name, topics in wanted.items():
        if fault := _faults(store, name, topics, domain, now):
            faults.append(f"{name}: {fault}")
        ends = f"{_ends(store, name):%Y-%m-%d}" if name in store.enclaves() else "-"
        counts = f"{len(topics.publish):9}  {len(topics.subscribe):10}"
        print(f"{name:<{width}}  {counts}  {ends}  {done.get(name, '')}".rstrip())
    others = [name for name in store.enclaves() if name not in wanted]
    if others:
        print(f"not of this job: {', '.join(others)}")
    if problem := signature_problem(store, [name for name in wanted if name in store.enclaves()]):
        faults.append(problem)
    authority = store.issuer().not_valid_after_utc
    shown = os.path.relpath(store.folder) if store.folder.is_relative_to(Path.cwd()) else store.folder
    print(f"{shown}: ROS domain {domain}; its CA is valid until {authority:%Y-%m-%d}")
    for fault in faults:
        print(f"! {fault}")
    if outdated:  # it mends nothing else
        print("! --update signs anew what does not fit")
    return 1 if faults else 0


def _faults(store: Keystore, name: str, topics: DdsTopics, domain: int, now: datetime.datetime) -> str:
    from vla_ros.security.checks import enclave_problem, excess

    return enclave_problem(store, name, topics, domain, now) or excess(store, name, topics)


def _outdated(store: Keystore, name: str, topics: DdsTopics, domain: int, now: datetime.datetime) -> bool:
    """Say whether an enclave is to be signed anew."""
    from vla_ros.security.checks import permissions_altered

    return bool(_faults(store, name, topics, domain, now)) or permissions_altered(store, name)


def _ends(store: Keystore, name: str) -> datetime.datetime:
    return store.certificate(name).not_valid_after_utc

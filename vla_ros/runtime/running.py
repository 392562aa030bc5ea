# SPDX-License-Identifier: Apache-2.0
"""Which graphs run on this machine, so that `vla stop` finds them on whatever ROS domain they are.

Each launch writes a small file into folders that only its user can write to (runtime_folder.py). Nothing in them is
believed before it was checked: a file may be left over, torn, or not ours.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields

from controllers.errors import ConfigError
from vla_ros.documents import parse_json
from vla_ros.runtime.folder import RuntimeFolder, runtime_folders

ENTRY_MAX = 64 * 1024  # [B] of a file that can be an entry
ENTRIES_MAX = 200  # looked at, the newest: reading them must not keep an e-stop waiting
ENDING = ".json"
UNLISTED = (
    "`vla stop` will not find this job: no folder of this user's can be written to; set XDG_RUNTIME_DIR to one that "
    "belongs to you alone (chmod 700)"
)


@dataclass(frozen=True)
class RunningGraph:
    """One launch that is under way."""

    pid: int
    job: str
    domain_id: int
    discovery: str  # ROS_AUTOMATIC_DISCOVERY_RANGE of its nodes
    profile: str  # Fast DDS profile of its nodes, "" for none
    run_directory: str
    namespace: str = ""
    keystore: str = ""  # of its nodes' keys, "" for none
    started: int = 0  # start of process `pid` [clock ticks since boot]: its number will be another's one day

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables by which a process is in this graph."""
        profile = {"FASTRTPS_DEFAULT_PROFILES_FILE": self.profile} if self.profile else {}
        named = {"ROS_DOMAIN_ID": str(self.domain_id), "ROS_AUTOMATIC_DISCOVERY_RANGE": self.discovery}
        return named | profile | self._keys()

    def _keys(self) -> dict[str, str]:
        """Return what gives a process, and whatever it starts, an operator's keys."""
        operator = "/".join(["", *filter(None, [self.namespace.strip("/")]), "operator"])
        return keystore_variables(self.keystore) | (
            {"ROS_SECURITY_ENCLAVE_OVERRIDE": operator} if self.keystore else {}
        )


def keystore_variables(keystore: str) -> dict[str, str]:
    """Return the variables by which ROS nodes take their keys from a keystore, and do without none; none for ""."""
    names = {"ROS_SECURITY_KEYSTORE": keystore, "ROS_SECURITY_ENABLE": "true", "ROS_SECURITY_STRATEGY": "Enforce"}
    return names if keystore else {}


def used_keystore(environment: Mapping[str, str]) -> str:
    """Return the keystore that nodes with these variables use, "" for none."""
    return environment.get("ROS_SECURITY_KEYSTORE", "") if environment.get("ROS_SECURITY_ENABLE") == "true" else ""


@contextlib.contextmanager
def registered(graph: RunningGraph) -> Iterator[bool]:
    """List a graph as running while the block lasts; give whether it could be, else `vla stop` does not find it."""
    entry = asdict(graph) | {"started": process_start(graph.pid) or 0}
    name = f"{graph.pid}{ENDING}"
    listed = []
    for folder in runtime_folders(make=True):
        with contextlib.suppress(OSError):
            folder.write(name, json.dumps(entry).encode())
            listed.append(folder)
    try:
        yield bool(listed)
    finally:
        for folder in listed:
            with contextlib.suppress(OSError):
                folder.remove(name)


def running_graphs() -> list[RunningGraph]:
    """Return the launches that are alive, newest last; forget those that died without tidying up."""
    graphs: dict[int, RunningGraph] = {}
    for folder in runtime_folders():
        for name in folder.newest(ENDING, ENTRIES_MAX):
            graph = _entry(folder, name)
            if graph is None:
                continue
            if process_start(graph.pid) == graph.started:
                graphs.setdefault(graph.pid, graph)
            else:
                with contextlib.suppress(OSError):
                    folder.remove(name)
    return sorted(graphs.values(), key=lambda graph: graph.started)


def refuse_taken(graph: RunningGraph) -> None:
    """Raise ConfigError when another launch has the same names on the same ROS domain: it would move the same arm."""
    for other in running_graphs():
        same = (other.domain_id, other.namespace) == (graph.domain_id, graph.namespace)
        if same and other.pid != graph.pid:
            names = f" with namespace '{graph.namespace}'" if graph.namespace else ""
            raise ConfigError(
                f"ROS domain {graph.domain_id}{names} is taken by {other.job}, process {other.pid}: "
                "end that one, or give domain_id:=N or namespace:=NAME"
            )


def process_start(pid: int) -> int | None:
    """Return when a process of this user started [clock ticks since boot]; None when there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            if os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            text = file.read()
    except OSError:
        return None
    # proc(5): the name in parentheses may hold anything, what follows is numbers; the start is field 22.
    return int(text[text.rindex(b")") + 1 :].split()[19])


def _entry(folder: RuntimeFolder, name: str) -> RunningGraph | None:
    """Return what a file says, None for what is no entry."""
    try:
        values = parse_json(folder.read(name, ENTRY_MAX), name)
        known = {field.name: {"int": int, "str": str}[str(field.type)] for field in fields(RunningGraph)}
        if not isinstance(values, dict) or any(type(values.get(key)) is not kind for key, kind in known.items()):
            return None
        graph = RunningGraph(**{key: values[key] for key in known})
        return graph if graph.pid > 0 and 0 <= graph.domain_id <= 232 else None
    except (OSError, ConfigError):
        return None

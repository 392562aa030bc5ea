# SPDX-License-Identifier: Apache-2.0
"""Which graphs run on this machine, so that `vla stop` finds them on whatever ROS domain they are."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


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


def _folder() -> Path:
    return Path(tempfile.gettempdir()) / f"vla_ros_{os.getuid()}"


@contextlib.contextmanager
def registered(graph: RunningGraph) -> Iterator[None]:
    """List a graph as running while the block lasts; a machine that forbids it just cannot be asked to stop."""
    path = _folder() / f"{graph.pid}.json"
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(json.dumps(asdict(graph)))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def running_graphs() -> list[RunningGraph]:
    """Return the launches that are alive, newest last; forget those that died without tidying up."""
    graphs = []
    for path in sorted(_folder().glob("*.json"), key=_modified):
        try:
            graph = RunningGraph(**json.loads(path.read_text()))
            os.kill(graph.pid, 0)
        except ProcessLookupError:
            with contextlib.suppress(OSError):
                path.unlink()
        except (OSError, ValueError, TypeError):
            continue
        else:
            graphs.append(graph)
    return graphs


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0

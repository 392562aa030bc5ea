# SPDX-License-Identifier: Apache-2.0
"""The node that a device of LeRobot's speaks through: a child in this stack's own environment (docs/lerobot.md)."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from controllers.errors import VlaError
from vla_ros.runtime.child_process import THREADS, ChildProcess
from vla_ros.runtime.frames import Frame

ROOT = Path(__file__).resolve().parents[2]
MODULE = "vla_ros.nodes.lerobot"
CONFIG, YAML = "VLA_CONFIG", (".yaml", ".yml")
SYSTEM_PYTHON = Path("/usr/bin/python3")  # of a full ROS 2; on the PATH is LeRobot's own
REFUSED = "refused"  # key of an answer that is none
START_S, CONNECT_S, ANSWER_S = 60.0, 60.0, 10.0  # [s] for an answer


class GraphError(VlaError, ConnectionError):
    """The graph, or the node that leads to it, did not do what it was asked; one line with the remedy."""


class _Child(ChildProcess):
    who, error, answer_s = "vla_ros", GraphError, START_S

    def ask(self, request: str, arrays: Mapping[str, np.ndarray] | None = None, **values: Any) -> Frame:
        """Return the answer. Raises GraphError with the node's own words where it is a refusal."""
        answer = super().ask(request, arrays, **values)
        if REFUSED in answer[0]:
            raise GraphError(str(answer[0][REFUSED]))
        return answer


class NodeProcess:
    """The child, started with the device, and its place in the graph once it is connected."""

    def __init__(self, device: str, contract: str, python: str = "", command: Sequence[str] | None = None) -> None:
        """Start it, and have it read a contract: a name of config/contracts or the path of a .yaml file.

        `python` is the interpreter of this stack; empty: .venv of the clone, or the system's with a full ROS 2 sourced.
        `command` runs another node than ours. Raises GraphError for a contract that cannot be read.
        """
        self._device, self._said = device, ""
        environment = _environment()
        self._child: _Child | None = _Child(command or [str(_python(python)), "-P", "-m", MODULE], environment)
        self.connected = False
        try:
            described, _ = self._child.ask("describe", contract=_absolute(contract))
            self.robot, self.fps = str(described["robot"]), int(described["fps"])
            self.state, self.action = tuple(described["state"]), tuple(described["action"])
            self.cameras = {name: tuple(shape) for name, shape in described["cameras"].items()}
        except BaseException:
            self.close()
            raise

    def connect(self, domain_id: int, namespace: str, leader: str = "", leader_map: str = "") -> None:
        """Join the graph. Raises GraphError with the remedy where none runs, or it is another robot's."""
        child = self._healthy()
        child.answer_s = CONNECT_S
        answer, _ = child.ask(
            "connect", device=self._device, domain_id=domain_id, namespace=namespace, leader=leader,
            leader_map=leader_map,
        )  # fmt: skip
        child.answer_s = ANSWER_S
        self.connected = True
        logging.info("%s of robot %s joined %s", self._device, self.robot, answer["graph"])

    def ask(self, request: str, arrays: Mapping[str, np.ndarray] | None = None) -> Frame:
        """Return the answer to a request; what it says beside is logged once. Raises GraphError with the reason."""
        values, found = self._healthy().ask(request, arrays)
        if "said" in values:
            said = str(values["said"])
            if said and said != self._said:
                logging.warning("%s", said)
            self._said = said
        return values, found

    def close(self) -> None:
        """Leave the graph: the arm is given back, and the child ends."""
        child, self._child, self.connected = self._child, None, False
        if child is None:
            return
        if child.healthy:
            try:
                child.ask("close")
            except GraphError as error:
                logging.warning("%s", error)
        child.close()

    def _healthy(self) -> _Child:
        child = self._child
        if child is None or not child.healthy:
            self.connected = False
            raise GraphError("the node of vla_ros has ended: connect anew")
        return child


def action_of(values: Mapping[str, Any], names: Sequence[str]) -> np.ndarray:
    """Return an action of LeRobot's as numbers (D,). Raises GraphError that names what it lacks."""
    if missing := [name for name in names if name not in values]:
        raise GraphError(f"the action lacks '{missing[0]}': this contract's are {', '.join(names)}")
    return np.array([float(values[name]) for name in names])


def _python(named: str) -> Path:
    own = ROOT / ".venv" / "bin" / "python"
    python = Path(named).expanduser() if named else own if own.exists() else SYSTEM_PYTHON
    if not python.exists():
        raise GraphError(f"{python} is not there: run ./vla doctor in {ROOT}, which makes .venv")
    return python


def _environment() -> dict[str, str]:
    """Return this process's variables without those of LeRobot's Python; a sourced ROS 2 stays found."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "VIRTUAL_ENV")}
    others = [entry for entry in kept.get("PYTHONPATH", "").split(os.pathsep) if "/ros/" in entry]
    kept |= {"PYTHONPATH": os.pathsep.join([str(ROOT), *others])} | dict.fromkeys(THREADS, "1")
    if kept.get(CONFIG):
        kept[CONFIG] = str(Path(kept[CONFIG]).expanduser().resolve())  # the child works elsewhere
    return kept


def _absolute(contract: str) -> str:
    return str(Path(contract).expanduser().resolve()) if contract.endswith(YAML) else contract

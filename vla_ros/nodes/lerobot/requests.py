# SPDX-License-Identifier: Apache-2.0
"""The requests of LeRobot's side: hello, describe, connect, observe, act, read, close."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import rclpy
from rclpy.signals import SignalHandlerOptions

from controllers.errors import ConfigError, VlaError
from vla_ros import __version__
from vla_ros.nodes.lerobot.feature_names import feature_names
from vla_ros.nodes.lerobot.graph_choice import START, join_graph
from vla_ros.nodes.lerobot.leading_link import LeadingLink
from vla_ros.nodes.lerobot.robot_link import RobotLink
from vla_ros.nodes.spinning import Spinner, StopRequest
from vla_ros.nodes.transport import Transport, choose_transport
from vla_ros.policies.actions.encoding import ActionEncoding
from vla_ros.policies.contract import DataContract, load_contract
from vla_ros.policies.contract_checks import check_robot
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.runtime.frames import Frame

PROTOCOL = 1
REFUSED = "refused"  # key of an answer that is none
ROBOT, TELEOPERATOR = "robot", "teleoperator"


class Requests:
    """One device of LeRobot's. Every answer may be a refusal in one line."""

    def __init__(self, stop: StopRequest) -> None:
        self._stop = stop
        self._link: RobotLink | LeadingLink | None = None
        self._contract: DataContract | None = None
        self._robot: Embodiment | None = None
        self._thread: threading.Thread | None = None

    def answer(self, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Frame:
        """Carry out one request; what cannot be done is answered by {"refused": why and the remedy}."""
        try:
            return self._answer(values, arrays)
        except VlaError as error:
            return {REFUSED: " ".join(str(error).split())}, {}

    def _answer(self, values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Frame:
        request = str(values.get("request"))
        if request == "hello":
            return {"protocol": PROTOCOL, "versions": {"vla_ros": __version__, "rclpy": _rclpy_version()}}, {}
        if request == "describe":
            return self._describe(str(values["contract"])), {}
        if request == "connect":
            return self._connect(values), {}
        if request == "close":
            self.close()
            return {}, {}
        link = self._link
        if request == "observe" and isinstance(link, RobotLink):
            stamp, state, pictures = link.observe()
            return {"stamp": stamp}, {"state": state, **{f"camera.{name}": one for name, one in pictures.items()}}
        if request == "act" and isinstance(link, RobotLink):
            row, said = link.act(arrays["action"])
            return said, {"action": row}
        if request == "read" and isinstance(link, LeadingLink):
            return {}, {"action": link.read()}
        raise VlaError(f"no request is called {request[:40]!r} here, or it comes before 'connect'")

    def close(self) -> None:
        """Give the arm back and leave the graph."""
        link, self._link = self._link, None
        if link is None:
            return
        with contextlib.suppress(Exception):  # what fails now is of no interest to anyone
            link.close()
        self._stop.requested = True
        if self._thread is not None:
            self._thread.join(2.0)
        with contextlib.suppress(Exception):
            rclpy.try_shutdown()

    def _describe(self, name: str) -> dict[str, Any]:
        """Return the contract's features as LeRobot calls them. Raises ConfigError for one that cannot be."""
        contract = load_contract(name)
        robot = load_embodiment(contract.robot)
        check_robot(contract, robot)
        self._contract, self._robot = contract, robot
        return {
            "robot": robot.name,
            "fps": contract.fps,
            "state": feature_names(contract.state),
            "action": feature_names(ActionEncoding(contract.action).names),
            "cameras": {name: [one.height, one.width, 3] for name, one in contract.cameras.items()},
        }

    def _connect(self, values: Mapping[str, Any]) -> dict[str, Any]:
        contract, robot = self._contract, self._robot
        if contract is None or robot is None or self._link is not None:
            raise VlaError("'connect' comes once, after 'describe'")
        start = START.format(robot=contract.robot, cameras=",".join(contract.cameras) or "''")
        where, namespace = join_graph(int(values["domain_id"]), str(values["namespace"]), start)
        if not rclpy.ok():
            choose_transport(Transport.IMAGES_IN)
            rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        self._stop.requested = False
        link = self._make(str(values["device"]), contract, robot, namespace, values)
        spinner = Spinner(link, self._stop)
        self._thread = threading.Thread(target=spinner.until, name="executor", daemon=True)
        self._thread.start()
        self._link = link
        try:
            link.connect(where, start)
        except BaseException:
            self.close()
            raise
        return {"graph": where}

    def _make(
        self, device: str, contract: DataContract, robot: Embodiment, namespace: str, values: Mapping[str, Any]
    ) -> RobotLink | LeadingLink:
        if device == ROBOT:
            return RobotLink(contract, robot, namespace)
        if device == TELEOPERATOR:
            return LeadingLink(contract, robot, namespace, str(values["leader"]), str(values["leader_map"]))
        raise ConfigError(f"device '{device}': give {ROBOT} or {TELEOPERATOR}")


def _rclpy_version() -> str:
    try:
        return version("ros-jazzy-rclpy")
    except PackageNotFoundError:  # of a full ROS 2
        return f"of {sys.prefix}"

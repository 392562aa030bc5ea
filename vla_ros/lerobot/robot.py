# SPDX-License-Identifier: Apache-2.0
"""`--robot.type=vla_ros`: any robot of this stack that has a data contract, through its running graph."""

from typing import Any

import numpy as np
from lerobot.robots import Robot

from vla_ros.lerobot.config_robot import VlaRosRobotConfig
from vla_ros.lerobot.node_process import NodeProcess, action_of


class VlaRosRobot(Robot):
    """See by the contract's cameras and state; act through control and its gate.

    `connect` enables control, `disconnect` has the robot hold itself. An observation is the next exposure, no sooner
    than a frame of the contract after the last one.
    """

    config_class = VlaRosRobotConfig
    name = "vla_ros"

    def __init__(self, config: VlaRosRobotConfig):
        """Read the contract. Raises GraphError for one that cannot be."""
        super().__init__(config)
        self.config = config
        self._node = NodeProcess("robot", config.contract, config.python)
        self.cameras = dict(self._node.cameras)  # height, width, 3 by name; LeRobot counts them

    @property
    def observation_features(self) -> dict[str, Any]:
        """Return the state's numbers, then the cameras' shapes."""
        return {**dict.fromkeys(self._node.state, float), **self._node.cameras}

    @property
    def action_features(self) -> dict[str, Any]:
        """Return the action's numbers."""
        return dict.fromkeys(self._node.action, float)

    @property
    def is_connected(self) -> bool:
        """Say whether it is in a graph."""
        return self._node.connected

    @property
    def is_calibrated(self) -> bool:
        """Say so: what joints and cameras mean is the stack's to know."""
        return True

    def connect(self, calibrate: bool = True) -> None:
        """Join the graph and take the arm. Raises GraphError in one line where that cannot be."""
        self._node.connect(self.config.domain_id, self.config.namespace)

    def calibrate(self) -> None:
        """Do nothing: docs/calibration.md."""

    def configure(self) -> None:
        """Do nothing: the graph is configured where it is launched."""

    def get_observation(self) -> dict[str, Any]:
        """Return the next exposure and the state of its time. Raises GraphError where something is stale."""
        _, arrays = self._node.ask("observe")
        state = arrays["state"].tolist()
        pictures = {name: np.array(arrays[f"camera.{name}"]) for name in self._node.cameras}
        return {**dict(zip(self._node.state, state, strict=True)), **pictures}

    def send_action(self, action: dict[str, Any]) -> dict[str, Any]:
        """Send an action; return the one that was sent: within limits, or the operator's while one has the arm.

        What the gate refuses is logged once with its reason. Raises GraphError where control takes none at all.
        """
        _, arrays = self._node.ask("act", {"action": action_of(action, self._node.action)})
        return dict(zip(self._node.action, arrays["action"].tolist(), strict=True))

    def disconnect(self) -> None:
        """Have the robot hold itself, and leave."""
        self._node.close()

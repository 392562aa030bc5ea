# SPDX-License-Identifier: Apache-2.0
"""`--teleop.type=vla_ros`: leader arms of another namespace, or whoever drives by page, headset or gamepad."""

from typing import Any

from lerobot.teleoperators import Teleoperator

from vla_ros.lerobot.config_teleoperator import VlaRosTeleoperatorConfig
from vla_ros.lerobot.node_process import NodeProcess


class VlaRosTeleoperator(Teleoperator):
    """Say what is asked for now, as the contract's action."""

    config_class = VlaRosTeleoperatorConfig
    name = "vla_ros"

    def __init__(self, config: VlaRosTeleoperatorConfig):
        """Read the contract. Raises GraphError for one that cannot be."""
        super().__init__(config)
        self.config = config
        self._node = NodeProcess("teleoperator", config.contract, config.python)

    @property
    def action_features(self) -> dict[str, Any]:
        """Return the action's numbers."""
        return dict.fromkeys(self._node.action, float)

    @property
    def feedback_features(self) -> dict[str, Any]:
        """Return none: nothing is fed back."""
        return {}

    @property
    def is_connected(self) -> bool:
        """Say whether it is in a graph."""
        return self._node.connected

    @property
    def is_calibrated(self) -> bool:
        """Say so: a leader's signs and offsets are its map's."""
        return True

    def connect(self, calibrate: bool = True) -> None:
        """Join the graph. Raises GraphError in one line where none runs, or the leader is silent."""
        config = self.config
        self._node.connect(config.domain_id, config.namespace, leader=config.leader, leader_map=config.leader_map)

    def calibrate(self) -> None:
        """Do nothing."""

    def configure(self) -> None:
        """Do nothing."""

    def get_action(self) -> dict[str, Any]:
        """Return the action. Raises GraphError for a leader that is silent."""
        _, arrays = self._node.ask("read")
        return dict(zip(self._node.action, arrays["action"].tolist(), strict=True))

    def send_feedback(self, feedback: dict[str, Any]) -> None:
        """Do nothing."""

    def disconnect(self) -> None:
        """Leave."""
        self._node.close()

# SPDX-License-Identifier: Apache-2.0
"""The family `flow`: a small flow-matching policy of the robot's state, the smallest that real-time chunking guides."""

from __future__ import annotations

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.base import Policy
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.families.family import LearnedFamily
from vla_ros.policies.families.weights import without_weights
from vla_ros.policies.flow.config import KIND, FlowConfig, read_flow_config
from vla_ros.policies.needs import Needs, state_channels

PACKAGES = ("torch", "safetensors")


class Specification(LearnedFamily):
    """A checkpoint that moves by the state alone: it sees nothing."""

    summary = "a small flow over the robot's state, blind, for real-time chunking; bring your own weights"
    packages, remedy = PACKAGES, "none are shipped, see docs/flow.md"
    checkpoint_kind = KIND

    def check(self) -> None:
        """Raise ConfigError for a file that is missing, another robot, and a column that this robot does not have."""
        self._config()

    def needs(self) -> Needs:
        """Return the groups whose channels it reads or moves, in the order of the robot."""
        config, robot = self._config(), self.choice.robot
        channels = {*config.state, *config.action.channels}
        groups = [name for name, own in state_channels(robot).items() if channels.intersection(own)]
        return Needs(groups=tuple(groups))

    def gives(self) -> ActionContract:
        """Return the checkpoint's actions."""
        return self._config().action

    def load(self) -> Policy:
        """Return the policy."""
        folder, _ = self._weights.folder, self._config()
        from vla_ros.policies.flow.checkpoint import load_flow

        return load_flow(folder)

    def _config(self) -> FlowConfig:
        self._check_files()
        config, robot = read_flow_config(self._weights.folder), self.choice.robot
        if config.robot != robot.name:
            raise ConfigError(
                f"{self._weights.folder}: was trained for robot '{config.robot}', this is '{robot.name}': "
                f"train one for it, or {without_weights(robot)}"
            )
        known = {channel for own in state_channels(robot).values() for channel in own}
        for channel in config.state:
            if channel not in known:
                raise ConfigError(f"{self._weights.folder}: {unknown_name('state column', channel, known)}")
        return config

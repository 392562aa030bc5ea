# SPDX-License-Identifier: Apache-2.0
"""What may be tuned while control runs, as parameters of its node: stiffness and what the hand carries."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any

from rclpy.node import Node

from controllers.control_config import ControlConfig
from controllers.errors import ConfigError
from controllers.follower import ChunkFollower
from vla_ros.nodes.parameters import declare

AS_CONFIGURED = -1.0
PARAMETERS = {
    "stiffness_position": ("of the tool's spring [N/m]; negative: as in the robot's configuration", 5000.0),
    "stiffness_rotation": ("of the tool's spring [N·m/rad]; negative: as in the robot's configuration", 500.0),
    "payload_mass": ("what the hand carries beyond itself [kg]; negative: as in the robot's configuration", 20.0),
}


def tuned(config: ControlConfig, values: Mapping[str, float]) -> ControlConfig:
    """Return the configuration with the values of PARAMETERS put in. Raises ConfigError for one that makes no sense."""
    given: dict[str, Any] = {name: value for name, value in values.items() if value >= 0.0}
    dynamics = config.dynamics
    if "payload_mass" in given:
        payload = dataclasses.replace(dynamics.payload, mass=given.pop("payload_mass"))
        dynamics = dataclasses.replace(dynamics, payload=payload)
    if given and config.impedance.stiffness:
        name = next(iter(given))
        raise ConfigError(f"'{name}' does nothing: the robot's configuration gives the whole matrix, 'stiffness'")
    return dataclasses.replace(config, impedance=dataclasses.replace(config.impedance, **given), dynamics=dynamics)


class Tuning:
    """The parameters, and the follower that a new value glides into."""

    def __init__(self, node: Node) -> None:
        """Declare the parameters at `node`."""
        self.follower: ChunkFollower | None = None
        self._config: ControlConfig | None = None
        self._values = {
            name: declare(
                node, name, AS_CONFIGURED, text, AS_CONFIGURED, most,
                change=partial(self._change, name), check=partial(self._check, name),
            )
            for name, (text, most) in PARAMETERS.items()
        }  # fmt: skip

    def applied(self, config: ControlConfig) -> ControlConfig:
        """Return `config` with the parameters put in; later changes start from `config`."""
        self._config, self.follower = config, None
        return tuned(config, self._values)

    def _check(self, name: str, value: float) -> None:
        """Raise ConfigError for a value that makes no sense, or that an arm's drive cannot glide to."""
        if self._config is None:
            return
        tuned(self._config, self._values | {name: value})
        if self.follower is not None:
            # What is so already is changed to: a drive that cannot change it says so before any is changed.
            self._glide(self.follower, tuned(self._config, self._values))

    def _change(self, name: str, value: float) -> None:
        self._values = self._values | {name: value}
        if self._config is not None and self.follower is not None:
            self._glide(self.follower, tuned(self._config, self._values))

    def _glide(self, follower: ChunkFollower, config: ControlConfig) -> None:
        for arm in follower.arms:
            follower.change_impedance(arm, config.impedance)
            follower.change_payload(arm, config.dynamics.payload)

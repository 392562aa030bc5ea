# SPDX-License-Identifier: Apache-2.0
"""A family whose checkpoints say which views, channels and actions they were trained with, by a data contract."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar, Protocol

from vla_ros.policies.contract import ActionContract
from vla_ros.policies.contract_checks import Trained, check_checkpoint, check_state
from vla_ros.policies.families.family import LearnedFamily
from vla_ros.policies.families.stored_views import stored_views
from vla_ros.policies.needs import Needs, groups_of


class TrainedOnState(Trained, Protocol):
    """What such a checkpoint says of itself."""

    @property
    def state(self) -> tuple[str, ...]:
        """Name the channels of the robot's state that it reads."""


class ContractFamily(LearnedFamily):
    """A specification that asks the checkpoint."""

    calibrated: ClassVar[bool] = False  # it looks by its cameras' calibrations

    @abstractmethod
    def _read(self, folder: Path) -> TrainedOnState:
        """Return what config.json says. Raises ConfigError for what cannot be used."""

    def check(self) -> None:
        """Raise ConfigError for a file that is missing, another robot, and a column that this robot does not have."""
        self._trained()

    def needs(self) -> Needs:
        """Return its views in colour, as its contract stores them, and the groups whose channels it reads or moves."""
        trained = self._trained()
        cameras = stored_views(trained.cameras, trained.contract, self.calibrated)
        groups = groups_of((*trained.state, *trained.action.channels), self.choice.robot)
        return Needs(cameras, groups=groups)

    def gives(self) -> ActionContract:
        """Return the checkpoint's actions."""
        return self._trained().action

    def period(self) -> float:
        """Return the time between the checkpoint's actions [s]."""
        return self._trained().period

    def _trained(self) -> TrainedOnState:
        """Return what the checkpoint says of itself. Raises ConfigError when it cannot be served on this robot."""
        self._check_files()
        folder, robot = self._weights.folder, self.choice.robot
        trained = self._read(folder)
        check_checkpoint(folder, trained, robot)
        check_state(folder, trained.state, robot)
        return trained

# SPDX-License-Identifier: Apache-2.0
"""The drive for each kind of command."""

from __future__ import annotations

from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.control_config import ControlConfig
from controllers.drives.drive import Drive
from controllers.drives.pose_drive import PoseDrive
from controllers.drives.position_drive import PositionDrive
from controllers.drives.torque_drive import TorqueDrive
from controllers.errors import ConfigError, unknown_name

DRIVES: dict[str, type[TorqueDrive] | type[PositionDrive] | type[PoseDrive]] = {
    drive.command: drive for drive in (TorqueDrive, PositionDrive, PoseDrive)
}


def make_drive(command: str, model: ArmModel, limits: ArmLimits, config: ControlConfig) -> Drive:
    """Return the drive that writes `command`. Raises ConfigError for an unknown one."""
    if command not in DRIVES:
        raise ConfigError(unknown_name("command", command, DRIVES))
    return DRIVES[command](model, limits, config)

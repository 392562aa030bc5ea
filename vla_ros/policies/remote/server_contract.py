# SPDX-License-Identifier: Apache-2.0
"""What a server of others is told and what its numbers mean: config/servers/<name>.yaml.

Its messages are openpi's: a mapping of pictures, numbers and words to one of `actions` (H, D). Which keys, in which
units, is each model's own; written down once, it is a policy like any other here.
"""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import config_path, load_config
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.needs import CameraNeed, Needs
from vla_ros.robots.embodiment import Embodiment

FOLDER = "servers"
FITS = ("pad", "stretch")
STATES = ("joints", "closed")
STEP_MAX = 0.5  # [rad]


@dataclass(frozen=True)
class SentPicture:
    """One picture. Raises ConfigError for a size or a fit that cannot be."""

    camera: str  # name or role on the robot
    width: int  # [px]
    height: int  # [px]
    fit: str = "pad"  # pad: scaled until it fits, black beside it, as openpi's client does; stretch: scaled alone

    def __post_init__(self) -> None:
        if self.fit not in FITS:
            raise ConfigError(unknown_name("fit", self.fit, FITS))
        if not (16 <= self.width <= 4096 and 16 <= self.height <= 4096):
            raise ConfigError(f"picture of '{self.camera}': {self.width}x{self.height}: give 16 to 4096 pixels")


@dataclass(frozen=True)
class ServerContract:
    """One arm's joint velocities and its gripper. Raises ConfigError for what no server can have."""

    robots: tuple[str, ...]  # that its actions are for
    rate_hz: float  # of actions
    take: int  # actions of a reply that are taken; a server's may have more
    pictures: dict[str, SentPicture]  # key → picture; the first one's exposures stamp the chunks
    # key → numbers, one behind the other: joints: of the arm [rad]; closed: of the gripper, 0 open, 1 closed
    state: dict[str, tuple[str, ...]]
    joint_step: float  # [rad] that 1 moves a joint within one action; what is beyond 1 counts as 1
    closed_above: float  # the last number of an action from which on the gripper is to be closed, below it to be open
    words: str = "prompt"  # key of the instruction
    actions: str = "actions"  # key of the reply

    def __post_init__(self) -> None:
        if not self.robots or not self.pictures:
            raise ConfigError("a server's contract needs robots and pictures: name one of each at least")
        if not 1.0 <= self.rate_hz <= 200.0:
            raise ConfigError(f"rate_hz must be 1 to 200, got {self.rate_hz}")
        if not 1 <= self.take <= 200:
            raise ConfigError(f"take must be 1 to 200 actions, got {self.take}")
        if not 0.0 < self.joint_step <= STEP_MAX:
            raise ConfigError(f"joint_step must be above 0 and at most {STEP_MAX} rad, got {self.joint_step}")
        for parts in self.state.values():
            for part in parts:
                if part not in STATES:
                    raise ConfigError(unknown_name("state", part, STATES))

    def needs(self) -> Needs:
        """Return what of the robot is sent."""
        names = dict.fromkeys(picture.camera for picture in self.pictures.values())
        return Needs(tuple(CameraNeed(name) for name in names))

    def gives(self, robot: Embodiment) -> ActionContract:
        """Return what the actions move. Raises ConfigError for another robot than the contract is for."""
        if robot.name not in self.robots:
            raise ConfigError(f"its actions are for {' or '.join(self.robots)}, not for '{robot.name}'")
        return ActionContract(
            joints=tuple(robot.gripper_arm.joints),
            grippers=(robot.only_gripper.name,),
            reference="delta",
            horizon=self.take,
        )


def load_server_contract(name: str) -> ServerContract:
    """Read one by its name, or by the path of a .yaml file. Raises ConfigError with the nearest name."""
    return load_config(config_path(FOLDER, "server contract", name), ServerContract)

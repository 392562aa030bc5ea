# SPDX-License-Identifier: Apache-2.0
"""What every way to drive a group has in common, whatever the command is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np

from controllers.arm.arm_dynamics import Payload
from controllers.chunks.progress import ArmCommand
from controllers.chunks.stitching import MotionBounds
from controllers.chunks.track import CARTESIAN, JOINT, Track
from controllers.control_config import ImpedanceConfig
from controllers.drives.commanded_motion import CommandedMotion
from controllers.errors import ConfigError
from controllers.safety.clearance import Clearance
from controllers.safety.workspace import Workspace


class CommandedGroup(Protocol):
    """What is commanded of a group: a sampled path behind the filter, in one of its spaces."""

    mode: str

    @property
    def delay(self) -> float:
        """Return how far the commanded state trails the sampled path [s]."""

    @property
    def tool_speed(self) -> float:
        """Return how fast a tool is commanded to move [m/s]; 0 where none is."""

    def bounds(self, mode: str) -> MotionBounds:
        """Return how fast a path in this space may be from here on."""

    def seeded_state(self, mode: str, seed: np.ndarray) -> np.ndarray:
        """Return the state (3, C) a path must start with to continue `seed`."""


class GroupDrive(ABC):
    """From the commanded motion of a group to a command that is safe to send, and the way to rest.

    Each tick one of `follow`, `come_to_rest`, `idle` or `without_state` is called, the first three once the measured
    state is up to date. What returns False met a command that is not finite.
    """

    command: str  # what it writes: a key of the robot's command_modes
    motion: CommandedGroup
    modes: tuple[str, ...] = (CARTESIAN, JOINT)  # the spaces in which it can follow a chunk
    wanders = False  # whether it is where nothing told it to be: a path for it begins there
    stops_at_acceleration = True  # it sends on whatever is asked: joints commanded more than they can are stopped

    @abstractmethod
    def begin(self, q: np.ndarray) -> None:
        """Take the group over at q (N,) [rad], at rest."""

    @abstractmethod
    def hold(self) -> np.ndarray:
        """Command where the group came to rest; return the path's value (C,) that means it."""

    @abstractmethod
    def seed(self, mode: str) -> np.ndarray:
        """Return the commanded state as a seed of the other space."""

    @abstractmethod
    def switch(self, mode: str, seed: np.ndarray) -> None:
        """Go on in the other space from `seed`."""

    @abstractmethod
    def follow(self, target: np.ndarray, dt: float) -> bool:
        """Advance by dt [s] towards what was sampled of the path, (7,) or (N,)."""

    @abstractmethod
    def come_to_rest(self, dt: float) -> bool:
        """Take the speed out of the group for dt [s], within its limits."""

    @property
    @abstractmethod
    def at_rest(self) -> bool:
        """Say whether it has come to rest."""

    @abstractmethod
    def idle(self, dt: float) -> bool:
        """Be harmless for dt [s] while nobody may move the group."""

    @abstractmethod
    def without_state(self, dt: float) -> None:
        """Be harmless for dt [s] while the joints are not known."""

    @abstractmethod
    def lag(self) -> float:
        """Return how far the group is behind what is commanded, as a share of the most it is led."""

    @abstractmethod
    def limit_utilisation(self, elapsed: float) -> tuple[float, float]:
        """Return speed and acceleration of the joint that needs most of its own, `elapsed` [s] after the last look."""

    def enter(self, track: Track) -> None:  # noqa: B027 - most drives follow every path alike
        """Go on along the group's track of another motion."""

    def obstacle(self, elapsed: float) -> tuple[float, str]:
        """Return how fast progress may be at most, as a share, and why the motion must end, or "".

        `elapsed` [s] have passed since the last look.
        """
        return 1.0, ""

    def approach_posture(self, dt: float) -> None:  # noqa: B027 - most drives have no posture to go to
        """Let the elbow of an arm that moves go towards its rest posture for dt [s]."""


class Drive(GroupDrive):
    """The drive of an arm; `write` follows what moves it."""

    motion: CommandedMotion
    manipulability = 0.0

    @abstractmethod
    def write(self, command: ArmCommand) -> None:
        """Write what goes to the arm."""

    def keep_clear(self, clearance: Clearance) -> None:
        """Keep the links of `clearance`, which others bring up to date, apart."""

    @abstractmethod
    def keep_inside(self, workspace: Workspace) -> None:
        """Keep the tool in the box of `workspace`, which others bring up to date."""

    def write_pose(self, T_base_ee: np.ndarray) -> None:
        """Write the commanded tool pose into T_base_ee (4, 4)."""
        self.motion.write_pose(T_base_ee)

    def change_impedance(self, config: ImpedanceConfig) -> None:
        """Glide to other gains, from any thread. Raises ConfigError for what cannot be changed in motion."""
        raise ConfigError(f"impedance: the arm is driven by {self.command}, its gains are its driver's")

    def change_payload(self, payload: Payload) -> None:
        """Carry something else, from any thread."""
        raise ConfigError(f"payload: the arm is driven by {self.command}, its driver must be told of what it carries")

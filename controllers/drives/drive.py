# SPDX-License-Identifier: Apache-2.0
"""What every way to drive an arm has in common, whatever the command is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from controllers.arm_dynamics import Payload
from controllers.commanded_motion import CommandedMotion
from controllers.control_config import ImpedanceConfig
from controllers.errors import ConfigError
from controllers.motion import CARTESIAN, JOINT
from controllers.progress import Command
from controllers.spline import Spline


class Drive(ABC):
    """From the commanded motion to a command that is safe to send, and the way to rest.

    Each tick one of `follow`, `come_to_rest`, `idle` or `without_state` is called, the first three once the model is
    up to date, then `write`. What returns False met a command that is not finite.
    """

    command: str  # what it writes: a key of the robot's command_modes
    motion: CommandedMotion
    modes: tuple[str, ...] = (CARTESIAN, JOINT)  # the spaces in which it can follow a chunk
    manipulability = 0.0

    @abstractmethod
    def begin(self, q: np.ndarray) -> None:
        """Take the arm over at q (N,) [rad], at rest; the model is brought up to date after it."""

    @abstractmethod
    def hold(self) -> np.ndarray:
        """Command the pose at which the arm came to rest; return the path's value (7,) that means it."""

    @abstractmethod
    def seed(self, mode: str) -> np.ndarray:
        """Return the commanded state as a seed of the other space."""

    @abstractmethod
    def switch(self, mode: str, seed: np.ndarray) -> None:
        """Go on in the other space from `seed`."""

    @abstractmethod
    def follow(self, spline: Spline, x: float, dt: float) -> bool:
        """Advance by dt [s] along the path at x [s]."""

    @abstractmethod
    def come_to_rest(self, dt: float) -> bool:
        """Take the speed out of the arm for dt [s], within its limits."""

    @property
    @abstractmethod
    def at_rest(self) -> bool:
        """Say whether it has come to rest."""

    @abstractmethod
    def idle(self, dt: float) -> bool:
        """Be harmless for dt [s] while nobody may move the arm."""

    @abstractmethod
    def without_state(self, dt: float) -> None:
        """Be harmless for dt [s] while the joints are not known."""

    @abstractmethod
    def write(self, command: Command) -> None:
        """Write what goes to the arm."""

    @abstractmethod
    def lag(self) -> float:
        """Return how far the arm is behind what is commanded, as a share of the most it is led."""

    @abstractmethod
    def joint_shares(self, elapsed: float) -> tuple[float, float]:
        """Return speed and acceleration of the joint that needs most of its own, `elapsed` [s] after the last look."""

    def obstacle(self, elapsed: float) -> tuple[float, str]:
        """Return how fast progress may be at most, as a share, and why the motion must end, or "".

        `elapsed` [s] have passed since the last look.
        """
        return 1.0, ""

    def approach_posture(self, dt: float) -> None:  # noqa: B027 - most drives have no posture to go to
        """Let the elbow of an arm that moves go towards its rest posture for dt [s]."""

    def write_pose(self, T_base_ee: np.ndarray) -> None:
        """Write the commanded tool pose into T_base_ee (4, 4)."""
        self.motion.write_pose(T_base_ee)

    def change_impedance(self, config: ImpedanceConfig) -> None:
        """Glide to other gains, from any thread. Raises ConfigError for what cannot be changed in motion."""
        raise ConfigError(f"impedance: the arm is driven by {self.command}, its gains are its driver's")

    def change_payload(self, payload: Payload) -> None:
        """Carry something else, from any thread."""
        raise ConfigError(f"payload: the arm is driven by {self.command}, its driver must be told of what it carries")

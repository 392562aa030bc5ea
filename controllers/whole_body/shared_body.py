# SPDX-License-Identifier: Apache-2.0
"""What the drives of a robot's groups share under whole-body control: the programme, and what each has said to it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from controllers.control_config import ControlConfig
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.targets import HandTarget


class SharedBody(Protocol):
    """The robot that groups move together: `WholeBodyDrive`, as they see it."""

    control: WholeBody
    config: ControlConfig
    measured: np.ndarray  # (N,) [rad, m] of all groups
    hands: dict[str, HandTarget]  # of this tick, by arm
    joints: dict[str, np.ndarray]  # (N,) [rad, m] by group
    joint_speeds: dict[str, np.ndarray]  # (N,) [rad/s, m/s] by group

    @property
    def progress(self) -> float:
        """Return at which share of their own speed paths go on."""

    def place_measured(self) -> None:
        """Be where the joints are: in shadow mode nothing was commanded."""

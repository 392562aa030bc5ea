# SPDX-License-Identifier: Apache-2.0
"""The simulated Franka of the control benchmarks."""

from __future__ import annotations

from bench.one_arm import OneArm

ARM, GRIPPER = "panda", "panda_hand"
WIDTH = f"{GRIPPER}/width"


class Franka(OneArm):
    """The arm that most of them drive, by torque."""

    def __init__(self) -> None:
        """Read the embodiment and its tuning."""
        super().__init__("franka")

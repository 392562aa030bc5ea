# SPDX-License-Identifier: Apache-2.0
"""What is worth telling of an arm under control: its first motion, and holds that last."""

from __future__ import annotations

import numpy as np

from vla_ros.nodes.arm.progress import INACTIVE, NO_JOINT_STATES, ControlProgress

LASTING_S = 0.5  # [s] a hold between two chunks, as while the gripper closes, is no news
# A chunk that keeps the arm where it is, as a policy's while it looks, is no motion.
MOVED = 1e-3  # [m] of the commanded pose, or in an entry of its rotation matrix
_QUIET = ("", "no chunk yet", "disabled", NO_JOINT_STATES, INACTIVE)


class MotionEvents:
    """Follow control's progress and the commanded pose from before the first chunk on."""

    def __init__(self) -> None:
        self.moved = False
        self._T_rest: np.ndarray | None = None  # T_base_ee (A, 4, 4) of all arms
        self._reason, self._since, self._told = "", 0.0, True

    def update(self, progress: ControlProgress, T_base_ee_commanded: np.ndarray | None) -> str:
        """Take the newest of both; return what happened, in words, or ""."""
        T = T_base_ee_commanded
        if not self.moved and T is not None:
            if not progress.moving or self._T_rest is None:
                self._T_rest = T
            elif np.abs(T - self._T_rest).max() > MOVED:
                self.moved = True
                return "the arm moves"
        if progress.hold_reason != self._reason:
            self._reason, self._since, self._told = progress.hold_reason, progress.stamp, progress.hold_reason in _QUIET
        if not self._told and progress.stamp - self._since >= LASTING_S:
            self._told = True
            return f"the arm holds: {self._reason}"
        return ""

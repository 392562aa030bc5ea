# SPDX-License-Identifier: Apache-2.0
"""Joints without a tool, a lift or a head: chunks move them by positions or velocities, positions drive them."""

from __future__ import annotations

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.chunks.chunk import ActionChunk
from controllers.chunks.track import JOINT, Track
from controllers.control_config import ControlConfig
from controllers.drives.joint_drive import JointDrive
from controllers.errors import ChunkError
from controllers.groups.driven_group import DrivenGroup
from controllers.safety.gate import check_joint_rates, check_joint_targets
from controllers.whole_body.drive import WholeBodyDrive
from controllers.whole_body.joints_drive import BodyJointsDrive


class DrivenJoints(DrivenGroup):
    """A joint group with its drive; `command` (N,) [rad] or [m] is what goes to it."""

    def __init__(
        self,
        name: str,
        joints: tuple[str, ...],
        limits: ArmLimits,
        config: ControlConfig,
        body: WholeBodyDrive | None = None,
    ) -> None:
        """Take the group's name and its joints as chunks call them; `body` drives them with all others, if given."""
        super().__init__(Track(name, joints, limits.lower, limits.upper, False, JOINT), limits, config.safety)
        self.drive: JointDrive | BodyJointsDrive = (
            JointDrive(limits, config) if body is None else body.joint_group(name, limits)
        )
        self.command = np.zeros(len(joints))

    def check(self, chunk: ActionChunk) -> tuple[str, None]:
        """Return by what the chunk moves the group. Raises ChunkError for what it must not do."""
        asked = self.track.commanded_quantity(chunk)
        if asked == "pose":
            raise ChunkError(f"chunk holds poses of '{self.name}', which are joints without a tool")
        if asked == "position":
            check_joint_targets(self.track.targets(chunk, asked), chunk.times, self.joints, self.limits)
        elif asked:
            check_joint_rates(self.track.targets(chunk, asked), self.joints, self.limits)
        return asked, None

    def begin(self, q: np.ndarray, dq: np.ndarray) -> None:
        """Take the joints over at q, dq (N,)."""
        self.update(q, dq)
        self.drive.begin(q)

    def update(self, q: np.ndarray, dq: np.ndarray) -> None:
        """Take the measured q, dq (N,) of this tick."""
        self.drive.measured[:], self.drive.measured_speed[:] = q, dq

    def write(self) -> None:
        """Write the positions."""
        self.command[:] = self.drive.q

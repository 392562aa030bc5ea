# SPDX-License-Identifier: Apache-2.0
"""An arm whose driver takes poses."""

from __future__ import annotations

import numpy as np

from arms.franka_arm import FRAME, HOME, franka_config, franka_follower, franka_model
from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.groups.auxiliary_drive import AuxiliaryDrive
from controllers.rotations import from_matrix

DT = 0.002


class PoseArm:
    """A follower whose driver is where it is told to be, a little later: joints by differential kinematics."""

    def __init__(self, config=None):
        config = config or franka_config()
        self.model = franka_model()
        self.follower = franka_follower(self.model, config, command="pose", auxiliaries=AuxiliaryDrive({}))
        self.driven = self.follower.arms["panda"]
        self.config, self.q, self.dq, self.now, self.sequence = config, HOME.copy(), np.zeros(7), 0.0, 0
        self._driver = franka_model()
        self.follower.activate(self.q, self.dq, {}, 0.0)
        T = self._driver.forward(self.q)
        self.position, self.quaternion = T[:3, 3].copy(), from_matrix(T[:3, :3])
        self.poses = []
        self.stuck = False  # it does not move, whatever it is told
        self.drift = np.zeros(3)  # [m/s] with which something else takes its tool along

    def submit(self, shifts, step=0.1):
        self.sequence += 1
        shifts = np.atleast_2d(shifts)
        values = np.hstack([self.position + shifts, np.tile(self.quaternion, (len(shifts), 1))])
        times = step * np.arange(1, len(shifts) + 1)
        self.follower.submit(
            ActionChunk(self.now, FRAME, pose_channels("panda"), times, values, self.sequence), self.now
        )

    def run(self, seconds, stale=False):
        first, stamp = len(self.poses), self.now
        for _ in range(round(seconds / DT)):
            command = self.follower.tick(self.now, DT, self.q, self.dq, stamp if stale else self.now)
            pose = command.arms["panda"].pose
            self.poses.append(pose.copy())
            gap = pose[:3] - self._driver.forward(self.q)[:3, 3]
            twist = np.concatenate([np.clip(30.0 * gap, -1.0, 1.0) + self.drift, np.zeros(3)]) * (not self.stuck)
            self.dq = np.linalg.pinv(self._driver.jacobian(self.q), rcond=0.02) @ twist
            self.q = self.q + DT * self.dq
            self.now += DT
        return np.array(self.poses[first:])

# SPDX-License-Identifier: Apache-2.0
"""A hand, the bridge's arithmetic and control's follower in lockstep: packets in, commanded poses and joints out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pages.heard_at_once import take

from arms.franka_arm import DT
from arms.position_arm import PositionRig
from controllers.rotations import from_matrix
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.protocol import Hands, HandSample
from vla_ros.teleop.teleoperation import ArmReading, Teleoperation

PACKET_S = 1.0 / 72.0
CLOCK_S = 0.01  # [s] between two ticks of /clock
FRANKA = load_embodiment("franka")
Hand = Callable[[float], tuple[np.ndarray, np.ndarray, bool]]  # time [s] → position [m], quaternion, clutch; WebXR


def upright(position: np.ndarray, clutch: bool = True) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return a hand at `position` [m] that is not turned."""
    return position, np.array([0.0, 0.0, 0.0, 1.0]), clutch


def tremor(time: float, amplitude: float = 1e-3) -> np.ndarray:
    """Return how a hand trembles (3,) [m]: 8 to 12 Hz (Elble and Koller 1990), a millimetre."""
    phase = 2.0 * np.pi * time
    return amplitude * np.array([np.sin(8.3 * phase), np.sin(9.7 * phase + 1.0), np.sin(11.9 * phase + 2.0)])


def figure_eight(time: float, period: float = 4.0, size: float = 0.1) -> np.ndarray:
    """Return a place (3,) [m] on a lying eight in the plane that the operator looks at."""
    phase = 2.0 * np.pi * time / period
    return np.array([size * np.sin(phase), 0.5 * size * np.sin(2.0 * phase), 0.0])


class TeleoperatedArm:
    """One arm driven by positions, one hand that says where it is 72 times a second.

    At a `factor` below 1 the arm's world is that much slower than the hand's, and stamps are as coarse as /clock.
    """

    def __init__(
        self, hand: Hand, teleoperation: Teleoperation | None = None, late: float = 0.0, factor: float = 1.0
    ) -> None:
        self.rig = rig = PositionRig()
        config = rig.config
        box = np.array(config.workspace_lower), np.array(config.workspace_upper)
        self.teleoperation = teleoperation or Teleoperation(FRANKA, *box)
        self.refusals: list[str] = []
        self.poses: list[np.ndarray] = []  # (7,) commanded, each tick
        self.gripper = 0.0
        self._hand, self._late, self._next, self._count = hand, late, 0.0, 0
        self._factor = factor
        self.commanded = self._commanded()

    def _commanded(self) -> Pose:
        T = self.rig.driven.progress.T_base_ee_commanded
        return Pose(T[:3, 3].copy(), from_matrix(T[:3, :3]))

    def run(self, duration: float) -> None:
        """Let time pass [s] in the arm's world."""
        rig = self.rig
        for tick in range(round(duration / DT)):
            if tick % max(1, round(10 * self._factor)) == 0:  # control/commanded_pose comes 50 times a second
                self.commanded = self._commanded()
            if rig.now >= self._next:
                self._next += PACKET_S * self._factor
                self._packet()
            rig.run(DT)
            pose = self._commanded()
            self.poses.append(np.concatenate([pose.position, pose.orientation]))

    def _packet(self) -> None:
        now = self.rig.now / self._factor  # [s] of the hand's world
        stamp = self.rig.now if self._factor == 1.0 else np.floor(self.rig.now / CLOCK_S + 1e-6) * CLOCK_S
        position, quaternion, clutch = self._hand(now)
        self._count += 1
        sample = HandSample(tuple(position), tuple(quaternion), clutch, self.gripper)
        hands = Hands(self._count, 1e3 * now, "xr", {"right": sample})
        reading = {"panda": ArmReading(self.commanded, self.rig.follower.progress.end_effectors)}
        chunk = take(self.teleoperation, hands, now + self._late, stamp, reading, "")
        if chunk is not None:
            try:
                self.rig.follower.submit(chunk, self.rig.now, "teleop")
            except Exception as error:
                self.refusals.append(str(error))

    @property
    def path(self) -> np.ndarray:
        """Return where the tool was commanded to be (T, 3) [m]."""
        return np.array(self.poses)[:, :3]

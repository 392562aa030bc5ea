# SPDX-License-Identifier: Apache-2.0
"""Drive several groups and the base by one programme a tick: each group says where its path is, then all move at once.

One progress for all: where a limit of any joint slows the hands, the paths of all of them wait, by as much as the
programme says. Every reference is moved on by that share of a tick, its filter included, so that what two hands do
together they do together behind the filter too.

What stays where it was seen is filtered in the odometry's frame, so that the base may drive to help a hand; what rides
along is filtered in the base.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.chunks.base_motion import BaseMotion
from controllers.control_config import ControlConfig
from controllers.errors import ConfigError
from controllers.whole_body.arm_drive import BodyArmDrive
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.external_wrench import ExternalWrenches
from controllers.whole_body.joints_drive import BodyJointsDrive
from controllers.whole_body.squeeze import squeeze_limit
from controllers.whole_body.targets import BodyTarget, HandTarget
from controllers.whole_body.torque_arm_drive import BodyTorqueDrive

PROGRESS_MIN = 0.02  # paths never stand quite still: what ends them must be reached
STALLED, STALL_S = 0.05, 0.5  # a progress below that for so long [s]: there is no way on
BLOCKED = "no way on"
EASE_SPEED = 0.1  # [m/s] of a tool at which joints that nothing asks for lean to their posture as fast as they may


class WholeBodyDrive:
    """The drives of a robot's groups, and the programme that they share.

    Each tick `observe`, then every group's own `follow` and this one's, or all their `come_to_rest`, `idle` or
    `without_state`.
    """

    commands = (BodyArmDrive.command, BodyTorqueDrive.command)  # what may drive arms

    def __init__(self, control: WholeBody, config: ControlConfig) -> None:
        """Drive what `control` moves."""
        self.control, self.config = control, config
        self.measured = np.zeros(len(control.q))  # (N,) [rad, m] of all groups
        self.hands: dict[str, HandTarget] = {}  # of this tick, by arm
        self.joints: dict[str, np.ndarray] = {}  # (N,) [rad, m] by group
        self.joint_speeds: dict[str, np.ndarray] = {}
        self.driving = False  # whether the base goes by the programme
        self._stalled = 0.0  # [s]
        self._pulled: list[BodyTorqueDrive] = []
        # On the hands that positions drive: an arm that efforts drive gives way by itself.
        self.external_wrenches = ExternalWrenches()
        self._now = 0.0  # [s]
        self._tools: dict[str, np.ndarray] = {}  # (3,) [m] measured, by arm, seen from the base: views
        self.squeeze = squeeze_limit(control)

    def arm(self, name: str, model: ArmModel, limits: ArmLimits, command: str) -> BodyArmDrive:
        """Return the drive of an arm by `command`, one of `commands`; the follower keeps its `model` up to date.

        Raises ConfigError where the arm's force is to be bounded by its servo, and efforts drive it.
        """
        self._tools[name] = model.position
        if command == BodyArmDrive.command:
            self.external_wrenches.arms = (*self.external_wrenches.arms, name)
            return BodyArmDrive(self, name, model, limits)
        if self.squeeze is not None and self.control.config.squeeze_max is not None:
            raise ConfigError(f"squeeze_max: arm '{name}' is driven by {command}, a servo's spring is bounded only")
        self.squeeze = None
        self._pulled.append(drive := BodyTorqueDrive(self, name, model, limits))
        return drive

    def joint_group(self, name: str, limits: ArmLimits) -> BodyJointsDrive:
        """Return the drive of joints without a tool."""
        return BodyJointsDrive(self, name, limits)

    def check_joints(self, joints: Sequence[str]) -> None:
        """Raise ConfigError where the programme's joints are not those of the groups, in their order."""
        if tuple(joints) != self.control.model.joints:
            raise ConfigError(f"whole body: moves {', '.join(self.control.model.joints)}, groups {', '.join(joints)}")

    @property
    def progress(self) -> float:
        """Return at which share of their own speed paths go on."""
        return max(PROGRESS_MIN, self.control.progress)

    @property
    def base_twist(self) -> np.ndarray | None:
        """Return how the base is to move (3,) [m/s, m/s, rad/s]; None where nothing is said of it."""
        return self.control.base_twist if self.driving and self.control.model.moved else None

    @property
    def blocked(self) -> str:
        """Return why the motion must end, or ""."""
        return BLOCKED if self._stalled > STALL_S else ""

    # --- the loop ---

    def observe(self, q: np.ndarray, base: BaseMotion, now: float) -> None:
        """Take the measured q (N,) of all groups and where odometry says that the base is at `now` [s]."""
        self.measured[:], self._now = q, now
        if base.known:
            place = base.at(now)
            self.control.observe_base(np.array([place.x, place.y, place.yaw]))

    def begin(self) -> None:
        """Start where the joints are, once all groups have begun."""
        control = self.control
        control.reset(self.measured, control.base_place.copy())
        self.external_wrenches.begin()
        self._stalled, self.driving = 0.0, False

    def place_measured(self) -> None:
        """Be where the joints are: in shadow mode nothing was commanded."""
        if not np.array_equal(self.control.q, self.measured):
            self.begin()

    @property
    def elbows(self) -> tuple[str, ...]:
        """Name the arms whose elbows are free, of which a chunk may say where they are to be."""
        return tuple(self.control.elbows)

    def follow(self, dt: float, base: np.ndarray | None, elbows: Mapping[str, float] | None = None) -> bool:
        """Move all on by dt [s] towards what the groups have said; False where there was no solution.

        `base` (3,) [m/s, m/s, rad/s] is what it is to do at full progress; None: nothing is asked of it. `elbows` [rad]
        by arm are where they are asked to be: the others lean to their arm's posture.
        """
        if dt <= 0.0:
            return True
        control = self.control
        asked = None if base is None else self.progress * base
        stands = not np.any(base) if base is not None else not control.config.base_helps
        fastest = max((_speed(one.twist) for one in self.hands.values()), default=0.0)
        hands = self.hands if self.squeeze is None else self.squeeze.apply(self.hands, self._tools)
        target = BodyTarget(
            hands,
            self.joints,
            elbows=elbows or {},
            base=asked,
            joint_speeds=self.joint_speeds,
            base_stands=stands,
            ease=min(1.0, fastest / EASE_SPEED),
            wrenches=self.external_wrenches.at(self._now),
        )
        solved = control.tick(target, dt, None if self.config.shadow else self.measured)
        self.driving = True
        self._stalled = self._stalled + dt if control.progress < STALLED else 0.0
        return self._pull(dt) and solved

    def come_to_rest(self, dt: float) -> bool:
        """Brake all at once for dt [s]."""
        self.driving, self._stalled = True, 0.0
        self.external_wrenches.heeded = False  # what was stopped is moved by nothing but a new motion
        for hand in self.control.hands.values():
            hand.admittance.reset()
        solved = self.control.halt(dt)
        return self._pull(dt) and solved

    def without_state(self, dt: float) -> None:
        """Brake what is commanded by positions."""
        if self.driving:
            self.control.halt(dt)

    def _pull(self, dt: float) -> bool:
        return dt <= 0.0 or all([arm.pull(dt) for arm in self._pulled])

    def idle(self) -> None:
        """Be where the joints are; a base that still moves comes to rest by itself."""
        control = self.control
        control.q[:], control.dq[:] = self.measured, 0.0
        self.driving = False


def _speed(twist: np.ndarray | None) -> float:
    if twist is None:
        return 0.0
    x, y, z = twist[:3].tolist()
    return float((x * x + y * y + z * z) ** 0.5)

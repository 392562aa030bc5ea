# SPDX-License-Identifier: Apache-2.0
"""Drive an arm by tool poses, for a driver that has an impedance controller of its own."""

from __future__ import annotations

from math import isfinite

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.chunks.progress import ArmCommand
from controllers.chunks.track import CARTESIAN, ROTATION_METRES
from controllers.control_config import ControlConfig
from controllers.drives.commanded_motion import CommandedMotion
from controllers.drives.drive import Drive
from controllers.drives.limit_utilisation import LimitUtilisation
from controllers.rotations import IDENTITY, Quaternion, compose_exp, from_matrix, log_relative, rotate, write_matrix
from controllers.safety.clearance import Clearance
from controllers.safety.workspace import RESERVE, Workspace

LEAD_M, LEAD_RAD = 0.05, 0.5  # of the commanded pose before the tool at most; progress is slowest there
REST_SPEED = 1e-3  # [m/s], [rad/s] of the command: below it the arm is held
TOO_FAST = 0.05  # [m/s] faster towards a face of the box or another link than may be: the command is where the tool is
LEAD_DROP, LEAD_RISE = 30.0, 2.0  # [1/s] the share of the lead falls fast and returns slowly: it must not flicker
STOP_RATE, STOP_SHARE = 20.0, 0.7  # [1/s] close to where a stop ends; of the acceleration, so that it ends there
# A stop goes after the arm until that is as slow as this share of what it began with, for so long [s] at most. With a
# load that its driver does not know an arm hangs below its command: whoever went on after it would sink with it.
STOP_ENDED, STOP_S = 0.02, 0.3
NOT_STOPPING = -1.0
TWIST_WEIGHTS = np.array([1.0] * 3 + [ROTATION_METRES**2] * 3)  # of squared shifts and turns


class PoseDrive(Drive):
    """The filtered pose itself, within the tool's box and near the tool.

    An arm that cannot follow (at a joint's end, at full stretch) is led by LEAD_M and LEAD_RAD and no more, and a stop
    takes the command to where the arm is: nothing pulls it on. What the elbow does is up to the driver, so chunks of
    joint targets are refused.
    """

    command = "pose"
    modes = (CARTESIAN,)

    def __init__(self, model: ArmModel, limits: ArmLimits, config: ControlConfig) -> None:
        """Drive the arm of `model`, which the follower keeps up to date."""
        self.motion = CommandedMotion(model, limits, config, RESERVE)
        self.pose, self._twist = np.array([0.0] * 6 + [1.0]), np.zeros(6)  # commanded
        self._candidate = self.pose.copy()
        self._model, self._config = model, config
        self._utilisation = LimitUtilisation(self.motion.joint_speed, limits, config.safety)
        self._manipulability = 0.0
        self._workspace: Workspace | None = None
        self._clearance: Clearance | None = None
        self._share = 1.0  # of the lead
        self._stopping = NOT_STOPPING  # [s] that a stop has taken, and …
        self._began, self._slow = np.zeros(6), 0.0  # … the tool's twist as it began, and a share of its square
        self._stop_position, self._stop_quaternion = np.zeros(3), IDENTITY  # where the command goes in a stop [m]

    @property
    def manipulability(self) -> float:  # type: ignore[override]
        """Return Yoshikawa's measure at the last look at it."""
        return self._manipulability

    def begin(self, q: np.ndarray) -> None:
        """Take the arm over where it is."""
        self._place(self._model.forward(q))  # `motion.forward` is of the thread that submits chunks

    def hold(self) -> np.ndarray:
        """Hold what was commanded last."""
        if self._config.shadow:  # nothing was commanded: the arm is where it was
            self._place(self._model.T_base_ee)
        self._twist[:] = 0.0
        self._utilisation.forget()
        T = np.eye(4)
        self.write_pose(T)
        return self.motion.rest_at(T)

    def seed(self, mode: str) -> np.ndarray:
        """Return the commanded pose and twist: there is no other space."""
        return np.stack([self.pose, np.append(self._twist, 0.0)])

    def switch(self, mode: str, seed: np.ndarray) -> None:
        """Go on from a seed."""
        self.motion.start(mode, seed)

    def follow(self, target: np.ndarray, dt: float) -> bool:
        """Move the commanded pose on."""
        self._stopping = NOT_STOPPING
        self.motion.step(target, dt)
        reference, candidate = self.motion.pose.filter, self._candidate
        x, y, z, w = quaternion = reference.quaternion
        ahead, turned = self._gap(reference.position, quaternion)
        share = self._lead_share(dt)
        candidate[:3] = reference.position + _beyond(ahead, share * LEAD_M)
        if self._workspace is not None:
            self._workspace.keep(candidate[:3])  # where the tool is, it may not be let further out
        turn = tuple(_beyond(turned, share * LEAD_RAD).tolist())
        candidate[3:] = compose_exp(quaternion, rotate((-x, -y, -z, w), turn))
        self._twist[:] = reference.twist
        return self._take(candidate)

    def come_to_rest(self, dt: float) -> bool:
        """Take the command to where the arm stops, as fast as it may be accelerated, not beyond a face of its box."""
        stitch, quaternion = self._config.stitch, tuple(self.pose[3:].tolist())
        self._find_stop(dt)
        ahead = self._stop_position - self.pose[:3]
        turned = np.array(rotate(quaternion, log_relative(quaternion, self._stop_quaternion)))
        _speed_up(self._twist[:3], _approach(ahead, stitch.acceleration_max), stitch.acceleration_max * dt)
        accelerate = stitch.rotation_acceleration_max
        _speed_up(self._twist[3:], _approach(turned, accelerate), accelerate * dt)
        return self._move(dt)

    @property
    def at_rest(self) -> bool:
        """Say whether the command stands still, and the arm with it."""
        still = max(map(abs, self._twist.tolist())) < REST_SPEED
        return still and float(np.abs(self._model.dq).max()) < self._config.safety.rest_speed

    def idle(self, dt: float) -> bool:
        """Be where the arm is: whoever holds it now does so without us."""
        self._place(self._model.T_base_ee)
        return True

    def without_state(self, dt: float) -> None:
        """Slow down: the driver goes on holding poses, and where the arm is is not known."""
        self._stopping = NOT_STOPPING
        stitch, still = self._config.stitch, np.zeros(3)
        _speed_up(self._twist[:3], still, stitch.acceleration_max * dt)
        _speed_up(self._twist[3:], still, stitch.rotation_acceleration_max * dt)
        self._move(dt)

    def write(self, command: ArmCommand) -> None:
        """Write the pose."""
        command.pose[:] = self.pose

    def lag(self) -> float:
        """Return how far the tool is behind the command, as a share of the most it should be."""
        x, y, z = (self.pose[:3] - self._model.position).tolist()
        return (x * x + y * y + z * z) ** 0.5 / LEAD_M

    def limit_utilisation(self, elapsed: float) -> tuple[float, float]:
        """Return the shares of the joint rates that the commanded twist means where the arm is."""
        J = self._model.J
        gram = J @ J.T
        self._manipulability = max(float(np.linalg.det(gram)), 0.0) ** 0.5
        gram.reshape(-1)[::7] += 1e-4
        return self._utilisation.update(J.T @ np.linalg.solve(gram, self._twist), elapsed)

    def keep_inside(self, workspace: Workspace) -> None:
        """Keep the commanded pose in the box while it comes to rest: on its way the reference does."""
        self._workspace = workspace

    def keep_clear(self, clearance: Clearance) -> None:
        """Lead the arm less where links of `clearance` near each other too fast."""
        self._clearance = clearance

    def write_pose(self, T_base_ee: np.ndarray) -> None:
        """Write the commanded tool pose: after a stop it is not where the reference is."""
        T_base_ee[:3, 3] = self.pose[:3]
        write_matrix(tuple(self.pose[3:].tolist()), T_base_ee[:3, :3])

    def _place(self, T_base_ee: np.ndarray) -> None:
        self._share, self._stopping = 1.0, NOT_STOPPING
        self.pose[:3], self.pose[3:] = T_base_ee[:3, 3], from_matrix(T_base_ee[:3, :3])
        self._twist[:] = 0.0

    def _gap(self, position: np.ndarray, quaternion: Quaternion) -> tuple[np.ndarray, np.ndarray]:
        """Return how far the tool is from a pose, as a shift [m] and a turn [rad], base axes."""
        turn = rotate(quaternion, log_relative(quaternion, from_matrix(self._model.rotation)))
        return self._model.position - position, np.array(turn)

    def _find_stop(self, dt: float) -> None:
        """Take where the tool is for the end of a stop, until its own motion is over."""
        model, begins = self._model, self._stopping == NOT_STOPPING
        if begins:
            self._stopping, self._began[:] = 0.0, TWIST_WEIGHTS * model.twist
            self._slow = STOP_ENDED * float(self._began.dot(model.twist))
        if begins or (self._stopping < STOP_S and float(self._began.dot(model.twist)) > self._slow):
            self._stop_position[:], self._stop_quaternion = model.position, from_matrix(model.rotation)
            self._stopping += dt
        else:
            self._stopping = STOP_S

    def _lead_share(self, dt: float) -> float:
        """Return how much of the lead the arm is given: none where its tool or a link goes too fast at a limit."""
        model, workspace, clearance = self._model, self._workspace, self._clearance
        excess, velocity = 0.0, model.twist[:3]
        if workspace is not None and workspace.near(model.position, velocity):
            up, down = workspace.speeds(model.position)
            excess = max(excess, float((velocity - up).max()), float((-velocity - down).max()))
        if clearance is not None and clearance.count:
            excess = max(excess, float((-clearance.rates(model.dq) - clearance.speeds(model.q)).max()))
        wanted, before = max(0.0, 1.0 - excess / TOO_FAST), self._share
        self._share = max(wanted, before - LEAD_DROP * dt) if wanted < before else min(wanted, before + LEAD_RISE * dt)
        return self._share

    def _move(self, dt: float) -> bool:
        """Move the command by its twist for dt [s]."""
        twist, candidate = self._twist, self._candidate
        x, y, z, w = self.pose[3:].tolist()
        candidate[:3] = self.pose[:3] + twist[:3] * dt
        if self._workspace is not None:
            self._workspace.clip(candidate[:3], twist[:3])
        candidate[3:] = compose_exp((x, y, z, w), rotate((-x, -y, -z, w), tuple((twist[3:] * dt).tolist())))
        return self._take(candidate)

    def _take(self, candidate: np.ndarray) -> bool:
        """Let a pose that is finite pass."""
        if not isfinite(candidate.dot(candidate)):
            self._twist[:] = 0.0
            return False
        self.pose[:] = candidate
        return True


def _beyond(way: np.ndarray, most: float) -> np.ndarray:
    """Return the part of a way (3,) that is longer than `most`."""
    x, y, z = way.tolist()
    length = (x * x + y * y + z * z) ** 0.5
    return way * max(0.0, 1.0 - most / length) if length > 0.0 else way


def _approach(way: np.ndarray, acceleration: float) -> np.ndarray:
    """Return the velocity (3,) along a way (3,) from which its end can be stopped at."""
    x, y, z = way.tolist()
    length = (x * x + y * y + z * z) ** 0.5
    return way * min(STOP_RATE, (2.0 * STOP_SHARE * acceleration / length) ** 0.5) if length > 0.0 else way


def _speed_up(velocity: np.ndarray, wanted: np.ndarray, change: float) -> None:
    """Bring a velocity (3,) nearer to another by `change` at most, in place."""
    missing = wanted - velocity
    velocity += missing - _beyond(missing, change)

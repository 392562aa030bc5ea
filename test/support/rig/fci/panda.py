# SPDX-License-Identifier: Apache-2.0
"""A Panda as its control interface shows it: dynamics, modes, limits, reflexes, a hold of its own."""

from __future__ import annotations

import numpy as np

from controllers.arm.arm_dynamics import GRAVITY
from controllers.arm.model import ArmModel
from rig.fci.wire import (
    CONTROLLER_EXTERNAL,
    CONTROLLER_JOINT_IMPEDANCE,
    ERRORS,
    MOTION_IDLE,
    MOTION_JOINT_VELOCITY,
    ROBOT_STATE,
    RobotMode,
)
from vla_ros.robots.groups import ArmGroup
from vla_ros.sim.delayed_arm import DelayedArm

DT = 0.001  # [s]
VISCOUS, DRY = 0.5, 0.1  # [N·m·s/rad], [N·m] that the arm's own friction compensation leaves
LOST_MAX = 20  # commands in a row, then communication_constraints_violation
STANDS = 0.02  # [rad/s] below which the arm's own controller holds where it is; above, it brakes
HOLD_STIFFNESS, BRAKE = 1000.0, 60.0  # [N·m/rad], [N·m·s/rad] of that controller: a modelling choice
TORQUE_RATE = 1000.0 + 1e-6  # [N·m/s]


class SimulatedPanda:
    """Move under torques while a client's motion runs, else hold."""

    def __init__(self, model: ArmModel, group: ArmGroup) -> None:
        """Stand at home."""
        self._model, self._group = model, group
        self.arm = DelayedArm(model, np.array(group.home), damping=VISCOUS, friction=DRY, timestep=DT)
        self.tau = np.zeros(model.size)  # [N·m] commanded, without gravity
        self.mode = RobotMode.IDLE
        self.errors: set[str] = set()
        self.reasons: set[str] = set()  # why the last motion was aborted
        self.lost = 0  # commands in a row that did not come
        self.answered = 0  # of the last hundred states
        self._hold: np.ndarray | None = None
        self._state = np.zeros((), ROBOT_STATE)
        self._time = 0  # [ms]
        for name in ("O_T_EE", "O_T_EE_d", "F_T_EE", "EE_T_K", "F_T_NE", "NE_T_EE", "O_T_EE_c"):
            self._state[name] = np.eye(4).ravel()
        self._state["O_ddP_O"][2] = -GRAVITY

    @property
    def moving(self) -> bool:
        """Whether a client's motion runs."""
        return self.mode == RobotMode.MOVE

    def start(self) -> bool:
        """Begin a client's motion; False where that cannot be."""
        if self.mode != RobotMode.IDLE or self.errors:
            return False
        self.mode, self.lost = RobotMode.MOVE, 0
        self.reasons = set()
        return True

    def end(self) -> None:
        """End the client's motion: the arm's own controller has it."""
        if self.moving:
            self.mode = RobotMode.IDLE
        self._release()

    def _release(self) -> None:
        self.tau = np.zeros_like(self.tau)
        self._hold = None

    def fail(self, error: str) -> None:
        """Abort the motion with `error`."""
        self.errors.add(error)
        self.reasons = {error}
        self.mode = RobotMode.REFLEX
        self._release()

    def recover(self) -> None:
        """Clear the errors."""
        self.errors = set()
        self.mode = RobotMode.IDLE

    def stop_by_user(self, pressed: bool) -> None:
        """Press or release the external stop."""
        self.mode = RobotMode.USER_STOPPED if pressed else RobotMode.IDLE
        self._release()

    def command(self, tau: np.ndarray) -> None:
        """Take a client's torques (N,) [N·m], without gravity."""
        if not np.all(np.isfinite(tau)) or np.any(np.abs(tau) > self._group.effort):
            self.fail("tau_J_range_violation")
        elif np.any(np.abs(tau - self.tau) > TORQUE_RATE * DT * (1 + self.lost)):
            self.fail("controller_torque_discontinuity")
        else:
            self.tau = tau.copy()
            self.lost = 0

    def lose(self) -> None:
        """Go on without a command."""
        self.lost += 1
        if self.lost >= LOST_MAX:
            self.fail("communication_constraints_violation")

    def step(self) -> None:
        """Advance by a millisecond."""
        arm = self.arm
        arm.command(self.tau if self.moving else self._own())
        arm.step()
        self._time += 1
        if self.moving:
            if np.any(arm.q < self._group.lower) or np.any(arm.q > self._group.upper):
                self.fail("joint_position_limits_violation")
            elif np.any(np.abs(arm.dq) > self._group.velocity):
                self.fail("joint_velocity_violation")

    def _own(self) -> np.ndarray:
        """Return the torques (N,) of the arm's own controller: it brakes, then holds."""
        arm = self.arm
        if self._hold is None and np.max(np.abs(arm.dq)) < STANDS:
            self._hold = arm.q.copy()
        pull = 0.0 if self._hold is None else HOLD_STIFFNESS * (self._hold - arm.q)
        # By inertia: a light wrist would be unstable under what brakes the shoulder.
        scale = np.diag(self._model.M) if self._model.q.any() else np.ones(self._model.size)
        return np.clip((pull - BRAKE * arm.dq) * np.minimum(scale, 1.0), -self._group.effort, self._group.effort)

    def state(self) -> np.ndarray:
        """Return what is sent to a client."""
        arm, state = self.arm, self._state
        self._model.update(arm.q, arm.dq)
        state["message_id"] = self._time
        state["q"], state["dq"], state["q_d"], state["theta"], state["dtheta"] = arm.q, arm.dq, arm.q, arm.q, arm.dq
        state["O_T_EE"] = self._model.T_base_ee.T.ravel()  # column by column
        state["tau_J"] = self.tau + self._model.gravity_effort(arm.q)
        state["tau_J_d"] = self.tau
        state["tau_ext_hat_filtered"] = arm.disturbance
        state["motion_generator_mode"] = MOTION_JOINT_VELOCITY if self.moving else MOTION_IDLE
        state["controller_mode"] = CONTROLLER_EXTERNAL if self.moving else CONTROLLER_JOINT_IMPEDANCE
        state["errors"] = [name in self.errors for name in ERRORS]
        state["reflex_reason"] = [name in self.reasons for name in ERRORS]
        state["robot_mode"] = self.mode
        state["control_command_success_rate"] = 1.0 - min(self.lost, 100) / 100.0 if self.moving else 0.0
        return state

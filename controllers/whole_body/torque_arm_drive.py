# SPDX-License-Identifier: Apache-2.0
"""An arm that takes efforts under whole-body control: a joint impedance pulls it along what the programme commands."""

from __future__ import annotations

import numpy as np

from controllers.arm.arm_dynamics import Payload
from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.arm.payload_change import PayloadChange
from controllers.control_config import ImpedanceConfig
from controllers.drives.effort_output import EffortOutput
from controllers.drives.torque_barrier import TorqueBarrier
from controllers.laws.friction_feedforward import FrictionFeedforward
from controllers.laws.impedance import JointImpedance
from controllers.laws.impedance_gains import ImpedanceGains
from controllers.laws.joint_limit_repulsion import JointLimitRepulsion
from controllers.safety.gate import DampedStop, EffortGate
from controllers.safety.workspace import Workspace
from controllers.whole_body.arm_drive import BodyArmDrive
from controllers.whole_body.shared_body import SharedBody


class BodyTorqueDrive(EffortOutput, BodyArmDrive):
    """Efforts within their limits and rates, behind the same barrier as those of an arm by itself."""

    def __init__(self, body: SharedBody, name: str, model: ArmModel, limits: ArmLimits) -> None:
        """Drive the arm of `model` by the programme of `body`."""
        super().__init__(body, name, model, limits)
        config = body.config
        self.gains = ImpedanceGains(config.impedance)
        self.payload = PayloadChange(model, config.impedance.switch_s)
        self._law = JointImpedance(model.size, config.impedance, self.gains)
        self._friction = FrictionFeedforward(model, config.impedance.friction_share)
        self._repulsion = JointLimitRepulsion(limits.lower, limits.upper, config.impedance)
        self.barrier, self.gate = TorqueBarrier(model, limits), EffortGate(limits)
        self._stop = DampedStop(model.size, config.safety)
        self._before, self._ddq = np.zeros(model.size), np.zeros(model.size)  # [rad/s], [rad/s²] commanded
        self._tau = np.zeros(model.size)

    def begin(self, q: np.ndarray) -> None:
        """Take the arm over from zero effort."""
        super().begin(q)
        self.gains.settle()
        self.payload.settle()
        self.gate.reset()
        self._before[:] = 0.0

    def pull(self, dt: float) -> bool:
        """Pull the arm along for dt [s], once the programme has moved the command on; False: not finite."""
        np.subtract(self.dq, self._before, out=self._ddq)
        self._ddq /= dt
        self._before[:] = self.dq
        self.gains.advance(dt)
        tau = self._law.effort(self._model, self.q, self.dq, self._ddq)
        self._friction.add(self.dq, tau)
        if self._model.payload.mass:
            tau += self._model.weight
        self._repulsion.add(self._model.q, tau)
        self.payload.advance(dt)
        self.barrier.apply(self._model, tau)
        return self.gate.apply(tau, dt)

    def keep_inside(self, workspace: Workspace) -> None:
        """Keep the commanded tool and the arm itself in its box."""
        super().keep_inside(workspace)
        self.barrier.workspace = workspace

    def change_impedance(self, config: ImpedanceConfig) -> None:
        """Glide to other gains."""
        self.gains.change(config)

    def change_payload(self, payload: Payload) -> None:
        """Let weight and inertia of another payload glide in."""
        self.payload.change(payload)

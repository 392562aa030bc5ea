# SPDX-License-Identifier: Apache-2.0
"""Drive an arm by efforts: impedance law, barrier, gate, damped stop."""

from __future__ import annotations

import numpy as np

from controllers.arm.arm_dynamics import Payload
from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.control_config import ControlConfig, ImpedanceConfig
from controllers.drives.effort_output import EffortOutput
from controllers.drives.torque_barrier import TorqueBarrier
from controllers.drives.torque_law import TorqueLaw
from controllers.safety.clearance import Clearance
from controllers.safety.gate import DampedStop, EffortGate
from controllers.safety.workspace import Workspace

# In so many times 1/stop_rate a stop takes all but e⁻⁶ of the speed out. What moves on then is moved from outside, such
# as by a load that nobody was told of: damped alone an arm would sink with it for ever.
STOP_TIMES = 6.0


class TorqueDrive(EffortOutput):
    """Efforts within their limits and rates, from an impedance that pulls the arm along."""

    stops_at_acceleration = False  # effort, its rate and joint speeds are bounded: the spring takes up what is asked

    def __init__(self, model: ArmModel, limits: ArmLimits, config: ControlConfig) -> None:
        """Drive the arm of `model`, which the follower keeps up to date."""
        self.law = TorqueLaw(model, limits, config)
        self.motion = self.law.motion
        self.barrier = TorqueBarrier(model, limits)
        self.gate = EffortGate(limits)
        self._model = model
        self._stop = DampedStop(model.size, config.safety)
        self._tau = np.zeros(model.size)
        self._begins = True  # nothing has held the payload's weight yet
        self._stopping, self._stop_s = 0.0, STOP_TIMES / config.safety.stop_rate  # [s] of a stop so far, at most

    @property
    def manipulability(self) -> float:  # type: ignore[override]
        """Return Yoshikawa's measure at the last look at it."""
        return self.law.cartesian.manipulability

    def begin(self, q: np.ndarray) -> None:
        """Take the arm over from zero effort."""
        self._stopping = 0.0
        self.law.settle()
        self.law.choose_posture(q)
        self.gate.reset()
        self._begins = True

    def hold(self) -> np.ndarray:
        """Hold the measured pose: after a stop and at activation there is no commanded one worth returning to."""
        effort = self.gate.effort
        if self._begins:  # what hangs on the arm is held as soon as the gate lets it be, and does not glide in
            effort = effort + self._model.weight
        self._begins = False
        return self.law.hold_measured(effort)

    def seed(self, mode: str) -> np.ndarray:
        """Return the commanded state in the other space."""
        return self.law.seed(mode)

    def switch(self, mode: str, seed: np.ndarray) -> None:
        """Go on in the other space, without a step in effort."""
        self.law.switch(mode, seed, self.gate.effort)

    def follow(self, target: np.ndarray, dt: float) -> bool:
        """Pull the arm along, within the joints' range and speed and the tool's box."""
        self._stopping = 0.0
        tau = self.law.effort(target, dt)
        self.barrier.apply(self._model, tau)
        return self.gate.apply(tau, dt)

    def come_to_rest(self, dt: float) -> bool:
        """Take the speed out of every joint at one rate, within its range."""
        self._stopping += dt
        tau = self._stop.effort(self._model)
        self.barrier.apply(self._model, tau)
        return self.gate.apply(tau, dt)

    @property
    def at_rest(self) -> bool:
        """Say whether the joints stand still, or a stop has done what it can: they are to be held."""
        return self._stopping > self._stop_s or self._stop.at_rest(self._model)

    def lag(self) -> float:
        """Return how far the tool is from its commanded position, as a share of the error clip."""
        return self.law.lag()

    def limit_utilisation(self, elapsed: float) -> tuple[float, float]:
        """Return the shares of the joint rates that the desired twist means."""
        return self.law.limit_utilisation(elapsed)

    def keep_clear(self, clearance: Clearance) -> None:
        """Keep the links of `clearance` apart."""
        self.barrier.clearance = clearance

    def keep_inside(self, workspace: Workspace) -> None:
        """Keep the tool in its box."""
        self.barrier.workspace = workspace

    def approach_posture(self, dt: float) -> None:
        """Let the posture spring's rest go towards the rest posture."""
        self.law.approach_posture(dt)

    def write_pose(self, T_base_ee: np.ndarray) -> None:
        """Write the commanded tool pose."""
        self.motion.write_pose(T_base_ee)

    def change_impedance(self, config: ImpedanceConfig) -> None:
        """Glide to other gains."""
        self.law.gains.change(config)

    def change_payload(self, payload: Payload) -> None:
        """Let weight and inertia of another payload glide in."""
        self.law.payload.change(payload)

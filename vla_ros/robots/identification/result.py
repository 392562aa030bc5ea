# SPDX-License-Identifier: Apache-2.0
"""What an identification found, how sure it is, and how well it predicts. Shape legend: N joints, R instants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.arm.arm_dynamics import ArmDynamics, Payload


@dataclass(frozen=True, eq=False)
class Parameters:
    """Friction of N joints and a payload; `…_error` are standard errors in the same unit."""

    viscous: np.ndarray  # (N,) [N·m·s/rad]
    viscous_error: np.ndarray
    dry: np.ndarray  # (N,) [N·m]
    dry_error: np.ndarray
    mass: float = 0.0  # [kg]; 0: no payload was found
    mass_error: float = 0.0
    center: tuple[float, float, float] = (0.0, 0.0, 0.0)  # [m] of mass, in the tool frame
    center_error: tuple[float, float, float] = (0.0, 0.0, 0.0)
    offset: np.ndarray | None = None  # (N,) [N·m] constant; None when it explains nothing
    offset_error: np.ndarray | None = None

    @property
    def dynamics(self) -> ArmDynamics:
        """Return what control is to know of it."""
        payload = Payload(self.mass, self.center)
        return ArmDynamics(tuple(self.viscous.tolist()), tuple(self.dry.tolist()), payload)


@dataclass(frozen=True, eq=False)
class Quality:
    """Why the parameters can be trusted."""

    condition: float  # of the regressor, in units that count alike
    delay: float  # [s] effort to motion
    fit_rms: np.ndarray  # (N,) [N·m] residual
    held_out_rms: np.ndarray  # (N,) [N·m] residual on what was not fitted
    explained: np.ndarray  # (N,) share of what friction and payload have to explain there; 1 is all


@dataclass(frozen=True, eq=False)
class Prediction:
    """Effort as it was and as the parameters have it, for the eye."""

    time: np.ndarray  # (R,) [s]
    measured: np.ndarray  # (R, N) [N·m]
    predicted: np.ndarray  # (R, N) [N·m]
    nominal: np.ndarray  # (R, N) [N·m] without friction and payload
    held_out_from: float  # [s]


@dataclass(frozen=True, eq=False)
class Identification:
    """The whole."""

    joints: tuple[str, ...]
    parameters: Parameters
    quality: Quality
    prediction: Prediction

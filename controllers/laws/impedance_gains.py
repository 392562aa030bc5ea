# SPDX-License-Identifier: Apache-2.0
"""The numbers of the impedance laws as one row, so that a change at run time is one interpolation.

Springs are interpolated in compliance: under a constant load the tool then moves along a line from one equilibrium to
the other, and no stiffness on the way exceeds the stiffer of the two. A loaded spring that is stiffened takes up
½ eᵀ(K₁ − K₀)e, with e at most the error clip: that, once a change, is all that a change can add to the arm's energy;
softening only takes away.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from controllers.control_config import ImpedanceConfig
from controllers.errors import ConfigError

# What may be changed while the arm is driven; the rest is fixed when it is prepared.
CHANGEABLE = frozenset({
    "stiffness_position", "stiffness_rotation", "stiffness", "stiffness_joints", "damping_ratio", "damping_constant",
    "frequency_max", "frequency_design", "error_clip_position", "error_clip_rotation", "nullspace_stiffness",
    "nullspace_rate",
})  # fmt: skip


class ImpedanceGains:
    """Gains that glide to new ones within `switch_s`, without a step in what they multiply.

    `change` may be called in any thread: one assignment, which `advance` finds in the loop's thread.
    """

    nullspace_stiffness: float  # [N·m/rad]
    nullspace_rate: float  # [1/s]
    error_clip_position: float  # [m]
    error_clip_rotation: float  # [rad]

    def __init__(self, config: ImpedanceConfig) -> None:
        """Start with the gains of `config`."""
        self.config = config
        self._row = _row(config)
        self.compliance = self._row[:36].reshape(6, 6)  # view: K⁻¹ in the stiffness frame
        self.damper_compliance = self._row[36:72].reshape(6, 6)  # view: D⁻¹ of a constant damper, in the same frame
        self.joint_compliance = self._row[80:]  # view (N,) [rad/(N·m)]
        # Views () of one number each: an array is multiplied by them in half the time that a float takes.
        self.inverse_frequency_squared, self.damping_rate = self._row[72, ...], self._row[73, ...]  # [s²], [1/s]
        self.damping_time, self.damper_time = self._row[74, ...], self._row[75, ...]  # [s]
        self.version = 0  # another with each change of a gain
        self._begin, self._goal = self._row.copy(), self._row.copy()
        self._wanted, self._share = self._goal, 1.0
        self._read()

    def change(self, config: ImpedanceConfig) -> None:
        """Glide to the gains of `config`. Raises ConfigError for a change of what cannot be changed in motion."""
        for field in dataclasses.fields(config):
            if field.name not in CHANGEABLE and getattr(config, field.name) != getattr(self.config, field.name):
                raise ConfigError(
                    f"impedance: '{field.name}' is fixed while control runs: set it and start control anew"
                )
        row = _row(config)
        if len(row) != len(self._row):
            raise ConfigError(
                f"impedance: 'stiffness_joints' has {len(config.stiffness_joints)} values for "
                f"{len(self.joint_compliance)} joints"
            )
        self.config, self._wanted = config, row

    def advance(self, dt: float) -> None:
        """Go on by dt [s] with a change, if there is one."""
        if self._wanted is not self._goal:
            self._begin[:] = self._row
            self._goal, self._share = self._wanted, 0.0
        elif self._share == 1.0:
            return
        self._share = s = min(1.0, self._share + dt / self.config.switch_s)
        np.subtract(self._goal, self._begin, out=self._row)
        self._row *= s * s * (3.0 - 2.0 * s)  # begins and ends gently
        self._row += self._begin
        self._read()

    def settle(self) -> None:
        """Take what is wanted at once: the arm is not driven."""
        self.advance(self.config.switch_s)

    def _read(self) -> None:
        self.nullspace_stiffness, self.nullspace_rate = self._row[76:78].tolist()
        self.error_clip_position, self.error_clip_rotation = self._row[78:80].tolist()
        self.version += 1


def _row(config: ImpedanceConfig) -> np.ndarray:
    zeta, rate = config.damping_ratio, config.frequency_design
    scalars = (
        1.0 / config.frequency_max**2,
        zeta * rate,
        zeta / rate,
        # A constant damper is no faster than the fastest of the other law, ζ (ω_max²/ω_d + ω_d).
        1.0 / (zeta * (config.frequency_max**2 / rate + rate)),
        config.nullspace_stiffness,
        config.nullspace_rate,
        config.error_clip_position,
        config.error_clip_rotation,
    )
    springs = [np.linalg.inv(matrix).ravel() for matrix in (config.spring(), config.damper())]
    return np.concatenate([*springs, scalars, 1.0 / np.array(config.stiffness_joints)])

# SPDX-License-Identifier: Apache-2.0
"""What every drive by efforts does while its arm follows nothing: damp, fade, write what the gate let by."""

from __future__ import annotations

import numpy as np

from controllers.arm.model import ArmModel
from controllers.chunks.progress import ArmCommand
from controllers.drives.drive import Drive
from controllers.safety.gate import DampedStop, EffortGate


class EffortOutput(Drive):
    """Efforts behind a gate; who drives so makes gate, stop and room for the effort."""

    command = "effort"

    gate: EffortGate
    _model: ArmModel
    _stop: DampedStop
    _tau: np.ndarray  # (N,) [N·m]

    def idle(self, dt: float) -> bool:
        """Damp."""
        return self.gate.apply(self._stop.effort(self._model), dt)

    def without_state(self, dt: float) -> None:
        """Let the effort fade within its rate to the payload's last weight: nothing is known to push against."""
        self._tau[...] = self._model.weight
        self.gate.apply(self._tau, dt)

    def write(self, command: ArmCommand) -> None:
        """Write the effort."""
        command.effort[...] = self.gate.effort

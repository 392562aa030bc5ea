# SPDX-License-Identifier: Apache-2.0
"""Rows that keep tools in their boxes, which the base carries along: a face is approached no faster than it allows."""

from __future__ import annotations

import numpy as np

from controllers.safety.workspace import Workspace
from controllers.whole_body.model import BodyModel

FACES = 6


class ToolBoxes:
    """Up to FACES rows for each arm whose tool has a box, of n variables."""

    def __init__(self, model: BodyModel) -> None:
        """Begin without a box."""
        self._model = model
        self._boxes: dict[str, Workspace] = {}
        self.most = FACES * len(model.J)

    def keep_inside(self, arm: str, workspace: Workspace) -> None:
        """Keep an arm's tool in `workspace`, which others bring up to date."""
        self._boxes[arm] = workspace

    def write(self, x: np.ndarray, rows: np.ndarray, lower: np.ndarray) -> int:
        """Write rows and lower [m/s] for tools that near a face at the speeds x (n,); return how many."""
        model, count, moved = self._model, 0, self._model.moved
        for arm, workspace in self._boxes.items():
            J, position = model.J[arm][:3, moved:], model.T_base_ee[arm][:3, 3]  # seen from the base
            if not workspace.near(position, J @ x[moved:]):
                continue
            end = count + FACES
            rows[count:end, :moved] = 0.0
            rows[count : count + 3, moved:] = -J
            rows[count + 3 : end, moved:] = J
            np.negative(workspace.speeds(position), out=lower[count:end].reshape(2, 3))
            count = end
        return count

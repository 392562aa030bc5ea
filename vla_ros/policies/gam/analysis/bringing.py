# SPDX-License-Identifier: Apache-2.0
"""Candidates of a network brought to what is measured, before they are scored and carried out. Shape legend: N of them.

What points say of a surface's place and of a thing's width is surer than any proposal of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.cages import caged
from vla_ros.policies.gam.analysis.pinches import centred, pinches_by_analysis
from vla_ros.policies.gam.analysis.surfaces import Surfaces
from vla_ros.policies.gam.perception.measured_points import MeasuredPoints
from vla_ros.robots.tools.description import CAGE, PINCH, Tool


class Bringing:
    """To what is measured in one look."""

    def __init__(self, measured: MeasuredPoints) -> None:
        self._measured = measured

    def __call__(self, candidates: Candidates, meant: np.ndarray, tool: Tool, mode: str) -> Candidates:
        """Return candidates, of which each means an instance (N,), of a tool in a mode, brought.

        Lips come to what they lie on, the fingers of a cage around what is seen of the thing; where these would hit it
        all cups go off, so that nobody carries it out. Pads of a pinch come to stand alike on both sides.
        """
        if mode == PINCH:
            return centred(candidates, self._measured, meant, tool) if pinches_by_analysis(tool) else candidates
        met = Surfaces(self._measured).met(candidates, tool)
        if mode != CAGE:
            return met
        around, well = caged(met, self._measured, meant, tool)
        active = around.active.copy()
        active[well == 0.0, : len(tool.cups)] = 0.0
        return replace(around, active=active)

# SPDX-License-Identifier: Apache-2.0
"""Candidates of a network brought to what is measured, before they are scored and carried out. Shape legend: N of them.

What points say of a surface's place and of a thing's width is surer than any proposal of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analytic_fingers import caged
from vla_ros.policies.gam.surfaces import Surfaces
from vla_ros.robots.tools.description import CAGE, PINCH, Tool


class Bringing:
    """Points (M, 3) [m] base frame, and the instance (M,) of each."""

    def __init__(self, surfaces: Surfaces, points: np.ndarray, instances: np.ndarray) -> None:
        self._surfaces, self._points, self._instances = surfaces, points, instances

    def __call__(self, candidates: Candidates, meant: np.ndarray, tool: Tool, mode: str) -> Candidates:
        """Return candidates, of which each means an instance (N,), of a tool in a mode, brought.

        Lips come to what they lie on, the fingers of a cage around what is seen of the thing; where these would hit it
        all cups go off, so that nobody carries it out. A pinch stays as it is.
        """
        if mode == PINCH:
            return candidates
        met = self._surfaces.met(candidates, tool)
        if mode != CAGE:
            return met
        around, well = caged(met, self._points, self._instances, meant, tool)
        active = around.active.copy()
        active[well == 0.0, : len(tool.cups)] = 0.0
        return replace(around, active=active)

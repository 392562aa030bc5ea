# SPDX-License-Identifier: Apache-2.0
"""The sampler of each mode."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.gam.actions import Candidates
from vla_ros.robots.tools.description import CAGE, PINCH, SUCTION, Tool
from vla_ros.sim.candidates.finger_sampler import cage_candidates, pinch_candidates
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.candidates.suction_sampler import suction_candidates

Drawn = tuple[Candidates, np.ndarray]
SAMPLERS: dict[str, Callable[[StillScene, Tool, int, np.random.Generator], Drawn]] = {
    SUCTION: suction_candidates,
    PINCH: pinch_candidates,
    CAGE: cage_candidates,
}


def draw(still: StillScene, tool: Tool, mode: str, count: int, rng: np.random.Generator) -> Drawn:
    """Draw `count` candidates of a mode, and the index (N,) of the object that each means.

    Raises ConfigError for a mode that the tool has not, or where no object can be meant.
    """
    if mode not in tool.modes:
        raise ConfigError(unknown_name(f"mode of tool {tool.name}", mode, tool.modes))
    return SAMPLERS[mode](still, tool, count, rng)

# SPDX-License-Identifier: Apache-2.0
"""Which numbers of an action a sample supervises (GR-3, sections 3.1 and 3.3). Imports no PyTorch.

Shape legend: D numbers of an action, the task status last.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from controllers.errors import ConfigError
from vla_ros.policies.action_transformer.config import ActingConfig
from vla_ros.policies.actions.encoding import ROTATION_SIZES


class SampleKind(Enum):
    """Where a sample with actions comes from."""

    ROBOT = "robot"
    INVALID = "invalid"  # a robot's, under an instruction that names nothing in view
    HAND = "hand"  # a human hand demonstration: no joints, no grippers, no status


def supervised(config: ActingConfig, kind: SampleKind) -> np.ndarray:
    """Return how much each number counts (D,): 1 or 0.

    Raises ConfigError for an invalid instruction where no task status is learned, and for hands without poses.
    """
    counts = np.zeros(config.action_size)
    if kind is SampleKind.ROBOT:
        counts[:] = 1.0
    elif kind is SampleKind.INVALID:
        if not config.transformer.status:
            raise ConfigError("invalid instructions teach the task status alone: set transformer.status to true")
        counts[-1] = 1.0
    else:
        if not config.action.arms:
            raise ConfigError("hand demonstrations teach poses of tools, and the action has none: name its arms")
        counts[: len(config.action.arms) * (3 + ROTATION_SIZES[config.action.rotation])] = 1.0
    return counts

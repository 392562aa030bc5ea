# SPDX-License-Identifier: Apache-2.0
"""An observation without cameras."""

from __future__ import annotations

import numpy as np
from whole_observation import whole

from vla_ros.policies.actions.single_arm import SingleArmObservation, SingleArmState
from vla_ros.policies.observation import Observation


def observation(stamp: float = 0.0) -> Observation:
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, 3] = 0.4, 0.1, 0.3
    state = SingleArmState(stamp, np.zeros(7), np.zeros(7), T, 0.04)
    return whole(SingleArmObservation(stamp, "go", {}, state, T))

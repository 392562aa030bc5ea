# SPDX-License-Identifier: Apache-2.0
"""An observation without cameras, and the configuration of a flow that answers it."""

from __future__ import annotations

import numpy as np
from scene_making.whole_observation import whole

from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.actions.single_arm import SingleArmObservation, SingleArmState
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.flow.config import FlowConfig
from vla_ros.policies.observation import Observation

STATE = ("panda/position.x", "panda/position.y", "panda/position.z", "panda_hand/width")
CONFIG = FlowConfig(
    robot="franka",
    state=STATE,
    state_statistics=Statistics((0.4, 0.0, 0.3, 0.04), (0.1, 0.1, 0.1, 0.02)),
    action=ActionContract(
        arms=("panda",), grippers=("panda_hand",), reference="delta", rotation="rotation_vector", horizon=5
    ),
    action_statistics=Statistics((0.0,) * 7, (0.01,) * 7),
    frame_id="panda_link0",
    period=0.1,
    width=16,
    depth=2,
)


def observation(stamp: float = 0.0) -> Observation:
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, 3] = 0.4, 0.1, 0.3
    state = SingleArmState(stamp, np.zeros(7), np.zeros(7), T, 0.04)
    return whole(SingleArmObservation(stamp, "go", {}, state, T))

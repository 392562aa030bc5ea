# SPDX-License-Identifier: Apache-2.0
"""What a policy of contract franka_grasp_lerobot is shown: joints and pictures that say when they were."""

from __future__ import annotations

import numpy as np

from vla_ros.policies.contract import load_contract
from vla_ros.policies.observation import ArmState, CameraView, EndEffectorState, Observation, RobotState
from vla_ros.robots.embodiment import load_embodiment

FRANKA = load_embodiment("franka")
CONTRACT = load_contract("franka_grasp_lerobot")
JOINTS = FRANKA.arms[0].joints


def seen(stamp: float = 1.0, red: int = 0, history: int = 0) -> Observation:
    """Return an observation whose joints and pictures say when it was."""

    def state(when: float) -> RobotState:
        arm = ArmState(JOINTS, np.full(7, when), np.zeros(7), np.eye(4))
        return RobotState(when, {"panda": arm}, {"panda_hand": EndEffectorState(0.04)})

    def view(name: str, red: int) -> CameraView:
        picture = np.zeros((480, 640, 3), np.uint8)
        picture[:, 80:560, 0] = red  # the centred square, which the contract keeps
        return CameraView(name, stamp, picture)

    older = [stamp - 0.1 * k for k in range(history, 0, -1)]
    return Observation(
        stamp, "pick it up", {name: view(name, red) for name in ("front", "side")}, state(stamp), state(stamp),
        tuple(state(when) for when in older),
        {name: tuple(view(name, red + k) for k in range(history, 0, -1)) for name in ("front", "side") if history},
    )  # fmt: skip


def pictures_and_states(history: int) -> dict[str, np.ndarray]:
    """Return `seen(0.3, 40, history)` as a dataset of the contract holds it, (T, …) oldest first."""
    states = [[*[0.3 - 0.1 * age] * 7, 0.04] for age in range(history, -1, -1)]
    pictures = np.zeros((history + 1, 224, 224, 3), np.uint8)
    pictures[..., 0] = 40 + np.arange(history, -1, -1)[:, None, None]
    return {"observation.images.front": pictures, "observation.images.side": pictures.copy(),
            "observation.state": np.array(states, np.float32)}  # fmt: skip

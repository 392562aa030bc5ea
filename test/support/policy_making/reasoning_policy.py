# SPDX-License-Identifier: Apache-2.0
"""A policy that reasons as the test says and holds still."""

from __future__ import annotations

import numpy as np

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.rotations import from_matrix
from vla_ros.policies.capabilities.reasoning import Reasoning
from vla_ros.policies.observation import Observation

BOX = np.array([20.0, 10.0, 44.0, 34.0])  # [px]
STAGES = {"look": 0.004, "boxes": 0.003, "grasp": 0.001, "flow": 0.002}  # [s]


def grasp_at(x: float, y: float, z: float) -> np.ndarray:
    """Return a grasp from above (4, 4)."""
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, 3] = x, y, z
    return T


def reasoning(T_base_grasp: np.ndarray | None = None, cameras: tuple[str, ...] = ("front", "side")) -> Reasoning:
    """Return the same box in every camera and two candidates beside it."""
    candidates = np.array([[*BOX, 0.9], [*(BOX + 12.0), 0.1]])
    return Reasoning(dict.fromkeys(cameras, BOX), dict.fromkeys(cameras, candidates), T_base_grasp, 0.05, STAGES)


class ReasoningPolicy:
    """Thinks anew at each `infer`."""

    def __init__(self, T_base_grasp: np.ndarray | None = None) -> None:
        self.reasoning: Reasoning | None = None
        self.explanation = ""
        self._T_base_grasp = T_base_grasp

    def reset(self) -> None:
        self.reasoning = None

    def infer(self, observation: Observation) -> ActionChunk:
        self.reasoning = reasoning(self._T_base_grasp)
        T = observation.commanded.arms["panda"].T_base_ee
        values = np.tile([*T[:3, 3], *from_matrix(T[:3, :3])], (4, 1))
        return ActionChunk(observation.stamp, "panda_link0", pose_channels("panda"), 0.1 * np.arange(1, 5), values)

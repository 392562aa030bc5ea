# SPDX-License-Identifier: Apache-2.0
"""An ACT of a few thousand weights for the Franka, not trained, and what it sees."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from scene_making.whole_observation import whole

from vla_ros.policies.act.checkpoint import new_network, save_act
from vla_ros.policies.act.config import ActConfig, ActSizes
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.actions.single_arm import SingleArmObservation, SingleArmState
from vla_ros.policies.contract import load_contract
from vla_ros.policies.observation import CameraView, Observation

SIZES = ActSizes(
    size=24, heads=2, feedforward=32, encoder_layers=1, decoder_layers=1, style_layers=1, latent=4, width=4
)
STATE = (*(f"panda_joint{number}/position" for number in range(1, 8)), "panda_hand/width")
CONFIG = ActConfig(
    robot="franka",
    contract="franka_grasp",
    cameras=("front", "side"),
    state=STATE,
    state_statistics=Statistics((0.0,) * 7 + (0.04,), (1.0,) * 7 + (0.02,)),
    action=dataclasses.replace(load_contract("franka_grasp").action, horizon=5),
    action_statistics=Statistics((0.0,) * 6 + (0.04,), (0.003,) * 3 + (0.01,) * 3 + (0.04,)),
    frame_id="panda_link0",
    period=0.1,
    network=SIZES,
)


def save_tiny(folder: Path) -> Path:
    torch.manual_seed(0)
    save_act(folder, new_network(CONFIG), CONFIG)
    return folder


def seen(instruction: str = "pick up the red mug", stamp: float = 0.0, seed: int = 0) -> Observation:
    """Return an observation of two cameras that see noise."""
    rng = np.random.default_rng(seed)
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, 3] = 0.4, 0.1, 0.3
    views = {
        name: CameraView(name, stamp, rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)) for name in CONFIG.cameras
    }
    state = SingleArmState(stamp, np.zeros(7), np.zeros(7), T, 0.04)
    return whole(SingleArmObservation(stamp, instruction, views, state, T))

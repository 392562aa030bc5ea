# SPDX-License-Identifier: Apache-2.0
"""A small GEAR-VLA of a few thousand weights, not trained; what an AgileX sees; demonstrations that are painted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from vla_ros.data.datasets.annotation_names import VALID
from vla_ros.data.datasets.episode import encode_episode
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE, Feature
from vla_ros.data.datasets.schema import contract_schema
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.policies.action_transformer.config import ActingConfig
from vla_ros.policies.action_transformer.sizes import ActionTransformerSizes
from vla_ros.policies.action_transformer.state_numbers import state_size
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.contract import load_contract
from vla_ros.policies.gear_vla.checkpoint import save_gear_vla
from vla_ros.policies.gear_vla.config import GearVlaConfig, GearVlaSizes, TokenSizes
from vla_ros.policies.gear_vla.network import GearVlaNetwork
from vla_ros.policies.observation import ArmState, CameraView, EndEffectorState, Observation, RobotState
from vla_ros.robots.embodiment import load_embodiment

ROBOT, CONTRACT = load_embodiment("agilex"), load_contract("agilex_hands")
STATE_NUMBERS = state_size(CONTRACT.state)
UNMOVED = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0)  # of an arm: stays where it is
CONFIG = GearVlaConfig(
    ActingConfig(
        robot="agilex",
        contract="agilex_hands",
        cameras=tuple(CONTRACT.cameras),
        state=CONTRACT.state,
        state_statistics=Statistics((0.0,) * STATE_NUMBERS, (1.0,) * STATE_NUMBERS),
        action=CONTRACT.action,
        action_statistics=Statistics(2 * UNMOVED + (0.05,) * 2, (0.003,) * 18 + (0.02,) * 2),
        frame_id=ROBOT.base_frame,
        period=CONTRACT.period,
        transformer=ActionTransformerSizes(width=16, heads=4, feedforward=32, status=False),
    ),
    GearVlaSizes(size=16, heads=2, feedforward=32, encoder_layers=1, decoder_layers=2, eye_width=4),
    TokenSizes(latent_actions=6, latent_vocabulary=16, fast_vocabulary=64, fast_most=40),
)


def network(config: GearVlaConfig = CONFIG) -> GearVlaNetwork:
    """Return one that is not trained, but whose action transformer does not keep still."""
    torch.manual_seed(0)
    made = GearVlaNetwork(config).eval()
    with torch.no_grad():
        for weight in made.transformer.parameters():
            if not weight.any():
                weight.normal_(0.0, 0.1)
    return made


def save_tiny(folder: Path) -> Path:
    save_gear_vla(folder, network(), CONFIG)
    return folder


def seen(instruction: str = "turn the parcel over", stamp: float = 0.0, seed: int = 0) -> Observation:
    """Return what an AgileX sees and feels: noise, at home."""
    rng = np.random.default_rng(seed)
    pictures = {name: rng.integers(0, 256, (480, 640, 3), dtype=np.uint8) for name in CONTRACT.cameras}
    views = {name: CameraView(name, stamp, picture) for name, picture in pictures.items()}
    arms = {}
    for arm in ROBOT.arms:
        T = np.diag([1.0, -1.0, -1.0, 1.0])
        T[:3, 3] = 0.3, 0.25 if arm.name == "left" else -0.25, 0.8
        arms[arm.name] = ArmState(arm.joints, np.array(arm.home), np.zeros(6), T)
    state = RobotState(stamp, arms, {one.name: EndEffectorState(width=0.05) for one in ROBOT.grippers}, {})
    return Observation(stamp, instruction, views, state, state)


def write_demonstrations(root: Path, episodes: int, length: int = 45, errors: slice | None = None) -> Path:
    """Write episodes in which a square moves over the head's picture, and the left hand along with it.

    `errors` are frames whose actions are no examples, which is not said without them.
    """
    features = {} if errors is None else {VALID: Feature("int64", (1,))}
    with LeRobotWriter(root, contract_schema(CONTRACT, features)) as out:
        for number in range(episodes):
            way = np.array([1.0, -1.0])[number % 2]
            T = np.arange(length) / 30.0
            y = 0.2 + 0.1 * way * T
            still = np.tile([0.3, -0.2, 0.8, 1.0, 0.0, 0.0, 0.0], (length, 1))
            left = np.column_stack([np.full(length, 0.3), y, np.full(length, 0.8), still[:, 3:]])
            state = np.concatenate([left, still, np.zeros((length, 12)), np.full((length, 2), 0.05)], axis=1)
            columns = [1.0, 0.0, 0.0, 0.0, -1.0, 0.0]  # of a tool that points down
            after = np.minimum(np.arange(1, length + 1), length - 1)
            rows = [left[after, :3], np.tile(columns, (length, 1)), still[:, :3], np.tile(columns, (length, 1))]
            values = {
                STATE: state.astype(np.float32),
                ACTION: np.concatenate([*rows, np.full((length, 2), 0.05)], axis=1),
                ANCHOR: np.concatenate([left, still], axis=1),
            }
            if errors is not None:
                values[VALID] = np.ones(length, dtype=np.int64)
                values[VALID][errors] = 0
            head = [_square(160 + int(400 * (place - 0.2))) for place in y]
            images = {
                IMAGES + camera: head if camera == "head" else [_square(160)] * length for camera in CONTRACT.cameras
            }
            words = ["turn the parcel over"] * length
            schema = out.schema
            out.add(encode_episode(schema.features, schema.fps, values, images, words, json.dumps(number)))
    return root


def _square(x: int) -> np.ndarray:
    picture = np.full((240, 320, 3), 120, dtype=np.uint8)
    picture[90:150, x - 40 : x + 40] = 220, 60, 40
    return picture

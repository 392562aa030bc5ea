# SPDX-License-Identifier: Apache-2.0
"""A small GR-3 of a few thousand weights, not trained; what a ByteMini sees; demonstrations painted, not simulated."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from demonstrations.recorded_hand import BYTEMINI, write_demonstration

from vla_ros.data.datasets.episode import EncodedEpisode, encode_episode
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE
from vla_ros.data.datasets.schema import DatasetSchema, contract_schema
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.data.hands.convert import convert_demonstrations
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.action_transformer.config import ActingConfig
from vla_ros.policies.action_transformer.sizes import ActionTransformerSizes
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.backbone.checkpoint import new_backbone, save_backbone
from vla_ros.policies.backbone.checkpoint_config import BackboneConfig, BackboneSizes
from vla_ros.policies.contract import load_contract
from vla_ros.policies.gr3.small.checkpoint import save_small_gr3
from vla_ros.policies.gr3.small.config import SmallConfig
from vla_ros.policies.gr3.small.network import SmallGr3
from vla_ros.policies.observation import ArmState, BaseState, CameraView, EndEffectorState, Observation, RobotState
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.training.generation import annotations as notes
from vla_ros.training.gr3.config import read_channels

ROBOT, CONTRACT = load_embodiment("bytemini"), load_contract("bytemini_hands")
HORIZON = 4
SIZES = BackboneSizes(
    len(load_catalogue().categories), len(load_catalogue().colors), width=4, size=16, depth=2, trunk_width=0.25, crop=32
)
TRANSFORMER = ActionTransformerSizes(width=16, heads=4, feedforward=32)
STATE_NUMBERS = 2 * (3 + 6) + 14 + 2 + 3
CONFIG = SmallConfig(
    ActingConfig(
        robot="bytemini",
        contract="bytemini_hands",
        cameras=tuple(CONTRACT.cameras),
        state=read_channels(CONTRACT),
        state_statistics=Statistics((0.0,) * STATE_NUMBERS, (1.0,) * STATE_NUMBERS),
        action=dataclasses.replace(CONTRACT.action, horizon=HORIZON),
        action_statistics=Statistics((0.0,) * 12 + (0.05,) * 2 + (0.0,) * 3, (0.003,) * 12 + (0.04,) * 2 + (0.1,) * 3),
        frame_id=ROBOT.base_frame,
        period=0.1,
        transformer=TRANSFORMER,
    ),
    SIZES,
    surface=0.7,
    later=2,
)
COLORS = {"red": (200, 30, 30), "green": (30, 160, 40), "blue": (40, 60, 200), "yellow": (220, 200, 40)}
THINGS = ("red mug", "green can", "blue box")  # of every painted scene; there is no yellow one


def network(moved: bool = False) -> SmallGr3:
    """Return one that is not trained; `moved`: as after some training, so that what is seen matters."""
    torch.manual_seed(0)
    made = SmallGr3(CONFIG).eval()
    if moved:
        with torch.no_grad():
            for name, weight in made.named_parameters():
                if name.startswith(("transformer", "later", "placing", "marking")) and not weight.any():
                    weight.normal_(0.0, 0.2)
    return made


def save_tiny(folder: Path) -> Path:
    save_small_gr3(folder, network(moved=True), CONFIG)
    return folder


def save_tiny_backbone(folder: Path) -> Path:
    torch.manual_seed(0)
    save_backbone(folder, new_backbone(SIZES).eval(), BackboneConfig(SIZES))
    return folder


def calibration(camera: str, shift: float = 0.0) -> np.ndarray:
    """Return a camera (11,) that looks down: the head's from further away, those of the hands from beside it."""
    side = {"head": 0.0, "left_wrist": 0.2, "right_wrist": -0.2}[camera]
    height = 1.4 if camera == "head" else 1.1
    return np.array([500.0, 500.0, 320.0, 240.0, 0.5 + shift, side, height, 1.0, 0.0, 0.0, 0.0])


def painted(k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture (480, 640, 3) uint8 of three things, k pixels further to the right, and boxes (N, 5)."""
    picture = np.full((480, 640, 3), 128, dtype=np.uint8)
    boxes = np.zeros((notes.OBJECTS, 5), dtype=np.float32)
    for number, name in enumerate(THINGS):
        x, y = 80 + 160 * number + k, 200 + 20 * number
        picture[y : y + 60, x : x + 60] = COLORS[name.split()[0]]
        boxes[number] = x, y, x + 60, y + 60, 1.0
    return picture, boxes


def seen(instruction: str = "put the red mug onto the tray", stamp: float = 0.0, k: int = 0) -> Observation:
    """Return what a ByteMini sees and feels."""
    picture = painted(k)[0]
    views = {}
    for name in CONTRACT.cameras:
        numbers = calibration(name)
        K = np.array([[numbers[0], 0.0, numbers[2]], [0.0, numbers[1], numbers[3]], [0.0, 0.0, 1.0]])
        T = np.diag([1.0, -1.0, -1.0, 1.0])
        T[:3, 3] = numbers[4:7]
        views[name] = CameraView(name, stamp, picture, intrinsics=K, T_base_camera=T)
    arms = {}
    for arm in ROBOT.arms:
        T = np.diag([1.0, -1.0, -1.0, 1.0])
        T[:3, 3] = 0.5, 0.25 if arm.name == "left" else -0.25, 0.9
        arms[arm.name] = ArmState(arm.joints, np.array(arm.home), np.zeros(7), T)
    tools = {one.name: EndEffectorState(width=0.05) for one in ROBOT.grippers}
    state = RobotState(stamp, arms, tools, {}, BaseState(np.eye(4), np.zeros(3)))
    return Observation(stamp, instruction, views, state, state)


def write_demonstrations(root: Path, episodes: Sequence[Sequence[tuple[str, int, int]]]) -> Path:
    """Write demonstrations: of each sentence the words, the thing's row (-1: several or none) and how many frames."""
    cameras = tuple(CONTRACT.cameras)
    features = notes.scene_features(cameras) | notes.extent_features() | notes.teaching_features(one_hand=False)
    with LeRobotWriter(root, contract_schema(CONTRACT, features)) as out:
        for number, sentences in enumerate(episodes):
            out.add(_episode(out.schema, number, sentences))
    return root


def write_hands(root: Path, *hands: str) -> Path:
    """Write demonstrations of people's hands, of 1.5 s, before what is painted, as `vla convert` makes them."""
    with TemporaryDirectory() as folder:
        for number, hand in enumerate(hands):
            settings = BYTEMINI | {"hand": hand}
            write_demonstration(Path(folder, str(number)), 1.5, settings=settings, picture=lambda k: painted(k)[0])
        convert_demonstrations(sorted(Path(folder).iterdir()), root, CONTRACT)
    return root


def write_pictures(root: Path, frames: int) -> Path:
    """Write frames with boxes alone, eight a scene."""
    cameras = tuple(CONTRACT.cameras)
    features = notes.scene_features(cameras) | notes.extent_features()
    whole = contract_schema(CONTRACT, features)
    schema = dataclasses.replace(
        whole, features={name: f for name, f in whole.features.items() if name not in (ACTION, ANCHOR)}, contract=None
    )
    with LeRobotWriter(root, schema) as out:
        for number, first in enumerate(range(0, frames, 8)):
            count = min(8, frames - first)
            out.add(_episode(schema, number, [("the red mug", 0, count)], acts=False))
    return root


def _episode(
    schema: DatasetSchema, seed: int, sentences: Sequence[tuple[str, int, int]], acts: bool = True
) -> EncodedEpisode:
    rng = np.random.default_rng(seed)
    words = [text for text, _, count in sentences for _ in range(count)]
    targets = [target for _, target, count in sentences for _ in range(count)]
    length = len(words)
    state = rng.normal(0.0, 0.1, (length, len(CONTRACT.state))).astype(np.float32)
    for start in (3, 10):  # of each hand's quaternion
        state[:, start : start + 4] = 1.0, 0.0, 0.0, 0.0
    pictures = [painted(seed + k) for k in range(length)]
    columns: dict[str, np.ndarray] = {
        STATE: state,
        notes.OBJECT_NAMES: np.array([";".join(THINGS)] * length, dtype=object),
        notes.POSITIONS: np.tile(np.array([[0.4 + 0.1 * i, 0.0, 0.7] for i in range(notes.OBJECTS)]), (length, 1, 1)),
        notes.EXTENTS: np.tile(_extents(), (length, 1, 1)),
        notes.TARGET: np.array(targets, dtype=np.int64),
    }
    for camera in CONTRACT.cameras:
        columns[notes.boxes_column(camera)] = np.stack([boxes for _, boxes in pictures])
        columns[f"observation.calibration.{camera}"] = np.tile(calibration(camera), (length, 1))
    if acts:
        columns[ACTION] = rng.normal(0.0, 0.002, (length, 17))
        columns[ANCHOR] = np.tile(np.array([0.5, 0.2, 0.9, 1.0, 0.0, 0.0, 0.0] * 2), (length, 1))
        columns[notes.RECEPTACLE] = np.where(columns[notes.TARGET] == 0, 2, -1)
        columns[notes.VALID] = np.ones(length, dtype=np.int64)
        columns[notes.GRASP_OPTIONS] = np.zeros((length, *schema.features[notes.GRASP_OPTIONS].shape))
        columns[notes.STATUS] = np.full(length, -1 if words[0] == "put the yellow ball onto the tray" else 0)
    images = {IMAGES + camera: [picture for picture, _ in pictures] for camera in CONTRACT.cameras}
    return encode_episode(schema.features, schema.fps, columns, images, words, json.dumps(seed))


def _extents() -> np.ndarray:
    rows = np.zeros((notes.OBJECTS, 9))
    for i in range(len(THINGS)):
        rows[i] = 0.37 + 0.1 * i, -0.03, 0.43 + 0.1 * i, 0.03, 0.06, 0.06, 0.1, 0.1, 1.0
    return rows

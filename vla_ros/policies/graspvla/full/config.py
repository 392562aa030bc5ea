# SPDX-License-Identifier: Apache-2.0
"""What config.json of a full GraspVLA checkpoint says: sizes, bins, image size, normalisation, names of the parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.actions.single_arm import ACTION_SIZE, PERIOD_S, SingleArmCodec, upgraded
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.families.checkpoint_config import read_checkpoint_config
from vla_ros.policies.graspvla.full.bins import Bins
from vla_ros.policies.graspvla.full.released.form import ReleasedForm
from vla_ros.policies.hugging_face.part_folders import check_part_folders

CONFIG = "config.json"
FORMAT, VERSION = "graspvla_full", 2  # version 1 named arm and gripper; it is still read
DTYPES = ("float32", "bfloat16")
BOX_SIZE = 4  # x1, y1, x2, y2
POSE_SIZE = 6  # x, y, z [m], roll, pitch, yaw [rad]
STATE_SIZE = POSE_SIZE + 1  # and the gripper's total opening [m]
STATE_STEPS = 2  # one `history_s` ago, and now


@dataclass(frozen=True)
class Parts:
    """Folders inside the checkpoint, each as Hugging Face lays it out."""

    dinov2: str = "dinov2"
    siglip: str = "siglip"
    llm: str = "llm"
    tokenizer: str = "tokenizer"

    def __post_init__(self) -> None:
        check_part_folders(vars(self))


@dataclass(frozen=True)
class VisionConfig:
    """What the towers see and which of their features are kept."""

    image_size: int = 224  # [px] both towers, square; a multiple of both patch sizes
    layer: int = -2  # of the hidden states; the one before the last, as OpenVLA takes it
    grid: int = 0  # patches a side that both towers are brought to; 0: DINOv2's own

    def __post_init__(self) -> None:
        if self.image_size < 1 or self.grid < 0:
            raise ConfigError(f"image_size must be >= 1 px and grid >= 0, got {self.image_size} and {self.grid}")


@dataclass(frozen=True)
class ExpertConfig:
    """The action expert; its head size is the language model's, because it reads that one's keys."""

    width: int = 1024
    heads: int = 16  # a multiple of the language model's key-value heads
    mlp: int = 4096
    layers: tuple[int, ...] = ()  # which of the language model's it has a layer for, ascending; empty: every one

    def __post_init__(self) -> None:
        if min(self.width, self.heads, self.mlp) < 1:
            raise ConfigError(f"width, heads and mlp must be >= 1, got {self.width}, {self.heads} and {self.mlp}")
        if list(self.layers) != sorted(set(self.layers)) or min(self.layers, default=0) < 0:
            raise ConfigError(f"layers are {list(self.layers)}: give each once, ascending from 0, or none for all")


@dataclass(frozen=True)
class GraspSpace:
    """Where grasp poses may be, in the robot's base frame, and how finely tokens tell them apart."""

    low: tuple[float, ...]  # x, y, z [m], roll, pitch, yaw [rad]
    high: tuple[float, ...]
    bins: int = 1000
    # Angles are relative to this tool orientation (xyzw). Where the tool usually points down, absolute roll jumps
    # between −π and π; relative to (1, 0, 0, 0) it stays near zero. Identity gives absolute angles.
    home: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if len(self.low) != POSE_SIZE or len(self.high) != POSE_SIZE:
            raise ConfigError(f"grasp low and high need {POSE_SIZE} numbers, got {len(self.low)} and {len(self.high)}")
        if not any(self.home):
            raise ConfigError("grasp home is zero: give the xyzw of a usual tool orientation")
        self.quantiser()

    def quantiser(self) -> Bins:
        """Return the bins of the six numbers."""
        return Bins(self.low, self.high, self.bins)


@dataclass(frozen=True)
class FullConfig:
    """Everything but the weights and the parts' own configurations. Raises ConfigError for what cannot be used."""

    format: str
    version: int
    action_statistics: Statistics  # of delta actions: translation [m], rotation vector [rad], width [m]
    state_statistics: Statistics  # of proprioception: pose numbers, width [m]
    grasp: GraspSpace
    action: ActionContract
    frame_id: str  # of the robot's base
    cameras: tuple[str, ...]  # in the order of their tokens
    period: float = PERIOD_S  # [s] between actions
    vision: VisionConfig = field(default_factory=VisionConfig)
    expert: ExpertConfig = field(default_factory=ExpertConfig)
    parts: Parts = field(default_factory=Parts)
    box_bins: int = 1000
    history_s: float = 0.3  # [s] how old the first of the two proprioceptive states is
    flow_steps: int = 10  # Euler steps of 1/flow_steps
    prompt: str = "{instruction}"
    dtype: str = "float32"  # of all weights
    transformers: str = ""  # the version that named the weights of the parts
    released: ReleasedForm | None = None  # the released code's form of the network; none: the paper's

    def __post_init__(self) -> None:
        if (self.format, self.version) != (FORMAT, VERSION):
            raise ConfigError(f"format is {self.format} {self.version}: this reads {FORMAT} {VERSION}")
        if not self.cameras or len(set(self.cameras)) != len(self.cameras):
            raise ConfigError(f"cameras are {list(self.cameras)}: name at least one, each once")
        if self.dtype not in DTYPES:
            raise ConfigError(unknown_name("dtype", self.dtype, DTYPES))
        if "{instruction}" not in self.prompt:
            raise ConfigError(f"prompt '{self.prompt}' has no place for the task: write {{instruction}} where it goes")
        if self.history_s < 0.0 or self.flow_steps < 1:
            raise ConfigError(
                f"history_s must be >= 0 s and flow_steps >= 1, got {self.history_s} and {self.flow_steps}"
            )
        for statistics in (self.action_statistics, self.state_statistics):
            if len(statistics.mean) != ACTION_SIZE:
                raise ConfigError(f"statistics are of {len(statistics.mean)} numbers: give {ACTION_SIZE}")
            statistics.normaliser()
        self.box_quantiser()
        numbers = self.codec().size
        if numbers != ACTION_SIZE:
            raise ConfigError(
                f"action: with rotation '{self.action.rotation}' one is {numbers} numbers, the network's "
                f"{ACTION_SIZE}: set rotation to 'rotation_vector'"
            )
        if self.released is not None:
            self.released.check(self.box_bins, self.grasp.bins, self.grasp.home)

    def codec(self) -> SingleArmCodec:
        """Return what turns its actions into chunks."""
        return SingleArmCodec(self.action, self.frame_id, self.period)

    def box_quantiser(self) -> Bins:
        """Return the bins of one box: fractions of the square image."""
        return Bins((0.0,) * BOX_SIZE, (1.0,) * BOX_SIZE, self.box_bins)

    @property
    def box_tokens(self) -> int:
        """Count the box tokens: four a view."""
        return BOX_SIZE * len(self.cameras)


def read_full_config(folder: Path) -> FullConfig:
    """Read config.json. Raises ConfigError for what is missing, unknown or out of range."""
    return read_checkpoint_config(
        FullConfig, folder, FORMAT, upgraded=lambda values: _with_std(upgraded(values, VERSION))
    )


def _with_std(values: Any) -> Any:
    """Return what config.json says with `std` in its statistics, where older files say `spread`."""
    if not isinstance(values, dict):
        return values
    statistics = {name: values.get(name) for name in ("action_statistics", "state_statistics")}
    renamed = {
        name: {"std" if key == "spread" else key: value for key, value in said.items()}
        for name, said in statistics.items()
        if isinstance(said, dict) and "std" not in said
    }
    return {**values, **renamed}

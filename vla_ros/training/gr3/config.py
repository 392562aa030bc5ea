# SPDX-License-Identifier: Apache-2.0
"""How the small GR-3 is trained: a file of config/train with `policy: gr3`. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.chunks.chunk import ChannelKind, channel_kind
from controllers.errors import ConfigError
from vla_ros.configuration import config_path, load_config
from vla_ros.data.datasets.features import ACTION, IMAGES, STATE, Feature, contract_features
from vla_ros.data.hands.masks import mask_features
from vla_ros.policies.action_transformer.sizes import ActionTransformerSizes
from vla_ros.policies.contract import DataContract, load_contract
from vla_ros.policies.contract_checks import check_robot
from vla_ros.policies.gr3.small.config import KIND
from vla_ros.policies.gr3.small.thing_numbers import TOOLS, VIEWS
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.training.generation import annotations as notes
from vla_ros.training.stages.stage_config import StageConfig


@dataclass(frozen=True)
class Mixing:
    """What a step learns from. Raises ConfigError for shares that cannot be."""

    grounding: float = 0.5  # share of pictures with boxes alone, beside as many frames of robots (report: equal)
    hands: float = 0.25  # share of hand demonstrations among the latter, where there are any
    invalid: float = 0.15  # share of robots' frames whose instruction is replaced by one that does not fit, if so many
    # see nearly all that stands there
    done: float = 0.05  # share of robots' frames whose instruction has just been carried out
    blank: float = 0.15  # share of robots' frames of which the state is not known
    times: int = 4  # of the flow, for one pass of the vision-language part

    def __post_init__(self) -> None:
        for name in ("grounding", "hands", "invalid", "done", "blank"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ConfigError(f"mixing.{name} must be at least 0 and below 1, got {getattr(self, name)}")
        if self.invalid + self.done >= 1.0:
            raise ConfigError(f"mixing.invalid and done leave no instruction as it was: {self.invalid} and {self.done}")
        if self.times < 1:
            raise ConfigError(f"mixing.times must be at least 1, got {self.times}")


@dataclass(frozen=True)
class Gr3Training:
    """Data, network and one stage. Raises ConfigError for what cannot be trained."""

    policy: str = KIND  # family: `vla train` reads it
    robot: str = "bytemini"
    contract: str = "bytemini_hands"
    # Folder, absolute or in the clone, of a backbone or a small GraspVLA, whose backbone it begins with, or of a small
    # GR-3, all of which goes on.
    begin: str = "checkpoints/graspvla_small"
    # Folder of a small GraspVLA whose eyes for grasps it begins with; "": new ones. A small GR-3 has its own.
    begin_grasps: str = "checkpoints/graspvla_small"
    seed: int = 0
    stride: int = 2  # every so many frames of a demonstration are learned from
    validation: float = 0.03  # share of frames kept for it
    threads: int = 2
    horizon: int = 10  # H, actions of a chunk, one a frame of the contract
    later: int = 4  # layers behind those of the backbone
    surface: float = 0.70  # [m] height of what things stand on, in the robot's base
    generation: str = "bytemini_bussing"  # without --data: a name from config/generate, or the path of a .yaml file
    episodes: int = 300  # demonstrations that are generated without --data
    scenes: int = 600  # scenes with boxes alone
    transformer: ActionTransformerSizes = field(default_factory=ActionTransformerSizes)
    mixing: Mixing = field(default_factory=Mixing)
    grasps: int = 24  # crops of things about to be grasped, a step
    gr3: StageConfig = field(default_factory=lambda: StageConfig(8000, 64, 5e-4, bf16=False))

    def __post_init__(self) -> None:
        if not 0.0 < self.validation < 0.5:
            raise ConfigError(f"validation must be above 0 and below 0.5, got {self.validation}")
        for name in ("stride", "threads", "horizon", "episodes", "grasps"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        if min(self.seed, self.scenes, self.later) < 0:
            raise ConfigError(
                f"seed, scenes and later must be at least 0, got {self.seed}, {self.scenes}, {self.later}"
            )
        if not self.scenes and self.mixing.grounding:
            raise ConfigError(
                "scenes: 0 leaves nothing for mixing.grounding: set that to 0 as well, for no co-training"
            )
        contract = load_contract(self.contract)
        check_robot(contract, load_embodiment(self.robot))
        if len(contract.cameras) != VIEWS or len(contract.action.arms) != TOOLS:
            raise ConfigError(
                f"contract '{contract.name}' has {len(contract.cameras)} cameras and moves {len(contract.action.arms)} "
                f"tools: the small GR-3 has {VIEWS} views and {TOOLS} tools"
            )
        if contract.action.reference == "relative":
            raise ConfigError(
                f"contract '{contract.name}' has relative actions, whose rows belong to many chunks: give one with "
                "reference: delta or absolute"
            )
        for arm in contract.action.arms:
            if f"{arm}/position.x" not in contract.state:
                raise ConfigError(f"contract '{contract.name}': its state lacks the pose of '{arm}': add its channels")


def load_gr3_training(name: str) -> Gr3Training:
    """Read a training by its name, or by the path of a .yaml file. Raises ConfigError with the nearest name or key."""
    return load_config(config_path("train", "training", name), Gr3Training)


def read_channels(contract: DataContract) -> tuple[str, ...]:
    """Name the channels of a contract's state that the state token is made of: all of them but joint velocities."""
    kinds = (ChannelKind.VELOCITY,)
    return tuple(c for c in contract.state if channel_kind(c) not in kinds or c.startswith("base/"))


def needed_columns(contract: DataContract, acts: bool, masked: bool = False) -> dict[str, Feature]:
    """Return the columns that a dataset must have: with actions or without, `masked` of hands, which need no labels."""
    known = contract_features(contract)
    looked_at = {IMAGES + camera: known[IMAGES + camera] for camera in contract.cameras}
    looked_at |= {f"observation.calibration.{camera}": Feature("float32", (11,)) for camera in contract.cameras}
    if masked:
        return looked_at | {ACTION: known[ACTION]} | mask_features(contract)
    looked_at |= notes.scene_features(tuple(contract.cameras)) | {STATE: known[STATE]}
    if not acts:
        return looked_at
    # Which other grasps there are, datasets of before do not say.
    taught = {name: f for name, f in notes.teaching_features(one_hand=False).items() if name != notes.GRASP_OPTIONS}
    return looked_at | {ACTION: known[ACTION]} | taught

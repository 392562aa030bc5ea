# SPDX-License-Identifier: Apache-2.0
"""How ACT is trained: a file of config/train with `policy: act`. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.chunks.chunk import ChannelKind, channel_kind
from controllers.errors import ConfigError
from vla_ros.configuration import config_path, load_config
from vla_ros.data.datasets.features import ACTION, IMAGES, STATE, Feature, contract_features
from vla_ros.policies.act.config import KIND, ActSizes
from vla_ros.policies.contract import DataContract, load_contract
from vla_ros.policies.contract_checks import check_robot
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.names import DEFAULT_CONTRACT, DEFAULT_GENERATION, DEFAULT_ROBOT
from vla_ros.training.graspvla.config import RollOutConfig
from vla_ros.training.stages.stage_config import StageConfig


@dataclass(frozen=True)
class ActTraining:
    """Data, network and one stage. Raises ConfigError for what cannot be trained."""

    policy: str = KIND  # family: `vla train` reads it
    robot: str = DEFAULT_ROBOT
    contract: str = DEFAULT_CONTRACT
    seed: int = 0
    frames_an_episode: int = 20  # that are learned from, spread over those whose action is worth imitating
    validation: float = 0.03  # share of frames kept for it
    threads: int = 2
    horizon: int = 8  # H, actions of a chunk, one a frame of the contract
    kl_weight: float = 10.0  # β of the paper
    generation: str = DEFAULT_GENERATION  # without --data: a name from config/generate, or the path of a .yaml file
    episodes: int = 1050  # that are generated without --data
    network: ActSizes = field(default_factory=ActSizes)
    rollouts: RollOutConfig = field(default_factory=RollOutConfig)  # of grasping; 0 episodes for data of another task
    act: StageConfig = field(default_factory=lambda: StageConfig(6000, 24, 5e-4))

    def __post_init__(self) -> None:
        if not 0.0 < self.validation < 0.5:
            raise ConfigError(f"validation must be above 0 and below 0.5, got {self.validation}")
        for name in ("frames_an_episode", "threads", "horizon", "episodes"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.seed < 0 or self.kl_weight < 0.0:
            raise ConfigError(f"seed and kl_weight must be at least 0, got {self.seed} and {self.kl_weight}")
        contract = load_contract(self.contract)
        check_robot(contract, load_embodiment(self.robot))
        if not contract.cameras:
            raise ConfigError(f"contract '{contract.name}' has no camera: ACT acts on what it sees")
        if contract.action.reference == "relative":
            raise ConfigError(
                f"contract '{contract.name}' has relative actions, whose rows belong to many chunks: give one with "
                "reference: delta or absolute"
            )


def load_act_training(name: str) -> ActTraining:
    """Read a training by its name, or by the path of a .yaml file. Raises ConfigError with the nearest name or key."""
    return load_config(config_path("train", "training", name), ActTraining)


def read_channels(contract: DataContract) -> tuple[str, ...]:
    """Name the channels of a contract's state that ACT reads: no quaternion, whose sign jumps; joints say as much."""
    return tuple(channel for channel in contract.state if channel_kind(channel) is not ChannelKind.ORIENTATION)


def needed_columns(contract: DataContract) -> dict[str, Feature]:
    """Return the columns that a dataset must have."""
    known = contract_features(contract)
    return {name: known[name] for name in (STATE, ACTION, *(IMAGES + camera for camera in contract.cameras))}

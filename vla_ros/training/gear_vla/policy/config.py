# SPDX-License-Identifier: Apache-2.0
"""How the small GEAR-VLA is trained: a file of config/train with `policy: gear_vla`. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import config_path, load_config
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE, Feature, contract_features
from vla_ros.policies.action_transformer.sizes import ActionTransformerSizes
from vla_ros.policies.contract import DataContract, load_contract
from vla_ros.policies.contract_checks import check_robot
from vla_ros.policies.gear_vla.config import KIND, LATENT_ACTIONS, READS, GearVlaSizes
from vla_ros.policies.gear_vla.modality_dropping import DroppingConfig
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.training.stages.stage_config import StageConfig

TOKENS = "tokens"  # the stage before the policy's
PROJECTORS = "projectors"  # that stage where one goes on with another robot: what reads the state learns alone


@dataclass(frozen=True)
class Objectives:
    """What counts how much. Raises ConfigError for weights that cannot be."""

    latent_actions: float = 1.0  # 0: they are not learned (ablation "w/o latent action IDs")
    fast: float = 0.5  # 0: no FAST tokens (ablation)
    flow: float = 2.0
    own_latents: float = 0.5  # share of samples whose flow is learned behind latent actions as they are predicted
    times: int = 4  # of the flow, for one pass of what it reads
    stop_gradient: bool = True  # False: the flow teaches what it reads as well (ablation)

    def __post_init__(self) -> None:
        if min(self.latent_actions, self.fast) < 0.0 or self.flow <= 0.0:
            raise ConfigError(
                "objectives: latent_actions and fast must be at least 0 and flow above 0, got "
                f"{self.latent_actions}, {self.fast} and {self.flow}"
            )
        if not 0.0 <= self.own_latents <= 1.0 or self.times < 1:
            raise ConfigError(
                f"objectives: own_latents must be 0 to 1 and times at least 1, got {self.own_latents} and {self.times}"
            )


@dataclass(frozen=True)
class GearVlaTraining:
    """Data, network and two stages. Raises ConfigError for what cannot be trained."""

    policy: str = KIND  # family: `vla train` reads it
    robot: str = "agilex"
    contract: str = "agilex_hands"
    # Folder, absolute or in the clone, of a backbone or a small GraspVLA, whose eyes it takes (they learn nothing); or
    # of a small GEAR-VLA of another robot, all of which goes on.
    begin: str = "checkpoints/graspvla_small"
    geometry: str = ""  # folder of a geometry encoder; "": 2D features alone (ablation "w/o VGGT")
    # Folder of a latent-action tokenizer; "": that of the GEAR-VLA it begins with, else one is trained first.
    latent_actions: str = ""
    tokenizer: str = "latent_actions"  # how: a name from config/train, or a .yaml file
    seed: int = 0
    frames_an_episode: int = 60  # that are learned from, spread over it
    validation: float = 0.1  # share of episodes kept for it
    threads: int = 2
    fast_scale: float = 10.0  # of FAST's coefficients before they are rounded
    generation: str = "agilex_flip"  # without --data: a name from config/generate, or the path of a .yaml file
    episodes: int = 200  # that are generated without --data
    reads: str = LATENT_ACTIONS  # what the action transformer reads beside the state; or everything
    network: GearVlaSizes = field(default_factory=GearVlaSizes)
    transformer: ActionTransformerSizes = field(
        default_factory=lambda: ActionTransformerSizes(width=128, heads=4, feedforward=384, status=False)
    )
    dropping: DroppingConfig = field(default_factory=DroppingConfig)
    objectives: Objectives = field(default_factory=Objectives)
    tokens: StageConfig = field(default_factory=lambda: StageConfig(1500, 32, 1e-3, bf16=False))
    gear_vla: StageConfig = field(default_factory=lambda: StageConfig(3000, 32, 5e-4, bf16=False))

    def __post_init__(self) -> None:
        if not 0.0 < self.validation <= 0.5:
            raise ConfigError(f"validation must be above 0 and at most 0.5, got {self.validation}")
        for name in ("frames_an_episode", "threads", "episodes"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.seed < 0 or self.fast_scale <= 0.0:
            raise ConfigError(f"seed must be at least 0 and fast_scale above 0, got {self.seed} and {self.fast_scale}")
        if self.reads not in READS:
            raise ConfigError(unknown_name("reads", self.reads, READS))
        if self.transformer.status:
            raise ConfigError("transformer.status is true: GEAR-VLA says no task status, give false")
        if self.transformer.heads % self.network.heads:
            raise ConfigError(
                f"transformer.heads are {self.transformer.heads}: take a multiple of network.heads, "
                f"{self.network.heads}"
            )
        contract = load_contract(self.contract)
        check_robot(contract, load_embodiment(self.robot))
        if not contract.cameras:
            raise ConfigError(f"contract '{contract.name}' has no camera: GEAR-VLA acts on what it sees")


def load_gear_vla_training(name: str) -> GearVlaTraining:
    """Read a training by its name, or by the path of a .yaml file. Raises ConfigError with the nearest name or key."""
    return load_config(config_path("train", "training", name), GearVlaTraining)


def needed_columns(contract: DataContract) -> dict[str, Feature]:
    """Return the columns that a dataset must have."""
    known = contract_features(contract)
    anchor = (ANCHOR,) if contract.action.stores_anchor else ()
    return {name: known[name] for name in (STATE, ACTION, *anchor, *(IMAGES + camera for camera in contract.cameras))}

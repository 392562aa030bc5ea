# SPDX-License-Identifier: Apache-2.0
"""What a checkpoint's config.json says. Imports no PyTorch, so that it can be looked at before anything starts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import build
from vla_ros.documents import read_json
from vla_ros.policies.actions.single_arm import ACTION_SIZE, SingleArmCodec
from vla_ros.policies.backbone.checkpoint_config import BackboneSizes
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.families.checkpoint_config import check_version, of_another_kind
from vla_ros.policies.families.table import said_in
from vla_ros.policies.families.weights import check_layers
from vla_ros.policies.graspvla.small.chain import REASONING_STEPS

CONFIG, WEIGHTS = "config.json", "model.safetensors"
KIND, VERSION = "graspvla_small", 3  # up to version 2 crops were looked at by another network
STATISTICS = ("mean", "spread")  # of the actions, in both files


@dataclass(frozen=True)
class NetworkSizes:
    """How large the networks are; a checkpoint names them."""

    categories: int
    colors: int
    proposal_width: int = 32
    match_size: int = 128
    match_depth: int = 4
    trunk_width: float = 1.0
    crop: int = 64  # [px] of each thing that is looked at closely
    grasp_size: int = 48
    expert_size: int = 96
    expert_depth: int = 3
    horizon: int = 4
    # Reasoning steps that the expert is conditioned on; an ablation leaves some out. Without any it looks for itself.
    conditioning: tuple[str, ...] = REASONING_STEPS

    def __post_init__(self) -> None:
        check_layers(match_depth=self.match_depth, expert_depth=self.expert_depth)
        for step in self.conditioning:
            if step not in REASONING_STEPS:
                raise ConfigError(unknown_name("reasoning step", step, REASONING_STEPS))

    @property
    def backbone(self) -> BackboneSizes:
        """Return those of the backbone."""
        return BackboneSizes(
            self.categories,
            self.colors,
            self.proposal_width,
            self.match_size,
            self.match_depth,
            self.trunk_width,
            self.crop,
        )


@dataclass(frozen=True)
class CheckpointConfig:
    """What a checkpoint is for. Raises ConfigError when statistics are missing or not finite."""

    robot: str
    contract: str  # name of config/contracts/<name>.yaml
    cameras: tuple[str, ...]
    action: ActionContract
    frame_id: str  # of the robot's base
    period: float  # [s] between actions
    mean: tuple[float, ...]  # of the actions
    spread: tuple[float, ...]
    networks: NetworkSizes
    parts: bool = False  # it was shown by which part things are to be taken
    training: dict[str, Any] = field(default_factory=dict)  # where it comes from
    kind: str = KIND
    version: int = VERSION

    def __post_init__(self) -> None:
        check_version(self.kind, self.version, KIND, VERSION)
        if len(self.cameras) != 2:
            raise ConfigError(f"cameras: the model has two views, got {list(self.cameras)}")
        if len(self.mean) != ACTION_SIZE or len(self.spread) != ACTION_SIZE:
            raise ConfigError(
                f"mean and spread need {ACTION_SIZE} numbers, got {len(self.mean)} and {len(self.spread)}"
            )
        if not all(map(math.isfinite, (*self.mean, *self.spread))) or min(self.spread) <= 0.0:
            raise ConfigError(
                "mean and spread must be finite, spread above 0: without statistics nothing is normalised"
            )
        if self.networks.horizon != self.action.horizon:
            raise ConfigError(f"horizon is {self.action.horizon} in action, {self.networks.horizon} in networks")

    def codec(self) -> SingleArmCodec:
        """Return what turns its actions into chunks."""
        return SingleArmCodec(self.action, self.frame_id, self.period)

    @property
    def views(self) -> tuple[str, str]:
        """Return its cameras, in the order of the networks' views."""
        first, second = self.cameras
        return first, second


def read_config(folder: Path) -> CheckpointConfig:
    """Read and check config.json. Raises ConfigError."""
    path = folder / CONFIG
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; give a checkpoint's folder, with {CONFIG} and {WEIGHTS}")
    if not path.exists():
        raise ConfigError(f"{path}: is missing; give a checkpoint's folder, with {CONFIG} and {WEIGHTS}")
    values = read_json(path)
    if isinstance(values, dict) and "networks" not in values:
        raise of_another_kind(folder, said_in(values), KIND)
    return build(CheckpointConfig, values, str(path))


def require_chain(folder: Path, config: CheckpointConfig) -> None:
    """Raise ConfigError for a checkpoint without boxes and grasps to go on with or to label by."""
    if not config.networks.conditioning:
        raise ConfigError(f"{folder}: has no chain (trained with conditioning: []); give a checkpoint that has one")


def check_weights(folder: Path, config: CheckpointConfig) -> None:
    """Look at the weights' names, shapes and statistics, without the networks that they are for.

    Raises ConfigError for a file that is missing, torn, or another model's; what only the networks know is left to
    `load_networks`.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / WEIGHTS
    if not path.is_file():
        raise ConfigError(f"{path}: is missing; copy the checkpoint again")
    parts = ("backbone", "grasp", "expert") if config.networks.conditioning else ("expert",)
    try:
        with safe_open(str(path), "numpy") as file:
            names = set(file.keys())
            _check_names(path, names, parts)
            statistics = {name: file.get_tensor(name) for name in STATISTICS}
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{path}: is corrupt or truncated ({error}): copy the checkpoint again") from None
    for name in STATISTICS:
        check_statistic(path, name, statistics[name], getattr(config, name))


def check_statistic(path: Path, name: str, held: np.ndarray, said: tuple[float, ...]) -> None:
    """Raise ConfigError when the weights hold other statistics of the actions than config.json says."""
    if held.shape != (len(said),) or not np.allclose(held, said, rtol=1e-4, atol=1e-7):
        raise ConfigError(f"{path}: {name} is not what {CONFIG} says: the files are of two trainings")


def _check_names(path: Path, names: set[str], parts: tuple[str, ...]) -> None:
    found = {name.partition(".")[0] for name in names}
    for part in (*parts, *STATISTICS):
        if part not in found:
            raise ConfigError(f"{path}: lacks {part}: it is no {KIND} of the sizes in {CONFIG}")
    for name in sorted(names):
        if name.partition(".")[0] not in (*parts, *STATISTICS):
            raise ConfigError(f"{path}: holds {name}, which {KIND} has not: it is another model's")

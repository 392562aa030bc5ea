# SPDX-License-Identifier: Apache-2.0
"""A policy by its name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import build, config_file
from vla_ros.documents import read_yaml
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.base import Policy
from vla_ros.policies.chunking.config import wrap_chunking
from vla_ros.policies.graspvla.config import GraspVlaConfig
from vla_ros.policies.names import LEARNED, POLICIES
from vla_ros.robots.embodiment import Embodiment

if TYPE_CHECKING:
    from vla_ros.policies.graspvla.small.checkpoint_config import CheckpointConfig


def load_policy(
    name: str, embodiment: Embodiment, objects: str | Path | None = None, checkpoint: str | Path = ""
) -> Policy:
    """Return a policy ready to infer, wrapped as its `chunking` says; `objects` is a folder of the user's own objects.

    `checkpoint` is the folder of a learned policy's weights; empty: the one that its YAML names.

    Raises ConfigError that names the nearest known policy, or what in its YAML or its checkpoint cannot be used.
    """
    values, chunking, where = _read(name, checkpoint)
    if name == "graspvla":
        policy = _graspvla(values, where, embodiment)
    else:
        policy = _geometric(values, where, embodiment, objects)
    return policy if chunking is None else wrap_chunking(policy, chunking, f"{where}: chunking")


def check_policy(name: str, embodiment: Embodiment, checkpoint: str | Path = "") -> None:
    """Raise ConfigError for a policy that cannot be had for a robot, without loading it (and without PyTorch)."""
    values, _, where = _read(name, checkpoint)
    if name == "graspvla":
        _checked(build(GraspVlaConfig, values, where), embodiment)


def policy_cameras(name: str, embodiment: Embodiment, checkpoint: str | Path = "") -> tuple[str, ...]:
    """Name the cameras that a policy looks through: its checkpoint's, or all that usually watch the robot.

    Raises ConfigError as `load_policy` does; no weights are read.
    """
    values, _, where = _read(name, checkpoint)
    if name != "graspvla":
        return embodiment.cameras
    return _checked(build(GraspVlaConfig, values, where), embodiment).cameras


def _checked(config: GraspVlaConfig, embodiment: Embodiment) -> CheckpointConfig:
    """Return what a checkpoint says of itself. Raises ConfigError when it cannot be served on this robot."""
    config.check()
    from vla_ros.policies.graspvla.small.checkpoint_check import check_checkpoint
    from vla_ros.policies.graspvla.small.checkpoint_config import check_weights, read_config

    said = read_config(config.folder)
    check_checkpoint(config.folder, said, embodiment)
    check_weights(config.folder, said)
    return said


def _read(name: str, checkpoint: str | Path) -> tuple[object, object, str]:
    """Return what a policy's YAML says, its `chunking` apart, and which file that is."""
    if name not in POLICIES:
        raise ConfigError(unknown_name("policy", name, POLICIES))
    path = config_file("policies", f"{name}.yaml")
    values = read_yaml(path)
    chunking = values.pop("chunking", None) if isinstance(values, dict) else None
    if checkpoint and name not in LEARNED:
        raise ConfigError(
            f"checkpoint {checkpoint}: policy '{name}' has no weights; take policy {' or '.join(LEARNED)}"
        )
    if checkpoint and isinstance(values, dict):
        values["checkpoint"] = str(Path(checkpoint).expanduser().resolve())
    return values, chunking, str(path)


# A policy is imported when it is wanted: another's dependencies are not its own.
def _geometric(values: object, where: str, embodiment: Embodiment, objects: str | Path | None) -> Policy:
    from vla_ros.policies.geometric.config import GeometricConfig
    from vla_ros.policies.geometric.policy import GeometricPolicy

    return GeometricPolicy(embodiment, load_catalogue(objects), build(GeometricConfig, values, where))


def _graspvla(values: object, where: str, embodiment: Embodiment) -> Policy:
    config = build(GraspVlaConfig, values, where)
    config.check()
    from vla_ros.policies.graspvla.small.policy import load_small_policy

    return load_small_policy(config.folder, embodiment)

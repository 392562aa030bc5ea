# SPDX-License-Identifier: Apache-2.0
"""What a learned policy's YAML says: where its checkpoint is. What the model is, the checkpoint says itself."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.configuration import shared_path
from vla_ros.robots.embodiment import Embodiment

FILES = ("config.json", "model.safetensors")
GEOMETRIC = "take policy 'geometric'"
LAYERS_MAX = 256  # of any part of a network: more is a damaged config.json, and takes minutes to make


def check_layers(**counts: int) -> None:
    """Raise ConfigError for a part of a network with more layers than any has."""
    for name, count in counts.items():
        if count > LAYERS_MAX:
            raise ConfigError(f"{name} must be at most {LAYERS_MAX}, got {count}: copy the checkpoint again")


def without_weights(robot: Embodiment) -> str:
    """Say what moves a robot where nothing was learned: policy geometric one arm with one gripper, scripts any."""
    if len(robot.arms) == len(robot.end_effectors) == 1 and robot.end_effectors[0].envelope is not None:
        return GEOMETRIC
    return "have the task's script do it (vla launch expert, vla eval --policy expert)"


@dataclass(frozen=True)
class Weights:
    """A checkpoint to serve."""

    checkpoint: str = ""  # folder: absolute, or relative to the share directory (the clone); empty: none is shipped
    license: str = ""  # of the weights, as an SPDX identifier

    @property
    def named(self) -> Path | None:
        """Return the checkpoint's folder; None where none is named."""
        return self.folder if self.checkpoint else None

    @property
    def folder(self) -> Path:
        """Return the checkpoint's folder."""
        return shared_path(self.checkpoint)

    def check(self, policy: str, packages: Sequence[str], remedy: str, instead: str) -> None:
        """Raise ConfigError when packages or files are missing. Reads neither: asked before anything starts.

        `remedy` says where weights come from, `instead` what runs without any.
        """
        check_packages(policy, packages, instead)
        if not self.checkpoint:
            raise ConfigError(
                f"policy '{policy}' needs weights: {remedy}, name their folder (checkpoint:=DIR, --checkpoint DIR), or "
                f"{instead}"
            )
        for name in FILES:
            if not (self.folder / name).is_file():
                raise ConfigError(
                    f"policy '{policy}': {self.folder / name} is not there: {remedy}, name another folder "
                    f"(checkpoint:=DIR, --checkpoint DIR), or {instead}"
                )


def check_packages(policy: str, packages: Sequence[str], instead: str = GEOMETRIC) -> None:
    """Raise ConfigError when a package that the policy needs is not installed."""
    for name in packages:
        if importlib.util.find_spec(name) is None:
            raise ConfigError(
                f"policy '{policy}' needs the package {name}, which is not installed: ./vla installs it unless "
                f"VLA_EXTRAS=none, on Python 3.11 to 3.13; elsewhere pip install -e '.[learning]'; or {instead}"
            )


def folder_size(folder: Path) -> int:
    """Return the bytes of all files in a checkpoint's folder; 0 where there is none."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0

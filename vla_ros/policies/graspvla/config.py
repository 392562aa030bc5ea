# SPDX-License-Identifier: Apache-2.0
"""What config/policies/graspvla.yaml says: where the checkpoint is. What the model is, the checkpoint says itself."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.configuration import share_directory

PACKAGES = ("torch", "safetensors", "tokenizers", "wordllama")  # the last has wheels for Python 3.11 to 3.13 alone
FILES = ("config.json", "model.safetensors")


@dataclass(frozen=True)
class GraspVlaConfig:
    """A checkpoint to serve."""

    checkpoint: str  # folder: absolute, or relative to the share directory (the clone)

    @property
    def folder(self) -> Path:
        """Return the checkpoint's folder."""
        return share_directory() / Path(self.checkpoint).expanduser()  # an absolute path stays what it is

    def check(self) -> None:
        """Raise ConfigError when packages or files are missing. Reads neither: asked before anything starts."""
        for name in PACKAGES:
            if importlib.util.find_spec(name) is None:
                raise ConfigError(
                    f"policy 'graspvla' needs the package {name}, which is not installed: ./vla installs it unless "
                    "VLA_EXTRAS=none, on Python 3.11 to 3.13; elsewhere pip install -e '.[learning]'; or take policy "
                    "'geometric'"
                )
        for name in FILES:
            if not (self.folder / name).is_file():
                raise ConfigError(
                    f"policy 'graspvla': {self.folder / name} is not there: train it (vla train), name another folder "
                    "(checkpoint:=DIR, --checkpoint DIR), or take policy 'geometric'"
                )

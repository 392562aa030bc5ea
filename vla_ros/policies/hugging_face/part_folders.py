# SPDX-License-Identifier: Apache-2.0
"""Where inside a checkpoint each published part lies. Imports no PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from controllers.errors import ConfigError


def check_part_folders(parts: Mapping[str, str]) -> None:
    """Raise ConfigError for a folder, by its part's name, that does not lie inside the checkpoint."""
    for key, name in parts.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ConfigError(f"part {key} is '{name}': name a folder inside the checkpoint, such as '{key}'")

# SPDX-License-Identifier: Apache-2.0
"""config.json of a checkpoint of ours, as one kind of it says what it is. Imports no PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.configuration import Config, build
from vla_ros.documents import read_json
from vla_ros.policies.families.table import CONFIG, said_in


def read_checkpoint_config(
    of: type[Config],
    folder: Path,
    kind: str,
    named: str = "a checkpoint",
    upgraded: Callable[[Any], Any] = lambda values: values,
) -> Config:
    """Return what config.json in a folder says; `upgraded` turns what older versions said into what is said now.

    Raises ConfigError for one that is missing, of another kind, or in which something is unknown or out of range.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise ConfigError(f"{path}: not found: name the folder of {named}")
    values = read_json(path)
    said = said_in(values)
    if said and said != kind:
        raise of_another_kind(folder, said, kind)
    return build(of, upgraded(values), str(path))


def of_another_kind(folder: Path, said: str, kind: str) -> ConfigError:
    """Return the error for a checkpoint of another kind than `kind`."""
    return ConfigError(
        f"{folder}: is a checkpoint of another kind ({said or 'unknown'}): give one of {kind}, such as vla train makes"
    )


def check_version(kind: str, version: int, ours: str, reads: int) -> None:
    """Raise ConfigError for a checkpoint of another kind than `ours`, or of another version than the one it `reads`."""
    if (kind, version) != (ours, reads):
        raise ConfigError(f"is a {kind} of version {version}; this reads {ours} of version {reads}")

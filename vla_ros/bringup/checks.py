# SPDX-License-Identifier: Apache-2.0
"""Whether the names in launch arguments exist: asked of the rooms that own them, before anything starts."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.bringup.arguments import Value


def check_grasp(arguments: Mapping[str, Value]) -> None:
    """Check robot, policy, set and objects of a grasping job. Raises ConfigError for the first that is unknown."""
    instruction = str(arguments["instruction"])
    if instruction and not instruction.strip():
        raise ConfigError("instruction:= is blank: say what to grasp, or leave it out for the scene's own object")
    check_objects(str(arguments["objects"]))
    _call("vla_ros.robots.embodiment", "load_embodiment", arguments["robot"])
    _call("vla_ros.policies.loading", "check_policy", arguments["policy"])
    _call("vla_ros.sim.scene", "check_set", arguments["set"])


def check_objects(folder: str) -> None:
    """Load a folder of objects; an empty name stands for the built-in ones, which are always right."""
    if not folder:
        return
    if not Path(folder).is_dir():
        raise ConfigError(f"objects:={folder}: no such folder")
    _call("vla_ros.objects.catalogue", "load_catalogue", folder)


def _call(module: str, function: str, *arguments: Any) -> None:
    # Imported here, because the command line must start fast and --show-args needs none of it.
    getattr(importlib.import_module(module), function)(*arguments)

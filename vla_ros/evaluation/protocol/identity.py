# SPDX-License-Identifier: Apache-2.0
"""What is tested: the weights, whatever file they lie in, and the code and configuration that they act through."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import controllers
import vla_ros
from controllers.errors import ConfigError
from vla_ros.configuration import share_directory, user_folder
from vla_ros.policies.families.loading import specified
from vla_ros.policies.families.own_policy import is_file
from vla_ros.policies.families.table import CONFIG, FAMILIES
from vla_ros.policies.families.weights_digest import file_digest, folder_digest
from vla_ros.robots.embodiment import load_embodiment


def weights_digest(policy: str, checkpoint: str, robot: str) -> str:
    """Hash the weights of a policy: of tensors names, types, shapes and values, not the file that they lie in.

    The same weights under another folder or file name, in other shards or with other notes beside them have the same
    digest. A policy without weights is its name; one of a user's file is that file.
    """
    if is_file(policy):
        return file_digest(Path(policy if policy.endswith(".py") else policy.rpartition(":")[0]).expanduser())
    family = specified(policy, load_embodiment(robot), None, checkpoint)
    if family.weights is None:
        if policy not in FAMILIES:
            raise ConfigError(
                f"--test --policy {policy}: nobody can tell which weights it has: give a checkpoint's folder"
            )
        return hashlib.sha256(f"policy {policy}".encode()).hexdigest()
    return folder_digest(family.weights)


def code_digest(checkpoint: Path | None) -> str:
    """Hash what else decides a result: this project's code, configuration and robots, and the user's configuration.

    Of a checkpoint's folder what it says of itself.
    """
    share, own = share_directory(), user_folder()
    places = [
        (Path(controllers.__file__).parent, "*.py"),
        (Path(vla_ros.__file__).parent, "*.py"),
        (share / "config", "*"),
        (share / "urdf", "*"),
        *([] if own is None else [(own, "*.yaml")]),
        *([] if checkpoint is None else [(checkpoint, CONFIG)]),
    ]
    whole = hashlib.sha256()
    for number, (folder, pattern) in enumerate(places):
        for path in sorted(folder.rglob(pattern)):
            if path.is_file() and "__pycache__" not in path.parts:
                whole.update(f"{number} {path.relative_to(folder)} {file_digest(path)}\n".encode())
    return whole.hexdigest()


def version() -> str:
    """Return the version, with the commit where this is a clone and git is there."""
    root = share_directory()
    told = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        commit = subprocess.run(told, capture_output=True, text=True, timeout=10.0, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return vla_ros.__version__
    return f"{vla_ros.__version__}, commit {commit}" if (root / ".git").exists() else vla_ros.__version__

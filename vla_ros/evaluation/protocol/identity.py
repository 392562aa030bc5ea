# SPDX-License-Identifier: Apache-2.0
"""What is tested: the weights, whatever file they lie in, and the code and configuration that they act through."""

from __future__ import annotations

import hashlib
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import controllers
import vla_ros
from controllers.errors import ConfigError
from vla_ros.configuration import share_directory, user_folder
from vla_ros.documents import JSON_MAX, DocumentError, parse_json
from vla_ros.policies.families.loading import specified
from vla_ros.policies.families.own_policy import is_file
from vla_ros.policies.families.table import CONFIG, FAMILIES
from vla_ros.robots.embodiment import load_embodiment

_BLOCK = 1 << 20  # [B] read at once
_OTHER_WEIGHTS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.onnx", "*.npz")


def weights_digest(policy: str, checkpoint: str, robot: str) -> str:
    """Hash the weights of a policy: of tensors names, types, shapes and values, not the file that they lie in.

    The same weights under another folder or file name, in other shards or with other notes beside them have the same
    digest. A policy without weights is its name; one of a user's file is that file.
    """
    if is_file(policy):
        return _file_digest(Path(policy if policy.endswith(".py") else policy.rpartition(":")[0]).expanduser())
    family = specified(policy, load_embodiment(robot), None, checkpoint)
    if family.weights is None:
        if policy not in FAMILIES:
            raise ConfigError(
                f"--test --policy {policy}: nobody can tell which weights it has: give a checkpoint's folder"
            )
        return hashlib.sha256(f"policy {policy}".encode()).hexdigest()
    return folder_digest(family.weights)


def folder_digest(folder: Path) -> str:
    """Hash the weights in a folder. Raises ConfigError when there are none."""
    digests = dict(pair for path in folder.glob("*.safetensors") for pair in _tensors(path))
    if not digests:
        digests = {path.name: _file_digest(path) for pattern in _OTHER_WEIGHTS for path in folder.glob(pattern)}
    if not digests:
        raise ConfigError(f"{folder}: holds no weights: give a checkpoint's folder")
    whole = hashlib.sha256()
    for name, digest in sorted(digests.items()):
        whole.update(f"{name}\n{digest}\n".encode())
    return whole.hexdigest()


def _tensors(path: Path) -> Iterator[tuple[str, str]]:
    """Yield name and digest of each tensor of a safetensors file: 8 bytes of length, a JSON header, the values."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > JSON_MAX:
                raise DocumentError(f"header of {length} bytes")
            header = parse_json(file.read(length), "header")
            for name, told in header.items():
                if name == "__metadata__":
                    continue
                begin, end = told["data_offsets"]
                digest = hashlib.sha256(f"{told['dtype']} {told['shape']}\n".encode())
                file.seek(8 + length + begin)
                for block in _blocks(file, end - begin):
                    digest.update(block)
                yield name, digest.hexdigest()
    except (OSError, struct.error, DocumentError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{path}: is corrupt or truncated ({error}): copy it once more") from error


def _blocks(file: Any, size: int) -> Iterator[bytes]:
    while size > 0:
        block = file.read(min(size, _BLOCK))
        if not block:
            raise ValueError("it ends before its last tensor")
        size -= len(block)
        yield block


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error


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
                whole.update(f"{number} {path.relative_to(folder)} {_file_digest(path)}\n".encode())
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

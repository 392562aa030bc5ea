# SPDX-License-Identifier: Apache-2.0
"""Which weights a checkpoint holds: of tensors names, types, shapes and values, not the file that they lie in."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.documents import JSON_MAX, DocumentError, parse_json
from vla_ros.policies.families.loading import specified
from vla_ros.robots.embodiment import Embodiment

_BLOCK = 1 << 20  # [B] read at once
_OTHER_WEIGHTS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.onnx", "*.npz")


def folder_digest(folder: Path) -> str:
    """Hash the weights in a folder. Raises ConfigError when there are none."""
    if not (digests := _digests(folder)):
        raise ConfigError(f"{folder}: holds no weights: give a checkpoint's folder")
    return _joined(digests)


def policy_digest(policy: str, checkpoint: str, robot: Embodiment, changes: str = "") -> str:
    """Hash the weights of a policy for a robot; "" where it has none, or nobody here can tell which."""
    folder = specified(policy, robot, None, checkpoint, changes).weights
    digests = {} if folder is None else _digests(folder)
    return _joined(digests) if digests else ""


def _digests(folder: Path) -> dict[str, str]:
    """Return the digest of each tensor, or of each file where they lie in another format, by its name."""
    digests = dict(pair for path in folder.glob("*.safetensors") for pair in _tensors(path))
    return digests or {path.name: file_digest(path) for pattern in _OTHER_WEIGHTS for path in folder.glob(pattern)}


def _joined(digests: Mapping[str, str]) -> str:
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


def file_digest(path: Path) -> str:
    """Hash a file. Raises ConfigError for one that cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error

# SPDX-License-Identifier: Apache-2.0
"""A policy by its name."""

from __future__ import annotations

from pathlib import Path

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import build, load_yaml, share_directory
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.base import Policy
from vla_ros.policies.chunking.config import wrap_chunking
from vla_ros.robots.embodiment import Embodiment

POLICIES = ("geometric",)


def load_policy(name: str, embodiment: Embodiment, objects: str | Path | None = None) -> Policy:
    """Return a policy ready to infer, wrapped as its `chunking` says; `objects` is a folder of the user's own objects.

    Raises ConfigError that names the nearest known policy, or what in its YAML cannot be used.
    """
    if name not in POLICIES:
        raise ConfigError(unknown_name("policy", name, POLICIES))
    path = share_directory() / "config" / "policies" / f"{name}.yaml"
    values = load_yaml(path)
    chunking = values.pop("chunking", None) if isinstance(values, dict) else None
    policy = _geometric(values, str(path), embodiment, objects)
    return policy if chunking is None else wrap_chunking(policy, chunking, f"{path}: chunking")


def _geometric(values: object, where: str, embodiment: Embodiment, objects: str | Path | None) -> Policy:
    # Imported here: another policy's dependencies are not this one's.
    from vla_ros.policies.geometric.config import GeometricConfig
    from vla_ros.policies.geometric.policy import GeometricPolicy

    return GeometricPolicy(embodiment, load_catalogue(objects), build(GeometricConfig, values, where))

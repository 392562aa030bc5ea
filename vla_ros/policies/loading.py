# SPDX-License-Identifier: Apache-2.0
"""A policy by its name."""

from __future__ import annotations

from pathlib import Path

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import load_config, share_directory
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.base import Policy
from vla_ros.robots.embodiment import Embodiment

POLICIES = ("geometric",)


def load_policy(name: str, embodiment: Embodiment, objects: str | Path | None = None) -> Policy:
    """Return a policy ready to infer; `objects` is a folder of the user's own objects.

    Raises ConfigError that names the nearest known policy.
    """
    if name not in POLICIES:
        raise ConfigError(unknown_name("policy", name, POLICIES))
    # Imported here: another policy's dependencies are not this one's.
    from vla_ros.policies.geometric.config import GeometricConfig
    from vla_ros.policies.geometric.policy import GeometricPolicy

    config = load_config(share_directory() / "config" / "policies" / "geometric.yaml", GeometricConfig)
    return GeometricPolicy(embodiment, load_catalogue(objects), config)

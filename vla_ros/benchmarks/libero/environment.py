# SPDX-License-Identifier: Apache-2.0
"""LIBERO's own environment, `.venv.libero` beside `.venv`: its MuJoCo is older than ours, so the two never mix."""

from __future__ import annotations

from vla_ros.runtime.own_environment import OwnEnvironment

LIBERO = OwnEnvironment(
    title="LIBERO",
    name="libero",
    variable="VLA_LIBERO_VENV",
    command="./vla eval --benchmark libero --install",
    size="about 400 MB to download, 2.2 GB on disk",
    sources=("bddl",),
)

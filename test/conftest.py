# SPDX-License-Identifier: Apache-2.0
"""What every test shares: a ROS domain nobody else is on, headless rendering, one thread a process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from vla_ros.bringup.environment import free_domain, module_environment  # noqa: E402

os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
if "PYTEST_XDIST_WORKER" in os.environ or "ROS_DOMAIN_ID" not in os.environ:
    os.environ["ROS_DOMAIN_ID"] = str(free_domain())  # workers of one run must not hear each other either
os.environ.setdefault("MUJOCO_GL", "egl")
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.pop("VLA_STARTED_AT", None)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the clone."""
    return ROOT


@pytest.fixture
def environment() -> dict[str, str]:
    """Return an environment for child processes of a test."""
    return module_environment()

# SPDX-License-Identifier: Apache-2.0
"""What every test shares: a ROS domain nobody else is on, headless rendering, one thread a process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from assets import ROOT

from vla_ros.launching.environment import free_domain, module_environment

os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
if "PYTEST_XDIST_WORKER" in os.environ or "ROS_DOMAIN_ID" not in os.environ:
    os.environ["ROS_DOMAIN_ID"] = str(free_domain())  # workers of one run must not hear each other either
# Taken from now on, for whoever chooses another: the port of the last participant that the domain could have.
_claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
with contextlib.suppress(OSError):
    _claim.bind(("127.0.0.1", 7400 + 250 * int(os.environ["ROS_DOMAIN_ID"]) + 249))
os.environ.setdefault("MUJOCO_GL", "egl")
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
for _name in ("VLA_STARTED_AT", "VLA_CONFIG"):
    os.environ.pop(_name, None)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts background jobs so, and every process of a test would inherit a Ctrl-C that does nothing.
    signal.signal(signal.SIGINT, signal.default_int_handler)
# `vla stop` finds running jobs through a folder of this user: a test must never stop somebody's arm.
_scratch = tempfile.mkdtemp(prefix="vla_ros_test_")
os.environ["TMPDIR"] = tempfile.tempdir = os.environ["VLA_RUNTIME_DIR"] = _scratch

REAL_TIME = (  # whose tests fail where they do not get the time they need
    *("launch/", "browser/", "nodes/", "bench/", "runtime/", "launching/test_ros", "launching/test_launcher"),
    *("launching/test_graph", "launching/test_teleop", "teleop/test_connections", "teleop/test_server"),
)
hypothesis.settings.register_profile("any machine", deadline=None)  # how long an example takes says how busy it is
hypothesis.settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests whose graphs would slow each other down."""
    for item in items:
        if item.nodeid.removeprefix("test/").startswith(REAL_TIME):
            item.add_marker("real_time")


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(_scratch, ignore_errors=True)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the clone."""
    return ROOT


@pytest.fixture
def threads_as_before() -> Iterator[None]:
    """Give PyTorch back the threads that it had: training takes as many as it is told."""
    import torch

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def environment() -> dict[str, str]:
    """Return an environment for child processes of a test."""
    return module_environment()

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
import slow_tests
from assets import ROOT
from processor_time import ProcessorTime
from shared_folder import VARIABLE

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
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ[VARIABLE] = _scratch  # workers, which have scratch folders of their own, begin with this environment
os.environ["TMPDIR"] = tempfile.tempdir = os.environ["VLA_RUNTIME_DIR"] = _scratch

REAL_TIME = (  # a loop at 500 Hz, a whole job, or what counts seconds
    *("launch/", "browser/test_page_over_dds", "teleop/test_connections"),
    *("nodes/arm/test_arm_commands", "nodes/arm/test_replay", "nodes/bridge/test_bridge.py"),
    *("nodes/bridge/test_collection", "nodes/graph/test_graph", "nodes/graph/test_groups"),
    *("nodes/graph/test_lifecycle", "nodes/graph/test_namespaces", "nodes/policy/test_policy_checkpoints"),
    *("nodes/drivers/test_groups_topic", "nodes/drivers/test_joint_topics", "nodes/drivers/test_sdk_"),
    *("nodes/drivers/test_topic_hardware", "nodes/recorder/test_recorder", "nodes/sim/test_sim_cameras"),
    *("hardware/test_panda", "hardware/test_piper.py", "security/test_interfaces"),
    *("bench/test_control", "bench/test_record", "bench/test_soak", "bench/test_teleop", "bench/test_view"),
)
FIRST = ("training/", "nodes/", "browser/")  # begun last, a long module would leave one process with nothing to do
hypothesis.settings.register_profile("any machine", deadline=None)  # how long an example takes says how busy it is
hypothesis.settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare which of the slow tests run: none by default."""
    group = parser.getgroup("vla_ros")
    group.addoption("--slow", action="store_true", help="run the tests marked slow too")
    group.addoption("--slow-sample", metavar="SEED", help="run some of the tests marked slow: those that SEED chooses")


def pytest_configure(config: pytest.Config) -> None:
    """Tell the tests that try something at random how often to try, and measure what all of them take."""
    slow_tests.thorough = config.getoption("slow")
    config.pluginmanager.register(ProcessorTime(), "processor_time")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no module of which the part of the suite that runs here takes no test: all of them take 15 s."""
    part = config.getoption("markexpr")
    if collection_path.suffix != ".py" or part not in ("real_time", "not real_time"):
        return None
    in_real_time = collection_path.relative_to(ROOT / "test").as_posix().startswith(REAL_TIME)
    return True if in_real_time is not (part == "real_time") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that need real time, and leave out the slow ones that are not asked for."""
    items.sort(key=lambda item: not _within(item, FIRST))
    for item in items:
        if _within(item, REAL_TIME):
            item.add_marker("real_time")
    if config.getoption("slow"):
        return
    slow = {item.nodeid for item in items if item.get_closest_marker("slow")}
    seed = config.getoption("slow_sample")
    left_out = slow - (slow_tests.sample(slow, seed) if seed else set())
    left_out = {case for case in left_out if not slow_tests.named(case, config.args)}
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in left_out])
    items[:] = [item for item in items if item.nodeid not in left_out]


def _within(item: pytest.Item, places: tuple[str, ...]) -> bool:
    return item.nodeid.removeprefix("test/").startswith(places)


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

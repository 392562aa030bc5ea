# SPDX-License-Identifier: Apache-2.0
"""`on_failure:=restart` over the real graph: control is killed (-9) in motion, and only a person lets the arm go on."""

from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context

from rig.launched_job import LaunchedJob

from vla_ros.commands.robot.estop import publish_estop
from vla_ros.runtime.running import RunningGraph

REST_MAX_S = 1.5  # [s] of simulated time, as in the fault matrix
WATCHED_S = 8.0  # [s] in which nothing may enable control: longer than it ignores stale releases
GEOMETRIC = ("policy:=geometric",) if find_spec("torch") else ()  # without PyTorch the fixture says it already
WORDS = (*GEOMETRIC, "seed:=118", "stream:=generation", "episodes:=0", "on_failure:=restart")


def test_control_that_was_killed_comes_back_and_a_person_lets_it_go_on(launch: Callable[..., LaunchedJob]) -> None:
    graph = launch(*WORDS)
    graph.wait_for_motion()
    arm, killed, since = graph.arm, graph.pid("control"), graph.arm.stamps[-1]
    graph.kill("control")
    assert arm.spin_until(lambda: graph.runs("control") and graph.pid("control") != killed, 30.0), graph.output
    assert arm.spin_until(lambda: arm.progress.estop and not arm.progress.enabled, 60.0), graph.output
    assert arm.rest_began - since <= REST_MAX_S
    enabled: list[float] = []
    arm.spin_until(lambda: enabled.append(arm.progress.stamp) if arm.progress.enabled else None, WATCHED_S)
    assert not enabled, graph.output
    assert arm.progress.estop
    assert "control is started again in 0.5 s" in graph.output

    running = RunningGraph(0, "trial", graph.domain, "LOCALHOST", "", "")
    for _ in range(4):  # a busy guard may have missed a release, and takes it back then
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as person:  # `vla recover`, of this graph alone
            person.submit(publish_estop, running, False).result()
        arm.spin_until(lambda: not arm.progress.estop, 3.0)
        if not arm.spin_until(lambda: arm.progress.estop, 3.0):
            break
    assert arm.spin_until(lambda: arm.under_way, 120.0), graph.output  # the next episode enables it when it begins
    assert graph.output.count("scene basic") >= 2

    graph.kill("sim")
    assert graph.finish() == 1
    assert "sim is not started again: the simulated world is gone with it, and what the arm held" in graph.output
    assert graph.report["restarts"] == {"control": 1}
    assert not graph.left_running


def test_without_restarts_a_job_of_several_episodes_ends_with_a_node(launch: Callable[..., LaunchedJob]) -> None:
    graph = launch(*WORDS[:-1])
    graph.wait_for_motion()
    graph.kill("camera")
    assert graph.finish() == 1
    assert "camera died: it was killed by SIGKILL" in graph.output
    assert "started again" not in graph.output
    assert signal.SIGKILL.name in graph.report["failure"]

# SPDX-License-Identifier: Apache-2.0
"""`vla enable`: control of the one job that is meant is asked over DDS, and its answer is said."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from std_srvs.srv import SetBool

from vla_ros import cli
from vla_ros.commands.robot import operate
from vla_ros.launching.environment import free_domain
from vla_ros.runtime.running import RunningGraph


@pytest.fixture
def enable(environment) -> Iterator[Callable[..., tuple[int, str]]]:
    """Run the command beside a control that takes what is asked unless it is latched; its wishes are in `asked`."""
    context, domain = rclpy.Context(), free_domain()
    rclpy.init(context=context, domain_id=domain)
    node = rclpy.create_node("control_of_a_test", context=context)

    def answer(request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        run.asked.append(request.data)
        response.success, response.message = not run.latched, "the e-stop is latched" if run.latched else ""
        return response

    def run(*words: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "vla_ros.cli", "enable", *words]
        told = environment | {"ROS_DOMAIN_ID": str(domain)}
        process = subprocess.Popen(command, env=told, stdout=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60.0
        while process.poll() is None and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.05)
        output, _ = process.communicate(timeout=5)
        return process.returncode, output.strip().replace(f"on ROS domain {domain}", "here")

    run.asked, run.latched = [], False
    node.create_service(SetBool, "control/enable", answer)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    yield run
    rclpy.shutdown(context=context)


def test_control_is_enabled_and_disabled(enable):
    assert enable() == (0, "the graph here: enabled: the arm may move")
    assert enable("--off") == (0, "the graph here: disabled: the arm is held")
    assert enable.asked == [True, False]


def test_a_refusal_is_said_with_controls_reason(enable):
    enable.latched = True
    assert enable() == (1, "the graph here: the e-stop is latched")


def test_of_several_jobs_one_must_be_named(monkeypatch, capsys):
    graphs = [RunningGraph(number, f"job_{number}", 40 + number, "LOCALHOST", "", "") for number in (1, 2)]
    monkeypatch.setattr(operate, "running_graphs", lambda: graphs)
    meant = []
    monkeypatch.setattr(operate, "enable_control", lambda graph, wanted: meant.append((graph.job, wanted)) or 0)
    assert cli.main(["enable"]) == 2
    assert "several jobs run (job_1 on 41, job_2 on 42)" in capsys.readouterr().err
    assert cli.main(["enable", "--domain-id", "42"]) == 0
    assert meant == [("job_2", True)]
    assert cli.main(["enable", "--domain-id", "7"]) == 2
    assert "--domain-id 7: no job runs there" in capsys.readouterr().err

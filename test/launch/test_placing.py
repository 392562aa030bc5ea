# SPDX-License-Identifier: Apache-2.0
"""`vla launch policy task:=placing` as a person meets it: an object put where its scene asks for, judged, reported."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rig.launched_job import END_TIMEOUT_S

from vla_ros.robots.embodiment import load_embodiment

SCENE = "seed:=501"
SLOWLY = "real_time_factor:=0.4"  # what two busy cores keep up with


@pytest.mark.slow  # `tasks/placing/` puts it there in lockstep, `test_whole_job.py` runs a task's episode on the graph
def test_it_puts_what_the_scene_asks_for_where_it_is_to_go(launch):
    graph = launch("task:=placing", "policy:=geometric", SCENE, SLOWLY, job="policy")
    code = graph.finish(within=2 * END_TIMEOUT_S)  # placing takes about twice as long as grasping
    assert code == 0, graph.output
    assert "Traceback" not in graph.output
    assert graph.left_running == []
    report = graph.report
    assert (report["success"], report["outcome"], report["progress"]) == (True, "success", 1.0)
    assert report["attempts"] in (1, 2, 3)
    assert report["first_lifted"] == report["target"]
    told = [line.partition(" s  ")[2] for line in graph.output.splitlines()]
    order = [
        next(i for i, line in enumerate(told) if line.startswith(word)) for word in ("attempt 1", "grasped", "placed")
    ]
    assert order == sorted(order)
    assert json.loads((graph.run_directory / "result.json").read_text()) == report
    np.testing.assert_allclose(graph.arm.positions[-1], load_embodiment("franka").only_arm.home, atol=0.06)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("task:=placng",), "did you mean 'placing'"),
        (("task:=placing", "set:=distractors"), "did you mean 'distractor'"),
        (("task:=placing", "policy:=geometrik"), "did you mean 'geometric'"),
        (("task:=placing", "objects:=mine"), "placing knows the room of the built-in objects alone"),
    ],
)
def test_bad_input_starts_nothing(launch, words, message):
    graph = launch(*words, job="policy")
    assert graph.finish() == 2
    assert message in graph.output
    assert graph.left_running == []
    assert not graph.run_directory.exists()

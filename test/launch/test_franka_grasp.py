# SPDX-License-Identifier: Apache-2.0
"""`vla launch franka_grasp` that ends otherwise: a word that names nothing, Ctrl-C, a node that dies, bad input."""

from __future__ import annotations

import os
import re
import time

import numpy as np
import pytest

from vla_ros.robots.embodiment import load_embodiment

SCENE = "seed:=118"  # a brown pear, alone on the table
STILL = 0.01  # [rad] an arm that is not to move stays within this: taking it over is not quite free of motion
HOME = 0.06  # [rad]


@pytest.fixture(scope="module")
def home() -> np.ndarray:
    """Return where the arm starts and ends [rad]."""
    return load_embodiment("franka").arms[0].home


@pytest.mark.slow  # `nodes/episode/test_episode.py` judges it and puts it back
def test_a_wrong_object_is_put_back_and_the_run_ends_long_before_its_limit(launch, home):
    # The policy lifts what the scene asks for, and another object counts.
    graph = launch("seed:=3", "success_object:=yellow_lemon")
    assert graph.finish() == 1, graph.output
    assert "lifting the white block, which is not the target" in graph.output
    put_back = re.search(r"the white block is (\d+) cm from where it stood", graph.output)
    assert put_back, graph.output
    assert int(put_back[1]) <= 5
    report = graph.report
    assert (report["success"], report["outcome"]) == (False, "another object was lifted")
    assert report["failure"] == "lifted the white block, which is not the target"
    assert report["episode_s"] < 40.0
    assert "Traceback" not in graph.output
    np.testing.assert_allclose(graph.arm.positions[-1], home, atol=HOME)


@pytest.mark.parametrize("words", ["pick up the green mug", pytest.param("grab the green box", marks=pytest.mark.slow)])
def test_words_that_name_nothing_in_the_scene_move_nothing(launch, home, words):
    graph = launch(SCENE, f"instruction:={words}")
    code = graph.finish()
    assert code == 1, graph.output
    assert "no success: the policy finds nothing that the instruction names" in graph.output, graph.output
    assert graph.arm.excursion(home) < STILL
    assert graph.arm.stamps[-1] - graph.arm.stamps[0] > 1.0  # [s] that it was watched for
    report = graph.report
    assert (report["success"], report["attempts"], report["outcome"]) == (False, 0, "policy gave up")
    assert report["time_to_first_motion_s"] is None
    assert "Traceback" not in graph.output
    assert graph.left_running == []


def test_ctrl_c_during_motion_leaves_an_arm_at_rest_and_nothing_else(launch):
    graph = launch(SCENE)
    graph.wait_for_motion()
    pressed = time.monotonic()
    graph.interrupt()
    code = graph.finish()
    seconds = time.monotonic() - pressed
    assert graph.left_running == []
    assert code == 130, graph.output
    assert "Traceback" not in graph.output
    quiet = os.getloadavg()[0] < 3.0  # who ends a film at niceness 5 may be late where others want all processors
    assert "did not stop when asked" not in graph.output or not quiet
    assert np.isfinite(graph.arm.rest_began), f"{graph.output}\n{graph.arm}"
    assert graph.report["success"] is False
    assert graph.report["outcome"] is None
    assert seconds < (3.0 if quiet else 6.0)


# `nodes/graph/test_graph.py` proves that the guard answers for a dead control; the fault matrix kills each of them.
@pytest.mark.slow
@pytest.mark.parametrize("node", ["policy", "control", "state", "camera", "guard"])
def test_when_a_node_is_killed_the_arm_comes_to_a_hold_and_the_node_is_named(launch, node):
    graph = launch(SCENE)
    graph.wait_for_motion()
    killed = graph.arm.stamps[-1]
    owned = graph.kill(node)
    code = graph.finish()
    assert code == 1, graph.output
    assert f"{node} died: it was killed by SIGKILL" in graph.output
    assert "Traceback" not in graph.output
    assert graph.left_running == []
    report = graph.report
    assert report["success"] is False
    assert report["failure"] == f"{node} died: it was killed by SIGKILL"
    assert report["outcome"] is None  # the episode came to no verdict
    assert bool(owned) is (node in ("camera", "policy"))  # shared memory is for images alone
    assert [path for path in owned if path.exists()] == []
    # Simulated seconds: a loaded machine slows the world, not the arm in it.
    assert graph.arm.rest_began - killed < 1.5, f"{graph.output}\nkilled at {killed:.2f} s, {graph.arm}"
    assert graph.arm.stamps[-1] - graph.arm.rest_began > 0.2  # and it stays so as long as anyone can see it


@pytest.mark.slow  # as the nodes above; the fault matrix kills it as well
def test_when_the_simulator_is_killed_it_is_named_and_all_ends(launch):
    graph = launch(SCENE)
    graph.wait_for_motion()
    graph.kill("sim")
    assert graph.finish() == 1, graph.output
    assert "sim died: it was killed by SIGKILL" in graph.output
    assert "no joint states for" in graph.output  # the watches go on although simulated time stands still
    assert "Traceback" not in graph.output
    assert graph.left_running == []


def test_bad_input_starts_nothing(launch):
    graph = launch("robot:=frankaa")
    assert graph.finish() == 2
    assert "did you mean 'franka'" in graph.output
    assert graph.left_running == []
    assert not graph.run_directory.exists()

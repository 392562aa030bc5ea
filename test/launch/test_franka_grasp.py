# SPDX-License-Identifier: Apache-2.0
"""`vla launch franka_grasp` as a person meets it: a success, a word that names nothing, Ctrl-C, a node that dies."""

from __future__ import annotations

import os
import re
import time

import av
import numpy as np
import pytest

from vla_ros.commands.evaluation.records import episode_record
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.evaluation.statistics import EpisodeResult
from vla_ros.robots.embodiment import load_embodiment

SCENE = "seed:=1"  # a black hammer, alone on the table
SLOWLY = "real_time_factor:=0.4"  # what two busy cores keep up with: a policy starved of them tries again and again
STILL = 0.01  # [rad] an arm that is not to move stays within this: taking it over is not quite free of motion
HOME = 0.06  # [rad]
NODES = ("sim", "camera", "state", "policy", "control", "guard", "episode")


@pytest.fixture(scope="module")
def home() -> np.ndarray:
    """Return where the arm starts and ends [rad]."""
    return load_embodiment("franka").arms[0].home


def test_it_lifts_what_the_scene_was_made_for_and_reports(launch, home):
    graph = launch(SCENE, SLOWLY)
    code = graph.finish()
    assert code == 0, graph.output
    assert "Traceback" not in graph.output
    assert graph.left_running == []
    report = graph.report
    assert report["success"] is True
    assert report["attempts"] in (1, 2, 3)
    assert 0.0 < report["time_to_first_motion_s"] < report["duration_s"] < 600.0
    assert 0.05 < report["real_time_factor"] < 1.05
    assert 0.0 < report["real_time_factor_worst_s"] < 1.1
    assert 300.0 < report["pss_mib"] < 2560.0
    assert report["cores_by_process"].keys() == {*NODES, "manager", "launcher"}
    # An evaluation reads it as it reads lockstep's.
    record = episode_record(EpisodeRunner(EpisodeSettings()).scene(1), report, 20.0, graph.run_directory)
    assert isinstance(record, EpisodeResult), record
    assert (record.success, record.outcome, record.first_lifted) == (True, "success", record.target)
    assert 20 < record.steps < 600
    for text in ("scene basic 1: black hammer", "instruction: pick up the black hammer", "attempt 1", "success"):
        assert text in graph.output
    assert "real-time factor, worst second" in graph.output
    # The run folder holds all of it.
    log = (graph.run_directory / "log.txt").read_text()
    assert "instruction: pick up the black hammer" in log
    assert (graph.run_directory / "result.json").read_text() == graph.report_file.read_text()
    with av.open(str(graph.run_directory / "video.mp4")) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(frames) > 20
    assert np.abs(frames[0].astype(float) - frames[len(frames) // 2]).mean() > 0.5  # something moves in it
    # And the arm is home, at rest.
    np.testing.assert_allclose(graph.arm.positions[-1], home, atol=HOME)
    assert graph.arm.excursion(home) > 0.3
    assert np.isfinite(graph.arm.rest_began)


def test_a_wrong_object_is_put_back_and_the_run_ends_long_before_its_limit(launch, home):
    # The policy lifts what the scene asks for, and another object counts.
    graph = launch("seed:=3", "success_object:=yellow_box")
    assert graph.finish() == 1, graph.output
    assert "lifting the green banana, which is not the target" in graph.output
    put_back = re.search(r"the green banana is (\d+) cm from where it stood", graph.output)
    assert put_back, graph.output
    assert int(put_back[1]) <= 5
    report = graph.report
    assert (report["success"], report["outcome"]) == (False, "another object was lifted")
    assert report["failure"] == "lifted the green banana, which is not the target"
    assert report["episode_s"] < 40.0
    assert "Traceback" not in graph.output
    np.testing.assert_allclose(graph.arm.positions[-1], home, atol=HOME)


@pytest.mark.parametrize(
    "words", ["pick up the purple hammer", pytest.param("bring me a zeppelin", marks=pytest.mark.slow)]
)
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
    assert "did not stop when asked" not in graph.output
    assert np.isfinite(graph.arm.rest_began), f"{graph.output}\n{graph.arm}"
    assert graph.report["success"] is False
    assert graph.report["outcome"] is None
    assert seconds < (3.0 if os.getloadavg()[0] < 3.0 else 6.0)


# One that owns shared memory; `nodes/test_graph.py` proves that the guard answers for a control that dies, and the
# fault matrix kills each of them as well.
@pytest.mark.parametrize(
    "node",
    ["policy", *(pytest.param(name, marks=pytest.mark.slow) for name in ("control", "state", "camera", "guard"))],
)
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

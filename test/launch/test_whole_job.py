# SPDX-License-Identifier: Apache-2.0
"""`vla launch franka_grasp` to its success, recorded and watched by a viewer that dies: one job that all look at.

Its report and its run's folder; the arm at home; a bag that others read, its episode marked and judged; what was seen.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
import pytest
from rig.launched_job import END_TIMEOUT_S, LaunchedJob
from rig.processes import process_of
from rosbags.highlevel import AnyReader

from bench.foxglove_client import FoxgloveClient
from vla_ros.commands.evaluation.records import episode_record
from vla_ros.data.bags.check import check_bag
from vla_ros.data.bags.episodes import read_episodes
from vla_ros.data.bags.image_reading import ImageReader
from vla_ros.data.bags.message_definitions import JPEG
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.quality.bag_judgement import judge_bag
from vla_ros.data.quality.config import load_quality_config
from vla_ros.data.quality.finding import REFUSED
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.evaluation.statistics import EpisodeResult
from vla_ros.robots.embodiment import load_embodiment

SCENE = "seed:=118"  # a brown pear, alone on the table
SLOWLY = "real_time_factor:=0.6"  # what two busy cores keep up with: a policy starved of them tries again and again
NODES = ("sim", "camera", "state", "policy", "control", "guard", "episode", "recorder", "view")
SILENT = ("/teleop/action_chunk/path", "/teleop/action_chunk/poses", "/planner/action_chunk/path",
          "/planner/action_chunk/poses", "/estop", "/policy/detections")  # fmt: skip


@dataclass
class WholeJob:
    """A job that has ended, its bag, and the viewer's client."""

    graph: LaunchedJob
    code: int
    bag: Path
    client: FoxgloveClient


@pytest.fixture(scope="module")
def job(launch_once: Callable[..., LaunchedJob], tmp_path_factory: pytest.TempPathFactory) -> WholeJob:
    bag = tmp_path_factory.mktemp("recorded") / "bag"
    words = (SCENE, SLOWLY, f"record:={bag}", "record_images:=jpeg", "view:=foxglove", "view_port:=0")
    graph = launch_once(*words)
    graph.wait_for_motion()
    client = FoxgloveClient(re.search(r"ws://[\w:.]+", graph.output)[0])
    client.subscribe()
    client.listen(60.0, lambda: all(client.messages[topic] for topic in client.channels if topic not in SILENT))
    # It hangs with every subscription open, the images' too, and never comes back.
    view = process_of(graph.run_directory.parent, "vla_ros.nodes.view_node")
    os.kill(view, signal.SIGSTOP)
    time.sleep(2.0)
    client.vanish()
    os.kill(view, signal.SIGKILL)
    return WholeJob(graph, graph.finish(2.0 * END_TIMEOUT_S), bag, client)


def test_it_lifts_what_the_scene_was_made_for_and_reports(job: WholeJob) -> None:
    graph, report = job.graph, job.graph.report
    assert job.code == 0, graph.output
    assert "Traceback" not in graph.output
    assert graph.left_running == []
    assert report["success"] is True
    assert report["attempts"] in (1, 2, 3)
    assert 0.0 < report["time_to_first_motion_s"] < report["duration_s"] < 600.0
    assert 0.05 < report["real_time_factor"] < 1.05
    assert 0.0 < report["real_time_factor_worst_s"] < 1.1
    assert 300.0 < report["pss_mib"] < 2560.0
    assert report["cores_by_process"].keys() == {*NODES, "manager", "launcher"}
    # An evaluation reads it as it reads lockstep's.
    record = episode_record(EpisodeRunner(EpisodeSettings()).scene(118), report, 20.0, graph.run_directory)
    assert isinstance(record, EpisodeResult), record
    assert (record.success, record.outcome, record.first_lifted) == (True, "success", record.target)
    assert 20 < record.steps < 600
    for text in ("scene basic 118: brown pear", "instruction: take the brown pear", "attempt 1", "success"):
        assert text in graph.output
    assert "real-time factor, worst second" in graph.output


def test_the_runs_folder_holds_all_of_it(job: WholeJob) -> None:
    folder = job.graph.run_directory
    assert "instruction: take the brown pear" in (folder / "log.txt").read_text()
    assert (folder / "result.json").read_text() == job.graph.report_file.read_text()
    with av.open(str(folder / "video.mp4")) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(frames) > 20
    assert np.abs(frames[0].astype(float) - frames[len(frames) // 2]).mean() > 0.5  # something moves in it


def test_the_arm_is_at_home_and_at_rest(job: WholeJob) -> None:
    home = load_embodiment("franka").only_arm.home
    np.testing.assert_allclose(job.graph.arm.positions[-1], home, atol=0.06)
    assert job.graph.arm.excursion(home) > 0.3
    assert np.isfinite(job.graph.arm.rest_began)


@pytest.mark.skipif(not find_spec("torch"), reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
def test_all_of_it_is_seen(job: WholeJob) -> None:
    client = job.client
    silent = [topic for topic in client.channels if not client.messages[topic] and topic not in SILENT]
    assert silent == []
    assert client.newest("/control/progress")["source"] == "policy"
    assert client.newest("/policy/grasp")["entities"][0]["lines"]
    assert all(client.newest(f"/policy/reasoning/{camera}")["points"] for camera in ("front", "side"))
    layout = (job.graph.run_directory / "foxglove.json").read_text()  # it stays, for the next look
    assert "/cameras/front/color/image_raw/compressed" in layout


def test_its_bag_is_complete_and_says_what_came_of_it(job: WholeJob) -> None:
    graph, bag = job.graph, job.bag
    assert f"{bag}: " in graph.output
    assert "recorder did not stop" not in graph.output
    assert check_bag(bag) == []
    with BagReader(bag) as reader:
        assert (reader.custom_data["job"], reader.custom_data["robot"]) == ("franka_grasp", "franka")
        (episode,) = read_episodes(reader)
        assert (episode.instruction, episode.success, episode.finished) == ("take the brown pear", True, True)
        assert episode.interventions == ()
        wanted = {"/joint_states", "/instruction", "/policy/action_chunk", "/control/progress", "/control/transitions",
                  "/clock", "/panda_effort_controller/commands", "/sim/object_poses", "/sim/scene", "/tf", "/tf_static",
                  "/diagnostics", "/panda/ee_pose"}  # fmt: skip
        for camera in ("front", "side"):
            names = ("color/image_raw/compressed", "color/camera_info", "aligned_depth_to_color/image_raw", "pose")
            wanted |= {f"/cameras/{camera}/{name}" for name in names}
        silent = {name for name in wanted if name not in reader.topics or not reader.topics[name].count}
        assert silent == set()
        # From the episode's begin to its end nothing of the simulated time is missing.
        stamps = np.array(
            [m.header.stamp.sec + m.header.stamp.nanosec * 1e-9
             for _, m in reader.decoded("/joint_states", episode.begin, episode.end)]
        )  # fmt: skip
        lost = int(reader.custom_data.get("lost", "0"))
        assert stamps[-1] - stamps[0] == pytest.approx(0.002 * (len(stamps) - 1), abs=0.002 * (lost + 1))
        images = ImageReader(JPEG)
        for message, content in reader.decoded("/cameras/front/color/image_raw/compressed"):
            picture = images.read(content)
            assert picture.shape == (480, 640, 3)
            assert picture.std() > 10.0, message.log_time
        (judgement,) = judge_bag(reader, load_quality_config())
    assert judgement.contract == "franka_grasp"
    quantities = {finding.kind for finding in judgement.findings}
    assert {"rate_hz", "joint_skew_s", "jerk_rms", "singular", "clipped", "refused", "chatter"} <= quantities
    # How even a busy machine is, is no test; that the motion is good is. Chunks that are 0.2 s late and more, as there,
    # leave 40 to 80 rad/s³ RMS; 140 here, motion that shakes has hundreds.
    borne = {"jerk_rms": 0.1}
    losing = {finding.kind for finding in judgement.findings if finding.loss > borne.get(finding.kind, 0.0)}
    borne_by_load = {"rate_hz", "gap_s", "frozen_s", "idle_longest_s", "idle_share", REFUSED}
    assert losing <= borne_by_load, judgement.reasons
    # A busy machine loses pictures, and leaves holes between poses.
    assert not judgement.refusal or "camera '" in judgement.refusal or "a recording with a hole" in judgement.refusal
    with AnyReader([bag]) as others:
        assert others.message_count > 1000
        decoded = [others.deserialize(data, c.msgtype) for c, _, data in others.messages(others.connections[:3])]
    assert decoded


def test_a_recorder_killed_while_the_job_comes_up_ends_it_with_that_reason(launch, tmp_path):
    graph = launch("seed:=3", f"record:={tmp_path / 'bag'}")
    assert graph.arm.spin_until(lambda: graph.runs("recorder"), 30.0), graph.output
    graph.kill("recorder")
    began = time.monotonic()
    assert graph.finish() == 1, graph.output
    assert time.monotonic() - began < 20.0  # not a minute of waiting for it, as for a node that is slow
    assert "(recorder died: it was killed by SIGKILL)" in graph.output
    assert graph.report["failure"] == "recorder died: it was killed by SIGKILL"
    assert not graph.arm.progress.enabled
    assert not graph.left_running


def test_a_bag_that_exists_is_not_overwritten(launch, tmp_path):
    (tmp_path / "bag").mkdir()
    graph = launch("seed:=1", f"record:={tmp_path / 'bag'}")
    assert graph.finish() == 2
    assert "exists already: name a new folder" in graph.output

# SPDX-License-Identifier: Apache-2.0
"""`vla launch franka_grasp record:=DIR`: the whole job in a bag that others read, its episode marked and judged."""

from __future__ import annotations

import time

import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from vla_ros.data.bags.check import check_bag
from vla_ros.data.bags.episodes import read_episodes
from vla_ros.data.bags.image_reading import ImageReader
from vla_ros.data.bags.message_definitions import JPEG
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.quality.bag_judgement import judge_bag
from vla_ros.data.quality.config import load_quality_config
from vla_ros.data.quality.finding import REFUSED


def test_a_recorded_job_is_whole_complete_and_says_what_came_of_it(launch, tmp_path):
    bag = tmp_path / "bag"
    graph = launch("seed:=3", f"record:={bag}", "record_images:=jpeg")
    code = graph.finish()
    assert code == 0, graph.output
    assert f"{bag}: " in graph.output
    assert "recorder did not stop" not in graph.output
    assert check_bag(bag) == []
    with BagReader(bag) as reader:
        assert (reader.custom_data["job"], reader.custom_data["robot"]) == ("franka_grasp", "franka")
        (episode,) = read_episodes(reader)
        assert (episode.instruction, episode.success, episode.finished) == ("pick the green banana up", True, True)
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
    # leave 60 to 80 rad/s³ RMS; motion that shakes has hundreds.
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

# SPDX-License-Identifier: Apache-2.0
"""A job that somebody watches: all of it is seen, and the viewer may hang and die without a trace in the job."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from rig.processes import process_of

from bench.foxglove_client import FoxgloveClient

SILENT = ("/teleop/action_chunk/path", "/teleop/action_chunk/poses", "/planner/action_chunk/path",
          "/planner/action_chunk/poses", "/estop",
          "/policy/detections")  # fmt: skip


def test_a_viewer_that_hangs_and_dies_leaves_the_job_alone(launch, tmp_path):
    graph = launch("seed:=1", "view:=foxglove", "view_port:=0")
    graph.wait_for_motion()
    client = FoxgloveClient(re.search(r"ws://[\w:.]+", graph.output)[0])
    client.subscribe()
    heard = client.listen(20.0, lambda: all(client.messages[topic] for topic in client.channels if topic not in SILENT))
    assert heard, [topic for topic in client.channels if not client.messages[topic]]
    assert client.newest("/control/progress")["source"] == "policy"
    assert client.newest("/policy/grasp")["entities"][0]["lines"]
    assert all(client.newest(f"/policy/reasoning/{camera}")["points"] for camera in ("front", "side"))
    # It hangs with every subscription open, the images' too, and never comes back.
    view = process_of(tmp_path, "vla_ros.nodes.view_node")
    os.kill(view, signal.SIGSTOP)
    time.sleep(2.0)
    client.vanish()
    os.kill(view, signal.SIGKILL)
    assert graph.finish() == 0, graph.output
    assert graph.report["success"] is True
    layout = (graph.run_directory / "foxglove.json").read_text()  # it stays, for the next look
    assert "/cameras/front/color/image_raw/compressed" in layout
    assert graph.left_running == []

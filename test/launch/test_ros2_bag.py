# SPDX-License-Identifier: Apache-2.0
"""Our bags under `ros2 bag`, where a full ROS 2 has it."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from bags.bag_making import arm_at_work, write_bag

from vla_ros.data.bags.writer import BagSettings


def has_ros2_bag() -> bool:
    if shutil.which("ros2") is None:
        return False
    return subprocess.run(["ros2", "bag", "--help"], capture_output=True, check=False, timeout=60).returncode == 0


@pytest.mark.skipif(not has_ros2_bag(), reason="ros2 bag is not installed here")
@pytest.mark.parametrize("settings", [BagSettings(), BagSettings(compression="none", split_s=0.5)])
def test_ros2_bag_reads_and_rewrites_ours(tmp_path, settings):
    sent = list(arm_at_work())
    bag = write_bag(tmp_path / "arm", sent, settings, {"job": "test"})
    shown = subprocess.run(["ros2", "bag", "info", str(bag)], capture_output=True, text=True, timeout=60)
    assert shown.returncode == 0, shown.stderr
    assert f"Messages:          {len(sent)}" in shown.stdout
    assert "Topic: /joint_states | Type: sensor_msgs/msg/JointState | Count: 200" in shown.stdout
    (tmp_path / "out.yaml").write_text(
        f"output_bags:\n- uri: {tmp_path / 'again'}\n  storage_id: mcap\n  all_topics: true\n"
    )
    words = ["ros2", "bag", "convert", "-i", str(bag), "-o", str(tmp_path / "out.yaml")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    from vla_ros.data.bags.reader import BagReader

    with BagReader(bag) as ours, BagReader(tmp_path / "again") as theirs:
        assert [m[:2] + m[3:4] for m in ours.messages()] == [m[:2] + m[3:4] for m in theirs.messages()]
        assert theirs.topics["/instruction"].qos[0].latched

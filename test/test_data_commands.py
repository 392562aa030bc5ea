# SPDX-License-Identifier: Apache-2.0
"""`vla convert` and `vla dataset` as a user meets them."""

from __future__ import annotations

import base64
import json
import os
import re

import cv2
import numpy as np
import pytest
from lerobot_rules import read
from numbered_picture import number
from sample_bag import Recording, write_bag
from sample_dataset import write_sample

from vla_ros.cli import main

CONTRACT = """\
name: small
robot: franka
fps: 10
cameras:
  front: {width: 64, height: 48}
  side: {width: 48, height: 32}
state: [panda_joint1/position, panda_hand/width]
action: {joints: [panda_joint1], grippers: [panda_hand], target: measured, anchor: measured}
"""
FRONT = "observation.images.front"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(CONTRACT)
    return tmp_path


def test_bags_to_a_dataset_and_what_it_says(here, capsys):
    for i in range(3):
        write_bag(here / "bags" / f"bag{i}", Recording(start=1000.0 + 10 * i, duration=1.5, first_picture=100 * i))
    (here / "bags" / "bag1" / "bag1_0.mcap").write_bytes(b"")
    words = ["convert", "bags", "set", "--contract", "small.yaml", "--workers", "2", "--json", "c.json"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "set: 2 episodes" in said
    assert "1 corrupt (33.3 %)" in said
    assert "bag1_0.mcap: empty" in said
    figures = json.loads((here / "c.json").read_text())
    assert figures["episodes"] == 2
    assert figures["times_real_time"] > 0
    assert len(read(here / "set")["episodes"]) == 2

    assert main(["dataset", "info", "set", "--json", "i.json"]) == 0
    said = capsys.readouterr().out
    assert "contract small" in said
    assert "2 × pick up the mug" in said
    assert json.loads((here / "i.json").read_text())["episodes"] == 2
    assert main(["dataset", "check", "set", "--deep"]) == 0
    assert main(["dataset", "check", "set", "--contract", "franka_grasp", "--json", "k.json"]) == 1
    said = capsys.readouterr().out
    assert "observation.state.shape" in said
    assert not json.loads((here / "k.json").read_text())["ok"]
    assert main(["convert", "set", "again", "--episode", "1"]) == 0
    assert "episode 1 of set" in capsys.readouterr().out


def test_statistics_are_counted_again_and_written(here, capsys):
    write_sample(here / "set", [20, 30, 10])
    (here / "set/meta/stats.json").write_text("{}")
    assert main(["dataset", "check", "set"]) == 1
    assert main(["dataset", "stats", "set", "--exact", "--write", "--json", "s.json"]) == 0
    assert main(["dataset", "check", "set", "--deep"]) == 0
    assert "observation.images.front" in capsys.readouterr().out
    found, counted = read(here / "set"), json.loads((here / "s.json").read_text())
    state = found["frames"]["observation.state"].astype(float)
    np.testing.assert_allclose(counted["observation.state"]["q90"], np.quantile(state, 0.9, axis=0))
    assert found["stats"]["observation.state"] == counted["observation.state"]


def test_an_episode_is_a_page_that_needs_nothing_else(here, capsys):
    write_sample(here / "set", [6, 9])
    assert main(["dataset", "view", "set", "--episode", "1", "--output", "page.html"]) == 0
    page = (here / "page.html").read_text()
    assert not re.search(r"https?://|@[A-Z]+@", page)
    data = json.loads(re.search(r'type="application/json">(.*?)</script>', page, re.DOTALL)[1])
    assert data["frames"] == 9
    shown = []
    for text in data["pictures"][FRONT]:
        pixels = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)
        shown.append(number(pixels))
    assert shown == [100 + k for k in range(9)]
    assert page.count("<polyline") == 3 + 2 + 1 + 8  # a curve for every number


def test_merge_and_split(here, capsys):
    write_sample(here / "parts" / "a1", [4, 5])
    write_sample(here / "parts" / "b2", [6], first=2)
    assert main(["dataset", "merge", "all", "parts", "--deep"]) == 0
    assert "all: 3 episodes, 15 frames added from 2 datasets" in capsys.readouterr().out
    assert main(["dataset", "split", "all", "cut", "first=0", "rest=1-2"]) == 0
    assert [row["length"] for row in read(here / "cut/rest")["episodes"]] == [5, 6]
    assert main(["dataset", "split", "all", "shares", "train=0.67", "val=0.33", "--seed", "3"]) == 0
    assert len(read(here / "shares/train")["episodes"]) == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["convert", "nothing", "set", "--contract", "small.yaml"], "nothing: no such bag"),
        (["convert", "nothing", "set"], "--contract is missing: name one of franka_grasp"),
        (["convert", "nothing", "set", "--contract", "franka_gras"], "did you mean 'franka_grasp'"),
        (["convert", "nothing", "set", "--contract", "no.yaml"], "no.yaml: cannot be read"),
        (["convert", "nothing", "set", "--contract", "small.yaml", "--workers", "0"], "workers must be >= 1"),
        (["convert", "nothing", "set", "--contract", "small.yaml", "--skew-max", "-1"], "skew_max_s must be > 0"),
        (["convert", "made", "bag", "--episode", "7"], "episode 7 is not one of 0 to 0"),
        (["convert", "made", "bag"], "--contract"),
        (["convert", "made", "more", "bag"], "give it alone"),
        (["dataset", "info", "nothing"], "nothing: no such folder"),
        (["dataset", "info", "."], "no LeRobotDataset"),
        (["dataset", "view", "made", "--episode", "9"], "episode 9 is not one of 0 to 0"),
        (["dataset", "view", "made", "--output", "no/page.html"], "cannot be written"),
        (["dataset", "stats", "made", "--write"], "give both"),
        (["dataset", "merge", "all", "."], "no LeRobotDataset there|is the output"),
        (["dataset", "merge", "made", "made"], "is the output as well"),
        (["dataset", "split", "made", "out", "train"], "NAME=SHARE"),
        (["dataset", "split", "made", "out", "train=0.5", "val=0.4"], "add up to 1"),
        (["dataset", "split", "made", "out", "train=0.5", "val=0.5"], "1 episodes cannot be split into 2"),
        (["dataset", "split", "made", "out", "a=0-x"], "give a share such as 0.9, or episodes"),
        (["dataset", "split", "made", "out", "a=4"], "episode 4 is not one of"),
    ],
)
def test_bad_input_is_one_line_and_code_2_and_leaves_nothing(here, capsys, words, expected):
    write_sample(here / "made", [4])
    before = sorted(os.listdir(here))
    if words == ["convert", "made", "bag", "--episode", "7"]:
        words = [*words, "--contract", "small.yaml"]
        expected = "observation.state|action|episode 7"
    if words[:3] == ["dataset", "merge", "all"]:
        os.rename(here / "made", here / ".made")
        before = sorted(os.listdir(here))
    assert main(words) == 2
    said = capsys.readouterr().err
    assert re.search(expected, said), said
    assert said.count("\n") == 1
    assert sorted(os.listdir(here)) == before

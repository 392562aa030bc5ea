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
from bags.sample_bag import Recording, write_bag
from demonstrations.numbered_picture import number
from demonstrations.sample_dataset import CONTRACT, write_sample
from lerobot_parts.rules import read

from vla_ros.cli import main
from vla_ros.data.datasets.episode import encode_episode
from vla_ros.data.datasets.features import Feature, camera_feature
from vla_ros.data.datasets.schema import DatasetSchema
from vla_ros.data.datasets.viewing.colors import colors
from vla_ros.data.datasets.writer import LeRobotWriter

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
    assert "1 refused (33.3 %)" in said
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


def test_when_nothing_is_made_every_refused_bag_is_named_and_the_exit_code_says_so(here, capsys):
    write_bag(here / "bags" / "first", Recording(hole=(1.0, 1.6)))
    write_bag(here / "bags" / "second", Recording(start=2000.0, instruction=" "))
    (here / "bags" / "episode_000003.partial").mkdir()
    assert main(["convert", "bags", "set", "--contract", "small.yaml", "--json", "c.json"]) == 2
    said = capsys.readouterr().err.splitlines()
    *lines, last = [line for line in said if not line.startswith("2 bags: ")]  # where it takes longer it says how far
    for line, expected in zip(lines, ("first: camera 'front' has no image within 0.1 s", "second: no instruction was",
                                      "episode_000003.partial: was not finished"), strict=True):  # fmt: skip
        assert expected in line
    assert "set: nothing made" in last
    assert len(json.loads((here / "c.json").read_text())["reasons"]) == 3
    assert not (here / "set").exists()
    write_bag(here / "failed", Recording(marked=((0.2, 2.8, False),)))
    assert main(["convert", "failed", "set", "--contract", "small.yaml"]) == 1
    assert "nothing made: 1 episodes were marked as failed: --failures" in capsys.readouterr().err
    assert main(["convert", "failed", "set", "--contract", "small.yaml", "--failures"]) == 0
    assert main(["convert", "failed", "set", "--contract", "small.yaml"]) == 0  # it is there already


def test_a_dataset_says_where_its_skew_limit_was_relaxed_whatever_is_made_of_it(here, capsys):
    write_bag(here / "good")
    write_bag(here / "holed", Recording(start=2000.0, hole=(1.0, 1.6)))
    assert main(["convert", "good", "strict", "--contract", "small.yaml", "--skew-max", "0.5"]) == 0
    assert "skew" not in capsys.readouterr().out  # it was allowed, and not needed
    assert main(["convert", "holed", "set", "--contract", "small.yaml", "--skew-max", "0.5"]) == 0
    said = "1 episodes hold holes of up to 0.3"
    assert said in capsys.readouterr().out
    assert main(["convert", "good", "set", "--contract", "small.yaml"]) == 0  # appended by the contract's own limit
    assert main(["dataset", "merge", "all", "strict", "set"]) == 0
    assert main(["dataset", "split", "all", "cut", "good=0", "holed=1"]) == 0
    for name, count in (("set", 2), ("all", 2), ("cut/holed", 1), ("cut/good", 0), ("strict", 0)):
        for action in ("info", "check"):
            capsys.readouterr()
            assert main(["dataset", action, name]) == 0
            found = re.search(r"(\d+) of (\d+) episodes hold holes of up to 0.3\d s, the contract allows 0.1 s",
                              capsys.readouterr().out)  # fmt: skip
            assert (found and found.groups()) == (("1", str(count)) if count else None), name
    assert json.loads((here / "set/meta/contract.json").read_text())["skew_max_s"] == 0.1
    (here / "set/meta/relaxed.json").write_text("[]")
    assert main(["dataset", "info", "set"]) == 2
    assert "relaxed.json: 'longest_hole_s' must map" in capsys.readouterr().err


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


def _data(page):
    return json.loads(re.search(r'type="application/json">(.*?)</script>', page, re.DOTALL)[1])


def test_an_episode_is_a_page_that_needs_nothing_else(here, capsys):
    write_sample(here / "set", [6, 9])
    assert main(["dataset", "view", "set", "--episode", "1", "--output", "page.html"]) == 0
    page = (here / "page.html").read_text()
    assert not re.search(r'(src|href)="https?:|@[A-Z]+@', page)
    data = _data(page)
    assert data["frames"] == 9
    shown = []
    for text in data["pictures"][FRONT]:
        pixels = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)
        shown.append(number(pixels))
    assert shown == [100 + k for k in range(9)]
    assert page.count("<polyline") == 3 + 2 + 1  # a curve for every number, a table for what is one
    assert set(data["tables"]) == {"observation.boxes", "note"}


def test_pages_of_a_dataset_lie_beside_it_with_an_index(here, capsys):
    write_sample(here / "sets/one", [6, 9, 5])
    assert main(["dataset", "view", "sets/one", "--episode", "0-1"]) == 0
    assert capsys.readouterr().out.strip() == str(here / "sets/one_view/index.html")
    assert sorted(os.listdir(here)) == ["sets", "small.yaml"]
    index = (here / "sets/one_view/index.html").read_text()
    assert index.count("data:image/jpeg") == 3
    assert re.findall(r'<a class=episode href="([^"]+)"', index) == ["episode_000000.html", "episode_000001.html"]
    assert "vla dataset view one --episode 2" in index
    first = (here / "sets/one_view/episode_000000.html").read_text()
    assert 'href="episode_000001.html">next' in first
    assert main(["dataset", "view", "sets/one", "--episode", "2"]) == 0
    index = (here / "sets/one_view/index.html").read_text()
    assert index.count("<a class=episode") == 3  # what was drawn before is still linked
    assert main(["dataset", "check", "sets/one"]) == 0


def test_boxes_are_on_the_pictures_and_calibration_is_a_table(here, capsys):
    length, features = 5, {
        FRONT: camera_feature(48, 64),
        "action": Feature("float32", (15,), tuple(f"n{i}" for i in range(15))),
        "observation.calibration.front": Feature("float32", (11,), tuple("abcdefghijk")),
        "annotation.boxes.front": Feature("float32", (3, 5)),
        "annotation.objects": Feature("string", (1,)),
        "annotation.target": Feature("int64", (1,)),
        "annotation.action_valid": Feature("int64", (1,)),
    }  # fmt: skip
    columns = {
        "action": np.random.default_rng(0).normal(size=(length, 15)),
        "observation.calibration.front": np.tile(np.arange(11.0), (length, 1)),
        "annotation.boxes.front": np.tile(
            [[16, 12, 32, 24, 1.0], [0, 0, 0, 0, 0], [0, 0, 64, 48, 0.5]], (length, 1, 1)
        ),
        "annotation.objects": np.array(["red mug;blue can;@DATA@</script><b>x"] * length, dtype=object),
        "annotation.target": np.zeros(length),
        "annotation.action_valid": np.array([1, 0, 0, 1, 1]),
    }
    pictures = {FRONT: [np.zeros((48, 64, 3), np.uint8)] * length}
    with LeRobotWriter(here / "set", DatasetSchema(10, "franka", features)) as out:
        out.add(encode_episode(features, 10, columns, pictures, "pick <i>@PLOTS@</i> up"))
    assert main(["dataset", "view", "set", "--episode", "0", "--output", "page.html"]) == 0
    page = (here / "page.html").read_text()
    data = _data(page)  # a name that ends the script early would break it
    assert data["boxes"][FRONT][0] == [[0, 0.25, 0.25, 0.5, 0.5, 1.0], [2, 0.0, 0.0, 1.0, 1.0, 0.5]]
    assert data["objects"]["names"] == [["red mug", "blue can", "@DATA@</script><b>x"]]
    assert len(set(data["objects"]["colors"])) == 3
    assert "pick &lt;i&gt;@PLOTS@&lt;/i&gt; up" in page
    assert page.count("</html>") == page.count('id="data"') == 1
    strokes = re.findall(r'<polyline [^>]*stroke="(#[0-9a-f]{6})"', page)
    assert len(set(strokes[:15])) == 15
    assert len(strokes) == 15  # what never changes is its value
    assert data["tables"]["observation.calibration.front"] == [[float(i) for i in range(11)]]
    assert page.count('class="shade"') == 1


def test_long_work_says_how_far_it_is_where_its_output_is_a_file(here, capsys, monkeypatch):
    monkeypatch.setattr("vla_ros.progress.PLAIN_EVERY_S", 0.001)
    write_sample(here / "set", [4, 5])
    assert main(["dataset", "edit", "set", "--delete", "0", "--to", "new"]) == 0
    assert "editing: 0 %" in capsys.readouterr().err


def test_colours_do_not_repeat():
    assert len(set(colors(200))) == 200


def test_merge_and_split(here, capsys):
    write_sample(here / "parts" / "a1", [4, 5])
    write_sample(here / "parts" / "b2", [6], first=2)
    assert main(["dataset", "merge", "all", "parts", "--deep"]) == 0
    assert "all: 3 episodes, 15 frames added from 2 datasets" in capsys.readouterr().out
    assert main(["dataset", "split", "all", "one", "second=1"]) == 0
    assert [row["length"] for row in read(here / "one/second")["episodes"]] == [5]
    assert main(["dataset", "split", "all", "cut", "first=0", "rest=1-2"]) == 0
    assert [row["length"] for row in read(here / "cut/rest")["episodes"]] == [5, 6]
    assert main(["dataset", "split", "all", "shares", "train=0.67", "val=0.33", "--seed", "3"]) == 0
    assert len(read(here / "shares/train")["episodes"]) == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["convert", "nothing", "set", "--contract", "small.yaml"], "nothing: no such bag"),
        (["convert", "nothing", "set"], "--contract is missing: name one of agilex_hands, agilex_table"),
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
        (["dataset", "view", "made", "--episode", "0", "--output", "no/page.html"], "cannot be written"),
        (["dataset", "view", "made", "--output", "page.html"], "name it with --episode"),
        (["dataset", "view", "made", "--output", "small.yaml"], "cannot be written"),
        (["dataset", "view", "made", "--episode", "one"], "give episodes such as 0-3,7"),
        (["dataset", "stats", "made", "--write"], "give both"),
        (["dataset", "merge", "all", "."], "no LeRobotDataset there|is the output"),
        (["dataset", "merge", "made", "made"], "is the output as well"),
        (["dataset", "split", "made", "out", "train"], "NAME=SHARE"),
        (["dataset", "split", "made", "out", "train=0.5", "val=0.4"], "add up to 1"),
        (["dataset", "split", "made", "out", "train=0.5", "val=0.5"], "1 episodes cannot be split into 2"),
        (["dataset", "split", "made", "out", "all=1.0", "--seed", "-1"], "--seed must be 0 to 2147483647, got -1"),
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

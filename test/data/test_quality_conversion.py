# SPDX-License-Identifier: Apache-2.0
"""One judgement: what conversion refuses has no good score, and the score says why, by the contract's own streams."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from bags.sample_bag import JOINTS, Recording, write_bag
from demonstrations.small_contract import CONTRACT

from controllers.errors import ConfigError, VlaError
from vla_ros.cli import main
from vla_ros.configuration import share_directory
from vla_ros.data.bags.episodes import BagEpisode
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.conversion.bag_to_dataset import ConversionSettings, convert_bag
from vla_ros.data.quality.bag_judgement import IntendedConversion, judge_bag
from vla_ros.data.quality.config import load_quality_config
from vla_ros.data.quality.contract_choice import choose_contract
from vla_ros.data.quality.episode_data import EpisodeData, Stream
from vla_ros.data.quality.judge import Judgement, judge
from vla_ros.policies.contract import contract_line
from vla_ros.teleop.episodes.summary import read_summary, summarise

CONFIG = load_quality_config()
NOTED = contract_line(CONTRACT)
# Pictures in bursts at 6 Hz, with holes of 0.7 s: five of nine intervals are far from their median.
BURSTS = (0.1, 0.1, 0.1, 0.1, 0.2, 0.04, 0.04, 0.04, 0.7)
WORST = Recording(duration=6.0, steps=BURSTS, marked=((0.2, 5.8, True),), contract=NOTED)
GOOD = Recording(marked=((0.3, 2.7, True),), contract=NOTED)


def judged(bag: Path, **how: object) -> Judgement:
    with BagReader(bag) as reader:
        (judgement,) = judge_bag(reader, CONFIG, IntendedConversion(**how))
    return judgement


def test_the_worst_recording_does_not_score_best(tmp_path, capsys):
    worst, good = write_bag(tmp_path / "worst", WORST), write_bag(tmp_path / "good", GOOD)
    assert judged(good).score > 80.0, judged(good).reasons
    judgement = judged(worst)
    assert judgement.score < 40.0
    assert re.match(
        r"`vla convert` by contract 'small' refuses it: camera 'front' has no image within 0\.1 s of 1\d+\.\d+ s "
        r"\(the nearest is 0\.\d+ s off\).* \(−50 %\)",
        judgement.reasons[0],
    )
    gap, rate = sorted(
        reason for reason in judgement.reasons if "color/image_raw" in reason and "convert" not in reason
    )
    assert re.match(r"/cameras/(front|side)/color/image_raw: \d gaps, the longest 0\.70 s of 100 ms .*and 1 more", gap)
    assert re.match(r"/cameras/(front|side)/color/image_raw: 6\.\d messages a second, 9 are wanted, and 1 more", rate)
    with pytest.raises(VlaError, match="camera 'front' has no image"):
        convert_bag(worst, ConversionSettings(CONTRACT))
    assert main(["bag", "check", str(worst), "--min-score", "50"]) == 1
    assert main(["bag", "check", str(good), "--min-score", "50"]) == 0


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"camera_rate": 9.0},
        {"without": ("joint_states",)},
        {"without": ("cameras/side/color/image_raw",)},
        {"without": ("cameras/front/color/camera_info",)},
        {"without": ("control/commanded_pose",)},
        {"namespace": "left"},
        {"size": (96, 128)},
        {"back": 1.0},
        {"hole": (1.0, 1.6)},
        {"silent": (("joint_states", 1.0, 1.3),)},
        {"silent": (("panda/ee_pose", 1.0, 1.3),)},
        {"silent": (("control/progress", 1.0, 1.9),)},
        {"duration": 0.2},
        {"instruction": " "},
        {"instruction": " ", "marked": ((0.2, 1.8, False),)},
        {"order": tuple(JOINTS[1:])},
    ],
    ids=str,
)
def test_a_score_is_above_50_only_where_conversion_takes_the_episode(tmp_path, change):
    short = Recording(duration=2.0, camera_rate=15.0, contract=NOTED)
    bag = write_bag(tmp_path / "bag", dataclasses.replace(short, **change))
    judgement = judged(bag)
    refusal = ""
    try:
        assert len(convert_bag(bag, ConversionSettings(CONTRACT, failures=True)).episodes) == 1
    except VlaError as error:
        refusal = str(error).removeprefix(f"{bag}: ")
    assert judgement.refusal == refusal
    if refusal:
        assert judgement.score <= 50.0
        assert refusal in judgement.reasons[0]


def test_a_limit_that_is_relaxed_holds_for_the_judgement_too(tmp_path, capsys):
    bag = write_bag(tmp_path / "bag", dataclasses.replace(GOOD, hole=(1.0, 1.5)))
    assert judged(bag).score <= 50.0
    assert judged(bag, skew_max_s=0.3).refusal == ""
    assert main(["bag", "check", str(bag), "--skew-max", "0.3", "--min-score", "51"]) == 0
    (tmp_path / "wordless").mkdir()
    wordless = write_bag(tmp_path / "wordless" / "bag", Recording(contract=NOTED, instruction=" "))
    assert "name the task with --task" in judged(wordless).refusal
    assert judged(wordless, task="lift the mug").refusal == ""
    left = write_bag(tmp_path / "left", Recording(contract=NOTED, namespace="left"))
    assert "choose one with --namespace left" in judged(left).refusal
    assert judged(left, namespace="left").refusal == ""


@pytest.mark.parametrize("contract", [NOTED, ""])
def test_a_topic_that_no_contract_uses_costs_little_and_is_named_last(tmp_path, contract):
    made = dataclasses.replace(GOOD, contract=contract, unused=True)
    before = judged(write_bag(tmp_path / "before", made)).score
    judgement = judged(write_bag(tmp_path / "after", dataclasses.replace(made, silent=(("force/left", 0.8, 2.4),))))
    assert judgement.score > 0.95 * before
    assert judgement.reasons[-1].startswith("/force/left: 1 gaps, the longest 1.62 s")
    assert judgement.reasons[-1].endswith("(−4 %)")


def test_without_a_contract_what_is_wanted_at_a_rate_is_judged_however_uneven():
    times = np.cumsum([0.0, *BURSTS * 5])
    stream = Stream(times, times, times)
    names = ("/cameras/front/color/image_raw/compressed", "/joint_states")
    (judgement,) = judge([EpisodeData(BagEpisode(0, 0, 10**10), dict.fromkeys(names, stream))], CONFIG)
    text = "\n".join(judgement.reasons)
    assert "/cameras/front/color/image_raw/compressed: 5 gaps, the longest 0.70 s" in text
    assert re.search(r"/joint_states: 6\.3 messages a second, 90 are wanted", text)
    (few,) = judge(
        [EpisodeData(BagEpisode(0, 0, 10**10), {names[0]: Stream(*3 * [np.array([0.0, 1.0, 5.0])])})], CONFIG
    )
    assert any("0.4 messages a second" in reason for reason in few.reasons)  # too few to be a stream, and wanted
    (one,) = judge([EpisodeData(BagEpisode(0, 0, 10**10), {names[0]: Stream(*3 * [np.array([1.0])])})], CONFIG)
    assert any("0.1 messages a second" in reason for reason in one.reasons)


def test_what_a_contract_needs_and_the_episode_lacks_is_missing(tmp_path):
    judgement = judged(write_bag(tmp_path / "a", dataclasses.replace(GOOD, without=("control/commanded_pose",))))
    assert "/control/commanded_pose is missing: record it too (−60 %)" in judgement.reasons
    stopped = dataclasses.replace(GOOD, silent=(("panda/ee_pose", 0.25, 9.0),))  # it spoke, but before the episode
    assert "/panda/ee_pose is missing: record it too (−60 %)" in judged(write_bag(tmp_path / "b", stopped)).reasons


def test_an_episode_that_a_stream_does_not_cover_says_how_much_is_lost(tmp_path):
    early = dataclasses.replace(GOOD, duration=5.0, marked=((0.3, 4.7, True),), silent=(("panda/ee_pose", 2.5, 9.0),))
    judgement = judged(write_bag(tmp_path / "bag", early))
    assert judgement.refusal == ""
    assert any(re.match(r"2\.[1-4] s of the episode make no frame", reason) for reason in judgement.reasons)


# -- which contract ----------------------------------------------------------------------------------------------------
def test_the_contract_is_the_one_asked_for_noted_or_fitting(tmp_path, capsys):
    def chosen(recording: Recording, name: str, **asked: object) -> tuple[str, str] | None:
        with BagReader(write_bag(tmp_path / name, recording)) as bag:
            choice = choose_contract(bag, **asked)
        return choice and (choice.contract.name, choice.origin)

    assert chosen(GOOD, "noted") == ("small", "noted in the recording")
    other = dataclasses.replace(CONTRACT, name="other")
    assert chosen(GOOD, "asked", asked=other) == ("other", "requested")
    assert chosen(dataclasses.replace(GOOD, contract=""), "images of another size") is None
    with pytest.raises(BagError, match=r"the contract noted in it: not valid JSON.*name one with --contract"):
        chosen(dataclasses.replace(GOOD, contract="{"), "broken")
    assert main(["bag", "check", str(tmp_path / "broken"), str(tmp_path / "noted")]) == 2
    said = capsys.readouterr()
    assert re.fullmatch(r"vla: .*broken: the contract noted in it: not valid JSON.*--contract\n", said.err)
    assert "noted: episode 0" in said.out  # the other is judged all the same


def test_a_shipped_contract_is_found_by_topics_and_image_sizes(tmp_path):
    large = Recording(duration=0.5, size=(480, 640), side_size=(480, 640))
    with BagReader(write_bag(tmp_path / "bag", large)) as bag:
        choice = choose_contract(bag)
        assert choice is not None
        assert (choice.contract.name, choice.origin) == ("franka_grasp", "its topics fit")
        assert choose_contract(bag, robot="another") is None
    dead = dataclasses.replace(large, duration=1.0, silent_throughout=("cameras/side/color/image_raw",))
    judgement = judged(write_bag(tmp_path / "dead", dead))
    assert judgement.contract == "franka_grasp"  # a camera that never sent a picture was meant to
    assert judgement.refusal.startswith("lacks /cameras/side/color/image_raw, which camera 'side' of contract")
    assert judgement.score < 50.0


# -- the operator's page -----------------------------------------------------------------------------------------------
def test_the_page_shows_the_same_score_and_reasons(tmp_path):
    bag = write_bag(tmp_path / "bag", WORST)
    summary = summarise(bag, tmp_path / "preview")
    judgement = judged(bag)
    assert summary.quality == pytest.approx(judgement.score, abs=0.06)
    assert summary.quality <= 50.0
    assert list(summary.marks) == judgement.reasons
    file = tmp_path / "preview" / "summary.json"
    assert read_summary(tmp_path / "preview") == summary
    file.write_text(json.dumps(json.loads(file.read_text()) | {"version": 1, "quality": 99.0}))
    assert read_summary(tmp_path / "preview") is None  # made without asking conversion: it is made anew


# -- configuration -----------------------------------------------------------------------------------------------------
def test_no_threshold_lets_a_refused_episode_score_above_50(tmp_path):
    text = (share_directory() / "config" / "quality.yaml").read_text()
    file = tmp_path / "quality.yaml"
    for old, new, message in (
        ("refused_by_conversion_weight: 0.5", "refused_by_conversion_weight: 0.4", "must be 0.5 to 1, got 0.4"),
        ("other_share: 0.1", "other_share: 2", "other_share must be 0 to 1, got 2"),
    ):
        assert old in text
        file.write_text(text.replace(old, new))
        with pytest.raises(ConfigError, match=re.escape(message)):
            load_quality_config(file)

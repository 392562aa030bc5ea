# SPDX-License-Identifier: Apache-2.0
"""A good episode, and the same with one thing wrong at a time: each is found, and nothing else is invented."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bags.bag_making import IMAGE, JOINT_STATE, START, STATUS, Sent, codec, image, joint_state, write_bag
from bags.sent_marks import mark, status
from hypothesis import given
from hypothesis import strategies as st

from controllers.errors import ConfigError
from vla_ros.cli import main
from vla_ros.configuration import share_directory
from vla_ros.data.bags.episodes import BagEpisode
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.quality.config import Threshold, load_quality_config
from vla_ros.data.quality.episode_data import EpisodeData, ImageSeries, JointSeries, Stream
from vla_ros.data.quality.finding import Finding, reasons, score
from vla_ros.data.quality.gripper import turning_times
from vla_ros.data.quality.images import carrying_joints, longest_frozen
from vla_ros.data.quality.images import measure as measure_images
from vla_ros.data.quality.judge import judge
from vla_ros.data.quality.motion import idle, rms_jerk
from vla_ros.data.quality.reach import conditions
from vla_ros.data.quality.reading import read_bag
from vla_ros.data.quality.skew import nearest
from vla_ros.robots.embodiment import load_embodiment

FRANKA = load_embodiment("franka")
ARM = FRANKA.arms[0]
NAMES = (*ARM.joints, *FRANKA.grippers[0].joints)
NUMBERS = "std_msgs/msg/Float64MultiArray"
SECONDS, RATE, IMAGE_EVERY = 5.0, 200, 20  # [s], [Hz], of the ticks
codec.learn_installed(NUMBERS)
CONFIG = load_quality_config()


@dataclasses.dataclass
class Recipe:
    """An episode as functions of time [s]; a test changes one of them."""

    seconds: float = SECONDS
    q: Callable[[float], np.ndarray] = lambda t: (
        ARM.home + 0.15 * np.sin(1.5 * t + np.arange(7.0)) - 0.15 * np.sin(np.arange(7.0))
    )
    width: Callable[[float], float] = lambda t: 0.08 - 0.05 * np.clip(t - 2.0, 0.0, 1.0)
    pixels: Callable[[str, float], np.ndarray] = lambda camera, t: np.roll(PICTURE, round(20 * t), axis=1)
    joint_stamp: Callable[[float], float] = lambda t: 10.0 + t
    image_stamp: Callable[[str, float], float] = lambda camera, t: 10.0 + t
    effort: Callable[[float], np.ndarray] = lambda t: 0.2 * ARM.effort
    keep: Callable[[str, float], bool] = lambda topic, t: True
    refused: Callable[[float], str] = lambda t: ""
    end_mark: bool = True

    def sent(self) -> list[Sent]:
        messages = [mark(START, "begin", instruction="lift the mug")]
        for tick in range(round(self.seconds * RATE)):
            t = tick / RATE
            at = START + round(t * 1e9)
            dq = (self.q(t + 1e-4) - self.q(t - 1e-4)) / 2e-4
            finger = self.width(t) / 2.0
            state = joint_state(
                self.joint_stamp(t), np.append(self.q(t), [finger] * 2), np.append(dq, [0.0] * 2), NAMES
            )
            messages.append(Sent("/joint_states", JOINT_STATE, at, state))
            layout = codec.make("std_msgs/msg/MultiArrayLayout", dim=[], data_offset=0)
            effort = codec.encode(NUMBERS, codec.make(NUMBERS, layout=layout, data=self.effort(t)))
            messages.append(Sent("/panda_effort_controller/commands", NUMBERS, at, effort))
            if tick % IMAGE_EVERY == 0:
                for camera in ("front", "side"):
                    data = image(self.image_stamp(camera, t), np.ascontiguousarray(self.pixels(camera, t)))
                    messages.append(Sent(f"/cameras/{camera}/color/image_raw", IMAGE, at, data))
                why = self.refused(t)
                messages.append(Sent("/control/transitions", STATUS, at, transition(why)))
        if self.end_mark:
            messages.append(mark(START + round(self.seconds * 1e9), "end", success="true"))
        return [m for m in messages if self.keep(m.topic, (m.time - START) * 1e-9)]


PICTURE = np.random.default_rng(3).integers(40, 200, (48, 64, 3), np.uint8)


def transition(why: str) -> bytes:
    message = codec.decode(STATUS, status("transitions", why))
    message.level = 1 if why else 0
    return codec.encode(STATUS, message)


def judged(path: Path, recipe: Recipe):
    bag = write_bag(path / "bag", recipe.sent(), None, {"robot": "franka"})
    with BagReader(bag) as reader:
        (judgement,) = judge(read_bag(reader), CONFIG)
    return judgement


def test_a_good_episode_has_nothing_to_object_to(tmp_path):
    judgement = judged(tmp_path, Recipe())
    assert judgement.reasons == []
    assert judgement.score == 100.0
    figures = {finding.name: finding.value for finding in judgement.findings}
    assert figures["rate_hz/joint_states"] == pytest.approx(200.0, rel=1e-3)
    assert figures["rate_hz/cameras/front/color/image_raw"] == pytest.approx(10.0, rel=1e-3)
    assert figures["gap_s/joint_states"] == pytest.approx(0.005, rel=1e-3)
    assert figures["duration_s"] == pytest.approx(5.0)
    assert 0.1 < figures["jerk_rms"] < 5.0


def test_joint_states_without_positions_are_no_postures(tmp_path):
    """Some drivers publish speeds and efforts by themselves, and name the joints in an order of their own."""
    speeds = joint_state(10.0, np.empty(0), np.zeros(len(NAMES)), NAMES[::-1])
    sent = Recipe().sent()
    sent[1:1] = [Sent("/joint_states", JOINT_STATE, START, speeds)]
    sent[200:200] = [Sent("/joint_states", JOINT_STATE, sent[200].time, speeds)]
    with BagReader(write_bag(tmp_path / "bag", sent, None, {"robot": "franka"})) as reader:
        (data,) = read_bag(reader)
    assert data.joints is not None
    assert data.joints.names == NAMES
    np.testing.assert_allclose(data.joints.q[0, :7], Recipe().q(0.0), atol=1e-9)


def lower_limit(t: float) -> np.ndarray:
    q = Recipe().q(t)
    q[5] = max(ARM.lower[5] + 0.005, q[5] - 0.8 * t)
    return q


def stretched(t: float) -> np.ndarray:
    """Return the arm with its elbow straight: the tool cannot go further."""
    q = Recipe().q(t)
    q[1], q[3], q[5] = 0.1 * np.sin(t), -0.1, 1.8
    return q


def chattering(t: float) -> float:
    return 0.04 + (0.02 * np.sin(2 * np.pi * 5 * t) if 2.0 < t < 4.0 else 0.0)


def stuck(camera: str, t: float) -> np.ndarray:
    return Recipe().pixels(camera, min(t, 2.0) if camera == "side" else t)


def standing(t: float) -> np.ndarray:
    return Recipe(seconds=15.0).q(min(t, 3.0))


DEFECTS = {
    "missing topic": (
        Recipe(keep=lambda topic, t: topic != "/joint_states"),
        r"joint_states is missing: record it too",
    ),
    "gap": (
        Recipe(keep=lambda topic, t: topic != "/joint_states" or not 2.0 < t < 2.6),
        r"/joint_states: 1 gaps, the longest 0\.60\d? s of 5 ms between messages",
    ),
    "slow": (
        Recipe(keep=lambda topic, t: "side" not in topic or round(t * 10) % 2 == 0),
        r"/cameras/side/color/image_raw: 5\.0 messages a second, 9 are wanted",
    ),
    "cameras apart": (
        Recipe(image_stamp=lambda camera, t: 10.0 + t + (0.05 if camera == "side" else 0.0)),
        r"front/color/image_raw and /cameras/side/color/image_raw: 50 ms apart",
    ),
    "clocks apart": (
        Recipe(image_stamp=lambda camera, t: 16.0 + t),
        r"image_raw: \d+ ms from the nearest joint state: synchronise the clocks",
    ),
    "clock backwards": (
        Recipe(joint_stamp=lambda t: 10.0 + t - (0.5 if t > 3.0 else 0.0)),
        r"/joint_states: 1 stamps are earlier than the one before",
    ),
    "black": (
        Recipe(pixels=lambda camera, t: 0 * PICTURE if t > 4.0 else Recipe().pixels(camera, t)),
        r"color/image_raw: 18 % of the images are black",
    ),
    "frozen": (Recipe(pixels=stuck), r"/cameras/side/color/image_raw: the same image for 2\.\d s while the arm moves"),
    "jerky": (
        Recipe(q=lambda t: Recipe().q(t) + 0.01 * np.sin(2 * np.pi * 7 * t) * np.eye(7)[3]),
        r"jerky: panda_joint4 has \d+ rad/s³ RMS",
    ),
    "joint limit": (Recipe(q=lower_limit), r"panda_joint6 is at its limit for \d+ % of the time"),
    "singular": (Recipe(q=stretched), r"panda is singular \(condition number up to \d+\) for 100 % of the time"),
    "idle": (Recipe(seconds=15.0, q=standing), r"nothing moves for 12\.0 s"),
    "clipped": (
        Recipe(effort=lambda t: ARM.effort * (1.0 if t > 4.0 else 0.1)),
        r"20 % of panda's commands are clipped at the effort limit",
    ),
    "refused": (
        Recipe(refused=lambda t: "too fast" if t > 2.5 else ""),
        r"24 of 50 chunks were refused, most because: too fast",
    ),
    "chatter": (Recipe(width=chattering), r"panda_hand chatters: it turns 1\d times within 1 s"),
    "too short": (Recipe(seconds=0.6), r"only 0\.60 s long"),
    "truncated": (Recipe(end_mark=False), r"truncated: no end was marked"),
    "cut in motion": (
        Recipe(q=lambda t: Recipe().q(t) + 0.5 * max(0.0, t - 4.0) ** 2),
        r"truncated: it ends while a joint moves at 1\.\d\d rad/s",
    ),
}
ALSO = {  # what follows from a defect, beside its own reason
    "missing topic": {"missing"},
    "joint limit": {"limit_contact", "jerk_rms", "singular", "end_speed"},
    "singular": {"singular"},
    "idle": {"idle_longest_s", "idle_share"},
    "slow": {"rate_hz"},
    "clocks apart": {"joint_skew_s"},
    "too short": {"duration_s"},
    "black": {"black", "frozen_s"},
    "frozen": {"frozen_s"},
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_and_said_in_words(name, tmp_path):
    recipe, expected = DEFECTS[name]
    judgement = judged(tmp_path, recipe)
    assert re.search(expected, judgement.reasons[0] if name != "joint limit" else "\n".join(judgement.reasons))
    assert judgement.score < 97.0
    kinds = {finding.kind for finding in judgement.findings if finding.loss}
    assert len(kinds) == 1 or kinds <= ALSO[name], kinds


def test_what_it_prints_and_writes(tmp_path, capsys):
    bag = write_bag(tmp_path / "bag", DEFECTS["frozen"][0].sent(), None, {"robot": "franka"})
    page, file = tmp_path / "page.html", tmp_path / "figures.json"
    words = ["bag", "check", str(bag), "--report", str(page), "--json", str(file)]
    assert main(words) == 0
    output = capsys.readouterr().out
    assert f"{bag}: whole" in output
    assert re.search(
        r'"lift the mug", success: score \d+, no contract\n  /cameras/side/color/image_raw: the same image', output
    )
    (episode,) = json.loads(file.read_text())["episodes"]
    assert episode["score"] < 70.0
    assert episode["figures"]["frozen_s/cameras/side/color/image_raw"] > 2.0
    text = page.read_text()
    assert text.count("data:image/png;base64,") == 1
    assert "the same image for" in text
    assert not re.search(r"(src|href)=.(https?:|/)", text)  # it needs nothing else
    assert main([*words, "--min-score", "90"]) == 1


def test_without_the_robots_name_what_needs_it_is_left_out(tmp_path):
    bag = write_bag(tmp_path / "bag", DEFECTS["singular"][0].sent())
    with BagReader(bag) as reader:
        (unknown,) = judge(read_bag(reader), CONFIG)
        (known,) = judge(read_bag(reader, "franka"), CONFIG)
    assert not {f.kind for f in unknown.findings} & {"singular", "limit_contact", "chatter", "clipped"}
    assert "singular" in {f.kind for f in known.findings}


def test_a_bag_that_is_torn_is_not_judged(tmp_path, capsys):
    bag = write_bag(tmp_path / "bag", Recipe().sent())
    file = bag / "bag_0.mcap"
    file.write_bytes(file.read_bytes()[:200_000])
    assert main(["bag", "check", str(bag)]) == 1
    output = capsys.readouterr().out
    assert "truncated after" in output
    assert "score" not in output


# -- the measures ------------------------------------------------------------------------------------------------------
@given(st.floats(0.1, 3.0), st.floats(0.2, 1.5))
def test_jerk_of_a_sine_is_the_sines(amplitude, hz):
    time = np.arange(0.0, 6.0, 0.002)
    w = 2 * np.pi * hz
    joints = JointSeries(("a",), time, amplitude * np.sin(w * time)[:, None], amplitude * w * np.cos(w * time)[:, None])
    (value,) = rms_jerk(joints, 30.0, 0.0)
    assert value == pytest.approx(amplitude * w**3 / np.sqrt(2.0), rel=0.1)


def test_a_clock_that_leaps_is_no_reason_to_fall_over(tmp_path):
    leaping = judged(tmp_path / "a", Recipe(joint_stamp=lambda t: 10.0 + t + (1.6e9 if t > 2.0 else 0.0)))
    assert leaping.score < 97.0
    unset = judged(tmp_path / "b", Recipe(joint_stamp=lambda t: 0.0, image_stamp=lambda camera, t: 0.0))
    assert unset.reasons == []  # then it is judged by when it was received
    begins = judged(tmp_path / "c", Recipe(joint_stamp=lambda t: t, image_stamp=lambda camera, t: t))
    assert begins.reasons == []  # a simulation's first instant is zero


def test_the_jacobians_condition_is_its_singular_values():
    home, straight = ARM.home, np.array([0.0, 0.0, 0.0, ARM.upper[3], 0.0, 1.8, 0.0])
    values = conditions(FRANKA, ARM, np.array([home, straight]))
    assert 3.0 < values[0] < 20.0
    assert values[1] > 5.0 * values[0]


@given(st.lists(st.floats(0.0, 0.08), min_size=1, max_size=60))
def test_a_gripper_turns_as_often_as_a_zigzag_of_its_width(widths):
    time, width = np.arange(float(len(widths))), np.array(widths)
    turns = turning_times(time, width, 0.004)
    assert turns == sorted(turns)
    # Between two turns it went at least the travel, and in the other direction each time.
    corners = [width[0], *(width[int(t)] for t in turns), width[-1]]
    legs = np.diff(corners[:-1]) if len(corners) > 2 else np.empty(0)
    assert (np.abs(legs[1:]) >= 0.004 - 1e-12).all()
    assert (np.sign(legs[1:][:-1]) != np.sign(legs[1:][1:])).all()


def test_idle_time_is_measured():
    time = np.arange(0.0, 10.0, 0.01)
    speed = np.where((time > 2.0) & (time < 5.0), 0.0, 1.0)
    longest, share = idle(time, speed, 0.01)
    assert longest == pytest.approx(3.0, abs=0.03)
    assert share == pytest.approx(0.3, abs=0.01)


@given(
    st.lists(st.floats(0.0, 100.0), min_size=1, max_size=30), st.lists(st.floats(0.0, 100.0), min_size=1, max_size=30)
)
def test_the_nearest_time_is_the_nearest(times, others):
    expected = np.median([min(abs(t - o) for o in others) for t in times])
    assert nearest(np.array(times), np.array(others)) == pytest.approx(expected)


def test_an_image_that_does_not_change_yet_is_no_frozen_one():
    time = np.arange(0.0, 4.0, 0.1)
    joints = JointSeries(("a",), np.arange(0.0, 4.0, 0.01), np.zeros((400, 1)), np.ones((400, 1)))

    def frozen(change: np.ndarray) -> float:
        return longest_frozen(ImageSeries(time, np.full(40, 99.0), change), joints, 0.01, 0.1)

    late = np.where(time > 2.0, 1.0, 0.0)
    assert frozen(late) == 0.0  # the arm comes into view after two seconds
    assert frozen(1.0 - late) == pytest.approx(1.9, abs=0.11)
    assert frozen(np.zeros(40)) == pytest.approx(3.9, abs=0.11)  # it never shows anything


@pytest.mark.parametrize(("moving", "topic", "lost"), [
    ("right_joint1", "/cameras/left_wrist/color/image_raw", False),  # the camera's arm rests
    ("left_joint1", "/cameras/left_wrist/color/image_raw/compressed", True),
    ("right_joint1", "/cameras/head/color/image_raw", True),
])  # fmt: skip
def test_a_hands_camera_is_frozen_only_while_its_own_arm_moves(moving, topic, lost):
    time = np.arange(0.0, 4.0, 0.01)
    names = ("left_joint1", "right_joint1")
    speeds = np.where(np.array(names) == moving, 1.0, 0.0) * np.ones((400, 1))
    joints, images = JointSeries(names, time, np.zeros((400, 2)), speeds), np.full(40, 99.0)
    change = np.r_[1.0, np.zeros(39)]
    data = EpisodeData(
        BagEpisode(0, "", 0, int(4e9)), {}, joints, {topic: ImageSeries(time[::10], images, change)},
        embodiment=load_embodiment("agilex"),
    )  # fmt: skip
    (frozen,) = (finding for finding in measure_images(data, CONFIG) if finding.kind == "frozen_s")
    assert (frozen.loss > 0.0) == lost


def test_a_camera_that_no_arm_carries_is_moved_by_none():
    agilex = load_embodiment("agilex")
    assert carrying_joints(agilex, "/cameras/right_wrist/color/image_raw") >= set(agilex.arm("right").joints)
    assert not carrying_joints(agilex, "/cameras/head/color/image_raw")
    assert not carrying_joints(None, "/cameras/right_wrist/color/image_raw")


@given(st.floats(-10.0, 10.0), st.floats(0.1, 5.0), st.floats(0.0, 1.0), st.floats(-100.0, 100.0))
def test_a_threshold_costs_nothing_at_first_and_no_more_than_its_weight(ok, width, weight, value):
    threshold = Threshold(ok, ok + width, weight)
    assert 0.0 <= threshold.penalty(value) <= weight
    assert threshold.penalty(ok) == 0.0
    assert threshold.penalty(ok + width) == pytest.approx(weight)
    assert threshold.penalty(ok + width / 2) == pytest.approx(weight / 2)


def test_of_a_kind_the_worst_counts_and_kinds_multiply():
    findings = [Finding("gap_s/a", 1.0, 0.5, "a gap"), Finding("gap_s/b", 1.0, 0.2, "another"),
                Finding("jerk", 9.0, 0.1, "jerky"), Finding("fine", 0.0)]  # fmt: skip
    assert score(findings) == pytest.approx(45.0)
    assert reasons(findings) == ["a gap, and 1 more (−50 %)", "jerky (−10 %)"]


def test_an_empty_episode_is_judged_without_falling_over():
    data = EpisodeData(BagEpisode(0, 0, 0), {"/joint_states": Stream(*3 * [np.empty(0)])})
    (judgement,) = judge([data], CONFIG)
    assert judgement.score < 50.0


# -- configuration -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("gap_factor: 4.0", "gap_factor: 0", "gap_factor must be > 0, got 0"),
        ("gap_factor: 4.0", "gap_faktor: 4.0", "unknown key 'gap_faktor': did you mean 'gap_factor'"),
        ("bad: 1.0, weight: 0.4", "bad: 0.1, weight: 0.4", "gap: ok must be below bad, got 0.15 and 0.1"),
        ("weight: 0.4}           # [s] the longest", "weight: 4}", "gap: weight must be 0 to 1, got 4"),
    ],
)
def test_thresholds_that_make_no_sense_are_one_line(old, new, message, tmp_path, capsys):
    text = (share_directory() / "config" / "quality.yaml").read_text()
    assert old in text
    file = tmp_path / "quality.yaml"
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_quality_config(file)


@pytest.mark.parametrize(
    ("topic", "found"), [("/control/transitions", False), ("/control/seams", False), ("/joint_states", True)]
)
def test_what_speaks_when_it_has_news_may_pause(topic, found):
    times = np.concatenate([np.arange(0.0, 3.0, 0.014), np.arange(5.0, 8.0, 0.014)])
    streams = {topic: Stream(times, times, np.full(len(times), np.nan))}
    (judgement,) = judge([EpisodeData(BagEpisode(0, 0, 0), streams)], CONFIG)
    assert any("gaps" in reason for reason in judgement.reasons) is found

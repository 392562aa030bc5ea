# SPDX-License-Identifier: Apache-2.0
"""The motion of an episode out of a bag, and what is sent when it is executed again."""

from __future__ import annotations

import numpy as np
import pytest
from arms.franka_arm import ARM, FRAME, HOME, WIDTH, Rig
from bags.replay_bag import CLOSES_AT, DURATION, INSTRUCTION, SCENE, target, write_replay_bag

from controllers.chunks.chunk import pose_channels
from controllers.errors import ConfigError, VlaError
from controllers.rotations import angle_between, from_matrix
from vla_ros import cli
from vla_ros.data.replay.player import STALLED_S, ReplayPlayer, start_distance
from vla_ros.data.replay.reading import read_motion, read_scene
from vla_ros.robots.embodiment import load_embodiment

FRANKA = load_embodiment("franka")
POSE = pose_channels("panda")


@pytest.fixture(scope="module")
def bag(tmp_path_factory):
    return write_replay_bag(tmp_path_factory.mktemp("bags") / "small")


@pytest.fixture
def motion(bag):
    return read_motion(bag, 0, FRANKA)


def test_a_bag_gives_what_was_commanded_from_where_it_begins_to_move(motion):
    assert motion.duration == pytest.approx(DURATION, abs=0.2)
    begun = DURATION - motion.duration
    assert motion.channels == (*POSE, WIDTH)
    for time, pose in zip(motion.times[::10], motion.columns(POSE)[::10], strict=True):
        wanted = target(time + begun)
        assert np.linalg.norm(pose[:3] - wanted[:3]) < 4e-3  # within a sample of 20 ms
        assert angle_between(tuple(pose[3:]), tuple(wanted[3:])) < 0.02
    closed = motion.times[np.argmax(motion.columns([WIDTH])[:, 0] < 0.05)]
    assert closed + begun == pytest.approx(CLOSES_AT, abs=0.06)
    assert motion.instruction == INSTRUCTION
    assert np.allclose([motion.start[name] for name in ARM.joints], HOME)


def test_the_scene_comes_from_the_bag(bag):
    assert read_scene(bag) == SCENE


def test_the_follower_executes_it_again(motion):
    rig = Rig(command_delay=0.004)
    player = ReplayPlayer(motion, FRAME)
    errors, widths = [], []
    while not player.finished and rig.now < 20.0:
        progress = rig.follower.progress
        moving = not progress.hold_reason
        chunk = player.take(rig.now, progress.sequence, progress.executed_s, moving)
        if chunk is not None:
            rig.follower.submit(chunk, rig.now)
        rig.run(0.02)
        reached = player.share * motion.duration
        at = np.array([np.interp(reached, motion.times, column) for column in motion.columns(POSE[:3]).T])
        errors.append(np.linalg.norm(rig.driven.progress.T_base_ee_commanded[:3, 3] - at))
        widths.append(rig.follower.command.end_effectors[WIDTH])
    assert player.finished
    assert rig.now < 1.3 * motion.duration + 1.0
    assert np.sqrt(np.mean(np.square(errors))) < 8e-3  # progress is known to 20 ms
    end = rig.run(0.3)[-1].commanded
    assert np.linalg.norm(end[:3, 3] - motion.columns(POSE)[-1, :3]) < 1e-3
    assert angle_between(from_matrix(end[:3, :3]), tuple(motion.columns(POSE)[-1, 3:])) < 0.01
    assert widths[0] == 0.08
    assert widths[-1] == pytest.approx(0.02)


def test_half_the_speed_takes_twice_as_long(motion):
    player = ReplayPlayer(motion, FRAME, speed=0.5)
    chunk = player.take(0.0, -1, 0.0, False)
    full = ReplayPlayer(motion, FRAME).take(0.0, -1, 0.0, False)
    assert chunk.times[-1] - chunk.times[0] == pytest.approx(2.0 * (full.times[-1] - full.times[0]))


def test_an_arm_that_is_held_is_not_waited_for_for_ever(motion):
    player = ReplayPlayer(motion, FRAME)
    player.take(0.0, -1, 0.0, False)
    for tick in range(1, round((STALLED_S - 0.3) / 0.05)):
        player.take(0.05 * tick, 1, 0.0, True)
    with pytest.raises(VlaError, match=r"nothing advances at 0\.0 of"):
        player.take(STALLED_S + 0.3, 1, 0.0, True)


def test_how_far_the_arm_is_from_the_beginning(motion):
    measured = dict(zip(ARM.joints, HOME, strict=True)) | {"panda_joint4": HOME[3] + 0.3}
    assert start_distance(motion, measured) == ("panda_joint4", pytest.approx(0.3))


def test_without_marks_the_whole_bag_is_one_episode(tmp_path):
    whole = read_motion(write_replay_bag(tmp_path / "whole", marked=False), 0, FRANKA)
    assert whole.duration == pytest.approx(DURATION, abs=0.2)


@pytest.mark.parametrize(
    ("without", "match"),
    [
        ("control/commanded_pose", "lacks the topic control/commanded_pose"),
        ("joint_states", "lacks the topic joint_states"),
        ("control/progress", "lacks the topic control/progress"),
    ],
)
def test_a_bag_without_what_is_needed_is_named(tmp_path, without, match):
    with pytest.raises(VlaError, match=match):
        read_motion(write_replay_bag(tmp_path / "less", without=without), 0, FRANKA)


def test_bad_words_are_one_line(bag, tmp_path, capsys):
    for words, said in (
        (["replay", str(tmp_path / "none")], "no such bag or dataset"),
        (["replay", str(bag), "--episode", "7"], "episode 7 is not one of 0 to 0"),
        (["replay", str(bag), "--speed", "3"], "--speed must be 0.05 to 1, got 3"),
        (["replay", str(bag), "--robot", "frank"], "did you mean 'franka'"),
    ):
        assert cli.main(words) == 2
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--running", "speed:=0.2"], "speed:=0.2: --running starts no job that could take it: give --speed 0.2"),
        (["--running", "start_tolerance:=0.3"], "give --start-tolerance 0.3"),
        (["--running", "robot"], "robot: --running starts no job that could take it: leave it out"),
        (["--running", "viewer:=true"], "leave it out"),
        (["--running", "--set", "basic"], "--set basic: --running takes the scene before the arm"),
        (["--running", "--seed", "0"], "--seed 0: --running takes the scene before the arm"),
        (["--start-tolerance", "0.1"], "give --running, or leave it out"),
    ],
)
def test_what_would_be_ignored_is_refused(bag, capsys, words, said):
    """A speed that is not taken would move a real arm at the recorded one."""
    assert cli.main(["replay", str(bag), *words]) == 2
    assert said in capsys.readouterr().err


def test_a_motion_of_nothing_is_refused(motion):
    with pytest.raises((ConfigError, VlaError), match="holds no motion"):
        type(motion)(np.zeros(1), motion.channels, motion.values[:1], {}, source="it")

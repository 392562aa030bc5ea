# SPDX-License-Identifier: Apache-2.0
"""A policy that is watched: the same scores as afterwards, and what is done at an alarm."""

from __future__ import annotations

import copy
import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from policy_making.synthetic_rollouts import SIZE, drifting
from safetensors.numpy import save_file

from controllers.chunks.chunk import ActionChunk, TaskStatus, pose_channels
from controllers.errors import ConfigError
from vla_ros.failure_detection.detector import SCORES, FailureDetector, save_detector
from vla_ros.failure_detection.online.alarm_config import BACK_OFF, HOME, PAUSE, TELL, AlarmConfig
from vla_ros.failure_detection.online.monitor import FailureMonitor, spaced
from vla_ros.failure_detection.online.recovery import WatchedPolicy
from vla_ros.failure_detection.online.watching import check_detector, watch
from vla_ros.failure_detection.rollout import RecordedRollout
from vla_ros.failure_detection.tasks import HoldOut
from vla_ros.failure_detection.training import TrainingConfig, train_detector
from vla_ros.policies.base import capability
from vla_ros.policies.capabilities.failure_score import ACTING, GOING_BACK, WAITING, FailureScoring
from vla_ros.policies.families.weights_digest import policy_digest
from vla_ros.policies.observation import ArmState, BaseState, EndEffectorState, Observation, RobotState
from vla_ros.robots.embodiment import load_embodiment

ROBOT = load_embodiment("franka")
(ARM,), (GRIPPER,) = ROBOT.arms, ROBOT.grippers
CHANNELS = (*pose_channels(ARM.name), f"{GRIPPER.name}/width", "task/status")
PERIOD = 0.2  # [s] of the synthetic roll-outs


class Drifting:
    """A policy that thinks what a roll-out thought, and wants the hand where it is, 1 cm further along x."""

    def __init__(self, thoughts: np.ndarray) -> None:
        self._thoughts = thoughts
        self.resets = 0
        self.reset()

    def reset(self) -> None:
        self.features: np.ndarray | None = None
        self.asked = 0
        self.resets += 1

    def infer(self, observation: Observation) -> ActionChunk:
        self.features = self._thoughts[min(self.asked, len(self._thoughts) - 1)].astype(np.float32)
        self.asked += 1
        row = [0.41, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0, 0.08, 0.0]
        times = 0.1 * np.arange(1, 9)
        return ActionChunk(observation.stamp, ROBOT.base_frame, CHANNELS, times, np.tile(row, (8, 1)))


class Reconsidering(Drifting):
    """One that can think again."""

    reconsidered = 0

    def reconsider(self) -> None:
        self.reconsidered += 1
        self.reset()


def state(stamp: float, x: float, z: float, width: float) -> RobotState:
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, 3] = x, 0.0, z
    arm = ArmState(ARM.joints, np.zeros(len(ARM.joints)), np.zeros(len(ARM.joints)), T)
    return RobotState(stamp, {ARM.name: arm}, {GRIPPER.name: EndEffectorState(width=width)})


def seen(stamp: float, x: float = 0.4, z: float = 0.3, width: float = 0.08, told: float | None = None) -> Observation:
    commanded = state(stamp, x, z, width if told is None else told)
    return Observation(stamp, "pick up the mug", {}, state(stamp, x, z, width), commanded)


@pytest.fixture(scope="module")
def rollouts() -> list[RecordedRollout]:
    return [*drifting(90, 1, strength=4.0), *drifting(30, 2, "other", strength=4.0)]


@pytest.fixture(scope="module")
def detector(rollouts: list[RecordedRollout]) -> FailureDetector:
    quick = TrainingConfig(hidden=16, epochs=40, patience=20, learning_rate=5e-3)
    return train_detector(rollouts, HoldOut("set", ("other",)), quick)[0]


@pytest.fixture(scope="module")
def failing(detector: FailureDetector, rollouts: list[RecordedRollout]) -> np.ndarray:
    """Return what was thought in a failure that raises an alarm in its middle."""
    for rollout in rollouts:
        first = detector.band("lstm", 0.2).first_alarm(detector.score("lstm", [rollout])[0])
        if not rollout.success and first is not None and first > 4:
            return rollout.features
    raise AssertionError("no failure raises an alarm")


def watched(policy: Drifting, detector: FailureDetector, reaction: str, attempts: int = 2) -> WatchedPolicy:
    return watch(policy, ROBOT, detector, AlarmConfig("lstm", 0.2, reaction, attempts))


def until_alarm(policy: WatchedPolicy, **where: float) -> tuple[ActionChunk, float]:
    """Infer until there is an alarm; return the chunk that it led to and when it was [s]."""
    for step in range(60):
        chunk = policy.infer(seen(PERIOD * step, **where))
        assert policy.failure_score is not None
        if policy.failure_score.alarm:
            return chunk, PERIOD * step
    raise AssertionError("no alarm")


@pytest.mark.parametrize("name", SCORES)
def test_scores_while_it_acts_are_those_of_afterwards(
    name: str, detector: FailureDetector, rollouts: list[RecordedRollout]
) -> None:
    monitor = FailureMonitor(Drifting(rollouts[0].features), detector, name, 0.2)
    found = []
    for step in range(len(rollouts[0].times)):
        monitor.infer(seen(PERIOD * step))
        assert monitor.failure_score is not None
        found.append(monitor.failure_score.score)
    whole = monitor.policy.rollout(rollouts[0].episode)
    np.testing.assert_allclose(found, detector.score(name, [whole])[0], rtol=1e-5, atol=1e-6)
    limit = detector.band(name, 0.2).upper(len(found))[-1]
    assert monitor.failure_score.limit == pytest.approx(limit, rel=1e-5)


def test_inferences_that_come_too_often_are_no_steps_of_their_own(
    detector: FailureDetector, rollouts: list[RecordedRollout]
) -> None:
    np.testing.assert_array_equal(spaced(np.array([0.0, 0.05, 0.1, 0.2, 0.24, 0.4]), 0.15), [0, 3, 5])
    monitor = FailureMonitor(Drifting(rollouts[0].features), detector, "time", 0.2)
    for stamp in np.arange(0.0, 2.01, PERIOD / 2):
        monitor.infer(seen(float(stamp)))
    assert monitor.failure_score is not None
    assert monitor.failure_score.step == 10
    assert monitor.failure_score.score == 11.0


def test_an_alarm_alone_changes_nothing(detector: FailureDetector, failing: np.ndarray) -> None:
    policy, alone = watched(Drifting(failing), detector, TELL), Drifting(failing)
    alarms = 0
    for step in range(len(failing)):
        chunk, other = policy.infer(seen(PERIOD * step)), alone.infer(seen(PERIOD * step))
        np.testing.assert_array_equal(chunk.values, other.values)
        assert policy.failure_score is not None
        assert policy.failure_score.doing == ACTING
        alarms += policy.failure_score.alarm
    assert alarms >= 1
    assert 1 <= policy.failure_score.alarms <= alarms  # one that goes on is one


def test_a_pause_holds_what_is_commanded_until_a_person_says_so(detector: FailureDetector, failing: np.ndarray) -> None:
    inner = Drifting(failing)
    policy = watched(inner, detector, PAUSE)
    scoring = capability(policy, FailureScoring)
    assert scoring is policy
    chunk, stamp = until_alarm(policy)
    for later in (0.0, 1.0, 50.0):
        asked = inner.asked
        chunk = policy.infer(seen(stamp + later + 0.1, x=0.5)) if later else chunk
        assert inner.asked == asked  # nobody is asked what is not done
        assert chunk.channels == CHANNELS
        np.testing.assert_allclose(chunk.positions(ARM.name), [[0.5 if later else 0.4, 0.0, 0.3]] * 2)
        np.testing.assert_allclose(chunk.column(f"{GRIPPER.name}/width"), 0.08)
        assert chunk.status is TaskStatus.ONGOING
        assert policy.failure_score is not None
        assert policy.failure_score.doing == WAITING
    resets = inner.resets
    policy.resume()
    policy.infer(seen(stamp + 60.0))
    assert inner.resets == resets + 1
    assert policy.failure_score is not None
    assert (policy.failure_score.step, policy.failure_score.doing) == (0, ACTING)
    asked = inner.asked
    for step in range(1, 40):  # a person's word counts more than an alarm
        policy.infer(seen(stamp + 60.0 + PERIOD * step))
        assert policy.failure_score.doing == ACTING
    assert inner.asked == asked + 39
    assert policy.failure_score.alarms >= 2
    policy.resume()  # nobody waits
    policy.infer(seen(stamp + 70.0))
    assert inner.resets == resets + 1


def test_who_may_go_on_before_it_is_asked_is_not_disturbed(detector: FailureDetector, failing: np.ndarray) -> None:
    inner = Drifting(failing)
    policy = watched(inner, detector, PAUSE)
    policy.infer(seen(0.0))
    resets = inner.resets
    policy.resume()
    until_alarm(policy)
    assert inner.resets == resets
    assert policy.failure_score is not None
    assert policy.failure_score.doing == WAITING


def test_empty_hands_open_rise_and_try_again(detector: FailureDetector, failing: np.ndarray) -> None:
    inner = Reconsidering(failing)
    policy = watched(inner, detector, BACK_OFF)
    chunk, stamp = until_alarm(policy)
    assert chunk.stamp == stamp
    positions = chunk.positions(ARM.name)
    np.testing.assert_allclose(positions[0], [0.4, 0.0, 0.3])
    np.testing.assert_allclose(positions[-1], [0.4, 0.0, 0.42], atol=1e-9)
    assert (np.linalg.norm(np.diff(positions, axis=0), axis=1) <= 0.15 * np.diff(chunk.times) + 1e-9).all()
    later = policy.infer(seen(stamp + 1.0, z=0.32))
    assert later.duration == pytest.approx(chunk.duration - 1.0, abs=0.06)
    np.testing.assert_allclose(later.positions(ARM.name)[-1], [0.4, 0.0, 0.42], atol=1e-9)
    assert inner.reconsidered == 0
    assert policy.failure_score is not None
    assert policy.failure_score.doing == GOING_BACK
    policy.infer(seen(stamp + chunk.duration + 0.1, z=0.42))
    assert inner.reconsidered == 1
    assert (policy.failure_score.step, policy.failure_score.doing, policy.failure_score.alarms) == (0, ACTING, 1)


def test_what_is_held_is_put_down_where_it_was_taken_and_let_go_there(
    detector: FailureDetector, failing: np.ndarray
) -> None:
    policy = watched(Drifting(failing), detector, HOME)
    policy.infer(seen(0.0, x=0.3, z=0.5))  # where the episode begins
    policy.infer(seen(0.2, x=0.5, z=0.05))
    policy.infer(seen(0.4, x=0.5, z=0.05, width=0.05, told=0.0))  # the fingers close on something 5 cm wide
    for step in range(3, 60):
        chunk = policy.infer(seen(0.2 * step, x=0.6, z=0.25, width=0.05, told=0.0))
        assert policy.failure_score is not None
        if policy.failure_score.alarm:
            break
    widths, positions = chunk.column(f"{GRIPPER.name}/width"), chunk.positions(ARM.name)
    opened = int(np.flatnonzero(widths > 0.01)[0])
    np.testing.assert_allclose(widths[:opened], 0.0)
    np.testing.assert_allclose(positions[opened], [0.5, 0.0, 0.05], atol=2e-3)
    np.testing.assert_allclose(positions[-1], [0.3, 0.0, 0.5], atol=1e-9)
    closed_and_moving = positions[:opened]
    sideways = np.linalg.norm(closed_and_moving[:, :2] - [0.5, 0.0], axis=1) > 0.01
    assert (closed_and_moving[sideways, 2] > 0.15).all()  # over the others, not through them


def held_up(policy: WatchedPolicy, told: list[float], base: np.ndarray | None = None) -> ActionChunk:
    """Close fingers by steps on something 5 cm wide, carry it elsewhere until there is an alarm; return its chunk."""
    stood = None if base is None else BaseState(np.eye(4), np.zeros(3))
    stands = None if base is None else BaseState(base, np.zeros(3))

    def at(observation: Observation, where: BaseState | None) -> Observation:
        return dataclasses.replace(observation, state=dataclasses.replace(observation.state, base=where))

    for step, width in enumerate(told):
        policy.infer(at(seen(0.1 * step, x=0.5, z=0.05, width=max(width, 0.05), told=width), stood))
    begins = 0.1 * len(told)
    for step in range(1, 60):
        chunk = policy.infer(at(seen(begins + PERIOD * step, x=0.6, z=0.25, width=0.05, told=told[-1]), stands))
        assert policy.failure_score is not None
        if policy.failure_score.alarm:
            return chunk
    raise AssertionError("no alarm")


def test_fingers_that_close_by_and_by_take_as_well(detector: FailureDetector, failing: np.ndarray) -> None:
    chunk = held_up(watched(Drifting(failing), detector, BACK_OFF), list(np.arange(0.08, 0.039, -0.003)))
    widths, positions = chunk.column(f"{GRIPPER.name}/width"), chunk.positions(ARM.name)
    opened = int(np.flatnonzero(widths > widths[0] + 1e-3)[0])
    np.testing.assert_allclose(positions[opened], [0.5, 0.0, 0.05], atol=2e-3)


def test_what_is_held_is_not_let_go_in_the_air(detector: FailureDetector, failing: np.ndarray) -> None:
    driven = np.eye(4)
    driven[0, 3] = 0.5
    for told, base in (([0.0], None), ([0.08, 0.0], driven)):  # held from the beginning; taken before the base drove
        policy = watched(Drifting(failing), detector, BACK_OFF)
        chunk = held_up(policy, told, base)
        assert policy.failure_score is not None
        assert policy.failure_score.doing == WAITING
        np.testing.assert_allclose(chunk.column(f"{GRIPPER.name}/width"), 0.0)
        np.testing.assert_allclose(chunk.positions(ARM.name), [[0.6, 0.0, 0.25]] * 2)
    policy = watched(Drifting(failing), detector, BACK_OFF)
    held_up(policy, [0.08, 0.0], np.eye(4))  # a base that stands where it stood
    assert policy.failure_score is not None
    assert policy.failure_score.doing == GOING_BACK


def test_an_arm_that_is_held_on_its_way_back_waits_for_a_person(detector: FailureDetector, failing: np.ndarray) -> None:
    inner = Reconsidering(failing)
    policy = watched(inner, detector, HOME)
    policy.infer(seen(0.0, x=0.2, z=0.6))  # where the episode begins
    for step in range(1, 60):
        chunk = policy.infer(seen(PERIOD * step, x=0.6, z=0.1))
        assert policy.failure_score is not None
        if policy.failure_score.alarm:
            break
    assert policy.failure_score.doing == GOING_BACK
    late = np.minimum(np.arange(0.2, chunk.duration, 0.2) - 1.0, chunk.duration)
    positions = chunk.positions(ARM.name)
    for after in late[: len(late) // 2]:  # a second late is as it may be
        x, _, z = (np.interp(max(after, 0.0), chunk.times, positions[:, axis]) for axis in range(3))
        policy.infer(seen(chunk.stamp + after + 1.0, x=x, z=z))
        assert policy.failure_score.doing == GOING_BACK
    for held in (3.0, 4.0, chunk.duration + 1.0):  # by an e-stop: the way goes on without it
        stopped = policy.infer(seen(chunk.stamp + held + len(late) // 2 * 0.2, x=x, z=z))
    assert policy.failure_score.doing == WAITING
    assert inner.reconsidered == 0
    np.testing.assert_allclose(stopped.positions(ARM.name), [[x, 0.0, z]] * 2)
    assert policy.resume()
    policy.infer(seen(chunk.stamp + 60.0, x=x, z=z))
    assert inner.reconsidered == 1


@pytest.mark.parametrize("reaction", [PAUSE, BACK_OFF])
def test_cups_hold_what_they_hold(reaction: str, detector: FailureDetector, failing: np.ndarray) -> None:
    robot = load_embodiment("franka+single_cup")
    (arm,), (tool,) = robot.arms, robot.suction_tools
    suction = f"{tool.cups[0]}/suction"

    class Sucking(Drifting):
        def infer(self, observation: Observation) -> ActionChunk:
            chunk = super().infer(observation)  # it would let go now
            channels = (*pose_channels(arm.name), suction)
            return ActionChunk(
                chunk.stamp,
                robot.base_frame,
                channels,
                chunk.times,
                np.tile([0.41, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0, 0.0], (8, 1)),
            )

    def at(stamp: float, x: float, z: float, sealed: bool) -> Observation:
        T = np.diag([1.0, -1.0, -1.0, 1.0])
        T[:3, 3] = x, 0.0, z
        joints = np.zeros(len(arm.joints))
        state = RobotState(
            stamp,
            {arm.name: ArmState(arm.joints, joints, joints, T)},
            {tool.name: EndEffectorState(sealed={tool.cups[0]: sealed})},
        )
        return Observation(stamp, "pick up the mug", {}, state, state)

    policy = watch(Sucking(failing), robot, detector, AlarmConfig("lstm", 0.2, reaction))
    policy.infer(at(0.0, 0.5, 0.05, False))
    policy.infer(at(0.2, 0.5, 0.05, True))
    for step in range(2, 60):
        chunk = policy.infer(at(0.2 * step, 0.6, 0.25, True))
        assert policy.failure_score is not None
        if policy.failure_score.alarm:
            break
    told, positions = chunk.column(suction), chunk.positions(arm.name)
    if reaction == PAUSE:
        np.testing.assert_array_equal(told, 1.0)
        return
    let_go = int(np.flatnonzero(told < 0.5)[0])
    np.testing.assert_allclose(positions[let_go], [0.5, 0.0, 0.05], atol=2e-3)
    assert told[-1] == 0.0


def test_after_so_many_ways_back_a_person_is_asked(detector: FailureDetector, failing: np.ndarray) -> None:
    policy = watched(Drifting(failing), detector, BACK_OFF, attempts=1)
    chunk, stamp = until_alarm(policy)
    stamp += chunk.duration
    doing = []
    for _ in range(60):
        stamp += PERIOD
        policy.infer(seen(stamp))
        assert policy.failure_score is not None
        doing.append(policy.failure_score.doing)
    assert GOING_BACK not in doing
    assert doing[-1] == WAITING
    assert policy.failure_score.alarms == 2
    policy.reset()
    assert policy.failure_score is None


def test_a_chunk_without_poses_is_held_for_a_person(detector: FailureDetector, failing: np.ndarray) -> None:
    class Joints(Drifting):
        def infer(self, observation: Observation) -> ActionChunk:
            chunk = super().infer(observation)
            channels = tuple(f"{joint}/position" for joint in ARM.joints)
            return ActionChunk(chunk.stamp, "", channels, chunk.times, np.full((8, len(channels)), 0.1))

    policy = watched(Joints(failing), detector, BACK_OFF)
    chunk, _ = until_alarm(policy)
    assert policy.failure_score is not None
    assert policy.failure_score.doing == WAITING
    np.testing.assert_array_equal(chunk.values, 0.0)  # as it is commanded


def test_wrong_words_and_other_policies_are_one_line(detector: FailureDetector, tmp_path: Path) -> None:
    save_detector(tmp_path / "d", detector)
    check_detector(str(tmp_path / "d"), "graspvla", "", AlarmConfig("lstm", 0.2), ROBOT)
    for wrong, words in (
        (lambda: AlarmConfig(reaction="run"), "reaction to an alarm"),
        (lambda: AlarmConfig(alpha=1.0), "between 0 and 1"),
        (lambda: AlarmConfig(attempts=0), "1 to 100"),
        (lambda: check_detector(str(tmp_path / "d"), "act", "", AlarmConfig(alpha=0.2), ROBOT), "policy act"),
        (lambda: check_detector(str(tmp_path / "d"), "graspvla", "mine", AlarmConfig(alpha=0.2), ROBOT), "'mine'"),
        (lambda: check_detector(str(tmp_path / "d"), "graspvla", "", AlarmConfig("lstn", 0.2), ROBOT), "lstn"),
        (lambda: check_detector(str(tmp_path / "d"), "graspvla", "", AlarmConfig(alpha=0.001), ROBOT), "allow"),
        (lambda: check_detector(str(tmp_path), "graspvla", "", AlarmConfig(), ROBOT), "no failure detector"),
    ):
        with pytest.raises(ConfigError, match=words) as caught:
            wrong()
        assert "\n" not in str(caught.value)


def test_features_of_another_size_are_one_line(detector: FailureDetector) -> None:
    policy = watched(Drifting(np.zeros((3, SIZE + 1))), detector, TELL)
    with pytest.raises(ConfigError, match="train it anew"):
        policy.infer(seen(0.0))


def test_the_detector_keeps_its_period(detector: FailureDetector) -> None:
    assert detector.config.period_s == pytest.approx(PERIOD)
    with pytest.raises(ConfigError, match="period_s"):
        dataclasses.replace(detector.config, period_s=0.0)


def test_a_detector_is_of_weights_wherever_they_lie(detector: FailureDetector, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, values in (("mine", 1.0), ("copy", 1.0), ("other", 2.0)):
        Path(name).mkdir()
        save_file({"w": np.full(3, values, np.float32)}, Path(name) / "model.safetensors")
    weights = policy_digest("graspvla", "mine", ROBOT)
    detector = copy.deepcopy(detector)
    detector.config = dataclasses.replace(detector.config, checkpoint="mine", weights=weights)
    save_detector(tmp_path / "d", detector)
    config = AlarmConfig("lstm", 0.2)
    for checkpoint in ("mine", "copy", str(tmp_path / "copy")):
        check_detector("d", "graspvla", checkpoint, config, ROBOT)
    with pytest.raises(
        ConfigError, match=r"--policy graspvla has weights \(other\) '\w{12}', the detector is of '\w{12}'"
    ):
        check_detector("d", "graspvla", "other", config, ROBOT)
    shutil.copy("other/model.safetensors", "mine/model.safetensors")  # trained again, in the same place
    with pytest.raises(ConfigError, match=r"has weights \(mine\)"):
        check_detector("d", "graspvla", "mine", config, ROBOT)
    detector.config = dataclasses.replace(detector.config, weights="")  # of before weights were noted
    save_detector(tmp_path / "old", detector)
    check_detector("old", "graspvla", "mine", config, ROBOT)
    with pytest.raises(ConfigError, match="has checkpoint 'copy', the detector is of 'mine'"):
        check_detector("old", "graspvla", "copy", config, ROBOT)

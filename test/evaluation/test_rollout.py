# SPDX-License-Identifier: Apache-2.0
"""Roll-outs: when a policy is asked, what it sees, when it is given up; with real physics and the real controller."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from policy_making.reasoning_policy import BOX, ReasoningPolicy, grasp_at
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import STATUS_CHANNEL, ActionChunk, TaskStatus, pose_channels
from controllers.errors import ConfigError
from vla_ros.evaluation.rollout import Rollout, RolloutConfig
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.evaluation.video import VideoWriter
from vla_ros.policies.actions.single_arm import SingleArmObservation, single_arm
from vla_ros.policies.needs import CameraNeed, Needs
from vla_ros.policies.observation import Observation
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.world import World
from vla_ros.tasks.grasping.lifting import GraspTaskConfig
from vla_ros.tasks.judging import Judge, Outcome, TaskLimits, Truth
from vla_ros.tasks.table import load_task

CHANNELS = (*pose_channels("panda"), "panda_hand/width", STATUS_CHANNEL)


class Scripted:
    """A policy that shifts the tool by a few millimetres a step and notes what it was asked."""

    def __init__(
        self, frame: str = "panda_link0", status: TaskStatus = TaskStatus.ONGOING, width: float = 0.08
    ) -> None:
        self.frame, self.status, self.width = frame, status, width
        self.seen: list[SingleArmObservation] = []

    def reset(self) -> None:
        self.seen.clear()

    def infer(self, observation: Observation) -> ActionChunk:
        self.seen.append(single_arm(observation, "panda", "panda_hand"))
        T = self.seen[-1].T_base_ee_commanded
        quaternion = Rotation.from_matrix(T[:3, :3]).as_quat()
        rows = [[*(T[:3, 3] + [0.0, 0.008 * i, 0.0]), *quaternion, self.width, self.status.value] for i in range(1, 5)]
        times = 0.1 * np.arange(1, 5)
        return ActionChunk(observation.stamp, self.frame, CHANNELS, times, np.array(rows), sequence=len(self.seen))


@pytest.fixture(scope="module")
def runner() -> EpisodeRunner:
    return EpisodeRunner(EpisodeSettings(policy="expert"))


@pytest.fixture
def rollout(runner: EpisodeRunner) -> Callable[..., Rollout]:
    def make(policy, seconds: float = 3.0, **config) -> Rollout:
        world = World(runner.scene(0), runner.embodiment, timestep=0.002)
        task = GraspTaskConfig(time_limit_s=seconds)
        return Rollout(world, runner.follower(), policy, runner.task, RolloutConfig(**config), task)

    return make


def test_blocking_asks_at_rest_after_the_whole_chunk(rollout) -> None:
    policy = Scripted()
    run = rollout(policy)
    assert run.run().outcome == Outcome.TIME
    assert len(policy.seen) >= 4
    for before, after in zip(policy.seen, policy.seen[1:], strict=False):
        assert after.stamp - before.stamp >= 0.4 - 1e-9
        assert np.abs(after.state.dq).max() < 0.02
        moved = after.state.T_base_ee[1, 3] - before.T_base_ee_commanded[1, 3]
        assert moved == pytest.approx(0.032, abs=0.004)
    assert run.steps == 4 * len(policy.seen)


def test_blocking_may_cost_time_at_rest(rollout) -> None:
    policy = Scripted()
    run = rollout(policy, seconds=3.0, pause_s=0.5)
    run.run()
    for before, after in zip(policy.seen, policy.seen[1:], strict=False):
        assert after.stamp - before.stamp >= 0.9 - 1e-9
        moved = after.state.T_base_ee[1, 3] - before.T_base_ee_commanded[1, 3]
        assert moved == pytest.approx(0.032, abs=0.004)  # all of a chunk of what was seen before the pause


def test_the_world_goes_on_while_a_slow_policy_thinks(rollout) -> None:
    policy = Scripted()
    run = rollout(policy, seconds=2.0, latency_s=0.15)
    run.run()
    stamps = np.array([observation.stamp for observation in policy.seen])
    np.testing.assert_allclose(stamps, 0.2 * np.arange(len(stamps)), atol=2e-3)
    assert run.steps == 20
    # Blocking shows a policy an arm at rest; here it is looked at in motion.
    assert max(np.abs(observation.state.dq).max() for observation in policy.seen[1:]) > 0.02


def test_with_latency_nothing_moves_before_the_first_chunk_arrives(rollout) -> None:
    policy = Scripted()
    run = rollout(policy, seconds=0.35, latency_s=0.3)
    q = run.world.q
    run.run()
    np.testing.assert_allclose(run.world.q, q, atol=2e-3)


@pytest.mark.parametrize("latency", [0.4, 0.5, 0.6, 1.0])
def test_chunks_that_come_later_than_they_are_long_lead_on_from_one_another(rollout, latency: float) -> None:
    policy = Scripted()
    run = rollout(policy, seconds=6.0, latency_s=latency)
    run.run()
    places = np.array([seen.T_base_ee_commanded[1, 3] for seen in policy.seen])
    assert len(places) >= 4
    # Each is computed where the one before has ended: nothing is done twice, and nothing goes back.
    np.testing.assert_allclose(np.diff(places[1:]), 0.032, atol=0.004)


def test_a_latency_that_is_drawn_varies_with_the_request_and_is_the_seeds(rollout) -> None:
    def looks(seed: int, **network: float) -> np.ndarray:
        policy = Scripted()
        rollout(policy, seconds=4.0, latency_s=0.3, latency_seed=seed, **network).run()
        return np.diff([observation.stamp for observation in policy.seen])

    jitter = looks(1, jitter_s=0.15)
    assert jitter.min() >= 0.2 - 2e-3  # 0.15 to 0.45 s, then the next camera frame
    assert jitter.max() <= 1.0 + 2e-3  # by which a chunk of 0.4 s has been executed
    assert len(set(jitter.round(1))) >= 3
    assert jitter.tolist() == looks(1, jitter_s=0.15).tolist()
    assert jitter.tolist() != looks(2, jitter_s=0.15).tolist()
    assert looks(1, outage_s=0.4, every_s=2.0).max() >= 1.0  # what is sent in an outage comes after it


def test_history_is_a_camera_period_apart_and_older(rollout) -> None:
    policy = Scripted()
    rollout(policy, seconds=1.5).run()
    last = policy.seen[-1]
    stamps = np.array([state.stamp for state in last.history])
    assert len(stamps) == 5
    np.testing.assert_allclose(np.diff(stamps), 0.1, atol=0.021)
    assert stamps[-1] < last.stamp


def test_cameras_are_rendered_when_looked_at_and_not_later(rollout) -> None:
    policy = Scripted()
    run = rollout(policy, seconds=0.5)
    run.run()
    assert set(policy.seen[0].cameras) == {"front", "side"}
    with pytest.raises(RuntimeError, match="moved on"):
        policy.seen[0].cameras["front"]
    view = run._observe().cameras["front"]
    assert view.stamp == run.world.time
    assert view.color.shape == (480, 640, 3)
    run.world.close()


@pytest.mark.parametrize("status", [TaskStatus.INVALID, TaskStatus.TERMINATED])
def test_a_policy_that_gives_up_moves_nothing_and_ends_the_episode(rollout, status: TaskStatus) -> None:
    run = rollout(Scripted(status=status), seconds=60.0)
    q = run.world.q
    assert run.run().outcome == Outcome.GAVE_UP
    assert 5.0 <= run.world.time < 7.0
    np.testing.assert_allclose(run.world.q, q, atol=2e-3)


def test_refused_chunks_end_the_episode_with_their_reason(rollout) -> None:
    run = rollout(Scripted(frame="camera"), seconds=60.0)
    assert run.run().outcome == Outcome.GAVE_UP
    assert "camera" in run.cause()


def test_closing_on_air_counts_as_an_attempt(rollout) -> None:
    run = rollout(Scripted(width=0.0), seconds=1.5)
    assert run.run().attempts == 1
    assert run.cause() == "closed, nothing lifted"
    assert run.world.gripper_width < 0.002


def test_the_same_seed_gives_the_same_episode(runner: EpisodeRunner) -> None:
    first, second = (runner.run(2) for _ in range(2))
    assert (first.steps, first.duration_s, first.success) == (second.steps, second.duration_s, second.success)


@pytest.mark.parametrize(
    "values",
    [
        {"latency_s": -0.1},
        {"latency_s": 11.0},
        {"jitter_s": 0.1},
        {"latency_s": 0.1, "jitter_s": 0.2},
        {"latency_s": 0.1, "outage_s": 1.0},
        {"control_hz": 0.0},
        {"pause_s": 11.0},
        {"pause_s": 0.2, "latency_s": 0.2},
    ],
)
def test_senseless_rates_are_refused(values: dict) -> None:
    with pytest.raises(ConfigError):
        RolloutConfig(**values)


@pytest.mark.parametrize("size", [0, 240])  # [px] of what the policy sees: all, or the picture's middle, halved
def test_the_film_shows_what_the_policy_concluded(runner: EpisodeRunner, size: int, tmp_path: Path) -> None:
    world = World(runner.scene(0), runner.embodiment, timestep=0.002)
    policy = ReasoningPolicy(grasp_at(0.5, 0.0, 0.1))
    with VideoWriter(tmp_path / "film.mp4") as video:
        task = GraspTaskConfig(time_limit_s=0.5)
        names = world.scene.camera_names
        seen = Needs(
            tuple(CameraNeed(one, width=size, height=size, fit="crop" if size else "stretch") for one in names)
        )
        Rollout(world, runner.follower(), policy, runner.task, RolloutConfig(), task, video, seen).run()
    world.close()
    with av.open(str(tmp_path / "film.mp4")) as container:
        *_, frame = (frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0))
    assert frame.shape[:2] == (480, 640 * len(world.scene.camera_names))  # side by side
    x1, y1, x2, _ = (2 * BOX + (80, 0, 80, 0) if size else BOX).astype(int)
    edge = frame[y1, x1:x2]
    assert (edge[:, 1] > edge[:, [0, 2]].max(axis=1) + 40).mean() > 0.7  # green
    assert (frame[-20:] > 230).all(axis=2).sum() > 50  # words, white


class Still:
    """A policy that moves nothing."""

    def reset(self) -> None:
        pass

    def infer(self, observation: Observation) -> ActionChunk:
        channels = ("left_gripper/width", "right_gripper/width", STATUS_CHANNEL)
        values = np.array([[0.08, 0.08, TaskStatus.ONGOING.value]])
        return ActionChunk(observation.stamp, "base_link", channels, np.array([0.1]), values, sequence=1)


class Onlooker(Judge):
    """A judge after whose first look the base is elsewhere, and which ends with the second."""

    success_text = "seen"

    def __init__(self, start: Truth, world: World) -> None:
        super().__init__(start, TaskLimits(), ())
        self.truths, self._world = [start], world

    def _judge(self, truth: Truth) -> None:
        self.truths.append(truth)
        if len(self.truths) > 2:
            self._end(Outcome.SUCCESS)
        self._world.base.place(np.array([-0.3, 0.2, 0.4]))


@pytest.mark.parametrize("task", ["drawer", "hang"])
def test_for_the_judge_a_base_that_drives_moves_nothing_but_the_robot(task: str) -> None:
    driving = EpisodeRunner(EpisodeSettings(policy="expert", robot="bytemini", task=task))
    world = World(load_task(task).scene(SceneRequest(seed=3, robot="bytemini")), driving.embodiment, timestep=0.002)
    run = Rollout(world, driving.follower(), Still(), lambda start: Onlooker(start, world), needs=Needs())
    judge = run.run()
    assert judge.success
    _, before, after = judge.truths
    assert before.objects or before.cloths
    for name, T in before.objects.items():
        np.testing.assert_allclose(after.objects[name], T, atol=2e-3)
    for name, vertices in before.cloths.items():
        np.testing.assert_allclose(after.cloths[name], vertices, atol=5e-3)
    for arm, T in before.tools.items():
        assert np.linalg.norm(after.tools[arm][:3, 3] - T[:3, 3]) > 0.1

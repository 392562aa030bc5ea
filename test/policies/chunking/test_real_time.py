# SPDX-License-Identifier: Apache-2.0
"""On a trained flow with two right answers, real-time chunking keeps to the one it began with."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")

from bench import detour
from controllers.errors import ConfigError
from vla_ros.policies.chunking.config import wrap_chunking
from vla_ros.policies.chunking.guidance import identity_guided, vjp_guided
from vla_ros.policies.chunking.real_time import RealTimeChunking, RealTimeConfig
from vla_ros.policies.flow.policy import MlpFlowPolicy

DELAY, REPLAN = 0.25, 0.4
FORMS = {"rtc": vjp_guided, "rtc_identity": identity_guided}


@pytest.fixture(scope="module")
def policy() -> MlpFlowPolicy:
    return detour.train_policy()


def chunking(policy: MlpFlowPolicy, method: str = "rtc", **settings) -> RealTimeChunking:
    return RealTimeChunking(policy, FORMS[method], RealTimeConfig(**({"delay_s": DELAY} | settings)))


def drives(policy: MlpFlowPolicy, method: str | None, count: int, replan: float, seconds: float) -> list[detour.Drive]:
    """Drive past the post, each time with other noise."""
    done = []
    for seed in range(count):
        policy.seed(seed)
        wrapped = policy
        if method in FORMS:
            wrapped = chunking(policy, method, seed=seed)
        elif method:
            wrapped = wrap_chunking(policy, {"method": method}, "test")
        done.append(detour.drive(wrapped, min(DELAY, replan), replan, seconds))
    policy.seed(0)
    return done


def rms(values) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.fixture(scope="module")
def naive(policy) -> list[detour.Drive]:
    return drives(policy, None, 12, REPLAN, 2.0)


def test_the_policy_knows_both_ways(policy):
    T = detour.start_pose()
    T[0, 3] = 0.25
    policy.reset()
    ends = np.array([policy.infer(detour.observation_at(0.0, T)).positions("panda")[-1, 1] for _ in range(60)])
    # One second on, at x = 0.4 m, the ways are 83 mm to either side.
    assert 0.2 < (ends > 0.0).mean() < 0.8
    assert np.median(np.abs(ends)) > 0.05


def test_without_help_chunks_jump_between_the_ways(naive):
    steps = np.array([drive.transition_position for drive in naive])
    assert steps.max() > 0.01
    assert rms(steps) > 0.003


@pytest.mark.parametrize(("method", "times"), [("rtc", 2.0), ("rtc_identity", 4.0)])
def test_transitions_are_several_times_smaller(policy, naive, method, times):
    guided = drives(policy, method, 12, REPLAN, 2.0)
    position, velocity = (
        rms([getattr(d, transition) for d in naive]) / rms([getattr(d, transition) for d in guided])
        for transition in ("transition_position", "transition_velocity")
    )
    assert position > times
    assert velocity > times


@pytest.mark.parametrize(("method", "tolerance"), [("rtc", 0.15), ("rtc_identity", 0.06)])
def test_the_frozen_prefix_is_kept(policy, method, tolerance):
    misses, free = [], []
    for seed in range(12):
        wrapped = chunking(policy, method, seed=seed)
        first = wrapped.infer(detour.observation_at(0.0, _pose_at(0.16)))
        seen = detour.observation_at(REPLAN, detour._pose(first, REPLAN))
        known = policy.encode(seen, wrapped._remainder(seen))
        second = policy.encode(seen, wrapped.infer(seen))
        frozen = wrapped.continuation.delay
        assert (frozen, wrapped.continuation.executed, len(known)) == (3, 4, 6)
        misses.append(second[:frozen] - known[:frozen])
        free.append(policy.encode(seen, policy.infer(seen))[:frozen] - known[:frozen])
    assert rms(misses) < tolerance  # of the data's standard deviation
    assert rms(misses) < 0.5 * rms(free)


def _pose_at(x: float) -> np.ndarray:
    T = detour.start_pose()
    T[0, 3] = x
    return T


def test_the_same_seed_gives_the_same_episode(policy):
    def episode(seed: int) -> np.ndarray:
        return detour.drive(chunking(policy, seed=seed), DELAY, REPLAN, 1.6).path

    np.testing.assert_array_equal(episode(1), episode(1))
    assert np.abs(episode(1) - episode(2)).max() > 1e-3


def test_the_delay_is_bounded_by_what_was_consumed_and_by_what_is_left(policy):
    def continued(delay: float, after: float):
        wrapped = chunking(policy, delay_s=delay)
        first = wrapped.infer(detour.observation_at(0.0, _pose_at(0.16)))
        wrapped.infer(detour.observation_at(after, detour._pose(first, after)))
        return wrapped.continuation

    assert continued(0.25, 0.4).delay == 3
    assert continued(0.4, 0.1).delay == 1  # only one step was consumed since
    assert continued(0.4, 0.1).expected == 4
    assert continued(0.4, 0.8).delay == 2  # only two are left
    assert continued(0.25, 0.43).executed == 5  # off the grid: the step under way counts
    assert continued(0.25, 1.5) is None  # it has run out: begin anew


def test_what_the_last_chunk_does_not_reach_is_free(policy):
    # Not pulled to zero, which is the mean action: with s = 8 the last 8 rows equal those of a guidance of two rows.
    wrapped = chunking(policy, "rtc_identity")
    first = wrapped.infer(detour.observation_at(0.0, _pose_at(0.16)))
    seen = detour.observation_at(0.8, detour._pose(first, 0.8))
    asked = {}

    def spy(flow, condition, previous, mask, limit):
        asked.update(mask=mask)
        for far in (0.0, 50.0):
            other = previous.copy()
            other[mask == 0.0] = far
            asked[far] = identity_guided(flow, condition, other, mask, limit)(np.ones((10, 7)), 0.4)
        return identity_guided(flow, condition, previous, mask, limit)

    wrapped._guided = spy
    wrapped.infer(seen)
    np.testing.assert_array_equal(asked["mask"] > 0.0, [True] * 2 + [False] * 8)
    np.testing.assert_array_equal(asked[0.0], asked[50.0])


def test_the_last_chunk_is_continued_where_it_is_not_where_the_arm_was_pushed(policy):
    wrapped = chunking(policy, "rtc_identity")
    first = wrapped.infer(detour.observation_at(0.0, _pose_at(0.16)))
    T = detour._pose(first, REPLAN)
    T[1, 3] += 0.01  # the anchor has moved; the targets have not
    second = wrapped.infer(detour.observation_at(REPLAN, T))
    step = second.positions("panda")[2] - first.positions("panda")[6]
    assert np.linalg.norm(step) < 0.004


def test_a_new_instruction_or_episode_begins_anew(policy):
    wrapped = chunking(policy)
    wrapped.infer(detour.observation_at(0.0, _pose_at(0.16)))
    wrapped.reset()
    wrapped.infer(detour.observation_at(0.1, _pose_at(0.16)))
    assert wrapped.continuation is None
    other = detour.observation_at(0.2, _pose_at(0.16))
    object.__setattr__(other, "instruction", "come back")
    wrapped.infer(other)
    assert wrapped.continuation is None


def test_the_delay_is_estimated_from_inference(policy):
    clock = iter(np.cumsum([0.0, 9.0, 0.0, 0.28, 0.0, 0.28, 0.0, 0.28]))  # the first loads for 9 s
    config = RealTimeConfig(initial_delay_s=0.1, lead_s=0.05, warmup=1)
    wrapped = RealTimeChunking(policy, vjp_guided, config, lambda: float(next(clock)))
    chunk = wrapped.infer(detour.observation_at(0.0, _pose_at(0.16)))
    expected = []
    for t in (0.4, 0.8, 1.2):
        chunk = wrapped.infer(detour.observation_at(t, detour._pose(chunk, t)))
        expected.append(wrapped.continuation.expected)
    assert expected == [1, 4, 4]  # 0.28 s and the lead


def test_the_way_to_who_asks_counts_as_delay(policy):
    clock = iter(np.cumsum([0.0, 9.0, 0.0, 0.08, 0.0, 0.08, 0.0, 0.08]))
    wrapped = RealTimeChunking(policy, vjp_guided, RealTimeConfig(initial_delay_s=0.1, warmup=1), lambda: next(clock))
    chunk = wrapped.infer(detour.observation_at(0.0, _pose_at(0.16)))
    frozen = []
    for t in (0.5, 1.0, 1.5):
        wrapped.transport_took(0.2)
        chunk = wrapped.infer(detour.observation_at(t, detour._pose(chunk, t)))
        frozen.append(wrapped.continuation.delay)
    assert frozen == [3, 4, 4]  # expected 0.1 s, then 0.08 s and the lead, and each time the way


def test_averaging_comes_nearer_to_the_post_than_voting(policy):
    act, vote = (np.median([d.clearance for d in drives(policy, m, 5, 0.1, 3.2)]) for m in ("act", "vote"))
    assert vote > 0.05
    assert act < vote - 0.01


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"delay_s": 0.6}, r"delay_s 0.6 is 6 steps of 0.1 s: a chunk of 10 bridges at most 5"),
        ({"delay_s": None, "initial_delay_s": 0.55}, "initial_delay_s 0.55 is 6 steps"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"window": 0}, "window must be at least 1 and warmup 0, got 0 and 3"),
        ({"beta": 10.0}, "beta must be above 0 and below 2 × steps = 10, got 10.0"),
        ({"lead_s": -0.1}, "lead_s must be >= 0 s, got -0.1"),
    ],
)
def test_what_cannot_work_is_refused_at_once(policy, settings, message):
    with pytest.raises(ConfigError, match=message):
        chunking(policy, **settings)

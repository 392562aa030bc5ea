# SPDX-License-Identifier: Apache-2.0
"""An ensemble combines what was said about the same instant, and knows when not to."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from policy_making.chunk_script import Script, about_z, chunk_at, seen_at
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.detection import Explaining
from vla_ros.policies.chunking.ensemble import Ensemble
from vla_ros.policies.chunking.weighting import ActWeighting, CogActWeighting, VoteWeighting, Weighting

RADIUS = 0.05  # [m] of a post at (0.5, 0)


def around(stamp: float, side: float, count: int = 10) -> ActionChunk:
    """Return a chunk at 0.5 m/s along x that passes a post at (0.5, 0) 0.12 m to one side."""
    x = 0.5 * (stamp + 0.1 * np.arange(1, count + 1))
    y = side * 0.12 * np.exp(-(((x - 0.5) / 0.2) ** 2))
    return chunk_at(stamp, np.column_stack([x, y, np.full(count, 0.3)]))


def run(weighting: Weighting, chunks: list[ActionChunk]) -> list[ActionChunk]:
    policy = Ensemble(Script(chunks), weighting)
    return [policy.infer(seen_at(chunk.stamp)) for chunk in chunks]


def clearance(chunk: ActionChunk) -> float:
    """Return how near the chunk's polyline comes to the post [m]; negative inside."""
    points = chunk.positions("panda")[:, :2]
    dense = np.column_stack([np.interp(np.linspace(0, 9, 200), np.arange(len(points)), points[:, i]) for i in (0, 1)])
    return float(np.linalg.norm(dense - [0.5, 0.0], axis=1).min()) - RADIUS


def test_a_wrapped_policy_is_a_policy():
    assert isinstance(Ensemble(Script([]), ActWeighting()), Policy)


def test_a_step_is_a_time_not_an_index():
    # One motion, seen at stamps 0, 0.04 and 0.17 s: whoever averages by index smears it.
    def motion(stamp: float) -> ActionChunk:
        t = stamp + 0.1 * np.arange(1, 9)
        turned = about_z(2.0 * t).as_quat()
        return chunk_at(stamp, np.column_stack([t, -t, 0.3 * np.ones(8)]), turned)

    chunks = [motion(stamp) for stamp in (0.0, 0.04, 0.17)]
    combined = run(ActWeighting(), chunks)[-1]
    np.testing.assert_allclose(combined.positions("panda"), chunks[-1].positions("panda"), atol=1e-12)
    turned = (
        Rotation.from_quat(combined.quaternions("panda")) * Rotation.from_quat(chunks[-1].quaternions("panda")).inv()
    )
    assert turned.magnitude().max() < 1e-6


def test_act_averages_two_ways_past_a_post_into_the_post():
    chunks = [around(0.0, +1.0), around(0.1, -1.0)]
    assert min(clearance(chunk) for chunk in chunks) > 0.03
    assert clearance(run(ActWeighting(), chunks)[-1]) < -0.03


def test_cogact_at_its_published_alpha_does_so_too():
    chunks = [around(0.0, +1.0), around(0.1, -1.0)]
    assert clearance(run(CogActWeighting(alpha=0.1), chunks)[-1]) < -0.03
    # Weights only keep the sides apart when alpha is large.
    assert clearance(run(CogActWeighting(alpha=20.0), chunks)[-1]) > 0.0


@pytest.mark.parametrize(
    ("sides", "winner"), [((1, -1), -1), ((1, 1, -1), 1), ((1, -1, -1), -1), ((-1, -1, 1, -1), -1)]
)
def test_vote_takes_a_side(sides, winner):
    chunks = [around(0.1 * i, side) for i, side in enumerate(sides)]
    # Early on the two ways are still one, so that what is asked lies well apart.
    voted = run(VoteWeighting(threshold=0.95), chunks)[-1]
    assert clearance(voted) > 0.03
    assert np.sign(voted.positions("panda")[5, 1]) == winner


def test_vote_at_its_published_threshold_does_not_tell_ways_apart_that_mostly_go_ahead():
    chunks = [around(0.0, 1.0), around(0.1, -1.0)]
    assert clearance(run(VoteWeighting(threshold=0.5), chunks)[-1]) < -0.03


def test_an_overruled_chunk_ends_where_the_old_side_stops_knowing():
    chunks = [around(0.0, 1.0), around(0.1, 1.0), around(0.3, -1.0)]
    voted = run(VoteWeighting(threshold=0.95), chunks)[-1]
    assert voted.stamp == 0.3
    assert voted.duration == pytest.approx(0.8)  # until 1.1 s, as the second
    assert (voted.positions("panda")[:, 1] > 0.0).all()


def test_an_old_side_that_knows_nothing_of_the_beginning_has_no_say():
    def late(chunk: ActionChunk) -> ActionChunk:
        return dataclasses.replace(chunk, times=chunk.times + 0.4)

    chunks = [late(around(0.0, +1.0)), late(around(0.1, +1.0)), around(0.2, -1.0)]
    voted = run(VoteWeighting(threshold=0.95), chunks)[-1]
    np.testing.assert_array_equal(voted.values, chunks[-1].values)


def test_gripper_and_status_are_the_newest_word():
    chunks = [around(0.0, 1.0), around(0.1, 1.0)]
    closing = chunk_at(0.1, chunks[1].positions("panda"), width=0.0)
    combined = run(ActWeighting(), [chunks[0], closing])[-1]
    assert (combined.column("panda_hand/width") == 0.0).all()
    assert combined.status is TaskStatus.ONGOING


@pytest.mark.parametrize("status", [TaskStatus.INVALID, TaskStatus.TERMINATED])
def test_a_chunk_that_ends_the_task_goes_through_and_the_past_is_forgotten(status):
    first, after = around(0.0, 1.0), around(0.2, -1.0)
    ending = chunk_at(0.1, np.zeros((10, 3)), status=status)
    out = run(ActWeighting(), [first, ending, after])
    assert out[1] is ending
    np.testing.assert_array_equal(out[2].values, after.values)


def test_what_is_over_has_no_say():
    late = around(5.0, -1.0)
    np.testing.assert_array_equal(run(ActWeighting(), [around(0.0, 1.0), late])[-1].values, late.values)


def test_time_that_goes_back_begins_anew():
    again = around(0.0, -1.0)
    np.testing.assert_array_equal(run(ActWeighting(), [around(0.1, 1.0), again])[-1].values, again.values)


def test_reset_forgets_and_reaches_the_policy():
    chunks = [around(0.0, 1.0), around(0.1, -1.0)]
    script = Script(chunks)
    policy = Ensemble(script, ActWeighting())
    policy.infer(seen_at(0.0))
    policy.reset()
    assert script.resets == 1
    np.testing.assert_array_equal(policy.infer(seen_at(0.1)).values, chunks[1].values)


def test_the_window_bounds_how_many_are_asked():
    chunks = [around(0.0, 1.0), around(0.1, 1.0), around(0.2, -1.0)]
    np.testing.assert_array_equal(run(ActWeighting(window=1), chunks)[-1].values, chunks[-1].values)
    shares = [run(ActWeighting(decay=0.0, window=n), chunks)[-1].positions("panda")[4, 1] for n in (2, 3)]
    assert shares[0] == pytest.approx(0.0, abs=1e-3)
    assert shares[1] > 0.02


def test_capabilities_of_the_wrapped_policy_are_found():
    class Talking(Script):
        explanation = "because"

    inner = Talking([])
    wrapped = Ensemble(Ensemble(inner, ActWeighting()), VoteWeighting())
    assert capability(wrapped, Explaining) is inner
    assert capability(Ensemble(Script([]), ActWeighting()), Explaining) is None

# SPDX-License-Identifier: Apache-2.0
"""Distances of the arm's own links and how they change with the joints."""

import numpy as np
import pytest
from arms.franka_arm import ARM, HOME

from controllers.safety.clearance import RESERVE, UNBOUNDED, Clearance
from controllers.safety.self_distance import SelfDistance
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

MARGIN = 0.005  # [m]


@pytest.fixture(scope="module")
def own() -> SelfDistance:
    return SelfDistance(expand_urdf(load_embodiment("franka")), [ARM.joints], [ARM.tool_frame], MARGIN, 25.0)


def near_configurations(own: SelfDistance, count: int) -> list[np.ndarray]:
    random, found = np.random.default_rng(4), []
    while len(found) < count:
        q = random.uniform(ARM.lower, ARM.upper)
        own.reset(q)
        if own.clearances[0].count and not own.objection(q):
            found.append(q)
    return found


def test_distances_go_on_along_their_gradients(own):
    random = np.random.default_rng(0)
    checked, moved = 0, []
    for q in near_configurations(own, 12):
        own.reset(q)
        pairs = [pair for group in own._groups for _, pair, _ in group.nearest(own._now)]
        distances, gradients = own._near.measure(own._q, pairs)
        step = 1e-3 * random.uniform(-1.0, 1.0, 7)
        ahead = own._q.copy()
        ahead[own._columns] += step
        later = own._near.measure(ahead, pairs)[0]
        error = np.array(later) - np.array(distances) - gradients @ step
        assert np.quantile(np.abs(error), 0.9) < 5e-5  # [m]; where the nearest point leaps to another corner it is more
        moved.extend(gradients @ step)
        checked += len(pairs)
    assert checked >= 12
    assert np.abs(moved).max() > 1e-4


def test_far_from_itself_nothing_is_kept(own):
    own.reset(np.array([0.0, 0.0, 0.0, -1.5, 0.0, 2.0, 0.0]))
    assert own.clearances[0].count == 0


def test_an_arm_that_begins_too_near_is_not_thrown_apart(own):
    for q in near_configurations(own, 6):
        own.reset(q)
        speeds = own.clearances[0].speeds(q)[: own.clearances[0].count]
        assert speeds.min() >= 0.0  # below 0 would mean that it has to part


def test_what_has_parted_may_not_come_back_as_near(own):
    random, kept, q = np.random.default_rng(4), MARGIN + RESERVE, HOME
    while not MARGIN < nearest(own, q) < kept:
        q = random.uniform(ARM.lower, ARM.upper)
    own.reset(q)
    rooms = own.clearances[0]._distances[: own.clearances[0].count].copy()
    assert rooms.min() == pytest.approx(0.0, abs=1e-9)
    gradient = own.clearances[0].gradients[int(rooms.argmin())].copy()
    look_at_all(own, q + 0.01 * gradient / (gradient @ gradient))  # 10 mm further, seen from the nearest pair
    look_at_all(own, q)
    assert own.clearances[0]._distances[: own.clearances[0].count].min() == pytest.approx(
        nearest(own, q) - kept, abs=1e-4
    )


def nearest(own: SelfDistance, q: np.ndarray) -> float:
    own._q_asked[own._columns] = q
    return min(own._whole.measure(own._q_asked))


def look_at_all(own: SelfDistance, q: np.ndarray) -> None:
    for _ in own._groups:
        own.update(q, 0.008)


def test_rows_without_a_pair_bind_nothing():
    clearance = Clearance(7)
    assert (clearance.speeds(HOME) == -UNBOUNDED).all()
    clearance.set(HOME, [0.02], np.ones((1, 7)))
    assert clearance.speeds(HOME)[0] == pytest.approx(0.12)
    assert clearance.speeds(HOME - 0.001)[0] == pytest.approx(6.0 * (0.02 - 0.007))
    clearance.clear()
    assert (clearance.speeds(HOME) == -UNBOUNDED).all()
    assert (clearance.rates(np.ones(7)) == 0.0).all()

# SPDX-License-Identifier: Apache-2.0
"""A look encoded once: what is proposed, scored and refined of it means the same instance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from tiny.gam import SIZES, random_network, write_scenes

from vla_ros.policies.gam.candidate_poses import rows_of
from vla_ros.policies.gam.criteria import criteria_of, merits
from vla_ros.policies.gam.encoded_look import EncodedLook
from vla_ros.robots.tools.description import SUCTION
from vla_ros.robots.tools.named import load_tool
from vla_ros.training.gam.config import GamTraining
from vla_ros.training.gam.dataset import read_dataset

TOOL, EACH = load_tool("single_cup"), 6
ANY = tuple(replace(one, limit=None) for one in criteria_of(SUCTION))


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = write_scenes(tmp_path_factory.mktemp("looking") / "scenes", 1)
    return read_dataset([folder], GamTraining(sizes=SIZES), lambda *_: None)[0].scene.observed


@pytest.fixture(scope="module")
def network():
    return random_network(0.1)


def test_refined_candidates_are_scored_as_the_instance_that_they_mean(scene, network) -> None:
    instances = [2, 0]  # in no order
    look = EncodedLook(network, scene, instances, TOOL, SUCTION, ANY)
    proposal = look.propose(EACH)
    refined = look.refined(proposal, 2)
    np.testing.assert_array_equal(refined.scores[: 2 * EACH], proposal.scores)  # nothing is lost
    assert len(refined.instances) == 2 * EACH + 2 * 64
    best = merits(refined.scores.tolist(), ANY)
    assert max(best) > max(merits(proposal.scores.tolist(), ANY))
    rows = [np.flatnonzero(refined.instances == one) for one in instances]
    each = min(map(len, rows))
    some = np.concatenate([own[-each:] for own in rows])  # the last ones are those about the best
    np.testing.assert_allclose(look.scores(rows_of(refined.candidates, some)), refined.scores[some], atol=1e-5)
    assert set(refined.instances[2 * EACH :]) <= set(instances)


def test_what_is_brought_elsewhere_is_scored_there(scene, network) -> None:
    def lifted(candidates, meant, tool, mode):
        assert meant.tolist() == [0] * EACH + [1] * EACH
        return replace(candidates, positions=candidates.positions + np.array([0.0, 0.0, 0.05]))

    plain, brought = (
        EncodedLook(network, scene, [0, 1], TOOL, SUCTION, ANY, **how) for how in ({}, {"brought": lifted})
    )
    there, before = brought.propose(EACH), plain.propose(EACH)
    np.testing.assert_allclose(
        there.candidates.positions, lifted(before.candidates, before.instances, TOOL, SUCTION).positions
    )
    np.testing.assert_allclose(there.scores, plain.scores(there.candidates), atol=1e-6)


def test_features_are_of_the_candidate_and_of_the_instance_that_it_means(scene, network) -> None:
    look = EncodedLook(network, scene, [2, 0], TOOL, SUCTION, ANY)
    first, second = (rows_of(look.propose(EACH).candidates, np.array([row])) for row in (0, 1))
    features = look.features(first, 0)
    assert features.shape == (network.sizes.width,)
    assert features.dtype == np.float32
    np.testing.assert_array_equal(look.features(first, 0), features)
    assert not np.allclose(look.features(first, 2), features, atol=1e-3)
    assert not np.allclose(look.features(second, 0), features, atol=1e-3)


def test_without_a_candidate_within_limits_nothing_is_refined(scene, network) -> None:
    never = tuple(replace(one, limit=0.0 if not one.higher_is_better else 1.0) for one in ANY)
    look = EncodedLook(network, scene, [0], TOOL, SUCTION, never)
    proposal = look.propose(EACH)
    assert look.refined(proposal, 3) is proposal


def test_nothing_is_refined_about_candidates_with_no_cup_on(scene, network) -> None:
    def off(candidates, meant, tool, mode):
        return replace(candidates, active=np.zeros_like(candidates.active))

    look = EncodedLook(network, scene, [0], TOOL, SUCTION, ANY, brought=off)
    proposal = look.propose(EACH)
    assert look.refined(proposal, 3) is proposal


def test_what_another_says_counts_as_much_as_the_critic(scene, network) -> None:
    asked: list[np.ndarray] = []

    def judged(candidates, meant):
        asked.append(meant)
        return np.ones((len(meant), len(ANY)))

    plain, mean = (EncodedLook(network, scene, [2, 0], TOOL, SUCTION, ANY, judged=one) for one in (None, judged))
    critic, both = plain.propose(EACH), mean.propose(EACH)
    np.testing.assert_allclose(both.scores, 0.5 * (critic.scores + 1.0), atol=1e-6)
    assert asked[0].tolist() == [2] * EACH + [0] * EACH
    refined = mean.refined(both, 1)
    np.testing.assert_array_equal(asked[1], refined.instances[2 * EACH :])

# SPDX-License-Identifier: Apache-2.0
"""Detectors on roll-outs that were made up: order in time, causality, disk, and what they are worth on other tasks."""

from __future__ import annotations

import copy
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from policy_making.synthetic_rollouts import drifting, order_matters

from controllers.errors import ConfigError
from vla_ros.failure_detection.detector import SCORES, FailureDetector, load_detector, save_detector
from vla_ros.failure_detection.evaluating import evaluate_detector
from vla_ros.failure_detection.metrics import roc_auc
from vla_ros.failure_detection.rollout import RecordedRollout
from vla_ros.failure_detection.tasks import HoldOut, split
from vla_ros.failure_detection.training import TrainingConfig, train_detector

QUICK = TrainingConfig(hidden=24, epochs=60, patience=25, learning_rate=5e-3)
OTHER = HoldOut("set", ("other",))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def drifted() -> list[RecordedRollout]:
    return [*drifting(90, 1), *drifting(60, 2, "other")]


@pytest.fixture(scope="module")
def detector(drifted: list[RecordedRollout]) -> FailureDetector:
    return train_detector(drifted, OTHER, QUICK)[0]


def area(detector: FailureDetector, name: str, rollouts: list[RecordedRollout]) -> float:
    failed = np.array([not rollout.success for rollout in rollouts])
    return roc_auc(np.array([curve[-1] for curve in detector.score(name, rollouts)]), failed)


def test_order_in_time_is_learned_by_what_remembers_and_by_nothing_else() -> None:
    other = order_matters(80, 2, "other")
    detector, _ = train_detector([*order_matters(160, 1), *other], OTHER, QUICK)
    assert area(detector, "lstm", other) > 0.95
    for name in ("mlp", "mahalanobis", "neighbours", "time"):
        assert 0.3 < area(detector, name, other) < 0.7, name


def test_a_score_depends_on_nothing_later(detector: FailureDetector, drifted: list[RecordedRollout]) -> None:
    whole = drifted[0]
    for name in SCORES:
        early = dataclasses.replace(
            whole,
            **{part: getattr(whole, part)[:7] for part in ("features", "times", "disagreement", "doubt")},
        )
        alone, beside = detector.score(name, [early])[0], detector.score(name, [whole, *drifted[1:9]])[0]
        np.testing.assert_allclose(alone, beside[:7], rtol=1e-4, atol=1e-5, err_msg=name)


def test_on_disk_it_is_the_same(detector: FailureDetector, drifted: list[RecordedRollout], tmp_path: Path) -> None:
    save_detector(tmp_path, detector)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    again = load_detector(tmp_path)
    assert again.config == detector.config
    for name in SCORES:
        for one, other in zip(detector.score(name, drifted[:5]), again.score(name, drifted[:5]), strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(detector.band(name, 0.2).upper(30), again.band(name, 0.2).upper(30))


def test_failures_of_a_task_that_was_not_learned_from_are_told_apart(
    detector: FailureDetector, drifted: list[RecordedRollout]
) -> None:
    figures = evaluate_detector(detector, drifted, alpha=0.2, splits=20)
    assert figures.successes + figures.failures == 60
    for name in ("lstm", "mlp"):
        score = figures.scores[name]
        assert score.auc > 0.85
        assert score.auc_low < score.auc < score.auc_high
        assert score.usual.balanced_accuracy > 0.7
        assert score.usual.detection_time < 0.95
        assert score.own.false_alarms < 0.35  # nominal 0.2, of about 15 successes in each of 20 splits
    assert figures.scores["time"].auc < 0.7


def test_nothing_that_was_learned_from_is_measured_on(
    detector: FailureDetector, drifted: list[RecordedRollout]
) -> None:
    known = [rollout for rollout in drifted if rollout.episode.set == "basic"]
    with pytest.raises(ConfigError, match=r"of set=other, .* there are 0 successes and 0 failures here"):
        evaluate_detector(detector, known, 0.2, 5)
    assert len(set(detector.config.rollouts)) == len(known)


def test_absent_features_are_something_to_learn_from() -> None:
    """A policy that finds nothing says so by having no features: a failure may be just that."""
    rollouts = [*drifting(80, 3, strength=0.0), *drifting(60, 4, "other", strength=0.0)]
    made = []
    for rollout in rollouts:
        features = rollout.features.copy()
        if not rollout.success:
            features[6:] = np.nan
        made.append(dataclasses.replace(rollout, features=features))
    detector, _ = train_detector(made, OTHER, QUICK)
    other = [rollout for rollout in made if OTHER.holds(rollout)]
    assert area(detector, "lstm", other) > 0.95
    assert area(detector, "mlp", other) > 0.95


def test_the_parts_share_nothing_and_leave_nothing_out() -> None:
    rollouts = drifting(50, 5, failures=0.3)
    parts = split(rollouts, 0)
    keys = [r.episode.key for part in (parts.train, parts.stop, parts.calibrate) for r in part]
    assert sorted(keys) == sorted(r.episode.key for r in rollouts)
    for part in (parts.train, parts.stop, parts.calibrate):
        assert {r.success for r in part} == {True, False}
    again = split(rollouts, 0)
    assert [r.episode.key for r in again.train] == [r.episode.key for r in parts.train]
    assert [r.episode.key for r in split(rollouts, 1).train] != [r.episode.key for r in parts.train]


def test_scenes_of_one_seed_stay_together() -> None:
    rollouts = [
        dataclasses.replace(rollout, episode=dataclasses.replace(rollout.episode, set=name, wording=wording))
        for rollout in drifting(40, 5)
        for name in ("basic", "distractor")
        for wording in ("common", "unseen")
    ]
    parts = split(rollouts, 0)
    seeds = [{r.episode.seed for r in part} for part in (parts.train, parts.stop, parts.calibrate)]
    assert sum(map(len, seeds)) == len(set.union(*seeds)) == 40
    assert [len(part) for part in (parts.train, parts.stop, parts.calibrate)] == [4 * len(part) for part in seeds]
    one = dataclasses.replace(rollouts[0].episode, seed=7)
    of_one = [
        dataclasses.replace(rollout, episode=dataclasses.replace(one, set=f"{number}", success=number % 2 == 0))
        for number, rollout in enumerate(rollouts)
    ]
    with pytest.raises(ConfigError, match=r"are of 1 seeds.*record more seeds"):
        split(of_one, 0)


def test_too_few_roll_outs_are_one_line() -> None:
    with pytest.raises(ConfigError, match=r"the training tasks have \d+ successes and 0 failures: a detector needs 8"):
        train_detector([*drifting(20, 6, failures=0.0), *drifting(9, 7, "other")], OTHER, QUICK)
    parts = "features", "times", "disagreement", "doubt"
    once = [
        dataclasses.replace(rollout, **{name: getattr(rollout, name)[:1] for name in parts})
        for rollout in [*drifting(60, 6), *drifting(9, 7, "other")]
    ]
    with pytest.raises(ConfigError, match="every roll-out has one inference: record with"):
        train_detector(once, OTHER, QUICK)
    with pytest.raises(ConfigError, match="--hold-out: unknown set 'othr'"):
        train_detector(drifting(20, 6), HoldOut("set", ("othr",)), QUICK)


@pytest.mark.parametrize(("text", "message"), [
    ("relation", "write KEY=VALUE"),
    ("sett=relation", "unknown key of --hold-out 'sett'"),
    ("set=", "names nothing"),
    ("set=a,,b", "names nothing"),
])  # fmt: skip
def test_what_holds_nothing_out_is_one_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        HoldOut.read(text)


@pytest.mark.parametrize(("change", "message"), [
    ({"features": 7}, "has shape"),
    ({"features": -1}, "features must be a whole number"),
    ({"hidden": "24"}, "hidden must be a whole number"),
    ({"kind": "policy"}, "not a failure_detector"),
    ({"calibration": [1]}, "calibration must be 2 sizes"),
    ({"hold_out": "x"}, "write KEY=VALUE"),
    ({"rollouts": 3}, "rollouts must be names"),
    ({"calibration": [1, 10**9]}, "calibration must be a whole number of 1 to 5000"),
    ({"more": 1}, "not a failure detector's"),
])  # fmt: skip
def test_a_folder_that_holds_something_else_is_one_line(
    detector: FailureDetector, tmp_path: Path, change: dict, message: str
) -> None:
    save_detector(tmp_path, detector)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ConfigError, match=message) as error:
        load_detector(tmp_path)
    assert "\n" not in str(error.value)


def test_a_torn_or_missing_detector_is_one_line(detector: FailureDetector, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no failure detector"):
        load_detector(tmp_path)
    save_detector(tmp_path, detector)
    path = tmp_path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ConfigError, match="corrupt or cut short"):
        load_detector(tmp_path)


def test_roll_outs_of_another_policy_are_refused(detector: FailureDetector, drifted: list[RecordedRollout]) -> None:
    episode = dataclasses.replace(drifted[0].episode, checkpoint="checkpoints/other")
    with pytest.raises(ConfigError, match="has checkpoint 'checkpoints/other', the detector is of ''"):
        detector.score("lstm", [dataclasses.replace(drifted[0], episode=episode)])
    noted = copy.deepcopy(detector)
    noted.config = dataclasses.replace(detector.config, weights="a1")
    noted.score("lstm", [dataclasses.replace(drifted[0], episode=dataclasses.replace(episode, weights="a1"))])
    episode = dataclasses.replace(drifted[0].episode, weights="b2")
    with pytest.raises(ConfigError, match="has weights 'b2', the detector is of 'a1'"):
        noted.score("lstm", [dataclasses.replace(drifted[0], episode=episode)])

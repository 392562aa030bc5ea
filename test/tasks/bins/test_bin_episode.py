# SPDX-License-Identifier: Apache-2.0
"""An episode of bin picking in lockstep, by analysis: it looks, picks and carries; pictures say what it weighed."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.failure_detection.rollout import read_rollouts
from vla_ros.policies.gam.policy import GamPolicy


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    settings = EpisodeSettings(policy="gam", task="bin_pick", robot="franka+seven_piston", spl=False, video=str(folder))
    return EpisodeRunner(settings).run(1000), folder


def test_one_thing_is_picked_alone(films):
    episode, _ = films
    assert episode.success, episode.cause
    assert episode.attempts == 1
    assert 4.0 < episode.duration_s < 14.0  # eight frames, down, up, across


def test_a_picture_of_candidates_lies_beside_the_film(films):
    _, folder = films
    assert {path.name for path in folder.iterdir()} >= {"basic_01000_success.mp4", "basic_01000_success.1.png"}
    assert not list(folder.glob(".*"))
    picture = cv2.imread(str(sorted(folder.glob("*.png"))[-1]))
    assert picture.shape[1] == 800
    hue = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)[..., 0]
    assert len(set(hue.ravel().tolist())) > 40  # of many merits


def test_the_shipped_weights_pick_and_no_inference_does_all_of_a_look(monkeypatch, tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
    from vla_ros.policies.gam import encoded_look, policy, proposing

    done: list[str] = []  # in this order

    def noted(of: object, name: str) -> None:
        method = getattr(of, name)

        def call(*values, **named):
            done.append(name)
            return method(*values, **named)

        monkeypatch.setattr(of, name, call)

    noted(GamPolicy, "infer")
    noted(policy, "observe_bins")
    noted(encoded_look.EncodedLook, "propose")
    noted(proposing, "analysed_picks")
    noted(encoded_look, "perturbed")  # once a round
    noted(GamPolicy, "_begin")
    settings = EpisodeSettings(
        policy="gam",
        task="bin_pick",
        robot="franka+seven_piston",
        spl=False,
        checkpoint="checkpoints/gam_small",
        features=str(tmp_path),
    )
    episode = EpisodeRunner(settings).run(1002)
    assert episode.success, episode.cause
    (recorded,) = read_rollouts([tmp_path])
    thought = np.isfinite(recorded.features).all(axis=1)
    assert recorded.features.shape[1] == 128
    assert not thought[:8].any()  # frames are waited for
    assert thought[-1]
    assert len(np.unique(recorded.features[thought], axis=0)) == 1  # of the one pick
    look = done[done.index("observe_bins") : done.index("_begin") + 1]
    assert look[1::2] == ["infer"] * 7
    assert look[::2] == ["observe_bins", "propose", "analysed_picks", *["perturbed"] * 4, "_begin"]

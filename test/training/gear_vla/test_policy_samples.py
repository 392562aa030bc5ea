# SPDX-License-Identifier: Apache-2.0
"""Which frames of demonstrations the small GEAR-VLA learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from tiny.gear_vla import CONFIG, CONTRACT, network, write_demonstrations

from controllers.errors import ConfigError
from vla_ros.policies.gear_vla.latent_actions.config import LatentActionConfig
from vla_ros.policies.gear_vla.latent_actions.network import LatentActionNetwork
from vla_ros.policies.gear_vla.latent_actions.tokenizer import LatentActionTokenizer
from vla_ros.training.gear_vla.policy.config import GearVlaTraining
from vla_ros.training.gear_vla.policy.samples import GearVlaSamples, read_samples

LENGTH, SECOND = 90, 30  # frames


def samples(root: Path, folder: Path) -> GearVlaSamples:
    config = GearVlaTraining(frames_an_episode=LENGTH, network=CONFIG.network, transformer=CONFIG.acting.transformer)
    tokenizer = LatentActionTokenizer(LatentActionNetwork(LatentActionConfig(32, 32, features=16, depth=1)))
    return read_samples([root], CONTRACT, config, network().eye, None, tokenizer, folder)


def test_no_error_is_learned_from_and_nothing_that_leads_to_one(tmp_path: Path) -> None:
    root = write_demonstrations(tmp_path / "set", 2, LENGTH, errors=slice(40, 50))
    found = samples(root, tmp_path / "frames")
    # A hand goes 0.1 m in a second, one way or the other.
    frames = np.rint(30 * np.abs(found.states[:, CONTRACT.state.index("left/position.y")] - 0.2) / 0.1).astype(int)
    for episode in (0, 1):
        expected = {*range(40 - SECOND + 1), *range(50, LENGTH)}
        assert set(frames[found.episodes == episode].tolist()) == expected


def test_where_all_are_errors_it_is_said(tmp_path: Path) -> None:
    root = write_demonstrations(tmp_path / "set", 2, 35, errors=slice(0, 35))
    with pytest.raises(ConfigError, match="holds no second that is all worth imitating"):
        samples(root, tmp_path / "frames")

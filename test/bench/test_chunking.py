# SPDX-License-Identifier: Apache-2.0
"""`vla bench chunking` measures every method and writes its figures flat."""

from __future__ import annotations

import argparse
import json

import numpy as np
import pytest
from arms.delta_actions import integrate_actions
from scipy.spatial.transform import Rotation

pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")

from bench import chunking, detour
from controllers.errors import ConfigError


def arguments(*words):
    parser = argparse.ArgumentParser()
    chunking.add_arguments(parser)
    return parser.parse_args(words)


def test_every_method_is_measured(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(chunking, "SETTINGS", {"slow": (0.25, 0.4)})
    file = tmp_path / "figures.json"
    assert chunking.run(arguments("--drives", "1", "--iterations", "20", "--json", str(file))) == 0
    figures = json.loads(file.read_text())
    assert set(figures) == {
        f"slow_{method}_{name}" for method in ("none", *chunking.METHODS) for name in chunking.COLUMNS
    }
    assert all(np.isfinite(value) for value in figures.values())
    assert all(f"\n{method} " in capsys.readouterr().out for method in chunking.METHODS[:1])


@pytest.mark.parametrize("words", [("--drives", "0"), ("--iterations", "-1")])
def test_nonsense_is_refused(words):
    with pytest.raises(ConfigError, match="must be 1 or more, got"):
        chunking.run(arguments(*words))


def test_demonstrations_pass_the_post_on_either_side():
    actions, features = detour.training_data(400, seed=0)
    sides = []
    for action, feature in zip(actions, features, strict=True):
        T = detour.start_pose()
        T[:3, 3] = detour.POST + 0.1 * feature[0], 0.05 * feature[1], detour.HEIGHT
        path = integrate_actions(action, T)[:, :3, 3]
        if abs(feature[0]) < 1.0:
            assert np.linalg.norm(path[:, :2] - [detour.POST, 0.0], axis=1).min() > detour.POST_RADIUS
            sides.append(np.sign(path[0, 1]))
    assert {-1.0, 1.0} <= set(sides)


def test_the_tool_looks_along_the_path():
    action = detour.training_data(50, seed=3)[0][7]
    turned = Rotation.from_rotvec(action[1:, 3:6].sum(axis=0)).as_euler("zyx")[0]
    first, last = (np.arctan2(step[1], step[0]) for step in (action[0], action[-1]))
    assert turned == pytest.approx(last - first)

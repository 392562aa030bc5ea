# SPDX-License-Identifier: Apache-2.0
"""LeRobot itself, where it is installed: tiny policies that lerobot makes and saves, asked through its own process."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from lerobot_parts.observation import FRANKA, pictures_and_states, seen
from safetensors.numpy import load_file, save_file

from controllers.errors import ConfigError, VlaError
from vla_ros.policies.families.loading import load_policy
from vla_ros.policies.lerobot.environment import LEROBOT, interpreter

MAKING = Path(__file__).parents[2] / "support" / "lerobot_parts" / "making.py"


def _python() -> str:
    try:
        return str(interpreter())
    except ConfigError:
        return ""


pytestmark = [
    pytest.mark.skipif(not _python(), reason=f"LeRobot is not installed in {LEROBOT.folder}: {LEROBOT.command}"),
    pytest.mark.timeout(900),
]


def make(kind: str, folder: Path, history: int) -> np.ndarray:
    """Have lerobot save a policy of random weights; return what lerobot itself does after `seen(history=history)`."""
    seen_file, done_file = folder.parent / "seen.npz", folder.parent / "done.npy"
    np.savez(seen_file, **pictures_and_states(history))
    command = [_python(), str(MAKING), kind, str(folder), str(seen_file), str(done_file)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr
    return np.load(done_file)


def test_act_does_what_lerobots_own_loop_does(tmp_path):
    rows = make("act", tmp_path / "act", history=0)
    policy = load_policy("lerobot", FRANKA, None, tmp_path / "act")
    try:
        for _ in range(2):  # nothing is remembered: the same observation gives the same chunk
            chunk = policy.infer(seen(0.3, red=40))
            assert chunk.values.shape == (10, 9)
            np.testing.assert_allclose(chunk.values[:, :7], rows[:, :7], atol=1e-5)
            np.testing.assert_allclose(chunk.values[:, 7], np.clip(rows[:, 7], 0.0, 0.08), atol=1e-5)
        other = policy.infer(seen(0.3, red=200))
        assert np.abs(other.values[:, :7] - chunk.values[:, :7]).max() > 1e-4  # it looks
    finally:
        policy.close()


def test_diffusion_is_given_two_observations(tmp_path):
    make("diffusion", tmp_path / "diffusion", history=1)
    policy = load_policy("lerobot", FRANKA, None, tmp_path / "diffusion")
    try:
        chunk = policy.infer(seen(0.3, red=40, history=1))
        assert chunk.values.shape == (8, 9)
        assert np.abs(chunk.values[:, :7]).max() <= 1.0 + 1e-6  # statistics say -1 to 1, and its samples are clipped
        assert np.ptp(chunk.values[:, :7]) > 0.0
    finally:
        policy.close()


def test_weights_that_lack_one_are_refused_by_the_process(tmp_path):
    """lerobot fills what is missing with random numbers and a line in its log."""
    make("act", tmp_path / "act", history=0)
    path = tmp_path / "act" / "model.safetensors"
    weights = load_file(path)
    weights.pop(sorted(weights)[0])
    save_file(weights, path)
    with pytest.raises(VlaError, match=r"LeRobot refused 'load'.* Missing key"):
        load_policy("lerobot", FRANKA, None, tmp_path / "act")

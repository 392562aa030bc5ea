# SPDX-License-Identifier: Apache-2.0
"""`vla detect`: from recorded roll-outs to figures, a picture and JSON; what cannot be done is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from policy_making.synthetic_rollouts import drifting

from vla_ros import cli
from vla_ros.failure_detection.rollout import rollout_path, save_rollout


@pytest.fixture(scope="module")
def rollouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rollouts")
    for rollout in [*drifting(60, 1), *drifting(40, 2, "other")]:
        scenes = "grasping", rollout.episode.set, "action", "common"
        save_rollout(rollout_path(folder, scenes, rollout.episode.seed), rollout)
    return folder


@pytest.fixture(scope="module")
def detector(rollouts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "detector"
    words = ["detect", "train", str(rollouts), "--hold-out", "set=other", "--output", str(folder)]
    assert cli.main([*words, "--epochs", "150", "--hidden", "16"]) == 0
    return folder


def test_it_is_measured_on_what_was_held_out(
    rollouts: Path, detector: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    words = ["detect", "evaluate", str(detector), str(rollouts), "--alpha", "0.2", "--splits", "4"]
    assert cli.main([*words, "--json", str(tmp_path / "f.json"), "--plot", str(tmp_path / "f.png")]) == 0
    shown = capsys.readouterr().out
    for name in ("SAFE-LSTM", "SAFE-MLP", "Mahalanobis distance", "chunk disagreement", "elapsed time", "set=other"):
        assert name in shown
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["successes"] + figures["failures"] == 40
    assert figures["alpha"] == 0.2
    assert figures["mlp_auc"] > 0.8
    assert 0.0 <= figures["mlp_own_false_alarms"] <= 1.0
    assert (tmp_path / "f.png").read_bytes()[:4] == b"\x89PNG"


def test_a_level_too_low_for_the_calibration_is_said(
    rollouts: Path, detector: Path, capsys: pytest.CaptureFixture
) -> None:
    assert cli.main(["detect", "evaluate", str(detector), str(rollouts), "--alpha", "0.01", "--splits", "2"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "usual: no alarm is possible at this level with" in shown
    assert "own: no alarm is possible at this level with 11 successes to calibrate with; take --alpha 0.12" in shown


def test_help_teaches_the_three_steps(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["detect", "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    for words in (
        "vla eval --set relation --features",
        "vla detect train",
        "vla detect evaluate",
        "docs/failure_detection.md",
    ):
        assert words in shown


@pytest.mark.parametrize(("words", "message"), [
    (["train", "{rollouts}", "--hold-out", "set=nowhere", "--output", "{tmp}/d"], "unknown set 'nowhere'"),
    (["train", "{rollouts}", "--hold-out", "set=basic", "--hidden", "0", "--output", "{tmp}/d"], "--hidden must be 1"),
    (["train", "{tmp}", "--hold-out", "set=basic", "--output", "{tmp}/d"], "holds no *.rollout.safetensors"),
    (["train", "{rollouts}", "--hold-out", "set=basic", "--output", "{rollouts}"], "is what is learned from"),
    (["train", "{rollouts}", "--hold-out", "set", "--output", "{tmp}/d"], "write KEY=VALUE"),
    (["evaluate", "{tmp}/none", "{rollouts}"], "is no failure detector"),
    (["evaluate", "{detector}", "{rollouts}", "--alpha", "1.5"], "alpha must lie between 0 and 1"),
    (["evaluate", "{detector}", "{rollouts}", "--splits", "0"], "--splits must be 1"),
    (["train", "{rollouts}", "--hold-out", "set=basic", "--seed", "-1", "--output", "{tmp}/d"], "--seed must be 0 to"),
    (["evaluate", "{detector}", "{rollouts}", "--seed", "-1"], "--seed must be 0 to 2147483647, got -1"),
    (["evaluate", "{detector}", "{rollouts}", "--plot", "{tmp}/f.jpg"], "ends in .png"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line(
    words: list[str], message: str, rollouts: Path, detector: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    filled = [word.format(rollouts=rollouts, detector=detector, tmp=tmp_path) for word in words]
    assert cli.main(["detect", *filled]) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1

# SPDX-License-Identifier: Apache-2.0
"""A stage of training: interrupted or not the same weights, several processes as one, nonsense stops it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from assets import ROOT

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from distributed_training import tiny_stage

from controllers.errors import ConfigError, VlaError
from vla_ros.policies.backbone import proposals
from vla_ros.policies.backbone.proposals import ProposalNetwork, proposal_loss
from vla_ros.training.stages.events import LOSSES, VALIDATION, TrainingEvent
from vla_ros.training.stages.stage import PeriodicEvaluation, Stage, read_state, state_path
from vla_ros.training.stages.stage_config import StageConfig

PROGRAM = ROOT / "test" / "support" / "distributed_training.py"


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def differences(first: object, second: object, key: str = "") -> list[str]:
    """Return where two nested states differ by as much as a bit."""
    if isinstance(first, dict) and isinstance(second, dict):
        if first.keys() != second.keys():
            return [key]
        return [where for name in first for where in differences(first[name], second[name], f"{key}.{name}")]
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return [
            where
            for i, pair in enumerate(zip(first, second, strict=True))
            for where in differences(*pair, f"{key}.{i}")
        ]
    same = torch.equal(first, second) if isinstance(first, torch.Tensor) else first == second
    return [] if same else [key]


def looking(folder: Path, stop_at: int = -1) -> Stage:
    """Return a stage with convolutions, batch normalisation, bf16 and random brightness, as the real ones have."""
    torch.manual_seed(0)
    network = ProposalNetwork(8).to(memory_format=torch.channels_last)
    config = StageConfig(30, 2, 3e-3, warm_up=5, validate_every=10)

    def batch(step: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng(step)
        images = rng.integers(0, 255, (2, proposals.HEIGHT, proposals.WIDTH, 3), dtype=np.uint8)
        corner = rng.uniform(0.1, 0.5, (2, 1, 2))
        boxes = np.concatenate([corner, corner + 0.3], axis=2).astype(np.float32)
        return {"images": torch.from_numpy(images), "boxes": torch.from_numpy(boxes)}

    def loss(net: ProposalNetwork, made: dict[str, torch.Tensor], rng: torch.Generator) -> dict[str, torch.Tensor]:
        shift = torch.randint(0, 20, (2, 1, 1, 3), generator=rng, dtype=torch.uint8)
        return proposal_loss(net(made["images"] // 2 + shift), made["boxes"], torch.ones(2, 1, dtype=torch.bool))

    stage = Stage("proposals", network, config, folder, batch, loss, lambda net: {"peak": float(net(torch.zeros(
        1, proposals.HEIGHT, proposals.WIDTH, 3, dtype=torch.uint8)).max())},
        stop=lambda: stage.step == stop_at)  # fmt: skip
    return stage


def test_interrupted_half_way_the_weights_are_the_same_to_the_bit(tmp_path: Path) -> None:
    whole = looking(tmp_path / "whole").run()
    half = looking(tmp_path / "halves", stop_at=14)
    half.run()
    assert (half.step, half.done) == (15, False)
    rest = looking(tmp_path / "halves")
    assert rest.step == 15
    resumed = rest.run()
    assert rest.done
    first, second = (read_state(state_path(tmp_path / name, "proposals")) for name in ("whole", "halves"))
    assert differences(first, second) == []
    assert differences(whole.state_dict(), resumed.state_dict()) == []


def test_a_finished_stage_is_not_trained_again(tmp_path: Path) -> None:
    tiny_stage(tmp_path, 10).run()
    written = state_path(tmp_path, "line").stat().st_mtime_ns
    again = tiny_stage(tmp_path, 10, nan_at=0)
    assert again.done
    assert again.figures.keys() == {"weight"}
    told: list[TrainingEvent] = []
    again._on_event = told.append
    again.run()
    assert state_path(tmp_path, "line").stat().st_mtime_ns == written
    assert [(event.done, event.total) for event in told] == [(10, 10)]  # or it would count as still to be done


def test_losses_and_validations_are_told(tmp_path: Path) -> None:
    told: list[TrainingEvent] = []
    stage = tiny_stage(tmp_path, 60)
    stage._on_event = told.append
    stage.run()
    assert [(n.kind, n.done) for n in told if n.kind == LOSSES] == [(LOSSES, 50), (LOSSES, 60)]
    assert [n.done for n in told if n.kind == VALIDATION] == [10, 20, 30, 40, 50, 60]
    losses = [n.figures["line"] for n in told if n.kind == LOSSES]
    assert losses[1] < losses[0]


def test_the_weights_of_the_best_trial_are_kept_and_the_last_of_equals(tmp_path: Path) -> None:
    seen: list[dict[str, torch.Tensor]] = []
    marks = iter((0.5, 0.9, 0.9, 0.2))

    def judge(network: torch.nn.Module) -> dict[str, float]:
        seen.append({name: value.clone() for name, value in network.state_dict().items()})
        return {"success": next(marks)}

    stage = tiny_stage(tmp_path, 40, stop_at=24)
    stage._evaluation = PeriodicEvaluation(10, judge, "success")
    stage.run()
    rest = tiny_stage(tmp_path, 40)
    rest._evaluation = PeriodicEvaluation(10, judge, "success")
    result = rest.run()
    assert len(seen) == 4
    assert differences(dict(result.state_dict()), seen[2]) == []
    assert differences(dict(result.state_dict()), dict(rest.average.state_dict())) != []
    assert rest.figures["success"] == 0.2  # what is told is the last one
    again = tiny_stage(tmp_path, 40)
    assert differences(dict(again.run().state_dict()), seen[2]) == []


def test_what_is_not_finite_stops_it_and_the_last_good_state_is_kept(tmp_path: Path) -> None:
    with pytest.raises(VlaError, match=r"stage line, step 4: line is nan; nothing was saved yet: lower line\.learning"):
        tiny_stage(tmp_path / "new", 20, nan_at=4).run()
    assert not state_path(tmp_path / "new", "line").exists()

    tiny_stage(tmp_path, 20, stop_at=6).run()
    good = state_path(tmp_path, "line").read_bytes()
    with pytest.raises(VlaError, match=r"step 9: line is nan; the last good state is kept in .*line\.training\.pt"):
        tiny_stage(tmp_path, 20, nan_at=9).run()
    assert state_path(tmp_path, "line").read_bytes() == good
    tiny_stage(tmp_path, 20).run()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", None])
def test_a_torn_state_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    tiny_stage(tmp_path, 5).run()
    path = state_path(tmp_path, "line")
    path.write_bytes(path.read_bytes()[:-300] if content is None else content)
    with pytest.raises(ConfigError, match=r"is corrupt or truncated .* remove it to train this stage again") as told:
        tiny_stage(tmp_path, 5)
    assert "\n" not in str(told.value)


def test_other_settings_are_refused_and_how_often_it_saves_is_not(tmp_path: Path) -> None:
    tiny_stage(tmp_path, 5).run()
    with pytest.raises(ConfigError, match="was trained with steps 5, not 6: choose another output"):
        tiny_stage(tmp_path, 6)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"steps": 0}, "steps"),
        ({"batch": 0}, "batch"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"average": 1.0}, "average"),
    ],
)
def test_settings_no_training_can_have(change: dict, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        StageConfig(**({"steps": 1, "batch": 1, "learning_rate": 1e-3} | change))


# -- several processes ------------------------------------------------------------------------------------------------
def together(*words: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(PROGRAM)]
    paths = os.pathsep.join([str(ROOT), str(PROGRAM.parent)])
    environment = os.environ | {"PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run([*command, *map(str, words)], env=environment, capture_output=True, text=True, timeout=120)


def test_two_processes_learn_what_one_does_and_stop_together(tmp_path: Path) -> None:
    done = together(tmp_path / "two", 20, 11)  # the second is asked to stop at step 11
    assert done.returncode == 0, done.stderr
    said = re.findall(r"process \d of \d at step \d+", done.stdout)  # both may speak at once
    assert sorted(said) == ["process 0 of 2 at step 12", "process 1 of 2 at step 12"]
    tiny_stage(tmp_path / "one", 20, stop_at=11).run()
    one, two = (read_state(state_path(tmp_path / name, "line")) for name in ("one", "two"))
    assert one["step"] == two["step"] == 12
    for name, value in one["network"].items():
        np.testing.assert_allclose(two["network"][name], value, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_nonsense_in_one_process_stops_all(tmp_path: Path) -> None:
    done = together(tmp_path, 20, -1, 3)
    assert done.returncode != 0
    assert done.stderr.count("stage line, step 3: ") >= 2
    assert not state_path(tmp_path, "line").exists()

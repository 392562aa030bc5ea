# SPDX-License-Identifier: Apache-2.0
"""Figures of the small GEAR-VLA are of where tools are, whatever a contract's actions start from."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from tiny.gear_vla import CONTRACT

from vla_ros.policies.actions.encoding import ActionEncoding
from vla_ros.policies.actions.normalisation import Normaliser
from vla_ros.training.gear_vla.policy import loss

START = np.array([0.4, 0.1, 0.3, 1.0, 0.0, 0.0, 0.0])
H = 6  # steps of a chunk
UP, ASIDE = np.array([0.0, 0.0, 0.010]), np.array([0.004, 0.0, 0.0])  # [m] a step: wanted, and what is made beside it


def targets(step: np.ndarray) -> np.ndarray:
    """Return both tools' targets and widths (H, C) that go along by a step, one after the other."""
    pose = np.tile(START, (H, 1))
    pose[:, :3] += step * np.arange(1, H + 1)[:, None]
    return np.concatenate([pose, pose, np.full((H, 2), 0.05)], axis=1)


def figures(monkeypatch: pytest.MonkeyPatch, reference: str, counts: torch.Tensor) -> dict[str, float]:
    """Return the figures of one chunk of that reference."""
    action = dataclasses.replace(CONTRACT.action, reference=reference, horizon=H)
    encoding, anchor = ActionEncoding(action), np.concatenate([START, START])
    wanted, made = (torch.from_numpy(encoding.encode(targets(step), anchor)).float()[None] for step in (UP, UP + ASIDE))
    monkeypatch.setattr(loss, "sample_actions", lambda *given: made)
    batch = {"actions": wanted, "counts": counts, "state": torch.zeros(1, 1)}
    monkeypatch.setattr(loss, "_remembered", lambda network, batch: None)
    decoder = SimpleNamespace(say=lambda memory: (None, None))
    policy = SimpleNamespace(decoder=decoder, prefix=lambda *given: None, transformer=None)
    plain = Normaliser(np.zeros(encoding.size), np.ones(encoding.size))
    batches = SimpleNamespace(of=lambda rows: batch)
    return loss.judge_actions(policy, batches, np.array([0]), plain, action)  # type: ignore[arg-type]


@pytest.mark.parametrize(("reference", "still"), [("relative", 60.0), ("delta", 60.0), ("absolute", 50.0)])
def test_figures_are_of_where_the_tools_are(monkeypatch: pytest.MonkeyPatch, reference: str, still: float) -> None:
    found = figures(monkeypatch, reference, torch.ones(1, H))
    assert found == pytest.approx({"tool_mm": 24.0, "first_mm": 12.0, "still_mm": still}, abs=1e-3)


def test_chunks_that_are_cut_off_alone_have_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = torch.ones(1, H)
    counts[0, -1] = 0.0
    assert figures(monkeypatch, "relative", counts) == {}

# SPDX-License-Identifier: Apache-2.0
"""The small GEAR-VLA: tokens one after the other, what the action transformer may read, a checkpoint's policy."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from tiny.gear_vla import CONFIG, ROBOT, STATE_NUMBERS, network, save_tiny, seen
from torch import Tensor

from controllers.errors import ConfigError
from vla_ros.policies.backbone.word_tokens import word_tokens
from vla_ros.policies.gear_vla.cells import CELLS
from vla_ros.policies.gear_vla.checkpoint import gear_vla_policy, load_gear_vla
from vla_ros.policies.gear_vla.config import EVERYTHING, GearVlaConfig
from vla_ros.policies.gear_vla.geometry.config import GeometryConfig
from vla_ros.policies.gear_vla.network import CELL, look
from vla_ros.policies.gear_vla.token_decoder import Memory
from vla_ros.training.gear_vla.policy.config import Objectives
from vla_ros.training.gear_vla.policy.loss import DroppingConfig, gear_vla_loss

pytestmark = pytest.mark.usefixtures("threads_as_before")
LATENT = CONFIG.tokens.latent_actions


def given(batch: int = 3, fast: int = 5) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(1)
    horizon, size = CONFIG.acting.action.horizon, CONFIG.acting.action_size
    words = torch.from_numpy(np.stack([word_tokens("turn the parcel over")] * batch))
    return {
        "cells": torch.rand(batch, 3, CELLS, CELL, generator=rng),
        "words": words,
        "state": torch.randn(batch, STATE_NUMBERS, generator=rng),
        "actions": torch.randn(batch, horizon, size, generator=rng),
        "counts": torch.ones(batch, horizon),
        "latent": torch.randint(16, (batch, LATENT), generator=rng),
        "fast": torch.randint(64, (batch, fast), generator=rng),
        "fast_counts": torch.ones(batch, fast),
    }


def memory_of(net, batch: dict[str, Tensor], **options) -> Memory:
    return net.remember(batch["cells"], batch["words"], batch["state"], **options)


def test_a_token_is_foretold_from_those_before_it_alone() -> None:
    net, batch = network(), given()
    memory = memory_of(net, batch)
    whole = net.decoder(memory, batch["latent"], batch["fast"])
    assert whole.latent.shape == (3, LATENT, 16)
    assert whole.fast.shape == (3, 5, 64)
    later = batch["latent"].clone()
    later[:, 3:] = (later[:, 3:] + 1) % 16
    other = net.decoder(memory, later, batch["fast"])
    assert torch.allclose(other.latent[:, :4], whole.latent[:, :4], atol=1e-5)
    assert not torch.allclose(other.latent[:, 4:], whole.latent[:, 4:], atol=1e-3)
    assert not torch.allclose(other.fast, whole.fast, atol=1e-3)  # FAST tokens come after latent actions
    without = net.decoder(memory, batch["latent"], batch["fast"][:, :0])
    assert torch.allclose(without.pairs[1][0], whole.pairs[1][0], atol=1e-5)


def test_what_it_says_token_by_token_is_what_one_pass_makes_of_the_same_tokens() -> None:
    net, batch = network(), given()
    memory = memory_of(net, batch)
    said, pairs = net.decoder.say(memory)
    once = net.decoder(memory, said, batch["fast"][:, :0])
    assert torch.equal(once.latent.argmax(2), said)
    for own, other in zip(pairs, once.pairs, strict=True):
        assert own[0].shape == (3, 2, 1 + LATENT, 8)
        assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(own, other, strict=True))


@pytest.mark.parametrize(("column", "name"), [(0, "cells"), (1, "state")])
def test_a_modality_that_is_dropped_changes_nothing(column: int, name: str) -> None:
    net, batch = network(), given()
    dropped = torch.zeros(3, 2, dtype=torch.bool)
    dropped[:, column] = True
    other = dict(batch)
    other[name] = batch[name].clone()
    if name == "cells":
        other[name][:, 1:] += 1.0  # of the wrists' cameras
    else:
        other[name] += 1.0
    told = [net.decoder.say(memory_of(net, one, dropped=dropped))[1][-1][1] for one in (batch, other)]
    assert torch.allclose(*told, atol=1e-5)
    told = [net.decoder.say(memory_of(net, one))[1][-1][1] for one in (batch, other)]
    assert not torch.allclose(*told, atol=1e-3)


def test_a_view_that_is_not_there_changes_nothing() -> None:
    net, batch = network(), given()
    there = torch.tensor([[True, True, False]] * 3)
    other = batch | {"cells": batch["cells"].clone()}
    other["cells"][:, 2] = 7.0
    told = [net.decoder.say(memory_of(net, one, there=there))[1][0][0] for one in (batch, other)]
    assert torch.allclose(*told, atol=1e-5)


def test_what_says_where_things_are_changes_nothing_at_first() -> None:
    sizes = GeometryConfig(size=16, heads=2, feedforward=24, layers=1, width=4)
    net = network(dataclasses.replace(CONFIG, geometry=sizes))
    pictures = torch.randint(0, 255, (1, 3, 144, 192, 3), dtype=torch.uint8)
    cells = look(net.eye, net.geometry, pictures)
    assert cells.shape == (1, 3, CELLS, CELL + 16)
    assert torch.equal(cells[..., :CELL], look(net.eye, None, pictures))
    assert torch.allclose(net.see(cells), net.see(torch.cat([cells[..., :CELL], 0.0 * cells[..., CELL:]], dim=3)))


@pytest.mark.parametrize("reads", ["latent_actions", EVERYTHING])
def test_actions_teach_nothing_to_what_they_read_unless_told_to(reads: str) -> None:
    config = dataclasses.replace(CONFIG, reads=reads)
    for stop in (True, False):
        net = network(config)
        objectives = Objectives(stop_gradient=stop)
        losses = gear_vla_loss(net, given(), objectives, DroppingConfig(), True, torch.Generator().manual_seed(0))
        losses["flow"].backward()
        taught = {name.split(".")[0] for name, one in net.named_parameters() if one.grad is not None and one.grad.any()}
        assert ("decoder" in taught) is not stop
        assert ("encoder" in taught) is not stop
        assert "transformer" in taught


@pytest.mark.parametrize(("objective", "missing"), [("latent_actions", "latent"), ("fast", "fast")])
def test_an_objective_can_be_left_out(objective: str, missing: str) -> None:
    rng = torch.Generator().manual_seed(0)
    losses = gear_vla_loss(network(), given(), Objectives(**{objective: 0.0}), DroppingConfig(), True, rng)
    assert set(losses) == {"latent", "fast", "flow"} - {missing}


def test_a_checkpoint_is_the_policy_that_was_saved(tmp_path: Path) -> None:
    policy = load_gear_vla(save_tiny(tmp_path), ROBOT)
    chunk, same = policy.infer(seen()), gear_vla_policy(network(), CONFIG, ROBOT).infer(seen())
    assert np.allclose(chunk.values, same.values, atol=1e-6)
    assert chunk.values.shape[0] == 30
    assert np.isclose(chunk.times[-1], 1.0)
    assert np.isfinite(chunk.values).all()
    left = [chunk.layout.columns[f"left/position.{axis}"] for axis in "xyz"]
    assert np.linalg.norm(chunk.values[0, left] - [0.3, 0.25, 0.8]) < 0.1  # relative to where the hand is
    policy.reset()
    assert np.array_equal(policy.infer(seen()).values, chunk.values)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"reads": "all"}, "reads"),
        ({"network": {"size": 15}}, "size"),
        ({"network": {"heads": 8}}, "transformer.heads are 4"),
        ({"tokens": {"latent_actions": 0}}, "latent_actions must be"),
    ],
)
def test_a_checkpoint_that_cannot_be_is_refused_in_one_line(tmp_path: Path, change: dict, reason: str) -> None:
    path = save_tiny(tmp_path) / "config.json"
    values = json.loads(path.read_text())
    for key, value in change.items():
        values[key] = values[key] | value if isinstance(value, dict) else value
    path.write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=reason) as refused:
        load_gear_vla(tmp_path, ROBOT)
    assert "\n" not in str(refused.value)


def test_a_status_is_refused() -> None:
    acting = dataclasses.replace(CONFIG.acting, transformer=dataclasses.replace(CONFIG.acting.transformer, status=True))
    with pytest.raises(ConfigError, match="no task status"):
        GearVlaConfig(acting)

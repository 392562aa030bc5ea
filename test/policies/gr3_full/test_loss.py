# SPDX-License-Identifier: Apache-2.0
"""What teaches what: robot samples all of it, vision-language samples the vision-language model alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: it comes with the full GR-3")

from tiny.gr3_full import full_config, language_batch, qwen, robot_batch, tiny_checkpoint
from torch import nn

from controllers.errors import ConfigError
from vla_ros.policies.action_transformer.flow_matching import sample_actions
from vla_ros.policies.gr3.full.checkpoint import Checkpoint
from vla_ros.policies.gr3.full.loss import RobotBatch, action_loss, co_training_loss, next_token_loss
from vla_ros.policies.gr3.full.prompt import IGNORED
from vla_ros.policies.gr3.full.supervision import SampleKind, supervised


@pytest.fixture
def checkpoint() -> Checkpoint:
    return tiny_checkpoint()


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def felt(part: nn.Module) -> set[str]:
    """Name the weights that have a gradient."""
    return {name for name, weight in part.named_parameters() if weight.grad is not None and weight.grad.any()}


def counted(batch: RobotBatch, kind: SampleKind) -> RobotBatch:
    counts = torch.as_tensor(supervised(full_config(), kind), dtype=torch.float32)
    return dataclasses.replace(batch, counts=counts.expand_as(batch.actions))


def test_robot_samples_teach_both(checkpoint) -> None:
    losses = co_training_loss(checkpoint.network, robot_batch(checkpoint), None, random=seeded())
    losses.total.backward()
    assert losses.language == 0.0
    transformer = checkpoint.network.action_transformer
    assert felt(transformer) == {name for name, _ in transformer.named_parameters()}
    seen = felt(checkpoint.network.vision_language.model)
    layers = {name.split(".")[3] for name in seen if "language_model.layers" in name}
    assert layers == {"0", "1", "2", "3"}
    assert any("visual.blocks.0" in name for name in seen)
    assert any("embed_tokens" in name for name in seen)


def test_vision_language_samples_teach_the_vision_language_model_alone(checkpoint) -> None:
    losses = co_training_loss(checkpoint.network, None, language_batch(checkpoint))
    losses.total.backward()
    assert losses.flow == 0.0
    assert not felt(checkpoint.network.action_transformer)
    model = checkpoint.network.vision_language.model
    assert felt(model) == {name for name, _ in model.named_parameters()}


def test_the_loss_is_the_plain_sum(checkpoint) -> None:
    network, robot, language = checkpoint.network, robot_batch(checkpoint), language_batch(checkpoint)
    both = co_training_loss(network, robot, language, random=seeded())
    assert both.total == both.language + both.flow
    assert both.language == next_token_loss(network, language)
    assert both.flow == action_loss(network, robot, 4, seeded())


@pytest.mark.parametrize("tied", [True, False])
def test_the_next_token_loss_is_transformers_own(tied: bool) -> None:
    checkpoint = tiny_checkpoint(model=qwen(tied=tied))
    language, model = language_batch(checkpoint), checkpoint.network.vision_language
    with torch.no_grad():
        hidden = model.hidden(language.tokens, language.mask, language.images)
        logits = model.model.lm_head(hidden)
        expected = model.model.loss_function(logits, language.labels, vocab_size=40)
        torch.testing.assert_close(next_token_loss(checkpoint.network, language), expected)


def test_nothing_labelled_is_no_loss(checkpoint) -> None:
    language = language_batch(checkpoint)
    silent = dataclasses.replace(language, labels=torch.full_like(language.labels, IGNORED))
    assert next_token_loss(checkpoint.network, silent) == 0.0


def test_several_times_share_one_pass(checkpoint) -> None:
    calls = []
    language = checkpoint.network.vision_language.model.model.language_model
    language.register_forward_hook(lambda *_: calls.append(1))
    action_loss(checkpoint.network, robot_batch(checkpoint), 6, seeded())
    assert calls == [1]


# -- what is supervised ---------------------------------------------------------------------------------------------
def test_which_numbers_count() -> None:
    config = full_config()
    names = (*config.codec().encoding.names, "status")
    for kind, expected in (
        (SampleKind.ROBOT, names),
        (SampleKind.INVALID, ("status",)),
        (SampleKind.HAND, tuple(name for name in names if name.startswith(("left/", "right/")))),
    ):
        counts = supervised(config, kind)
        assert tuple(name for name, count in zip(names, counts, strict=True) if count) == expected
        assert set(np.unique(counts)) <= {0.0, 1.0}


def test_an_invalid_instruction_needs_a_status() -> None:
    config = full_config()
    config = dataclasses.replace(config, transformer=dataclasses.replace(config.transformer, status=False))
    with pytest.raises(ConfigError, match=r"transformer\.status"):
        supervised(config, SampleKind.INVALID)


@pytest.mark.parametrize("kind", [SampleKind.INVALID, SampleKind.HAND])
def test_what_is_not_supervised_teaches_nothing(checkpoint, kind: SampleKind) -> None:
    batch = counted(robot_batch(checkpoint), kind)
    spoiled = dataclasses.replace(batch, actions=batch.actions.where(batch.counts > 0, float("nan")))
    other = dataclasses.replace(batch, actions=batch.actions.where(batch.counts > 0, 5.0))
    losses = [action_loss(checkpoint.network, each, 2, seeded()) for each in (batch, spoiled, other)]
    assert losses[1] == losses[2]  # NaN stands there, or 5: no difference
    losses[1].backward()
    velocity = checkpoint.network.action_transformer.velocity.weight.grad
    assert torch.equal(velocity.abs().sum(dim=1) > 0, batch.counts[0, 0] > 0)


def test_a_hand_demonstration_has_one_view_and_no_measured_state(checkpoint) -> None:
    batch = counted(robot_batch(checkpoint), SampleKind.HAND)
    images, state = batch.images.clone(), batch.state.clone()
    images[:, 1:] = 0
    state[:, 12:] = float("nan")  # behind the poses of both hands
    loss = action_loss(checkpoint.network, dataclasses.replace(batch, images=images, state=state), 2, seeded())
    loss.backward()
    grads = [weight.grad for weight in checkpoint.network.parameters() if weight.grad is not None]
    assert loss.isfinite()
    assert all(grad.isfinite().all() for grad in grads)


# -- learning -------------------------------------------------------------------------------------------------------
def test_four_samples_and_three_answers_are_learned_by_heart() -> None:
    checkpoint = tiny_checkpoint()
    network, robot, language = checkpoint.network.train(), robot_batch(checkpoint), language_batch(checkpoint)
    robot = dataclasses.replace(robot, state=torch.zeros_like(robot.state))  # pictures and words alone tell them apart
    optimizer, rng = torch.optim.AdamW(network.parameters(), weight_decay=0.0), seeded()
    for step in range(150):
        for group in optimizer.param_groups:
            group["lr"] = 6e-3 * (1.0 - step / 150)
        losses = co_training_loss(network, robot, language, times=6, random=rng)
        optimizer.zero_grad()
        losses.total.backward()
        optimizer.step()
    network.eval()
    with torch.no_grad():
        prefix = network.vision_language.read(robot.tokens, robot.mask, robot.images.flatten(0, 1))
        noise = torch.randn(robot.actions.shape, generator=rng)
        made = sample_actions(network.action_transformer, prefix, robot.state, noise)
        hidden = network.vision_language.hidden(language.tokens, language.mask, language.images)
        said = network.vision_language.score(hidden[:, :-1]).argmax(dim=2)
    # By the mean of all four chunks alone the error would be about 0.7.
    assert (made - robot.actions).abs().mean() < 0.3
    labelled = language.labels[:, 1:] != IGNORED
    assert torch.equal(said[labelled], language.labels[:, 1:][labelled])


def test_bfloat16_is_near_float32() -> None:
    losses = []
    for dtype in ("float32", "bfloat16"):
        checkpoint = tiny_checkpoint(full_config(dtype=dtype))
        network = checkpoint.network
        if dtype == "float32":
            state = network.state_dict()
        else:
            network.load_state_dict({name: value.bfloat16() for name, value in state.items()})
            assert {weight.dtype for weight in network.parameters()} == {torch.bfloat16}
            # Positions far back would blur.
            assert {buffer.dtype for buffer in network.buffers()} == {torch.float32}
        both = co_training_loss(network, robot_batch(checkpoint), language_batch(checkpoint), random=seeded())
        both.total.backward()
        losses.append(both.total.item())
    assert losses[1] == pytest.approx(losses[0], rel=0.05)

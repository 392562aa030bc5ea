# SPDX-License-Identifier: Apache-2.0
"""Who sees whom in the action transformer, what one prefix for several times means, and that it learns.

Shape legend: B batch, M times, H actions, A numbers of an action, T tokens of the prefix.
"""

from __future__ import annotations

import dataclasses

import pytest

torch = pytest.importorskip("torch")

from controllers.errors import ConfigError
from vla_ros.policies.action_transformer.flow_matching import flow_loss, sample_actions
from vla_ros.policies.action_transformer.network import ActionTransformer
from vla_ros.policies.action_transformer.sizes import ActionTransformerSizes
from vla_ros.policies.kv_cache.prefix import Prefix

B, H, A, S, T, K, E, DEPTH = 3, 5, 4, 6, 7, 2, 8, 2
SIZES = ActionTransformerSizes(width=32, heads=4, feedforward=64)


def transformer(sizes: ActionTransformerSizes = SIZES, moved: bool = True) -> ActionTransformer:
    """Return a small one; `moved`: its modulations are no longer zero, as after some training."""
    torch.manual_seed(0)
    made = ActionTransformer(sizes, DEPTH, K, E, S, H, A)
    if moved:
        with torch.no_grad():
            for name, weight in made.named_parameters():
                if "modulation" in name or name.startswith(("last", "velocity")):
                    weight.normal_(0.0, 0.2)
    return made


def prefix(seed: int = 1, padded: int = 0) -> Prefix:
    rng = torch.Generator().manual_seed(seed)
    keys, values = (tuple(torch.randn(B, K, T, E, generator=rng) for _ in range(DEPTH)) for _ in range(2))
    mask = torch.ones(B, T, dtype=torch.bool)
    mask[:, T - padded :] = False
    return Prefix(keys, values, mask)


def inputs(times: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(2)
    shapes = ((B, times, H, A), (B, times), (B, S))
    x, tau, state = (torch.rand(shape, generator=rng) for shape in shapes)
    return x, tau, state


def test_an_untrained_field_is_zero() -> None:
    x, tau, state = inputs()
    assert transformer(moved=False)(x, tau, state, prefix()).abs().max() == 0.0


def test_an_action_sees_itself_and_what_stands_before_it() -> None:
    network, read = transformer(), prefix()
    x, tau, state = inputs()
    before = network(x, tau, state, read)
    changed = x.clone()
    changed[:, :, 2] += 1.0
    after = network(changed, tau, state, read)
    assert torch.equal(before[:, :, :2], after[:, :, :2])
    assert ((before - after)[:, :, 2:].abs().amax(dim=(0, 1, 3)) > 1e-4).all()


def test_every_action_reads_the_state_and_the_prefix() -> None:
    network = transformer()
    x, tau, state = inputs()
    made = network(x, tau, state, prefix())
    for other in (network(x, tau, state + 1.0, prefix()), network(x, tau, state, prefix(seed=3))):
        assert ((made - other).abs().amax(dim=(0, 1, 3)) > 1e-4).all()


def test_padding_of_the_prefix_is_not_seen() -> None:
    network = transformer()
    x, tau, state = inputs()
    read = prefix(padded=3)
    spoiled = dataclasses.replace(read, keys=tuple(key.clone() for key in read.keys))
    for key in spoiled.keys:
        key[:, :, T - 3 :] = 100.0
    assert torch.allclose(network(x, tau, state, read), network(x, tau, state, spoiled), atol=1e-6)


def test_several_times_after_one_prefix_are_each_time_alone() -> None:
    network, read = transformer(), prefix()
    x, tau, state = inputs(times=4)
    together = network(x, tau, state, read)
    alone = torch.cat([network(x[:, [m]], tau[:, [m]], state, read) for m in range(4)], dim=1)
    assert torch.allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("norm", [True, False])
def test_it_learns_what_the_prefix_says(norm: bool) -> None:
    network = transformer(dataclasses.replace(SIZES, norm=norm), moved=False)
    rng = torch.Generator().manual_seed(4)
    state, actions = torch.zeros(B, S), torch.randn(B, H, A, generator=rng)
    read, counts = prefix(), torch.ones(B, H, A)
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    for _ in range(400):
        loss = flow_loss(network, read, state, actions, counts, 8, rng)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        made = sample_actions(network, read, state, torch.randn(B, H, A, generator=rng))
    # By the mean of all actions alone the error would be as large as they are: 0.8.
    assert (made - actions).abs().mean() < 0.15


def test_what_does_not_count_teaches_nothing() -> None:
    network, read = transformer(), prefix()
    _, _, state = inputs()
    counts = torch.zeros(B, H, A)
    counts[..., -1] = 1.0
    losses = []
    for rest in (0.0, 5.0, float("nan")):
        actions = torch.full((B, H, A), rest)
        actions[..., -1] = 0.5
        losses.append(flow_loss(network, read, state, actions, counts, 2, torch.Generator().manual_seed(0)))
    assert losses[0] == losses[1] == losses[2]
    assert flow_loss(network, read, state, torch.zeros(B, H, A), torch.zeros(B, H, A), 2) == 0.0


def test_heads_that_do_not_fit_the_cache_are_refused() -> None:
    with pytest.raises(ConfigError, match="multiple of the 3"):
        ActionTransformer(SIZES, DEPTH, 3, E, S, H, A)
    with pytest.raises(ConfigError, match="width must be at least 1"):
        ActionTransformerSizes(width=0)

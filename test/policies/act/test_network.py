# SPDX-License-Identifier: Apache-2.0
"""ACT's network: what its answer depends on, what is masked, and that to act it needs no style."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")

from tiny.act import CONFIG, SIZES

from vla_ros.policies.act.attention import sine_grid, sine_line
from vla_ros.policies.act.config import ActSizes
from vla_ros.policies.act.network import COLUMNS, ROWS, ActNetwork
from vla_ros.policies.backbone.proposals import HEIGHT, WIDTH
from vla_ros.policies.backbone.word_tokens import LENGTH, SIZE

B, V, S, H, A = 3, 2, len(CONFIG.state), 5, 7


@pytest.fixture
def network() -> ActNetwork:
    torch.manual_seed(0)
    return ActNetwork(SIZES, V, S, A, H).eval()


@pytest.fixture
def given() -> dict[str, torch.Tensor]:
    rng = torch.Generator().manual_seed(1)
    words = torch.randn(B, LENGTH, SIZE, generator=rng)
    words[:, 6:] = 0.0
    return {
        "pictures": torch.randint(0, 256, (B, V, HEIGHT, WIDTH, 3), generator=rng, dtype=torch.uint8),
        "words": words,
        "state": torch.randn(B, S, generator=rng),
    }


def test_a_chunk_of_the_contract_s_shape_whatever_the_number_of_views(network, given) -> None:
    assert network(**given).shape == (B, H, A)
    torch.manual_seed(0)
    one = ActNetwork(SIZES, 1, S, A, H).eval()
    assert one(given["pictures"][:, :1], given["words"], given["state"]).shape == (B, H, A)


def test_its_answer_depends_on_every_view_the_words_the_state_and_the_latent(network, given) -> None:
    with torch.inference_mode():
        before = network(**given)
        for view in range(V):
            pictures = given["pictures"].clone()
            pictures[:, view] = pictures[:, view].flip(1)
            assert not torch.allclose(network(**given | {"pictures": pictures}), before, atol=1e-5)
        swapped = given["pictures"].flip(1)  # the same cells, of the other camera
        assert not torch.allclose(network(**given | {"pictures": swapped}), before, atol=1e-5)
        in_another_order = given["words"].clone()
        in_another_order[:, :6] = given["words"][:, :6].flip(1)
        assert not torch.allclose(network(**given | {"words": in_another_order}), before, atol=1e-5)
        assert not torch.allclose(network(**given | {"state": given["state"] + 1.0}), before, atol=1e-5)
        assert not torch.allclose(network(**given, latent=torch.ones(B, SIZES.latent)), before, atol=1e-5)


def test_to_act_the_latent_is_zero_and_the_style_is_not_looked_at(network, given) -> None:
    with torch.inference_mode():
        before = network(**given)
        assert torch.equal(network(**given, latent=torch.zeros(B, SIZES.latent)), before)
        for parameter in network.style.parameters():
            parameter.fill_(torch.nan)
        assert torch.equal(network(**given), before)


def test_places_without_a_word_are_not_attended_to(network, given) -> None:
    with torch.inference_mode():
        before, longest = network(**given), network(**given | {"words": torch.ones(B, LENGTH, SIZE)})
        network.places[2 + 6 : 2 + LENGTH] += 100.0  # of the empty rows
        assert torch.equal(network(**given), before)
        assert not torch.allclose(network(**given | {"words": torch.ones(B, LENGTH, SIZE)}), longest)


def test_steps_that_do_not_count_say_nothing_of_the_style(network) -> None:
    rng = torch.Generator().manual_seed(2)
    state, actions, counts = torch.randn(B, S, generator=rng), torch.randn(B, H, A, generator=rng), torch.ones(B, H)
    counts[:, 3:] = 0.0
    assert all(not value.any() for value in network.style(state, actions, counts))  # the prior, before it has learned
    network.style.latent[-1].reset_parameters()
    other = actions.clone()
    other[:, 3:] = 9.0
    with torch.inference_mode():
        mean, log_variance = network.style(state, actions, counts)
        assert mean.shape == log_variance.shape == (B, SIZES.latent)
        assert torch.equal(network.style(state, other, counts)[0], mean)
        assert not torch.allclose(network.style(state, other, torch.ones(B, H))[0], mean, atol=1e-5)


def test_each_cell_has_a_place_of_its_own() -> None:
    grid = sine_grid(ROWS, COLUMNS, 24).unflatten(0, (ROWS, COLUMNS))
    assert (torch.cdist(grid.flatten(0, 1), grid.flatten(0, 1)) + 9.0 * torch.eye(ROWS * COLUMNS)).min() > 0.1
    assert torch.equal(grid[2, :, :12], grid[2, :1, :12].expand(COLUMNS, -1))  # the first half says the row
    assert torch.equal(grid[:, 3, 12:], sine_line(COLUMNS, 12)[3].expand(ROWS, -1))
    torch.testing.assert_close(sine_line(3, 4)[2, :2], torch.tensor([2.0, 2.0]).sin() * torch.tensor([1.0, 0.0])
                               + torch.tensor([2.0, 2.0]).cos() * torch.tensor([0.0, 1.0]))  # fmt: skip


def test_at_its_own_size_it_has_three_to_six_million_weights() -> None:
    count = sum(parameter.numel() for parameter in ActNetwork(ActSizes(), V, S, A, 8).parameters())
    assert 3e6 < count < 6e6

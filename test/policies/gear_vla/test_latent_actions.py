# SPDX-License-Identifier: Apache-2.0
"""Latent actions: codes see no future, stay within their group, and come back from disk."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from controllers.errors import ConfigError
from vla_ros.policies.gear_vla.latent_actions.codebook import GroupedCodebook
from vla_ros.policies.gear_vla.latent_actions.config import LatentActionConfig
from vla_ros.policies.gear_vla.latent_actions.network import LatentActionNetwork
from vla_ros.policies.gear_vla.latent_actions.tokenizer import LatentActionTokenizer, as_input

SMALL = LatentActionConfig(width=32, height=24, features=32, heads=2, transitions=4)


@pytest.fixture
def network() -> LatentActionNetwork:
    torch.manual_seed(0)
    network = LatentActionNetwork(SMALL)
    network(as_input(frames(4)))  # what it brings features to
    return network.eval()


def frames(count: int, config: LatentActionConfig = SMALL) -> np.ndarray:
    shape = (count, config.frames, config.height, config.width, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_codes_do_not_see_what_comes(network):
    clip = as_input(frames(1))
    for changed in range(1, SMALL.frames):
        other = clip.clone()
        other[:, changed] = -other[:, changed]
        before, after = (network.encode(given).values for given in (clip, other))
        same = (before == after).flatten(1).all(dim=1)
        assert same[: changed - 1].all(), f"frame {changed} changes an earlier transition"
        features = torch.autograd.functional.jacobian(lambda given: network.encode(given).values.sum((1, 2)), clip)
        reached = features.abs().sum((1, 3, 4, 5))[:, changed] > 0.0  # by transition
        assert reached.tolist() == [transition + 1 >= changed for transition in range(SMALL.transitions)]


def test_without_the_mask_they_do(network):
    free = LatentActionNetwork(dataclasses.replace(SMALL, causal=False))
    free.load_state_dict(network.state_dict())
    free.eval()
    clip = as_input(frames(1))
    reached = torch.autograd.functional.jacobian(lambda given: free.encode(given).values.sum((1, 2)), clip)
    assert (reached.abs().sum((1, 3, 4, 5))[:, -1] > 0.0).all()


def test_what_is_drawn_of_a_frame_knows_only_the_transitions_up_to_it(network):
    first = as_input(frames(1))[:, 0]
    ids = network.encode(as_input(frames(1))).ids[None]
    other = ids.clone()
    other[0, 2] = (other[0, 2] + 1) % 8 + 8 * (torch.arange(SMALL.codes) % 2)
    before, after = (network.draw(first, given) for given in (ids, other))
    torch.testing.assert_close(before[:, :2], after[:, :2])
    assert not torch.allclose(before[:, 2:], after[:, 2:])
    assert before.shape == (1, 4, 3, 24, 32)


def test_each_code_is_of_its_group(network):
    tokenizer = LatentActionTokenizer(network)
    codes = tokenizer.codes(frames(20))
    assert codes.shape == (20, 4, 4)
    assert (codes // SMALL.entries == np.arange(4) % 2).all()
    assert tokenizer.config.vocabulary == 16


def test_a_codebook_brings_features_and_entries_together_and_wants_all_entries():
    torch.manual_seed(0)
    book, features = GroupedCodebook(2, 2, 8, 4), torch.randn(64, 2, 4, requires_grad=True)
    quantised = book(features)
    torch.testing.assert_close(book.values(quantised.ids), quantised.values)
    quantised.values.sum().backward(retain_graph=True)
    assert features.grad is not None
    assert features.grad.abs().sum() > 0  # straight through
    assert book.entries.grad is None or not book.entries.grad.any()
    assert book.eval()(torch.ones(64, 2, 4)).spread > quantised.spread  # all the same
    assert (book.train()(features, share=0.5, rng=torch.Generator().manual_seed(0)).values != quantised.values).any()


def test_it_is_saved_and_read_again(network, tmp_path):
    tokenizer, clips = LatentActionTokenizer(network), frames(3)
    tokenizer.save(tmp_path)
    assert (LatentActionTokenizer.load(tmp_path).codes(clips) == tokenizer.codes(clips)).all()
    with pytest.raises(ConfigError, match=r"uint8 clips \(B, \(5, 24, 32, 3\)\)"):
        tokenizer.codes(clips[:, :-1])
    with pytest.raises(ConfigError, match="not found"):
        LatentActionTokenizer.load(tmp_path / "none")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"width": 60}, "multiples of 8"),
        ({"codes": 3}, "multiple of the 2 groups"),
        ({"features": 30, "heads": 4}, "multiple of the 4 heads"),
        ({"rate": 0.0}, "0.1 to 60 Hz"),
        ({"ends_only": True}, "one transition, got 5"),
        ({"version": 2}, "version 1"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(values, words):
    with pytest.raises(ConfigError, match=words):
        LatentActionConfig(**values)

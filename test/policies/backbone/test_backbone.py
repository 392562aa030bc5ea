# SPDX-License-Identifier: Apache-2.0
"""The backbone: one answer however it is asked, and what an expert reads of it is what the answer came from."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from torch.nn import functional as F

from vla_ros.policies.backbone.blocks import freeze
from vla_ros.policies.backbone.network import COUNT, Answer, Backbone, Looks
from vla_ros.policies.backbone.word_tokens import word_tokens

BOXES = np.array([[40.0, 60.0, 140.0, 160.0], [200.0, 90.0, 260.0, 220.0], [400.0, 300.0, 520.0, 420.0]])


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    torch.manual_seed(3)
    return Backbone(categories=4, colors=3, width=8, size=16, trunk_width=0.25).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (480, 640, 3), dtype=np.uint8) for _ in range(2)]


@pytest.fixture(scope="module")
def looks(backbone: Backbone, pictures: list[np.ndarray]) -> Looks:
    return look_at(backbone, pictures)


def look_at(backbone: Backbone, pictures: list[np.ndarray]) -> Looks:
    return backbone.look(pictures, [(BOXES, np.ones(3)), (BOXES[:2], np.ones(2))])


def answer(logits: list[list[float]]) -> Answer:
    return Answer(tuple(np.array(values) for values in logits), ())


def test_the_answer_is_what_matching_is_trained_to_say(backbone: Backbone, looks: Looks) -> None:
    words = word_tokens("pick up the red mug")
    found = backbone.ask(looks, words)
    assert [len(values) for values in found.logits] == [3, 2]
    there = torch.ones(1, 5, dtype=torch.bool)
    trained = backbone.matching(looks.looks, looks.geometry, there, torch.from_numpy(words)[None])
    np.testing.assert_allclose(np.concatenate(found.logits), trained[0], atol=1e-5)


def test_keys_and_values_are_what_each_layer_attends_to(backbone: Backbone, looks: Looks) -> None:
    found = backbone.ask(looks, word_tokens("the blue can"))
    layers = backbone.matching.layers
    keys_values = backbone.keys_values(found)
    assert len(keys_values) == len(layers)
    there = torch.ones(1, 5, dtype=torch.bool)
    spoken = torch.from_numpy(word_tokens("the blue can")[: len(found.words)])[None]
    tokens = backbone.matching.attend(looks.looks, looks.geometry, there, spoken)[0]
    for layer, (keys, values) in zip(layers, keys_values, strict=True):
        attention, normed = layer.self_attn, layer.norm1(tokens)
        size = attention.embed_dim
        queries = F.linear(normed[0], attention.in_proj_weight[:size], attention.in_proj_bias[:size])
        heads = queries.unflatten(1, (attention.num_heads, -1)).transpose(0, 1)
        ours = attention.out_proj(F.scaled_dot_product_attention(heads, keys, values).transpose(0, 1).flatten(1))
        theirs, _ = attention(normed, normed, normed, need_weights=False)
        np.testing.assert_allclose(ours, theirs[0], atol=1e-5)
        tokens = layer(tokens)
    np.testing.assert_allclose(torch.cat([found.things, found.words]), tokens[0], atol=1e-5)


def test_what_is_chosen_and_what_is_refused() -> None:
    assert answer([[-2.0, 3.0], [-1.0, -4.0]]).chosen == (1, None)
    assert not answer([[-2.0, 3.0], [-1.0]]).refused
    assert answer([[-2.0], [-1.0, -4.0]]).refused
    assert answer([[], []]).chosen == (None, None)


def test_proposals_are_boxes_in_the_picture_the_best_first(backbone: Backbone, pictures: list[np.ndarray]) -> None:
    for boxes, scores in backbone.propose(pictures):
        assert 1 <= len(boxes) <= COUNT
        assert (np.diff(scores) <= 0).all()
    rows, columns = backbone.features(pictures).shape[-2:]
    assert (rows, columns) == (36, 48)


def test_a_network_that_only_infers_says_the_same_without_normalisations(
    pictures: list[np.ndarray],
) -> None:
    torch.manual_seed(3)
    network = Backbone(50, 11, trunk_width=0.25)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2.0)
    with torch.inference_mode():
        network.eval()
        before = network.features(pictures), look_at(network, pictures).looks
        freeze(network)
        after = network.features(pictures), look_at(network, pictures).looks
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)

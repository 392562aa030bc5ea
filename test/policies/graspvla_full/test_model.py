# SPDX-License-Identifier: Apache-2.0
"""The full GraspVLA network, tiny and random: who sees whom, what teaches what, and that a cache changes nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: it comes with the full GraspVLA")

from tiny.graspvla_full import BOX_BINS, GRASP_BINS, IMAGE, full_config, llama, tiny_batch, tiny_network
from transformers import Gemma3TextConfig, GPT2Config, MistralConfig, Qwen2Config

from controllers.errors import ConfigError
from vla_ros.policies.graspvla.full.bins import Bins
from vla_ros.policies.graspvla.full.config import ExpertConfig, VisionConfig
from vla_ros.policies.graspvla.full.decoding import best_bin, reason
from vla_ros.policies.graspvla.full.loss import graspvla_loss
from vla_ros.policies.graspvla.stage_clock import StageClock

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 24}
GENERATED_PARTS = ("boxes", "state", "grasp", "expert", "projector", "language")


@pytest.fixture(scope="module")
def network():
    return tiny_network().eval()


@pytest.fixture
def batch():
    return tiny_batch()


def teach(network, batch, **changes):
    """Run the teacher-forced pass on a batch, some of its inputs changed."""
    inputs = {"images": batch.images, "words": batch.words, "word_mask": batch.word_mask,
              "boxes": batch.boxes.flatten(1), "states": batch.states, "grasp": batch.grasp}  # fmt: skip
    with torch.no_grad():
        return network(**{**inputs, **changes})


def decode(network, batch):
    clock = StageClock(torch.device("cpu"))
    with torch.no_grad():
        return reason(network, batch.images, batch.words, batch.word_mask, batch.states, clock), clock


def velocity(network, prefix):
    x = torch.linspace(-1, 1, 28).reshape(1, 4, 7).expand(len(prefix.mask), 4, 7)
    with torch.no_grad():
        return network.expert(x, torch.full((len(x),), 0.3), prefix)


def test_shapes(network, batch):
    boxes, grasp, prefix = teach(network, batch)
    assert boxes.shape == (4, 8, BOX_BINS)
    assert grasp.shape == (4, 6, GRASP_BINS)
    length = 2 * 4 * 4 + batch.words.shape[1] + 8 + 2 + 6  # patches of two views, words, boxes, states, grasp
    assert {tuple(key.shape) for key in prefix.keys} == {(4, 2, length, 8)}
    assert velocity(network, prefix).shape == (4, 4, 7)


# -- who sees whom ---------------------------------------------------------------------------------------------------
def test_boxes_see_neither_proprioception_nor_the_grasp(network, batch):
    boxes, grasp, _ = teach(network, batch)
    other_boxes, other_grasp, _ = teach(network, batch, states=batch.states + 1.0)
    torch.testing.assert_close(other_boxes, boxes, rtol=0, atol=0)
    assert (other_grasp - grasp).abs().amax() > 1e-3
    torch.testing.assert_close(teach(network, batch, grasp=(batch.grasp + 1) % GRASP_BINS)[0], boxes, rtol=0, atol=0)


@pytest.mark.parametrize("number", [0, 3, 7])
def test_a_box_token_sees_only_those_before_it(network, batch, number: int):
    boxes = batch.boxes.flatten(1)
    changed = boxes.clone()
    changed[:, number] = (changed[:, number] + 1) % BOX_BINS
    before, after = teach(network, batch)[0], teach(network, batch, boxes=changed)[0]
    torch.testing.assert_close(after[:, : number + 1], before[:, : number + 1], rtol=0, atol=0)
    if number < 7:
        assert (after[:, number + 1 :] - before[:, number + 1 :]).abs().amax() > 1e-3


def test_the_expert_attends_to_every_token_of_every_layer_it_reads(network, batch):
    _, _, prefix = teach(network, batch)
    keys = tuple(key.clone().requires_grad_() for key in prefix.keys)
    values = tuple(value.clone().requires_grad_() for value in prefix.values)
    network.expert(
        batch.actions, torch.full((4,), 0.5), dataclasses.replace(prefix, keys=keys, values=values)
    ).sum().backward()
    for tensor in (*keys, *values):
        felt = tensor.grad.abs().amax(dim=(1, 3)) > 0.0  # (B, T)
        assert torch.equal(felt, prefix.mask)  # all of it, and no padding


@pytest.mark.parametrize("part", ["view 1", "view 2", "words", "boxes", "older state", "newer state", "grasp"])
def test_actions_change_with_every_part_of_the_prefix(network, batch, part: str):
    images, states = batch.images.clone(), batch.states.clone()
    images[:, 0 if part == "view 1" else 1] = 255 - images[:, 0 if part == "view 1" else 1]
    states[:, 0 if part == "older state" else 1] += 1.0
    changes = {
        "view": {"images": images},
        "words": {"words": (batch.words + 1) % 8},
        "boxes": {"boxes": (batch.boxes.flatten(1) + 1) % BOX_BINS},
        "older": {"states": states},
        "newer": {"states": states},
        "grasp": {"grasp": (batch.grasp + 1) % GRASP_BINS},
    }[part.split()[0]]
    before, after = (velocity(network, teach(network, batch, **each)[2]) for each in ({}, changes))
    assert ((after - before).abs().amax(dim=(1, 2)) > 1e-4).all()


def test_a_subset_of_layers_is_read(batch):
    network = tiny_network(full_config(expert=ExpertConfig(16, 4, 32, layers=(1,)))).eval()
    _, _, prefix = teach(network, batch)
    spoiled = dataclasses.replace(prefix, keys=(prefix.keys[0] * float("nan"), prefix.keys[1]))
    torch.testing.assert_close(velocity(network, spoiled), velocity(network, prefix), rtol=0, atol=0)


def test_padding_of_words_changes_nothing(network, batch):
    boxes, grasp, prefix = teach(network, batch)
    row = 2  # the shortest instruction
    count = int(batch.word_mask[row].sum())
    alone = {"images": batch.images[row:][:1], "words": batch.words[row:, -count:][:1],
             "word_mask": batch.word_mask[row:, -count:][:1], "boxes": batch.boxes.flatten(1)[row:][:1],
             "states": batch.states[row:][:1], "grasp": batch.grasp[row:][:1]}  # fmt: skip
    boxes_alone, grasp_alone, prefix_alone = teach(network, batch, **alone)
    torch.testing.assert_close(boxes_alone[0], boxes[row], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(grasp_alone[0], grasp[row], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(velocity(network, prefix_alone)[0], velocity(network, prefix)[row], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["default", "llama3", "linear"])
def test_queries_are_turned_as_the_language_model_turns_keys(kind: str):
    scaling = {"rope_type": kind, "rope_theta": 5000.0}
    if kind != "default":
        scaling["factor"] = 4.0
    if kind == "llama3":
        scaling |= {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
    network = tiny_network(llm=llama(rope_parameters=scaling))
    layer, embeddings = network.language.model.layers[0], torch.randn(1, 50, 32)
    mask = torch.ones(1, 50, dtype=torch.bool)
    with torch.no_grad():
        _, cache = network.language(embeddings, mask)
        plain = layer.self_attn.k_proj(layer.input_layernorm(embeddings)).unflatten(2, (2, 8)).transpose(1, 2)
        turned = network.expert.layers[0]._rotary.turn(plain, torch.arange(50)[None])
    torch.testing.assert_close(turned, network.language.prefix(cache, mask).keys[0], rtol=1e-4, atol=1e-4)


# -- decoding -------------------------------------------------------------------------------------------------------
LANGUAGE_MODELS = {
    "llama": llama(),
    "qwen2": Qwen2Config(**SMALL, num_key_value_heads=2, intermediate_size=48, initializer_range=0.3),
    "gpt2": GPT2Config(n_embd=32, n_layer=2, n_head=4, vocab_size=24, n_positions=128, initializer_range=0.3),
}


@pytest.mark.parametrize("name", LANGUAGE_MODELS)
def test_cached_decoding_equals_one_full_pass(name: str, batch):
    network = tiny_network(llm=LANGUAGE_MODELS[name]).eval()
    chain, _ = decode(network, batch)
    boxes, grasp, prefix = teach(network, batch, boxes=chain.boxes, grasp=chain.grasp)
    for number in range(8):
        lowest = chain.boxes[:, number - 2] if number % 4 >= 2 else None
        assert torch.equal(best_bin(boxes[:, number], lowest), chain.boxes[:, number])
    assert torch.equal(grasp.argmax(dim=2), chain.grasp)
    assert torch.equal(prefix.mask, chain.prefix.mask)
    for whole, stepped in zip((*prefix.keys, *prefix.values), (*chain.prefix.keys, *chain.prefix.values), strict=True):
        seen = prefix.mask[:, None, :, None]
        torch.testing.assert_close(stepped * seen, whole * seen, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(velocity(network, chain.prefix), velocity(network, prefix), rtol=1e-3, atol=1e-4)


def test_only_bins_of_the_right_kind_come_out_and_boxes_have_an_inside():
    config = full_config(box_bins=5)  # far fewer than grasp bins
    for seed in range(3):
        network = tiny_network(config).eval()
        chain, _ = decode(network, tiny_batch(seed=seed))
        assert chain.boxes.min() >= 0
        assert chain.boxes.max() < 5
        assert chain.grasp.min() >= 0
        assert chain.grasp.max() < GRASP_BINS
        corners = chain.boxes.reshape(-1, 2, 2, 2)
        assert (corners[:, :, 1] >= corners[:, :, 0]).all()


def test_a_corner_is_chosen_among_what_remains():
    logits = torch.tensor([[5.0, 1.0, 0.0, 2.0], [0.0, 1.0, 9.0, 8.0]])
    assert best_bin(logits).tolist() == [0, 2]
    assert best_bin(logits, torch.tensor([1, 3])).tolist() == [3, 3]


def test_every_stage_is_timed(network, batch):
    _, clock = decode(network, batch)
    assert list(clock.seconds) == ["vision", "boxes", "grasp", "flow"]
    assert all(clock.seconds[stage] > 0.0 for stage in ("vision", "boxes", "grasp"))


# -- learning -------------------------------------------------------------------------------------------------------
def gradients(network, batch) -> dict[str, float]:
    """Return the largest gradient in each part."""
    network.zero_grad()
    losses = graspvla_loss(network, batch, torch.Generator().manual_seed(1))
    losses.total.backward()
    assert np.isfinite(losses.total.item())
    return {
        part: max(float(p.grad.abs().max()) if p.grad is not None else 0.0 for p in getattr(network, part).parameters())
        for part in GENERATED_PARTS
    }


def test_grounding_data_teaches_boxes_alone():
    felt = gradients(tiny_network(), tiny_batch(grounding=(True,) * 4))
    assert felt["grasp"] == felt["state"] == felt["expert"] == 0.0
    assert min(felt["boxes"], felt["projector"], felt["language"]) > 0.0


def test_action_data_teaches_everything_but_the_towers():
    network = tiny_network().train()
    assert min(gradients(network, tiny_batch()).values()) > 0.0
    assert not network.vision.dinov2.training
    assert all(p.grad is None and not p.requires_grad for p in network.vision.parameters())


def test_a_mixed_batch_is_the_sum_of_its_halves():
    network, mixed = tiny_network(), tiny_batch(grounding=(False, False, True, True))
    whole = tiny_batch(grounding=(False,) * 4)
    assert torch.equal(mixed.boxes, whole.boxes)
    box, grasp = (
        getattr(graspvla_loss(network, mixed, torch.Generator().manual_seed(1)), k) for k in ("boxes", "grasp")
    )
    torch.testing.assert_close(box, graspvla_loss(network, whole).boxes)
    action_half = dataclasses.replace(whole, **{f.name: getattr(whole, f.name)[:2] for f in dataclasses.fields(whole)})
    torch.testing.assert_close(grasp, graspvla_loss(network, action_half).grasp, rtol=1e-4, atol=1e-4)


def test_a_view_without_a_box_is_left_out():
    network, batch = tiny_network(), tiny_batch()
    hidden = dataclasses.replace(batch, box_known=torch.tensor([[True, False]]).expand(4, 2))
    other = dataclasses.replace(hidden, boxes=torch.cat([batch.boxes[:, :1], torch.full((4, 1, 4), -1)], dim=1))
    torch.testing.assert_close(
        graspvla_loss(network, hidden).boxes, graspvla_loss(network, other).boxes, rtol=0, atol=0
    )


def test_steps_that_do_not_count_teach_nothing():
    network, batch = tiny_network(), tiny_batch()
    counts = torch.tensor([[1.0, 1.0, 0.0, 0.0]]).expand(4, 4)
    few = dataclasses.replace(batch, counts=counts)
    flow = graspvla_loss(network, few, torch.Generator().manual_seed(1)).flow
    none = dataclasses.replace(batch, counts=torch.zeros(4, 4))
    assert flow > 0.0
    assert graspvla_loss(network, none, torch.Generator().manual_seed(1)).flow == 0.0
    halves = [dataclasses.replace(batch, counts=c) for c in (counts, 1.0 - counts)]
    each = [graspvla_loss(network, half, torch.Generator().manual_seed(1)).flow for half in halves]
    whole = graspvla_loss(network, batch, torch.Generator().manual_seed(1)).flow
    torch.testing.assert_close(sum(each) / 2, whole)


def test_four_samples_are_learned_by_heart():
    network, batch = tiny_network(llm=llama(initializer_range=0.05)).train(), tiny_batch((False, False, False, True))

    def measure():
        with torch.no_grad():
            rounds = [graspvla_loss(network, batch, torch.Generator().manual_seed(100 + i)) for i in range(8)]
        return np.mean([[each.boxes.item(), each.grasp.item(), each.flow.item()] for each in rounds], axis=0)

    before = measure()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=4e-3)
    random = torch.Generator().manual_seed(0)
    for _ in range(120):
        optimiser.zero_grad()
        graspvla_loss(network, batch, random).total.backward()
        optimiser.step()
    after = measure()
    assert (after[:2] < 0.1 * before[:2]).all()
    assert after[2] < 0.6 * before[2]
    learned, _ = decode(network.eval(), dataclasses.replace(batch, states=batch.states.nan_to_num()))
    assert torch.equal(learned.boxes.reshape(4, 2, 4), batch.boxes)
    assert torch.equal(learned.grasp[:3], batch.grasp[:3])


# -- parts that do not fit, and other ways to fit ---------------------------------------------------------------------
def test_towers_with_different_patches_share_one_grid(batch):
    network = tiny_network(siglip_patch=14)
    assert teach(network, batch)[2].mask.shape[1] == 2 * 16 + batch.words.shape[1] + 16
    coarse = tiny_network(full_config(vision=VisionConfig(IMAGE, grid=3)))
    assert coarse.see(batch.images).shape == (4, 2 * 9, 32)


def test_bfloat16_weights_give_actions_in_float32(batch):
    network = tiny_network(full_config(dtype="bfloat16")).eval()
    assert network.dtype == torch.bfloat16
    chain, _ = decode(network, batch)
    assert velocity(network, chain.prefix).dtype == torch.float32


@pytest.mark.parametrize(
    ("config", "llm", "says"),
    [
        ({"expert": ExpertConfig(16, 3, 32)}, None, "key-value heads"),
        ({"expert": ExpertConfig(16, 4, 32, layers=(0, 2))}, None, "layers 0 to 1"),
        ({"vision": VisionConfig(30)}, None, "no multiple"),
        ({"vision": VisionConfig(IMAGE, layer=-4)}, None, "hidden states 0 to 2"),
        ({}, Gemma3TextConfig(**SMALL, num_key_value_heads=2, head_dim=8, intermediate_size=48), "one rope_theta"),
    ],
)
def test_parts_that_do_not_fit_are_refused(config: dict, llm, says: str):
    with pytest.raises(ConfigError, match=says):
        tiny_network(full_config(**config), llm)


def test_a_language_model_that_forgets_is_refused(batch):
    sizes = {**SMALL, "num_key_value_heads": 2, "intermediate_size": 48}
    with pytest.raises(ConfigError, match="full attention in every layer"):
        teach(tiny_network(llm=MistralConfig(**sizes, sliding_window=4)), batch)


def test_bins_come_back_within_half_a_bin():
    bins = Bins((0.2, -3.0), (0.9, 3.0), 100)
    values = np.random.default_rng(0).uniform((0.2, -3.0), (0.9, 3.0), (200, 2))
    assert (np.abs(bins.decode(bins.encode(values)) - values) <= np.array([0.7, 6.0]) / 200 + 1e-12).all()
    assert bins.encode(np.array([[-9.0, 9.0]])).tolist() == [[0, 99]]
    with pytest.raises(ConfigError, match="not finite"):
        bins.encode(np.array([0.3, np.nan]))

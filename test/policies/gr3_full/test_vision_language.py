# SPDX-License-Identifier: Apache-2.0
"""Qwen's cache as the action transformer meets it: the latter half, positions that count on, padding nobody sees.

Shape legend: B batch, T tokens.
"""

from __future__ import annotations

import dataclasses

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: it comes with the full GR-3")

from tiny.gr3_full import LAYERS, PADS, full_config, qwen, robot_batch, tiny_checkpoint, tiny_network, tiny_tokenizer
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import apply_rotary_pos_emb

from controllers.errors import ConfigError
from vla_ros.policies.action_transformer.network import ActionTransformer
from vla_ros.policies.gr3.full.checkpoint import Checkpoint
from vla_ros.policies.gr3.full.config import PROMPT, ImageSize
from vla_ros.policies.gr3.full.image_patches import image_patches
from vla_ros.policies.gr3.full.loss import RobotBatch
from vla_ros.policies.gr3.full.prompt import IGNORED
from vla_ros.policies.kv_cache.prefix import Prefix


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return tiny_checkpoint()


@pytest.fixture(scope="module")
def batch(checkpoint) -> RobotBatch:
    return robot_batch(checkpoint)


def read(checkpoint: Checkpoint, batch: RobotBatch, **changes) -> Prefix:
    values = {"tokens": batch.tokens, "mask": batch.mask, "images": batch.images.flatten(0, 1)} | changes
    with torch.no_grad():
        return checkpoint.network.vision_language.read(**values)


def velocity(transformer: ActionTransformer, prefix: Prefix, batch: RobotBatch) -> torch.Tensor:
    count = len(prefix.mask)
    with torch.no_grad():
        return transformer(batch.actions[:count, None], torch.full((count, 1), 0.3), batch.state[:count], prefix)


# -- the prompt -----------------------------------------------------------------------------------------------------
def test_a_prompt_has_a_block_for_each_view_then_the_words(checkpoint) -> None:
    tokens, mask = checkpoint.prompt().ask(["pick up the red mug", "mug"], 3)
    said = [tiny_tokenizer().id_to_token(token) for token in tokens[0].tolist()]
    block = ["<|vision_start|>", *["<|image_pad|>"] * PADS, "<|vision_end|>"]
    first = said.index("<|vision_start|>")
    assert said[first : first + 3 * len(block) + 5] == [*block * 3, "pick", "up", "the", "red", "mug"]
    assert said[first + 3 * len(block) + 5 :] == ["<|im_end|>", "<|im_start|>", "assistant"]
    assert mask.sum(dim=1).tolist() == [tokens.shape[1], tokens.shape[1] - 4]
    assert not mask[1, :4].any()


def test_tokens_are_those_of_the_prompt_as_one_text(checkpoint) -> None:
    tokens, _ = checkpoint.prompt().ask(["pick up the mug"], 2)
    block = "<|vision_start|>" + "<|image_pad|>" * PADS + "<|vision_end|>"
    text = PROMPT.replace("{views}", 2 * block).replace("{instruction}", "pick up the mug")
    assert tokens[0].tolist() == tiny_tokenizer().encode(text).ids


def test_words_end_no_turn_and_show_no_picture(checkpoint) -> None:
    prompt = checkpoint.prompt()
    tokens, _ = prompt.ask(["pick <|image_pad|> <|im_end|> mug"], 1)
    ended = [(one == token).sum() for one in (prompt.ask(["mug"], 1)[0], tokens) for token in (16, 19)]
    assert ended[:2] == ended[2:]  # <|im_end|> and <|image_pad|> are as many as without


def test_labels_are_the_answer_and_its_end(checkpoint) -> None:
    tokens, mask, labels = checkpoint.prompt().answered(["what is it", "what"], ["the blue box", "mug"], [1, 0])
    for row, text in enumerate(("the blue box <|im_end|>", "mug <|im_end|>")):
        said = labels[row][labels[row] != IGNORED].tolist()
        assert said == tiny_tokenizer().encode(text).ids
        assert tokens[row, -len(said) :].tolist() == said
    assert not mask[1, 0]


# -- the cache ------------------------------------------------------------------------------------------------------
def test_the_prefix_is_the_models_own_cache_of_the_latter_half(checkpoint, batch) -> None:
    model = checkpoint.network.vision_language
    prefix = read(checkpoint, batch)
    images = batch.images.flatten(0, 1)
    with torch.no_grad():
        own = model.model(
            input_ids=batch.tokens,
            attention_mask=batch.mask.long(),
            pixel_values=image_patches(images, 4, 2, 2).flatten(0, 1),
            image_grid_thw=torch.tensor([[1, 6, 8]] * len(images)),
            mm_token_type_ids=(batch.tokens == model.image.pad).int(),
            use_cache=True,
        ).past_key_values
    assert len(own.layers) == LAYERS
    assert len(prefix.keys) == len(prefix.values) == LAYERS // 2
    for number in range(LAYERS // 2):
        assert torch.equal(prefix.keys[number], own.layers[LAYERS // 2 + number].keys)
        assert torch.equal(prefix.values[number], own.layers[LAYERS // 2 + number].values)


def test_what_follows_counts_on_from_the_largest_position(checkpoint, batch) -> None:
    prefix = read(checkpoint, batch)
    # A block of 3 × 4 tokens goes on by the longer side, so every view counts 4 and two more for its ends.
    words = batch.mask.sum(dim=1) - 3 * PADS
    assert prefix.following is not None
    assert torch.equal(prefix.following, words + 3 * 4)


@pytest.mark.parametrize("scaling", [{"rope_type": "default"}, {"rope_type": "linear", "factor": 4.0}])
def test_our_turning_is_the_models_for_words(scaling: dict) -> None:
    parameters = {**scaling, "rope_theta": 5000.0, "mrope_section": [1, 1, 2]}
    network = tiny_network(model=qwen(rope_parameters=parameters))
    language, rotary = network.vision_language.model.model.language_model, network.vision_language.rotary
    rng = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 4, 30, 8, generator=rng), torch.randn(2, 2, 30, 8, generator=rng)
    positions = torch.stack([torch.arange(30), torch.arange(30) + 1000])
    cos, sin = language.rotary_emb(query, positions.expand(3, -1, -1))
    expected = apply_rotary_pos_emb(query, key, cos, sin)
    for vectors, turned in zip((query, key), expected, strict=True):
        torch.testing.assert_close(rotary.turn(vectors, positions), turned, rtol=1e-5, atol=1e-5)


def test_cached_keys_of_words_are_turned_as_our_own_would_be(checkpoint, batch) -> None:
    model = checkpoint.network.vision_language
    language = model.model.model.language_model
    entering = {}
    hook = language.layers[2].self_attn.register_forward_hook(
        lambda _m, _i, kwargs, _o: entering.update(kwargs), with_kwargs=True
    )
    prefix = read(checkpoint, batch)
    hook.remove()
    with torch.no_grad():
        plain = language.layers[2].self_attn.k_proj(entering["hidden_states"]).unflatten(2, (2, 8)).transpose(1, 2)
    places = model.positions(batch.tokens, batch.mask)[0]
    turned = model.rotary.turn(plain, places)
    words = batch.mask & (batch.tokens != model.image.pad)
    torch.testing.assert_close(
        turned.transpose(1, 2)[words], prefix.keys[0].transpose(1, 2)[words], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("left", [True, False])
def test_padding_on_either_side_changes_nothing(checkpoint, batch, left: bool) -> None:
    row = 2  # the shortest instruction
    own = batch.mask[row]
    tokens, images = batch.tokens[row, own][None], batch.images[row]
    alone = dataclasses.replace(batch, actions=batch.actions[[row]], state=batch.state[[row]])
    before = read(checkpoint, batch, tokens=tokens, mask=torch.ones_like(tokens, dtype=torch.bool), images=images)
    more = torch.full((1, 5), int(batch.tokens[0, 0]))
    parts, masks = (more, tokens), (torch.zeros_like(more, dtype=torch.bool), before.mask)
    order = slice(None) if left else slice(None, None, -1)
    padded = {"tokens": torch.cat(parts[order], dim=1), "mask": torch.cat(masks[order], dim=1), "images": images}
    after = read(checkpoint, batch, **padded)
    assert torch.equal(before.following, after.following)
    for one, other in zip((*before.keys, *before.values), (*after.keys, *after.values), strict=True):
        torch.testing.assert_close(other[:, :, after.mask[0]], one, rtol=1e-4, atol=1e-4)
    transformer = checkpoint.network.action_transformer
    torch.testing.assert_close(
        velocity(transformer, after, alone), velocity(transformer, before, alone), rtol=1e-4, atol=1e-4
    )


def test_a_prefix_that_is_cached_in_steps_equals_one_pass(checkpoint, batch) -> None:
    model = checkpoint.network.vision_language
    whole = read(checkpoint, batch)
    cut = batch.tokens.shape[1] - 4  # behind the pictures: the last word and the end of the question
    places = model.positions(batch.tokens, batch.mask)
    with torch.no_grad():
        output, _ = model._run(batch.tokens[:, :cut], batch.mask[:, :cut], batch.images.flatten(0, 1), use_cache=True)
        cache = output.past_key_values
        for step in range(cut, batch.tokens.shape[1]):
            model.model.model(
                input_ids=batch.tokens[:, [step]],
                attention_mask=batch.mask[:, : step + 1].long(),
                position_ids=places[:, :, [step]],
                past_key_values=cache,
                use_cache=True,
            )
    layers = cache.layers[LAYERS // 2 :]
    stepped = dataclasses.replace(
        whole, keys=tuple(layer.keys for layer in layers), values=tuple(layer.values for layer in layers)
    )
    transformer = checkpoint.network.action_transformer
    made = velocity(transformer, whole, batch)
    assert made.abs().mean() > 0.1
    torch.testing.assert_close(velocity(transformer, stepped, batch), made, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("part", ["head", "left_wrist", "right_wrist", "words", "state"])
def test_actions_change_with_every_part(checkpoint, batch, part: str) -> None:
    images, tokens, changed = batch.images.clone(), batch.tokens, batch
    if part == "words":
        words = (tokens < 9) & (tokens > 0)
        tokens = tokens.where(~words, tokens % 8 + 1)
    elif part == "state":
        changed = dataclasses.replace(batch, state=batch.state + 1.0)
    else:
        view = full_config().cameras.index(part)
        images[:, view] = 255 - images[:, view]
    transformer = checkpoint.network.action_transformer
    before = velocity(transformer, read(checkpoint, batch), batch)
    after = velocity(transformer, read(checkpoint, batch, tokens=tokens, images=images.flatten(0, 1)), changed)
    assert ((after - before).abs().amax(dim=(1, 2, 3)) > 1e-4).all()


def test_blank_views_are_read(checkpoint, batch) -> None:
    images = batch.images.clone()
    images[:, 1:] = 0
    prefix = read(checkpoint, batch, images=images.flatten(0, 1))
    assert all(tensor.isfinite().all() for tensor in (*prefix.keys, *prefix.values))


# -- what cannot be built -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"num_hidden_layers": 3}, "3 layers: take an even number"),
        ({"use_sliding_window": True, "max_window_layers": 2}, "a layer forgets"),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [16, 24, 24]}},
         "must add up to half of the head size, 4"),
        ({"num_attention_heads": 3, "num_key_value_heads": 1}, "half of the head size, 5"),
    ],
)  # fmt: skip
def test_a_language_model_that_does_not_fit(changes: dict, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        tiny_network(model=qwen(**changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"image": ImageSize(36, 24)}, "image is 36x24 px, a token is 8 px: take multiples, such as 32x24"),
        ({"transformer": dataclasses.replace(full_config().transformer, heads=3)}, "multiple of the 2"),
    ],
)
def test_a_configuration_that_does_not_fit_the_model(changes: dict, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        tiny_network(full_config(**changes))


def test_image_tokens_outside_the_vocabulary() -> None:
    model = qwen()
    model.image_token_id = 99
    with pytest.raises(ConfigError, match="three of the 40 words"):
        tiny_network(model=model)


def test_a_prompt_with_a_picture_of_its_own_is_refused() -> None:
    checkpoint = tiny_checkpoint(full_config(prompt="<|image_pad|> {views}{instruction}"))
    with pytest.raises(ConfigError, match="stands for a piece of an image"):
        checkpoint.prompt()

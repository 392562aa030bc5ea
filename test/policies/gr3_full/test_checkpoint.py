# SPDX-License-Identifier: Apache-2.0
"""A full GR-3 on disk: what is written comes back, what does not fit is one line, a published Qwen is taken in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from assets import ROOT

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: it comes with the full GR-3")

from safetensors.torch import load_file, save_file
from tiny.gr3_full import (
    full_config,
    language_batch,
    qwen,
    robot_batch,
    tiny_checkpoint,
    tiny_network,
    tiny_tokenizer,
)
from transformers import Qwen2_5_VLForConditionalGeneration

from controllers.errors import ConfigError
from vla_ros.policies.action_transformer.sizes import ActionTransformerSizes
from vla_ros.policies.gr3.full.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from vla_ros.policies.gr3.full.config import FullConfig, ImageSize, Parts, read_full_config
from vla_ros.policies.gr3.full.loss import co_training_loss
from vla_ros.policies.gr3.full.parts import begin_network, build_network, read_qwen_config

# Of Qwen2.5-VL-3B-Instruct, as it is published: flat, and named as in earlier versions of transformers.
PUBLISHED = {
    "architectures": ["Qwen2_5_VLForConditionalGeneration"], "attention_dropout": 0.0, "bos_token_id": 151643,
    "eos_token_id": 151645, "vision_start_token_id": 151652, "vision_end_token_id": 151653,
    "vision_token_id": 151654, "image_token_id": 151655, "video_token_id": 151656, "hidden_act": "silu",
    "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 11008, "max_position_embeddings": 128000,
    "max_window_layers": 70, "model_type": "qwen2_5_vl", "num_attention_heads": 16, "num_hidden_layers": 36,
    "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "sliding_window": 32768,
    "tie_word_embeddings": True, "torch_dtype": "bfloat16", "use_cache": True, "use_sliding_window": False,
    "vision_config": {
        "depth": 32, "hidden_act": "silu", "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16,
        "in_chans": 3, "out_hidden_size": 2048, "patch_size": 14, "spatial_merge_size": 2, "spatial_patch_size": 14,
        "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31], "tokens_per_second": 2, "temporal_patch_size": 2,
    },
    "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]}, "vocab_size": 151936,
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("gr3") / "checkpoint"
    save_checkpoint(tiny_checkpoint(), folder)
    return folder


@pytest.fixture
def folder(written, tmp_path) -> Path:
    """Return a copy to spoil."""
    return Path(shutil.copytree(written, tmp_path / "checkpoint"))


def refusal(folder: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_checkpoint(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


# -- there and back -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("dtype", "tied"), [("float32", True), ("float32", False), ("bfloat16", True)])
def test_what_is_written_comes_back(tmp_path, dtype: str, tied: bool) -> None:
    checkpoint = tiny_checkpoint(full_config(dtype=dtype), qwen(tied=tied))
    save_checkpoint(checkpoint, tmp_path / "checkpoint")
    before = torch.get_rng_state()
    loaded = load_checkpoint(tmp_path / "checkpoint")
    assert torch.equal(torch.get_rng_state(), before)
    assert not loaded.network.training
    expected = checkpoint.network.state_dict()
    assert loaded.network.state_dict().keys() == expected.keys()
    assert all(torch.equal(tensor, expected[key]) for key, tensor in loaded.network.state_dict().items())
    losses = [
        co_training_loss(each.network, robot_batch(each), language_batch(each), random=torch.Generator().manual_seed(0))
        for each in (checkpoint, loaded)
    ]
    assert losses[0].total == losses[1].total


def test_a_head_that_is_the_embedding_is_written_once(written) -> None:
    names = load_file(written / "model.safetensors").keys()
    assert any(name.endswith("embed_tokens.weight") for name in names)
    assert not any("lm_head" in name for name in names)


def test_the_folder_is_as_documented(written) -> None:
    files = {str(path.relative_to(written)) for path in written.rglob("*") if path.is_file()}
    assert files == {"config.json", "model.safetensors", "qwen2_5_vl/config.json", "qwen2_5_vl/tokenizer.json"}
    assert not written.with_name("checkpoint.partial").exists()


def test_the_documented_configuration_is_understood(tmp_path) -> None:
    text = (ROOT / "docs" / "gr3_full.md").read_text()
    (tmp_path / "config.json").write_text(text.split("```json\n")[1].split("```")[0])
    config = read_full_config(tmp_path)
    assert config.transformer == full_size().transformer
    assert config.image == ImageSize()


def test_a_checkpoint_is_never_written_over(written) -> None:
    with pytest.raises(ConfigError, match="choose a new folder"):
        save_checkpoint(tiny_checkpoint(), written)


# -- what does not fit ----------------------------------------------------------------------------------------------
def test_a_missing_weight(folder) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["action_transformer.velocity.bias"]
    save_file(weights, folder / "model.safetensors")
    assert "weight 'action_transformer.velocity.bias' is missing (1 missing" in refusal(folder)


def test_an_unknown_weight(folder) -> None:
    weights = load_file(folder / "model.safetensors") | {"action_transformer.more": torch.zeros(3)}
    save_file(weights, folder / "model.safetensors")
    assert "weight 'action_transformer.more' is unknown" in refusal(folder)


def test_a_weight_that_is_not_finite(folder) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["action_transformer.state.weight"][0, 0] = float("nan")
    save_file(weights, folder / "model.safetensors")
    assert "weight 'action_transformer.state.weight' holds values that are not finite" in refusal(folder)


@pytest.mark.parametrize("spoil", [lambda raw: raw[: len(raw) // 2], lambda raw: b"\xff" * 64, lambda raw: b""])
def test_weights_that_are_corrupt(folder, spoil) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(spoil(path.read_bytes()))
    assert "corrupt or cut short" in refusal(folder)


def test_a_pickle_is_not_read(folder) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({"action_transformer.velocity.bias": torch.zeros(3)}, folder / "model.safetensors")
    assert "corrupt or cut short" in refusal(folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "model.safetensors: not found" in refusal(folder)


def test_weights_of_another_size_are_refused_before_they_are_read(folder) -> None:
    edit(folder / "config.json", transformer={"width": 40, "heads": 4, "feedforward": 48})
    weights = (folder / "model.safetensors").read_bytes()
    header = 8 + int.from_bytes(weights[:8], "little")
    (folder / "model.safetensors").write_bytes(weights[:header] + b"\xff" * (len(weights) - header))  # all NaN
    assert "is 5×32 F32, config.json and parts ask for 5×40 F32" in refusal(folder)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version": 2}, "this reads gr3_full of version 1"),
        ({"kind": "act"}, "is a checkpoint of another kind (act): give one of gr3_full"),
        ({"promt": "?"}, "did you mean 'prompt'"),
        ({"image": {"widht": 32}}, "did you mean 'width'"),
        ({"image": {"width": 30, "height": 24}}, "take multiples, such as 32x24"),
        ({"image": {"width": 0, "height": 24}}, "give both sides at least 1 px"),
        ({"transformer": {"heads": 3}}, "multiple of the 2"),
        ({"state_statistics": {"mean": [0.0], "std": [1.0]}}, "state_statistics are of 1 numbers"),
        ({"action_statistics": {"mean": [0.0] * 3, "std": [1.0] * 2}}, "statistics disagree"),
        ({"cameras": []}, "name at least one"),
        ({"state": []}, "state names no channel"),
        ({"parts": {"tokenizer": "../words"}}, "name a folder inside the checkpoint"),
        ({"parts": {"tokenizer": "words"}}, "words/tokenizer.json: not found"),
        ({"parts": {"vision_language": "qwen"}}, "qwen/config.json: not found"),
        ({"dtype": "float16"}, "unknown dtype 'float16'"),
        ({"dtype": "bfloat16"}, "F32, config.json and parts ask for"),
        ({"prompt": "{views} grasp it"}, "prompt has {instruction} 0 times"),
        ({"prompt": "{instruction}"}, "prompt has {views} 0 times"),
    ],
)
def test_a_configuration_that_cannot_be_used(folder, changes: dict, says: str) -> None:
    edit(folder / "config.json", **changes)
    assert says in refusal(folder)


@pytest.mark.parametrize("name", ["config.json", "qwen2_5_vl/config.json", "qwen2_5_vl/tokenizer.json"])
def test_a_file_that_is_no_json(folder, name: str) -> None:
    (folder / name).write_text("{")
    assert name in refusal(folder)


@pytest.mark.parametrize(
    "name", ["config.json", "model.safetensors", "qwen2_5_vl/config.json", "qwen2_5_vl/tokenizer.json"]
)
def test_a_file_that_is_missing(folder, name: str) -> None:
    (folder / name).unlink()
    assert name in refusal(folder)


def test_a_part_of_another_kind(folder) -> None:
    (folder / "qwen2_5_vl/config.json").write_text(json.dumps({"model_type": "qwen2"}))
    assert "holds a qwen2: a qwen2_5_vl is needed" in refusal(folder)


def test_a_language_model_with_an_odd_number_of_layers(folder) -> None:
    qwen(layers=3).save_pretrained(folder / "qwen2_5_vl")
    assert "3 layers: take an even number" in refusal(folder)


def test_a_part_that_asks_to_run_its_own_code(folder) -> None:
    values = {"model_type": "strange", "auto_map": {"AutoConfig": "code.StrangeConfig"}}
    (folder / "qwen2_5_vl/config.json").write_text(json.dumps(values))
    (folder / "qwen2_5_vl/code.py").write_text("raise SystemExit('ran')")
    assert "qwen2_5_vl: cannot be used" in refusal(folder)


def test_a_tokenizer_with_more_words_than_the_language_model(folder) -> None:
    path = folder / "qwen2_5_vl/tokenizer.json"
    tokenizer = json.loads(path.read_text())
    tokenizer["model"]["vocab"] |= {"far": 40}
    path.write_text(json.dumps(tokenizer))
    assert "token 40 is outside the language model's vocabulary of 40" in refusal(folder)


# -- a published Qwen, where training begins ------------------------------------------------------------------------
@pytest.fixture(params=["one file", "several files"])
def published(request, tmp_path) -> Path:
    """Write a Qwen2.5-VL as it is published: in the names of earlier versions of transformers."""
    torch.manual_seed(3)
    model = Qwen2_5_VLForConditionalGeneration(qwen())
    size = "20KB" if request.param == "several files" else "5GB"
    model.save_pretrained(tmp_path / "qwen2_5_vl", max_shard_size=size)
    tiny_tokenizer().save(str(tmp_path / "qwen2_5_vl" / "tokenizer.json"))
    files = sorted((tmp_path / "qwen2_5_vl").glob("*.safetensors"))
    names = {name for file in files for name in load_file(file)}
    assert (len(files) > 1) == (request.param == "several files")
    assert {"visual.patch_embed.proj.weight", "model.layers.0.self_attn.q_proj.weight"} <= names
    return tmp_path


def test_training_begins_from_a_published_qwen(published) -> None:
    network = begin_network(full_config(), published)
    torch.manual_seed(3)
    expected = Qwen2_5_VLForConditionalGeneration(qwen()).state_dict()
    model = network.vision_language.model
    assert all(torch.equal(tensor, expected[name]) for name, tensor in model.state_dict().items())
    assert model.lm_head.weight is model.get_input_embeddings().weight
    assert network.action_transformer.velocity.weight.abs().max() == 0.0
    save_checkpoint(Checkpoint(network, tiny_tokenizer()), published / "checkpoint")
    assert load_checkpoint(published / "checkpoint").network.config.transformers


def test_a_published_qwen_that_lacks_a_weight(published) -> None:
    for file in (published / "qwen2_5_vl").glob("*.safetensors"):
        weights = load_file(file)
        kept = {name: tensor for name, tensor in weights.items() if name != "model.layers.1.mlp.up_proj.weight"}
        save_file(kept, file, metadata={"format": "pt"})
    with pytest.raises(ConfigError, match=r"weight '.*layers\.1\.mlp\.up_proj\.weight' is missing"):
        begin_network(full_config(), published)


def test_a_published_qwen_with_a_weight_that_is_not_finite(published) -> None:
    for file in (published / "qwen2_5_vl").glob("*.safetensors"):
        weights = load_file(file)
        for name, tensor in weights.items():
            if name.endswith("layers.1.mlp.up_proj.weight"):
                tensor[0, 0] = float("inf")
        save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(ConfigError, match="not finite"):
        begin_network(full_config(), published)


def test_a_published_qwen_that_is_pickled(published) -> None:
    for file in (published / "qwen2_5_vl").glob("*.safetensors*"):
        file.unlink()
    torch.save(tiny_network().vision_language.model.state_dict(), published / "qwen2_5_vl" / "pytorch_model.bin")
    with pytest.raises(ConfigError, match="qwen2_5_vl: cannot be used"):
        begin_network(full_config(), published)


# -- the size of the report -----------------------------------------------------------------------------------------
def full_size() -> FullConfig:
    config = full_config()
    return full_config(
        transformer=FullConfig.__dataclass_fields__["transformer"].default_factory(),
        image=ImageSize(),
        state=config.state,
        dtype="bfloat16",
        parts=Parts(),
    )


def test_with_the_published_qwen_it_has_the_reports_four_billion_weights(tmp_path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(PUBLISHED))
    with torch.device("meta"):  # shapes without numbers
        network = build_network(full_size(), read_qwen_config(tmp_path))
    assert full_size().transformer == ActionTransformerSizes(1024, 16, 4096)
    assert len(network.action_transformer.layers) == 18
    assert network.vision_language.image.count == 11 * 8
    assert sum(weight.numel() for weight in network.parameters()) == pytest.approx(4.1e9, rel=0.03)

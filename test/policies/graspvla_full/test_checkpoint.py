# SPDX-License-Identifier: Apache-2.0
"""A full GraspVLA on disk: what is written comes back, what does not fit is one line, published parts are taken in."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from assets import ROOT

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: it comes with the full GraspVLA")

from safetensors.torch import load_file, save_file
from tiny.graspvla_full import SIZES, full_config, llama, part_configs, tiny_batch, tiny_network, tiny_words
from transformers import AutoModelForCausalLM, Dinov2Model, LlamaModel, SiglipConfig, SiglipModel

from controllers.errors import ConfigError
from vla_ros.policies.graspvla.full.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from vla_ros.policies.graspvla.full.config import read_full_config
from vla_ros.policies.graspvla.full.loss import graspvla_loss
from vla_ros.policies.graspvla.full.parts import begin_network

ACTION = dataclasses.asdict(full_config().action)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("graspvla") / "checkpoint"
    save_checkpoint(Checkpoint(tiny_network(), tiny_words()), folder)
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
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_what_is_written_comes_back(tmp_path, dtype: str):
    network = tiny_network(full_config(dtype=dtype))
    save_checkpoint(Checkpoint(network, tiny_words()), tmp_path / "checkpoint")
    before = torch.get_rng_state()
    loaded = load_checkpoint(tmp_path / "checkpoint")
    assert torch.equal(torch.get_rng_state(), before)
    assert loaded.words(["pick up the mug"])[0].tolist() == [[1, 2, 3, 5]]
    assert not loaded.network.training
    expected = network.state_dict()
    assert loaded.network.state_dict().keys() == expected.keys()
    assert all(torch.equal(tensor, expected[key]) for key, tensor in loaded.network.state_dict().items())
    losses = [graspvla_loss(each.eval(), tiny_batch(), torch.Generator().manual_seed(0)).total.item()
              for each in (network, loaded.network)]  # fmt: skip
    assert losses[0] == losses[1]


def test_the_folder_is_as_documented(written):
    files = {str(path.relative_to(written)) for path in written.rglob("*") if path.is_file()}
    parts = {f"{part}/config.json" for part in ("dinov2", "siglip", "llm")}
    assert files == {"config.json", "model.safetensors", "tokenizer/tokenizer.json"} | parts
    assert not written.with_name("checkpoint.partial").exists()


def test_the_documented_configuration_is_understood(tmp_path):
    text = (ROOT / "docs" / "graspvla_full.md").read_text()
    (tmp_path / "config.json").write_text(text.split("```json\n")[1].split("```")[0])
    assert read_full_config(tmp_path).grasp.bins == 1000


def test_a_checkpoint_is_never_written_over(written):
    with pytest.raises(ConfigError, match="choose a new folder"):
        save_checkpoint(Checkpoint(tiny_network(), tiny_words()), written)


# -- what does not fit ----------------------------------------------------------------------------------------------
def test_a_missing_weight(folder):
    weights = load_file(folder / "model.safetensors")
    del weights["projector.0.bias"]
    save_file(weights, folder / "model.safetensors")
    assert "weight 'projector.0.bias' is missing (1 missing" in refusal(folder)


def test_an_unknown_weight(folder):
    weights = load_file(folder / "model.safetensors") | {"projector.7.bias": torch.zeros(3)}
    save_file(weights, folder / "model.safetensors")
    assert "weight 'projector.7.bias' is unknown" in refusal(folder)


def test_a_weight_that_is_not_finite(folder):
    weights = load_file(folder / "model.safetensors")
    weights["state.weight"][0, 0] = float("nan")
    save_file(weights, folder / "model.safetensors")
    assert "weight 'state.weight' holds values that are not finite" in refusal(folder)


@pytest.mark.parametrize("spoil", [lambda raw: raw[: len(raw) // 2], lambda raw: b"\xff" * 64, lambda raw: b""])
def test_weights_that_are_corrupt(folder, spoil):
    path = folder / "model.safetensors"
    path.write_bytes(spoil(path.read_bytes()))
    assert "corrupt or cut short" in refusal(folder)


def test_weights_of_another_size_are_refused_before_they_are_read(folder):
    edit(folder / "config.json", box_bins=13)
    weights = (folder / "model.safetensors").read_bytes()
    header = 8 + int.from_bytes(weights[:8], "little")
    (folder / "model.safetensors").write_bytes(weights[:header] + b"\xff" * (len(weights) - header))  # all NaN
    assert "weight 'boxes.embedding.weight' is 12×32 F32, config.json and parts ask for 13×32 F32" in refusal(folder)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version": 3}, "this reads graspvla_full 2"),
        ({"box_binz": 3}, "did you mean 'box_bins'"),
        ({"state_statistics": {"mean": [0.0] * 7, "std": [1.0] * 6}}, "statistics disagree"),
        ({"state_statistics": {"mean": [0.0] * 6, "spread": [1.0] * 6}}, "statistics are of 6 numbers"),
        ({"parts": {"llm": "../llm"}}, "name a folder inside the checkpoint"),
        ({"parts": {"llm": "words"}}, "words/config.json: not found"),
        ({"dtype": "float16"}, "unknown dtype 'float16'"),
        ({"grasp": {"low": [0.0] * 6, "high": [0.0] * 6}}, "the first below the second"),
        ({"prompt": "grasp it"}, "write {instruction} where it goes"),
        ({"period": 0.0}, "action period must be > 0 s"),
        ({"action": ACTION | {"arms": ["left", "right"]}}, "moves one arm by its tool and one gripper"),
        ({"action": ACTION | {"rotation": "quaternion"}}, "one is 8 numbers, the network's 7"),
    ],
)
def test_a_configuration_that_cannot_be_used(folder, changes: dict, says: str):
    edit(folder / "config.json", **changes)
    assert says in refusal(folder)


def test_statistics_of_older_files_say_spread(folder):
    now = read_full_config(folder)
    path = folder / "config.json"
    path.write_text(path.read_text().replace('"std"', '"spread"'))
    assert '"spread"' in path.read_text()
    assert read_full_config(folder) == now


def test_statistics_that_are_missing(folder):
    values = json.loads((folder / "config.json").read_text())
    del values["action_statistics"]
    (folder / "config.json").write_text(json.dumps(values))
    assert "key 'action_statistics' is missing" in refusal(folder)


@pytest.mark.parametrize("name", ["config.json", "llm/config.json", "tokenizer/tokenizer.json"])
def test_a_file_that_is_no_json(folder, name: str):
    (folder / name).write_text("{")
    assert name in refusal(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "dinov2/config.json", "tokenizer/tokenizer.json"])
def test_a_file_that_is_missing(folder, name: str):
    (folder / name).unlink()
    assert name in refusal(folder)


def test_a_checkpoint_of_another_kind(folder):
    edit(folder / "config.json", format="graspvla_small")
    assert "is a checkpoint of another kind (graspvla_small): give one of graspvla_full" in refusal(folder)


def test_a_part_of_another_kind(folder):
    shutil.copy(folder / "llm/config.json", folder / "siglip/config.json")
    assert "holds a llama: a siglip is needed" in refusal(folder)


def test_a_part_that_asks_to_run_its_own_code(folder):
    values = {"model_type": "strange", "auto_map": {"AutoConfig": "code.StrangeConfig"}}
    (folder / "llm/config.json").write_text(json.dumps(values))
    (folder / "llm/code.py").write_text("raise SystemExit('ran')")
    assert "llm: cannot be used" in refusal(folder)


def test_a_tokenizer_with_more_words_than_the_language_model(folder):
    names = {f"word{i}": i for i in range(30)}
    tokenizer = json.loads((folder / "tokenizer/tokenizer.json").read_text())
    tokenizer["model"]["vocab"] = names | {"?": 30}
    (folder / "tokenizer/tokenizer.json").write_text(json.dumps(tokenizer))
    assert "token 30 is outside the language model's vocabulary of 24" in refusal(folder)


# -- published parts, where training begins -------------------------------------------------------------------------
@pytest.fixture
def published(tmp_path) -> Path:
    """Write the three parts as their publishers do: a whole SigLIP, a language model with its head."""
    torch.manual_seed(3)
    parts = part_configs()
    Dinov2Model(parts.dinov2).save_pretrained(tmp_path / "dinov2")
    vision = parts.siglip.to_dict() | {"vision_use_head": True}
    text = {**SIZES, "vocab_size": 24, "intermediate_size": 48, "projection_size": 32}
    SiglipModel(SiglipConfig(vision_config=vision, text_config=text)).save_pretrained(tmp_path / "siglip")
    AutoModelForCausalLM.from_config(parts.llm).save_pretrained(tmp_path / "llm")
    return tmp_path


def test_training_begins_from_published_parts(published):
    network = begin_network(full_config(), published)
    siglip = SiglipModel.from_pretrained(published / "siglip").vision_model.state_dict()
    for key, tensor in network.vision.siglip.state_dict().items():
        assert torch.equal(tensor, siglip[key])
    words = AutoModelForCausalLM.from_pretrained(published / "llm").model.state_dict()
    for key, tensor in network.language.model.state_dict().items():
        assert torch.equal(tensor, words[key])
    save_checkpoint(Checkpoint(network, tiny_words()), published / "checkpoint")
    load_checkpoint(published / "checkpoint")


def test_a_part_without_safetensors_is_refused(published):
    weights = published / "llm/model.safetensors"
    torch.save(load_file(weights), published / "llm/pytorch_model.bin")
    weights.unlink()
    with pytest.raises(ConfigError, match=r"llm: cannot be used") as caught:
        begin_network(full_config(), published)
    assert "\n" not in str(caught.value)


def test_a_part_that_lacks_a_weight_is_refused(published):
    weights = load_file(published / "dinov2/model.safetensors")
    del weights["embeddings.cls_token"]
    save_file(weights, published / "dinov2/model.safetensors", {"format": "pt"})
    with pytest.raises(ConfigError, match=r"dinov2: weight 'embeddings.cls_token' is missing"):
        begin_network(full_config(), published)


@pytest.mark.parametrize("scaling", [None, {"type": "dynamic", "factor": 2.0}, {"type": "linear", "factor": 2.0}])
def test_internlm2_is_read_as_the_llama_it_is(published, scaling: dict | None):
    linear = scaling is not None and scaling["type"] == "linear"
    rope = {"rope_type": "linear", "factor": 2.0} if linear else {"rope_type": "default"}
    config = llama(rope_parameters=rope | {"rope_theta": 10000.0})
    torch.manual_seed(5)
    reference = LlamaModel(config)
    names = {"embed_tokens": "tok_embeddings", "mlp.gate_proj": "feed_forward.w1", "mlp.up_proj": "feed_forward.w3",
             "mlp.down_proj": "feed_forward.w2", "self_attn.o_proj": "attention.wo",
             "input_layernorm": "attention_norm", "post_attention_layernorm": "ffn_norm"}  # fmt: skip
    theirs = {}
    for key, tensor in reference.state_dict().items():
        for ours, name in names.items():
            key = key.replace(ours, name)
        if "self_attn" not in key:
            theirs[f"model.{key}"] = tensor
    for number, layer in enumerate(reference.layers):
        query, key, value = (getattr(layer.self_attn, f"{part}_proj").weight.detach() for part in "qkv")
        rows = []
        for head in range(2):  # a key-value head: its two queries (8 rows each), its key, its value
            alone = slice(8 * head, 8 * head + 8)
            rows += [query[16 * head : 16 * head + 16], key[alone], value[alone]]
        theirs[f"model.layers.{number}.attention.wqkv.weight"] = torch.cat(rows)
    theirs["output.weight"] = torch.zeros(24, 32)
    values = {"model_type": "internlm2", "auto_map": {"AutoModel": "modeling_internlm2.InternLM2Model"}, "bias": False,
              "hidden_act": "silu", "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "rope_theta": 10000,
              "rope_scaling": scaling, "initializer_range": 0.3, "vocab_size": 24,
              "intermediate_size": 48, "num_key_value_heads": 2, **SIZES}  # fmt: skip
    shutil.rmtree(published / "llm")
    (published / "llm").mkdir()
    (published / "llm/config.json").write_text(json.dumps(values))
    save_file(theirs, published / "llm/model.safetensors")
    network = begin_network(full_config(), published)
    words = torch.arange(10)[None]
    with torch.no_grad():
        expected = reference(input_ids=words).last_hidden_state
        found, _ = network.language(network.language.embed(words), torch.ones(1, 10, dtype=torch.bool))
    torch.testing.assert_close(found, expected)

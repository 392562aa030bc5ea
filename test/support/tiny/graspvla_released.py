# SPDX-License-Identifier: Apache-2.0
"""A download of GraspVLA a few thousand weights small, random and of our own making, under the released names.

Shape legend: names are those of `vla_network`'s state dict, shapes as timm's and InternLM2's layers have them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

WIDTH, MLP, LAYERS, HEADS, KV_HEADS = 32, 48, 2, 4, 2
DINO, DINO_LAYERS, SIGLIP, SIGLIP_LAYERS, SIGLIP_MLP = 32, 3, 48, 3, 100
IMAGE, NUMBERS, HORIZON, ROWS = 28, 16, 4, 64  # 4 patches a view
NAMES = ("<unk>", "<s>", "</s>", "In", ":", "What", "action", "should", "the", "robot", "take", "to", "?", "Out",
         "pick", "up", "red", "mug", *(f"word{i}" for i in range(NUMBERS)))  # fmt: skip
BOUNDS = {
    "min_proprio": [0.2, -0.4, 0.0, -3.2, -0.6, -3.2, 0.0], "max_proprio": [0.8, 0.4, 0.6, 3.2, 0.6, 3.2, 1.0],
    "min_action": [-0.03] * 3 + [-0.1] * 3 + [0.0], "max_action": [0.03] * 3 + [0.1] * 3 + [1.0],
}  # fmt: skip


def released_config() -> dict:
    """Return config.json as the released code reads it."""
    data = {"robot": "franka", "proprio_len": 2, "action_len": HORIZON, "action_dim": 7, "goal_dim": 6,
            "action_rel_len": 0, "action_token_num": NUMBERS, "img_steps": 1, "img_key": ["front", "side"],
            "robot_rep": "xyz_rpy", "goal_rep": "xyz_rpy", "tokenizer_type": "ratio_min_max_uniform",
            "proprio_dim": 7, "use_bbox": 1}  # fmt: skip
    llm = {"name": "internlm/internlm2-1_8b", "max_len": 2048, "special_tokens": ["<extra>"], "pad_multiple_of": 64,
           "attn_implementation": "flex_attention"}  # fmt: skip
    model = {"backbone_2d": {"name": "dinosiglip", "image_size": IMAGE}, "llm": llm, "pred": "cot_flow_matching",
             "action_len": HORIZON, "action_dim": 7, "proprio_dim": 7, "action_expert": 1,
             "action_expert_cfg": {"hidden_size_scale": 2, "intermediate_size_scale": 2}}  # fmt: skip
    return {"data": data, "model": model}


def released_shapes() -> dict[str, tuple[int, ...]]:
    """Name every tensor of the released file."""
    shapes: dict[str, tuple[int, ...]] = {}

    def linear(name: str, inside: int, outside: int, bias: bool = True) -> None:
        shapes[f"{name}.weight"] = (outside, inside)
        if bias:
            shapes[f"{name}.bias"] = (outside,)

    def norm(name: str, width: int) -> None:
        shapes.update({f"{name}.weight": (width,), f"{name}.bias": (width,)})

    towers = ((("dino"), DINO, DINO_LAYERS, 4 * DINO), ("siglip", SIGLIP, SIGLIP_LAYERS, SIGLIP_MLP))
    for tower, width, layers, mlp in towers:
        model = f"backbone_2d.{tower}.model"
        shapes[f"{model}.pos_embed"] = (1, 4, width)
        shapes |= {f"{model}.patch_embed.proj.weight": (width, 3, 14, 14), f"{model}.patch_embed.proj.bias": (width,)}
        for number in range(layers):
            block = f"{model}.blocks.{number}"
            for name in ("norm1", "norm2"):
                norm(f"{block}.{name}", width)
            linear(f"{block}.attn.qkv", width, 3 * width)
            linear(f"{block}.attn.proj", width, width)
            linear(f"{block}.mlp.fc1", width, mlp)
            linear(f"{block}.mlp.fc2", mlp, width)
            if tower == "dino":
                shapes |= {f"{block}.ls1.gamma": (width,), f"{block}.ls2.gamma": (width,)}
        norm(f"{model}.norm", width)
    dino, pool = "backbone_2d.dino.model", "backbone_2d.siglip.model.attn_pool"
    shapes |= {f"{dino}.cls_token": (1, 1, DINO), f"{dino}.reg_token": (1, 4, DINO), f"{pool}.latent": (1, 1, SIGLIP)}
    linear(f"{pool}.q", SIGLIP, SIGLIP)
    for model, width, mlp in (("llm.llm", WIDTH, MLP), ("action_expert", WIDTH // 2, MLP // 2)):
        head = WIDTH // HEADS  # of both
        shapes |= {f"{model}.model.tok_embeddings.weight": (ROWS, width), f"{model}.model.norm.weight": (width,)}
        linear(f"{model}.output", width, ROWS, bias=False)
        for number in range(LAYERS):
            layer = f"{model}.model.layers.{number}"
            linear(f"{layer}.attention.wqkv", width, (HEADS + 2 * KV_HEADS) * head, bias=False)
            linear(f"{layer}.attention.wo", HEADS * head, width, bias=False)
            for name, inside, outside in (("w1", width, mlp), ("w3", width, mlp), ("w2", mlp, width)):
                linear(f"{layer}.feed_forward.{name}", inside, outside, bias=False)
            shapes |= {f"{layer}.attention_norm.weight": (width,), f"{layer}.ffn_norm.weight": (width,)}
    channels, expert = DINO + SIGLIP, WIDTH // 2
    for number, (inside, outside) in enumerate(((channels, 4 * channels), (4 * channels, WIDTH), (WIDTH, WIDTH))):
        linear(f"projector.projector.{2 * number}", inside, outside)
    for name, inside, outside in (("proprior_proj", 7, expert), ("action_in_proj", 7, expert),
                                  ("action_time_mlp.0", 2 * expert, expert), ("action_time_mlp.2", expert, expert),
                                  ("action_out_proj", expert, 7)):  # fmt: skip
        linear(f"flow_module.{name}", inside, outside)
    return shapes


def released_weights() -> dict[str, torch.Tensor]:
    """Return random weights that keep what passes through them alive."""
    random = torch.Generator().manual_seed(0)
    weights = {}
    for name, shape in released_shapes().items():
        drawn = torch.randn(shape, generator=random)
        weights[name] = drawn / np.sqrt(shape[-1]) if len(shape) > 1 else 1.0 + 0.2 * drawn
    return weights


def write_download(folder: Path) -> tuple[Path, Path]:
    """Write a download and InternLM2's folder; return both."""
    download, llm = folder / "GraspVLA", folder / "internlm2"
    (download / "checkpoint").mkdir(parents=True)
    llm.mkdir()
    (download / "config.json").write_text(json.dumps(released_config()))
    np.savez(download / "preprocessor.npz", **{name: np.array(values) for name, values in BOUNDS.items()})
    save_file(released_weights(), download / "checkpoint/model.safetensors")
    sizes = {"hidden_size": WIDTH, "intermediate_size": MLP, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
             "num_key_value_heads": KV_HEADS}  # fmt: skip
    other = {"model_type": "internlm2", "vocab_size": len(NAMES), "hidden_act": "silu", "rms_norm_eps": 1e-5,
             "max_position_embeddings": 32768, "initializer_range": 0.02, "rope_theta": 1000000, "bias": False,
             "rope_scaling": {"type": "dynamic", "factor": 2.0}}  # fmt: skip
    (llm / "config.json").write_text(json.dumps(sizes | other))
    tokenizer = Tokenizer(WordLevel({name: i for i, name in enumerate(NAMES)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(llm / "tokenizer.json"))
    return download, llm

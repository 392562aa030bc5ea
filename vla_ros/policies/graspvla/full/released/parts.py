# SPDX-License-Identifier: Apache-2.0
"""The backbones' configurations: the towers' sizes off the released weights, the language model's off its config.json.

The towers are timm's vit_large_patch14_reg4_dinov2 and vit_so400m_patch14_siglip_224 there. What their weights do not
show is as timm has it: sixteen heads, GELU without approximation in both, ε = 10⁻⁶.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from transformers import Dinov2WithRegistersConfig, LlamaConfig, SiglipVisionConfig

from controllers.errors import ConfigError
from vla_ros.policies.graspvla.full import internlm2
from vla_ros.policies.graspvla.full.network import PartConfigs
from vla_ros.policies.graspvla.full.released.download import Download
from vla_ros.policies.hugging_face.published import as_config_error, read_config_values

DINO, SIGLIP = "backbone_2d.dino.model", "backbone_2d.siglip.model"
HEADS, ACTIVATION, EPSILON = 16, "gelu", 1e-6
Shapes = Mapping[str, tuple[int, ...]]


def released_parts(download: Download, shapes: Shapes, llm: Path, rows: int) -> PartConfigs:
    """Return the three configurations; `rows` are those of the language model's tables. Raises ConfigError."""
    width, patch, mlp, depth = _tower(download, shapes, DINO)
    registers = _shape(download, shapes, f"{DINO}.reg_token", 3)[1]
    dinov2 = Dinov2WithRegistersConfig(
        image_size=download.image_size,
        num_attention_heads=HEADS,
        hidden_act=ACTIVATION,
        hidden_size=width,
        patch_size=patch,
        mlp_ratio=mlp // width,
        num_hidden_layers=depth,
        num_register_tokens=registers,
        layer_norm_eps=EPSILON,
    )
    width, patch, mlp, depth = _tower(download, shapes, SIGLIP)
    siglip = SiglipVisionConfig(
        image_size=download.image_size,
        num_attention_heads=HEADS,
        hidden_act=ACTIVATION,
        hidden_size=width,
        patch_size=patch,
        intermediate_size=mlp,
        num_hidden_layers=depth,
        layer_norm_eps=EPSILON,
    )
    siglip.vision_use_head = False
    return PartConfigs(dinov2, siglip, _language(llm, rows))


def _language(folder: Path, rows: int) -> LlamaConfig:
    values = read_config_values(folder)
    if values.get("model_type") != internlm2.MODEL_TYPE or values.get("bias"):
        raise ConfigError(
            f"{folder}: holds a {values.get('model_type')}: give the folder of internlm2-1_8b, without biases"
        )
    with as_config_error(folder):
        return internlm2.llama_config({**values, "vocab_size": rows})


def _tower(download: Download, shapes: Shapes, name: str) -> tuple[int, int, int, int]:
    """Return width, patch side [px], width inside its perceptrons and depth."""
    width, _colors, patch, _ = _shape(download, shapes, f"{name}.patch_embed.proj.weight", 4)
    mlp = _shape(download, shapes, f"{name}.blocks.0.mlp.fc1.weight", 2)[0]
    begin = f"{name}.blocks."
    numbers = {key.removeprefix(begin).split(".")[0] for key in shapes if key.startswith(begin)}
    depth = max((int(number) + 1 for number in numbers if number.isdecimal()), default=0)
    if width % HEADS:
        raise ConfigError(f"{download.weights}: {name} has width {width}: no multiple of {HEADS} heads")
    return width, patch, mlp, depth


def _shape(download: Download, shapes: Shapes, key: str, axes: int) -> tuple[int, ...]:
    if key not in shapes or len(shapes[key]) != axes:
        found = f"{len(shapes[key])} axes, {axes} are needed" if key in shapes else "missing"
        raise ConfigError(f"{download.weights}: weight '{key}' is {found}: give GraspVLA's model.safetensors")
    return shapes[key]

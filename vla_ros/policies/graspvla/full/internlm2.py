# SPDX-License-Identifier: Apache-2.0
"""InternLM2 as a Llama: the same network under other names, its query, key and value projections fused.

transformers has no InternLM2 of its own, only code that comes with the weights, which is never run here. Its fused
projection has, for each key-value head, the rows of that head's queries, then its key's, then its value's (InternLM2
technical report, 2.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor
from transformers import LlamaConfig

from controllers.errors import ConfigError

MODEL_TYPE = "internlm2"
_NAMES = {
    "attention.wo": "self_attn.o_proj",
    "feed_forward.w1": "mlp.gate_proj",
    "feed_forward.w3": "mlp.up_proj",
    "feed_forward.w2": "mlp.down_proj",
    "attention_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
_COPIED = (
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "hidden_act", "max_position_embeddings", "rms_norm_eps", "initializer_range",
)  # fmt: skip


def llama_config(values: Mapping[str, Any]) -> LlamaConfig:
    """Return the Llama configuration of InternLM2's config.json.

    Its dynamic scaling of positions is left out: it changes nothing below max_position_embeddings. Raises ConfigError
    when a size is missing, and for a scaling that InternLM2 does not have.
    """
    missing = [key for key in _COPIED if key not in values]
    if missing:
        raise ConfigError(f"InternLM2's configuration lacks '{missing[0]}': restore its config.json")
    biased = bool(values.get("bias", False))
    rope = {"rope_type": "default", "rope_theta": float(values.get("rope_theta", 10000.0))}
    scaling = values.get("rope_scaling") or {"type": "dynamic"}
    if scaling.get("type") == "linear":  # every position is divided
        rope |= {"rope_type": "linear", "factor": float(scaling["factor"])}
    elif scaling.get("type") != "dynamic":
        raise ConfigError(f"InternLM2's rope_scaling is {scaling}: its type is 'dynamic' or 'linear'")
    copied = {key: values[key] for key in _COPIED}
    return LlamaConfig(**copied, attention_bias=biased, mlp_bias=False, rope_parameters=rope)


def llama_weights(weights: Mapping[str, Tensor], config: LlamaConfig) -> dict[str, Tensor]:
    """Return InternLM2's weights under the names of a headless Llama; the language head is dropped."""
    kv_heads = config.num_key_value_heads or config.num_attention_heads
    groups = config.num_attention_heads // kv_heads
    head_size = config.hidden_size // config.num_attention_heads
    renamed: dict[str, Tensor] = {}
    for key, tensor in weights.items():
        name = key.removeprefix("model.")
        if name == "output.weight":
            continue
        if name.startswith("tok_embeddings."):
            renamed[name.replace("tok_embeddings", "embed_tokens")] = tensor
        elif ".attention.wqkv." in name:
            fused = tensor.unflatten(0, (kv_heads, groups + 2, head_size))
            for part, rows in (("q", fused[:, :groups]), ("k", fused[:, groups]), ("v", fused[:, groups + 1])):
                renamed[name.replace("attention.wqkv", f"self_attn.{part}_proj")] = rows.reshape(
                    -1, *tensor.shape[1:]
                ).contiguous()
        else:
            for theirs, ours in _NAMES.items():
                name = name.replace(f".{theirs}.", f".{ours}.")
            renamed[name] = tensor
    return renamed

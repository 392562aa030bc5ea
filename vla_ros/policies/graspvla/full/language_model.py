# SPDX-License-Identifier: Apache-2.0
"""Any Hugging Face causal language model as a stack of layers whose keys and values can be read.

How keys and values are read: the model is called with `use_cache=True` and returns a `DynamicCache`, whose
`layers[i].keys` and `.values` (batch, heads, tokens, head size) are what transformers 5 documents (seen with 5.23).
Neither hooks nor a layer's insides are touched. Models whose cache forgets (sliding windows, linear attention) are
refused, since the expert must see it all. Gradient checkpointing inside transformers switches the cache off in
training, and so cannot be used here.

Shape legend: B batch, T tokens (P of them earlier), W width, K key-value heads, E head size.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import AutoModel, DynamicCache, PretrainedConfig

from controllers.errors import ConfigError
from vla_ros.policies.kv_cache.prefix import Prefix


class LanguageModel(nn.Module):
    """The decoder without its head: words are read here, never written.

    Raises ConfigError for a configuration that is no plain causal decoder.
    """

    def __init__(self, config: PretrainedConfig) -> None:
        super().__init__()
        self.width, self.depth = config.hidden_size, config.num_hidden_layers
        self.heads = config.num_attention_heads
        self.kv_heads = getattr(config, "num_key_value_heads", None) or self.heads
        self.head_size = getattr(config, "head_dim", None) or self.width // self.heads
        self.model = AutoModel.from_config(config, dtype=torch.get_default_dtype(), trust_remote_code=False)

    @property
    def vocabulary_size(self) -> int:
        """Count the words it can read."""
        return self.model.get_input_embeddings().weight.shape[0]

    def embed(self, words: Tensor) -> Tensor:
        """Return embeddings (B, T, W) of word tokens (B, T)."""
        return self.model.get_input_embeddings()(words)

    def forward(
        self, embeddings: Tensor, mask: Tensor, cache: DynamicCache | None = None
    ) -> tuple[Tensor, DynamicCache]:
        """Return hidden states (B, T − P, W) of new embeddings (B, T − P, W), and the cache grown by them.

        `mask` (B, T) bool is of the earlier tokens and the new ones; padding does not count as a position.
        """
        positions = (mask.long().cumsum(dim=1) - 1).clamp(min=0)[:, -embeddings.shape[1] :]
        output = self.model(
            inputs_embeds=embeddings,
            attention_mask=mask.long(),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        )
        return output.last_hidden_state, output.past_key_values

    def prefix(self, cache: DynamicCache, mask: Tensor) -> Prefix:
        """Return what the cache holds. Raises ConfigError when a layer does not hold every token of `mask` (B, T)."""
        expected = (mask.shape[0], self.kv_heads, mask.shape[1], self.head_size)
        keys, values = [], []
        for number, layer in enumerate(cache.layers):
            key, value = getattr(layer, "keys", None), getattr(layer, "values", None)
            shapes = [None if each is None else tuple(each.shape) for each in (key, value)]
            if key is None or value is None or shapes != [expected, expected]:
                raise ConfigError(
                    f"{type(self.model).__name__}: layer {number} caches {shapes[0]}, not {expected}: "
                    "use a language model with full attention in every layer"
                )
            keys.append(key)
            values.append(value)
        if len(keys) != self.depth:
            raise ConfigError(f"{type(self.model).__name__}: {len(keys)} of {self.depth} layers cache keys and values")
        return Prefix(tuple(keys), tuple(values), mask)

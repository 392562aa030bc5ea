# SPDX-License-Identifier: Apache-2.0
"""Which of the released weights become which of ours, and how: names of timm, InternLM2 and `vla_network`.

A rule is from one tensor, or several, to one, or several. Shapes follow from ours, so that what is of another is named
by its released name.

Shape legend: K key-value heads, G queries a key-value head, E head size, W width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vla_ros.policies.graspvla.full.released.network import ReleasedNetwork
from vla_ros.policies.graspvla.full.released.parts import DINO, SIGLIP

Shape = tuple[int, ...]
Convert = Callable[[Sequence[Tensor]], Sequence[Tensor]]
EXPERT, LANGUAGE, FLOW = "action_expert", "llm.llm", "flow_module"
# In the file, but nothing reads them: the expert is fed embeddings and its hidden states, SigLIP's patches are kept.
UNREAD = (f"{EXPERT}.model.tok_embeddings.weight", f"{EXPERT}.output.weight", f"{SIGLIP}.attn_pool.")


@dataclass(frozen=True)
class Rule:
    """From released names, with their shapes, to ours."""

    theirs: dict[str, Shape]
    ours: tuple[str, ...]
    convert: Convert = tuple


def is_unread(name: str) -> bool:
    """Tell the weights that are left out."""
    return name.startswith(UNREAD)


def weight_rules(network: ReleasedNetwork) -> Iterator[Rule]:
    """Yield the rules for a network, which may be on the meta device."""
    shapes = {key: tuple(tensor.shape) for key, tensor in network.state_dict().items()}

    def same(theirs: str, ours: str) -> Rule:
        return Rule({theirs: shapes[ours]}, (ours,))

    yield from _dinov2(shapes, same, len(network.vision.dinov2.encoder.layer))
    yield from _siglip(shapes, same, len(network.vision.siglip.encoder.layers))
    for number in (0, 2, 4):
        yield from (same(f"projector.{(name := f'projector.{number}.{kind}')}", name) for kind in ("weight", "bias"))
    yield from _language(network, shapes, same)
    yield from _expert(network, shapes, same)


Same = Callable[[str, str], Rule]
Shapes = Mapping[str, Shape]


def _dinov2(shapes: Shapes, same: Same, depth: int) -> Iterator[Rule]:
    ours = "vision.dinov2"
    position = f"{ours}.embeddings.position_embeddings"
    _one, patches, width = shapes[position]
    # timm's class token has no position of its own.
    yield Rule({f"{DINO}.pos_embed": (1, patches - 1, width)}, (position,),
               lambda t: [torch.cat([torch.zeros_like(t[0][:, :1]), t[0]], dim=1)])  # fmt: skip
    mask = f"{ours}.embeddings.mask_token"  # of its own training; no picture is masked here
    yield Rule({}, (mask,), lambda _: [torch.zeros(shapes[mask])])
    yield same(f"{DINO}.cls_token", f"{ours}.embeddings.cls_token")
    yield same(f"{DINO}.reg_token", f"{ours}.embeddings.register_tokens")
    for number in range(depth):
        begin, layer = f"{DINO}.blocks.{number}", f"{ours}.encoder.layer.{number}"
        for scale in (1, 2):
            yield same(f"{begin}.ls{scale}.gamma", f"{layer}.layer_scale{scale}.lambda1")
        yield from _block(shapes, same, begin, layer, ("norm1", "norm2"), "attention", "o_proj")
    for kind in ("weight", "bias"):
        yield same(f"{DINO}.patch_embed.proj.{kind}", f"{ours}.embeddings.patch_embeddings.projection.{kind}")
        yield same(f"{DINO}.norm.{kind}", f"{ours}.layernorm.{kind}")


def _siglip(shapes: Shapes, same: Same, depth: int) -> Iterator[Rule]:
    ours = "vision.siglip"
    position = f"{ours}.embeddings.position_embedding.weight"
    yield Rule({f"{SIGLIP}.pos_embed": (1, *shapes[position])}, (position,), lambda t: [t[0][0]])
    for number in range(depth):
        begin, layer = f"{SIGLIP}.blocks.{number}", f"{ours}.encoder.layers.{number}"
        yield from _block(shapes, same, begin, layer, ("layer_norm1", "layer_norm2"), "self_attn", "out_proj")
    for kind in ("weight", "bias"):
        yield same(f"{SIGLIP}.patch_embed.proj.{kind}", f"{ours}.embeddings.patch_embedding.{kind}")
        yield same(f"{SIGLIP}.norm.{kind}", f"{ours}.post_layernorm.{kind}")


def _block(
    shapes: Shapes, same: Same, theirs: str, ours: str, norms: tuple[str, str], attention: str, out: str
) -> Iterator[Rule]:
    """Yield the rules of a tower's layer, which timm names alike in both towers and transformers does not."""
    names = {"norm1": norms[0], "attn.proj": f"{attention}.{out}", "norm2": norms[1], "mlp.fc1": "mlp.fc1",
             "mlp.fc2": "mlp.fc2"}  # fmt: skip
    for kind in ("weight", "bias"):
        parts = [f"{ours}.{attention}.{part}_proj.{kind}" for part in "qkv"]
        yield _stacked(shapes, f"{theirs}.attn.qkv.{kind}", parts)
        yield from (same(f"{theirs}.{name}.{kind}", f"{ours}.{own}.{kind}") for name, own in names.items())


def _language(network: ReleasedNetwork, shapes: Shapes, same: Same) -> Iterator[Rule]:
    sizes, ours = _Heads.of(network), "language.model"
    yield same(f"{LANGUAGE}.model.tok_embeddings.weight", f"{ours}.embed_tokens.weight")
    yield same(f"{LANGUAGE}.model.norm.weight", f"{ours}.norm.weight")
    yield same(f"{LANGUAGE}.output.weight", "head.weight")
    names = {"attention.wo": "self_attn.o_proj", "feed_forward.w1": "mlp.gate_proj", "feed_forward.w3": "mlp.up_proj",
             "feed_forward.w2": "mlp.down_proj", "attention_norm": "input_layernorm",
             "ffn_norm": "post_attention_layernorm"}  # fmt: skip
    for number in range(network.language.depth):
        begin, layer = f"{LANGUAGE}.model.layers.{number}", f"{ours}.layers.{number}"
        parts = tuple(f"{layer}.self_attn.{part}_proj.weight" for part in "qkv")
        fused = (sum(shapes[part][0] for part in parts), *shapes[parts[0]][1:])
        yield Rule({f"{begin}.attention.wqkv.weight": fused}, parts, lambda t: sizes.parts(t[0]))
        yield from (same(f"{begin}.{theirs}.weight", f"{layer}.{name}.weight") for theirs, name in names.items())


def _expert(network: ReleasedNetwork, shapes: Shapes, same: Same) -> Iterator[Rule]:
    sizes, ours = _Heads.of(network), "expert"
    names = {"proprior_proj": "state", "action_in_proj": "action", "action_time_mlp.0": "time.0",
             "action_time_mlp.2": "time.2", "action_out_proj": "velocity"}  # fmt: skip
    for kind in ("weight", "bias"):
        yield from (same(f"{FLOW}.{theirs}.{kind}", f"{ours}.{name}.{kind}") for theirs, name in names.items())
    yield same(f"{EXPERT}.model.norm.weight", f"{ours}.norm.weight")
    names = {"attention.wo": "attention_out", "feed_forward.w2": "down", "attention_norm": "attention_norm",
             "ffn_norm": "mlp_norm"}  # fmt: skip
    for number in range(network.language.depth):
        begin, layer = f"{EXPERT}.model.layers.{number}", f"{ours}.layers.{number}"
        fused, gated = f"{layer}.query_key_value.weight", f"{layer}.gate_up.weight"
        yield Rule({f"{begin}.attention.wqkv.weight": shapes[fused]}, (fused,),
                   lambda t: [torch.cat(list(sizes.parts(t[0])))])  # fmt: skip
        half = (shapes[gated][0] // 2, *shapes[gated][1:])
        yield Rule({f"{begin}.feed_forward.w1.weight": half, f"{begin}.feed_forward.w3.weight": half}, (gated,),
                   lambda t: [torch.cat(list(t))])  # fmt: skip
        yield from (same(f"{begin}.{theirs}.weight", f"{layer}.{name}.weight") for theirs, name in names.items())


@dataclass(frozen=True)
class _Heads:
    """How InternLM2 fuses queries, keys and values: key-value head by key-value head."""

    kv_heads: int
    groups: int
    size: int

    @classmethod
    def of(cls, network: ReleasedNetwork) -> _Heads:
        language = network.language
        return cls(language.kv_heads, language.heads // language.kv_heads, language.head_size)

    def parts(self, fused: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the rows of queries, keys and values of a fused projection (K · (G + 2) · E, W)."""
        heads = fused.unflatten(0, (self.kv_heads, self.groups + 2, self.size))
        query, key, value = heads[:, :-2], heads[:, -2], heads[:, -1]
        return query.flatten(0, 2), key.flatten(0, 1), value.flatten(0, 1)


def _stacked(shapes: Shapes, theirs: str, ours: Sequence[str]) -> Rule:
    rows = [shapes[name][0] for name in ours]
    return Rule({theirs: (sum(rows), *shapes[ours[0]][1:])}, tuple(ours), lambda t: t[0].split(rows))

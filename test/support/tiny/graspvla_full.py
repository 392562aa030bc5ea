# SPDX-License-Identifier: Apache-2.0
"""A full GraspVLA a few thousand weights small, random, with everything that its tests feed it."""

from __future__ import annotations

import dataclasses

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import Dinov2Config, LlamaConfig, PretrainedConfig, SiglipVisionConfig

from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.actions.single_arm import tool_deltas
from vla_ros.policies.graspvla.full.config import ExpertConfig, FullConfig, GraspSpace, VisionConfig
from vla_ros.policies.graspvla.full.loss import Batch
from vla_ros.policies.graspvla.full.network import GraspVlaNetwork, PartConfigs
from vla_ros.policies.graspvla.full.parts import build_network
from vla_ros.policies.graspvla.full.tokenizer import InstructionTokenizer

IMAGE, BOX_BINS, GRASP_BINS, WORDS = 28, 12, 20, 24
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}


def full_config(**changes) -> FullConfig:
    config = FullConfig(
        format="graspvla_full",
        version=2,
        action_statistics=Statistics((0.0,) * 6 + (0.04,), (0.01,) * 3 + (0.05,) * 3 + (0.04,)),
        state_statistics=Statistics((0.5, 0.0, 0.3, 0.0, 0.0, 0.0, 0.04), (0.1,) * 3 + (0.3,) * 3 + (0.04,)),
        grasp=GraspSpace((0.2, -0.5, 0.0, -0.5, -0.5, -3.2), (0.9, 0.5, 0.6, 0.5, 0.5, 3.2), GRASP_BINS),
        action=tool_deltas("panda", "panda_hand"),
        frame_id="panda_link0",
        cameras=("front", "side"),
        vision=VisionConfig(IMAGE),
        expert=ExpertConfig(width=16, heads=4, mlp=32),
        box_bins=BOX_BINS,
        flow_steps=4,
    )
    return dataclasses.replace(config, **changes)


def llama(**changes) -> LlamaConfig:
    # Wide initial weights: with the usual 0.02 a net this small is nearly constant, and nothing could be told apart.
    return LlamaConfig(
        **{**SIZES, "num_key_value_heads": 2, "vocab_size": WORDS, "intermediate_size": 48, "initializer_range": 0.3}
        | changes
    )


def part_configs(llm: PretrainedConfig | None = None, siglip_patch: int = 7) -> PartConfigs:
    towers = {**SIZES, "image_size": IMAGE, "initializer_range": 0.2}
    dinov2 = Dinov2Config(**towers, mlp_ratio=2, patch_size=7)
    siglip = SiglipVisionConfig(**towers, intermediate_size=48, patch_size=siglip_patch)
    siglip.vision_use_head = False
    return PartConfigs(dinov2, siglip, llm or llama())


def tiny_network(
    config: FullConfig | None = None, llm: PretrainedConfig | None = None, siglip_patch: int = 7
) -> GraspVlaNetwork:
    torch.manual_seed(0)
    return build_network(config or full_config(), part_configs(llm, siglip_patch))


def tiny_words(prompt: str = "{instruction}") -> InstructionTokenizer:
    names = ("?", "pick", "up", "the", "red", "mug", "blue", "box", "now")
    tokenizer = Tokenizer(WordLevel({name: i for i, name in enumerate(names)}, unk_token="?"))
    tokenizer.pre_tokenizer = Whitespace()
    return InstructionTokenizer(tokenizer, prompt)


def tiny_batch(grounding: tuple[bool, ...] = (False,) * 4, seed: int = 0) -> Batch:
    """Return as many samples as `grounding` says, NaN and nonsense where grounding data has nothing."""
    random = torch.Generator().manual_seed(seed)
    count = len(grounding)
    has_action = ~torch.tensor(grounding)
    words, mask = tiny_words()(
        [("pick up the red mug", "the blue box now", "mug", "pick the box")[i % 4] for i in range(count)]
    )
    corners = torch.randint(BOX_BINS, (count, 2, 2, 2), generator=random).sort(dim=2).values
    states, actions = torch.randn(count, 2, 7, generator=random), torch.randn(count, 4, 7, generator=random)
    grasp = torch.randint(GRASP_BINS, (count, 6), generator=random)
    return Batch(
        images=torch.randint(256, (count, 2, 3, IMAGE, IMAGE), generator=random).to(torch.uint8),
        words=words,
        word_mask=mask,
        boxes=corners.flatten(2),
        box_known=torch.ones(count, 2, dtype=torch.bool),
        has_action=has_action,
        states=states.where(has_action[:, None, None], float("nan")),
        grasp=grasp.where(has_action[:, None], -1),
        actions=actions.where(has_action[:, None, None], float("nan")),
        counts=torch.ones(count, 4).where(has_action[:, None], float("nan")),
    )

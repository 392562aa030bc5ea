# SPDX-License-Identifier: Apache-2.0
"""A full GR-3 a few thousand weights small, random, for ByteMini, with everything that its tests feed it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import Qwen2_5_VLConfig

from vla_ros.policies.action_transformer.sizes import ActionTransformerSizes
from vla_ros.policies.action_transformer.state_numbers import state_size
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.contract import load_contract
from vla_ros.policies.gr3.full.checkpoint import Checkpoint
from vla_ros.policies.gr3.full.config import FullConfig, ImageSize
from vla_ros.policies.gr3.full.loss import LanguageBatch, RobotBatch
from vla_ros.policies.gr3.full.network import Gr3FullNetwork
from vla_ros.policies.gr3.full.parts import build_network
from vla_ros.policies.observation import ArmState, BaseState, CameraView, EndEffectorState, Observation, RobotState
from vla_ros.robots.embodiment import load_embodiment

CONTRACT = load_contract("bytemini_hands")
ACTION = dataclasses.replace(CONTRACT.action, horizon=4)
WIDTH, HEIGHT, VOCABULARY, LAYERS = 32, 24, 40, 4
PADS = WIDTH * HEIGHT // 8**2  # patches of 4 px, two a side of a token
NAMES = (
    "?",
    "pick",
    "up",
    "the",
    "red",
    "mug",
    "blue",
    "box",
    "now",
    "user",
    "assistant",
    "system",
    "what",
    "is",
    "it",
)
SPECIAL = ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")


def tiny_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(WordLevel({name: i for i, name in enumerate(NAMES)}, unk_token="?"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def qwen(layers: int = LAYERS, tied: bool = True, **changes: Any) -> Qwen2_5_VLConfig:
    # Wide initial weights: with the usual 0.02 a net this small is nearly constant, and nothing could be told apart.
    text = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "initializer_range": 0.3,
        "bos_token_id": None,
        "eos_token_id": None,
        "rope_parameters": {"rope_type": "default", "rope_theta": 5000.0, "mrope_section": [1, 1, 2]},
    }
    vision = {
        "depth": 2,
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_heads": 2,
        "out_hidden_size": 32,
        "patch_size": 4,
        "spatial_merge_size": 2,
        "window_size": 16,
        "fullatt_block_indexes": [1],
        "initializer_range": 0.2,
    }
    ids = {name: len(NAMES) + SPECIAL.index(token) for name, token in (
        ("vision_start_token_id", "<|vision_start|>"), ("vision_end_token_id", "<|vision_end|>"),
        ("image_token_id", "<|image_pad|>"), ("video_token_id", "<|video_pad|>"))}  # fmt: skip
    return Qwen2_5_VLConfig(text_config=text | changes, vision_config=vision, tie_word_embeddings=tied, **ids)


def full_config(**changes: Any) -> FullConfig:
    size = ActionCodec(ACTION, "base_link", 0.1).size
    config = FullConfig(
        robot="bytemini",
        contract="bytemini_hands",
        cameras=("head", "left_wrist", "right_wrist"),
        state=CONTRACT.state,
        state_statistics=Statistics((0.0,) * state_size(CONTRACT.state), (1.0,) * state_size(CONTRACT.state)),
        action=ACTION,
        action_statistics=Statistics((0.0,) * size, (0.01,) * size),
        frame_id="base_link",
        period=0.1,
        transformer=ActionTransformerSizes(width=32, heads=4, feedforward=48),
        image=ImageSize(WIDTH, HEIGHT),
    )
    return dataclasses.replace(config, **changes)


def tiny_network(config: FullConfig | None = None, model: Qwen2_5_VLConfig | None = None) -> Gr3FullNetwork:
    """Return a random one whose modulations are no longer zero, as after some training."""
    torch.manual_seed(0)
    network = build_network(config or full_config(), model or qwen())
    with torch.no_grad():
        for name, weight in network.action_transformer.named_parameters():
            if "modulation" in name or name.startswith(("last", "velocity")):
                weight.normal_(0.0, 0.2)
    return network


def tiny_checkpoint(config: FullConfig | None = None, model: Qwen2_5_VLConfig | None = None) -> Checkpoint:
    return Checkpoint(tiny_network(config, model).eval(), tiny_tokenizer())


INSTRUCTIONS = ("pick up the red mug", "the blue box now", "mug", "pick the box")


def robot_batch(checkpoint: Checkpoint, count: int = 4, seed: int = 0) -> RobotBatch:
    rng = torch.Generator().manual_seed(seed)
    config = checkpoint.network.config
    tokens, mask = checkpoint.prompt().ask(INSTRUCTIONS[:count], len(config.cameras))
    shape = (count, config.action.horizon, config.action_size)
    return RobotBatch(
        images=torch.randint(256, (count, len(config.cameras), 3, HEIGHT, WIDTH), generator=rng).to(torch.uint8),
        tokens=tokens,
        mask=mask,
        state=torch.randn(count, state_size(config.state), generator=rng),
        actions=torch.randn(shape, generator=rng),
        counts=torch.ones(shape),
    )


def language_batch(checkpoint: Checkpoint, seed: int = 0) -> LanguageBatch:
    """Return three questions: about two pictures, about one and about none."""
    rng = torch.Generator().manual_seed(seed)
    tokens, mask, labels = checkpoint.prompt().answered(
        ("what is it", "what", "the red mug"), ("the blue box", "mug", "it is it"), (2, 1, 0)
    )
    images = torch.randint(256, (3, 3, HEIGHT, WIDTH), generator=rng).to(torch.uint8)
    return LanguageBatch(images, tokens, mask, labels)


def seen(instruction: str = "pick up the red mug", stamp: float = 2.0, seed: int = 0) -> Observation:
    """Return what ByteMini sees at home: noise."""
    robot, rng = load_embodiment("bytemini"), np.random.default_rng(seed)
    views = {
        name: CameraView(name, stamp, rng.integers(256, size=(48, 64, 3), dtype=np.uint8)) for name in robot.cameras
    }
    arms = {}
    for arm, side in zip(robot.arms, (0.2, -0.2), strict=True):
        T = np.diag([1.0, -1.0, -1.0, 1.0])
        T[:3, 3] = 0.4, side, 0.9
        arms[arm.name] = ArmState(tuple(arm.joints), np.array(arm.home), np.zeros(len(arm.joints)), T)
    grippers = {gripper.name: EndEffectorState(0.05) for gripper in robot.grippers}
    state = RobotState(stamp, arms, grippers, base=BaseState(np.eye(4), np.zeros(3)))
    return Observation(stamp, instruction, views, state, state)

# SPDX-License-Identifier: Apache-2.0
"""A full GraspVLA on disk: config.json, model.safetensors, and a folder for each Hugging Face part's configuration.

Everything is checked before weights are read: configuration, parts, tokenizer, then name, shape and type of every
tensor against the header of model.safetensors. Layout and use: docs/graspvla_full.md.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from torch import Tensor

from vla_ros.policies.graspvla.full.config import CONFIG, FullConfig, read_full_config
from vla_ros.policies.graspvla.full.network import Network, PartConfigs
from vla_ros.policies.graspvla.full.parts import build_network, read_part_configs
from vla_ros.policies.graspvla.full.tokenizer import InstructionTokenizer
from vla_ros.policies.hugging_face.new_folder import new_folder
from vla_ros.policies.hugging_face.tokenizer_file import FILE as TOKENIZER
from vla_ros.policies.hugging_face.weights_file import check_header, read_weights

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """What a folder holds."""

    network: Network
    words: InstructionTokenizer


def load_checkpoint(folder: str | Path) -> Checkpoint:
    """Read a checkpoint, in evaluation mode. Raises ConfigError, in one line, for the first thing that does not fit."""
    folder = Path(folder)
    config = read_full_config(folder)
    parts = read_part_configs(folder, config.parts)
    words = InstructionTokenizer.read(folder / config.parts.tokenizer, config.prompt)
    with torch.random.fork_rng():  # random weights are drawn only to be replaced: nobody else's numbers change
        with torch.device("meta"):
            shell = build_network(config, parts)
        words.check(shell.language.vocabulary_size)
        check_header(shell.state_dict(), folder / WEIGHTS, config.transformers)
        network = build_network(config, parts)
    read_weights(network.state_dict(), folder / WEIGHTS)
    return Checkpoint(network.eval(), words)


def save_checkpoint(checkpoint: Checkpoint, folder: str | Path) -> None:
    """Write a checkpoint to a folder that is not there yet; one that is interrupted leaves `<folder>.partial`."""
    network = checkpoint.network
    save_weights(network.config, network.parts, checkpoint.words, network.state_dict(), folder)


def save_weights(
    config: FullConfig, parts: PartConfigs, words: InstructionTokenizer, weights: Mapping[str, Tensor],
    folder: str | Path,
) -> None:  # fmt: skip
    """Write the checkpoint of a network that need not have been built, as `save_checkpoint` does."""
    config = dataclasses.replace(config, transformers=transformers.__version__)
    with new_folder(Path(folder)) as partial:
        (partial / CONFIG).write_text(json.dumps(dataclasses.asdict(config), indent=2) + "\n")
        for name, part in vars(parts).items():
            part.save_pretrained(partial / getattr(config.parts, name))
        (partial / config.parts.tokenizer).mkdir(parents=True, exist_ok=True)
        words.tokenizer.save(str(partial / config.parts.tokenizer / TOKENIZER))
        save_file({key: tensor.contiguous() for key, tensor in weights.items()}, partial / WEIGHTS)

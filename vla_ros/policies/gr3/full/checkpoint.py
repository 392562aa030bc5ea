# SPDX-License-Identifier: Apache-2.0
"""A full GR-3 on disk: config.json, model.safetensors, and a folder with Qwen's own config.json and tokenizer.json.

Everything is checked before weights are read: configuration, Qwen's, tokenizer, then name, shape and type of every
tensor against the header of model.safetensors. Layout and use: docs/gr3_full.md.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer

from vla_ros.policies.families.network_file import WEIGHTS
from vla_ros.policies.families.table import CONFIG
from vla_ros.policies.gr3.full.config import read_full_config
from vla_ros.policies.gr3.full.network import Gr3FullNetwork
from vla_ros.policies.gr3.full.parts import build_network, read_qwen_config
from vla_ros.policies.gr3.full.prompt import Prompt
from vla_ros.policies.hugging_face.new_folder import new_folder
from vla_ros.policies.hugging_face.tokenizer_file import FILE as TOKENIZER
from vla_ros.policies.hugging_face.tokenizer_file import check_vocabulary, read_tokenizer
from vla_ros.policies.hugging_face.weights_file import check_header, read_weights


@dataclass(frozen=True)
class Checkpoint:
    """What a folder holds."""

    network: Gr3FullNetwork
    tokenizer: Tokenizer

    def prompt(self) -> Prompt:
        """Return what turns instructions into tokens."""
        return prompt_of(self.network, self.tokenizer)


def prompt_of(network: Gr3FullNetwork, tokenizer: Tokenizer) -> Prompt:
    """Return the prompt of a network. Raises ConfigError when the tokenizer is not its own."""
    check_vocabulary(tokenizer, network.vision_language.vocabulary_size)
    return Prompt(tokenizer, network.config.prompt, network.config.answer_end, network.vision_language.image)


def load_checkpoint(folder: str | Path) -> Checkpoint:
    """Read a checkpoint, in evaluation mode. Raises ConfigError, in one line, for the first thing that does not fit."""
    folder = Path(folder)
    config = read_full_config(folder)
    qwen = read_qwen_config(folder / config.parts.vision_language)
    tokenizer = read_tokenizer(folder / config.parts.tokenizer)
    with torch.random.fork_rng():  # random weights are drawn only to be replaced: nobody else's numbers change
        with torch.device("meta"):
            shell = build_network(config, qwen)
        prompt_of(shell, tokenizer)
        check_header(shell.weights(), folder / WEIGHTS, config.transformers)
        network = build_network(config, qwen)
    read_weights(network.weights(), folder / WEIGHTS)
    return Checkpoint(network.eval(), tokenizer)


def save_checkpoint(checkpoint: Checkpoint, folder: str | Path) -> None:
    """Write a checkpoint to a folder that is not there yet; one that is interrupted leaves `<folder>.partial`."""
    network = checkpoint.network
    config = dataclasses.replace(network.config, transformers=transformers.__version__)
    with new_folder(Path(folder)) as partial:
        (partial / CONFIG).write_text(json.dumps(dataclasses.asdict(config), indent=2) + "\n")
        network.qwen.save_pretrained(partial / config.parts.vision_language)
        (partial / config.parts.tokenizer).mkdir(parents=True, exist_ok=True)
        checkpoint.tokenizer.save(str(partial / config.parts.tokenizer / TOKENIZER))
        save_file({key: tensor.contiguous() for key, tensor in network.weights().items()}, partial / WEIGHTS)

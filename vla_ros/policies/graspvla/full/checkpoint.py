# SPDX-License-Identifier: Apache-2.0
"""A full GraspVLA on disk: config.json, model.safetensors, and a folder for each Hugging Face part's configuration.

Everything is checked before weights are read: configuration, parts, tokenizer, then name, shape and type of every
tensor against the header of model.safetensors. Layout and use: docs/graspvla_full.md.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from controllers.errors import ConfigError
from vla_ros.policies.graspvla.full.config import CONFIG, read_full_config
from vla_ros.policies.graspvla.full.network import GraspVlaNetwork
from vla_ros.policies.graspvla.full.parts import build_network, read_part_configs
from vla_ros.policies.graspvla.full.tokenizer import FILE as TOKENIZER
from vla_ros.policies.graspvla.full.tokenizer import InstructionTokenizer

WEIGHTS = "model.safetensors"
DTYPE_NAMES = {torch.float32: "F32", torch.bfloat16: "BF16"}  # as safetensors spells them


@dataclass(frozen=True)
class Checkpoint:
    """What a folder holds."""

    network: GraspVlaNetwork
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
        _check_header(shell, folder / WEIGHTS)
        network = build_network(config, parts)
    _read_weights(network, folder / WEIGHTS)
    return Checkpoint(network.eval(), words)


def save_checkpoint(checkpoint: Checkpoint, folder: str | Path) -> None:
    """Write a checkpoint to a folder that is not there yet; one that is interrupted leaves `<folder>.partial`."""
    folder = Path(folder)
    if folder.exists():
        raise ConfigError(f"{folder}: exists: choose a new folder for the checkpoint")
    network, partial = checkpoint.network, folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    config = dataclasses.replace(network.config, transformers=transformers.__version__)
    (partial / CONFIG).write_text(json.dumps(dataclasses.asdict(config), indent=2) + "\n")
    for name, part in vars(network.parts).items():
        part.save_pretrained(partial / getattr(config.parts, name))
    (partial / config.parts.tokenizer).mkdir(parents=True, exist_ok=True)
    checkpoint.words.tokenizer.save(str(partial / config.parts.tokenizer / TOKENIZER))
    save_file({key: tensor.contiguous() for key, tensor in network.state_dict().items()}, partial / WEIGHTS)
    partial.rename(folder)


def _check_header(shell: GraspVlaNetwork, path: Path) -> None:
    expected = {key: (tuple(t.shape), DTYPE_NAMES[t.dtype]) for key, t in shell.state_dict().items()}
    if not path.is_file():
        raise ConfigError(f"{path}: not found: the weights are read from this file alone")
    try:
        with safe_open(path, framework="pt") as file:
            slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
            found = {key: (tuple(part.get_shape()), part.get_dtype()) for key, part in slices.items()}
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{path}: corrupt or cut short ({error}): copy it again") from None
    missing, unknown = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    if missing or unknown:
        problem = f"'{missing[0]}' is missing" if missing else f"'{unknown[0]}' is unknown"
        raise ConfigError(
            f"{path}: weight {problem} ({len(missing)} missing, {len(unknown)} unknown; written with transformers "
            f"{shell.config.transformers or 'not said'}, here {transformers.__version__}): "
            f"use the weights that belong to {CONFIG}"
        )
    for key, wanted in expected.items():
        if found[key] != wanted:
            raise ConfigError(
                f"{path}: weight '{key}' is {_text(found[key])}, {CONFIG} and parts ask for {_text(wanted)}"
            )


def _read_weights(network: GraspVlaNetwork, path: Path) -> None:
    with safe_open(path, framework="pt") as file, torch.no_grad():
        for key, tensor in network.state_dict().items():
            weight = file.get_tensor(key)
            if not weight.isfinite().all():
                raise ConfigError(
                    f"{path}: weight '{key}' holds values that are not finite: take an earlier checkpoint"
                )
            tensor.copy_(weight)


def _text(tensor: tuple[tuple[int, ...], str]) -> str:
    return f"{'×'.join(map(str, tensor[0])) or 'a scalar'} {tensor[1]}"

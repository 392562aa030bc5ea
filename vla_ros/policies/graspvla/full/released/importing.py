# SPDX-License-Identifier: Apache-2.0
"""`vla policy import`: GraspVLA as its authors released it, to a checkpoint's folder of ours.

Names and shapes are compared with the file's header before any weight is read: what is missing, left over or of
another shape is one line.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from controllers.errors import ConfigError
from vla_ros.policies.actions.single_arm import tool_deltas
from vla_ros.policies.graspvla.full.checkpoint import save_weights
from vla_ros.policies.graspvla.full.config import (
    FORMAT,
    POSE_SIZE,
    VERSION,
    ExpertConfig,
    FullConfig,
    GraspSpace,
    VisionConfig,
)
from vla_ros.policies.graspvla.full.loading import check_full_robot
from vla_ros.policies.graspvla.full.network import PartConfigs
from vla_ros.policies.graspvla.full.parts import build_network
from vla_ros.policies.graspvla.full.released.download import Download, read_download
from vla_ros.policies.graspvla.full.released.form import ABSOLUTE, ReleasedForm
from vla_ros.policies.graspvla.full.released.network import ReleasedNetwork
from vla_ros.policies.graspvla.full.released.parts import released_parts
from vla_ros.policies.graspvla.full.released.weight_rules import Rule, is_unread, weight_rules
from vla_ros.policies.graspvla.full.released.words import PROMPT, released_words, table_rows
from vla_ros.policies.hugging_face.new_folder import check_new
from vla_ros.policies.remote.foreign.contract import load_server_contract
from vla_ros.robots.embodiment import Embodiment

SERVER = "graspvla"  # the contract of its own server: where its tool is, for which robots, how fast
HALVES = 2  # its server makes two actions of one (`interpolate_delta_actions`)
HISTORY_S = 0.3  # it reads the state of three actions ago, and the present one
FLOW_STEPS = 10


def import_released(
    folder: Path, llm: Path, robot: Embodiment, output: Path, dtype: str = "float32", fit: str = "crop"
) -> FullConfig:
    """Write a checkpoint to a folder that is not there yet; return what its config.json says.

    `llm`: InternLM2's config.json and tokenizer.json. Raises ConfigError, in one line, for the first thing that does
    not fit.
    """
    check_new(output)  # before gigabytes are read
    download = read_download(folder)
    shapes = _header(download.weights)
    words, own = released_words(llm, download)
    parts = released_parts(download, shapes, llm, table_rows(words, download))
    config = _config(download, parts, robot, own, dtype, fit)
    check_full_robot(config, robot, str(folder))
    with torch.random.fork_rng(), torch.device("meta"):
        shell = build_network(config, parts)
    if not isinstance(shell, ReleasedNetwork):
        raise TypeError(type(shell).__name__)
    words.check(shell.language.vocabulary_size)
    rules = list(weight_rules(shell))
    _check_names(download.weights, shapes, rules)
    save_weights(config, parts, words, _converted(download.weights, rules, getattr(torch, dtype)), output)
    return config


def _config(
    download: Download, parts: PartConfigs, robot: Embodiment, vocabulary: int, dtype: str, fit: str
) -> FullConfig:
    server = load_server_contract(SERVER)
    server.gives(robot)  # its steps are for some robots
    gripper = robot.only_gripper
    states = [tuple(map(float, download.bounds[f"{end}_proprio"][:POSE_SIZE])) for end in ("min", "max")]
    llm = parts.llm
    return FullConfig(
        format=FORMAT,
        version=VERSION,
        action_statistics=download.statistics("action"),
        state_statistics=download.statistics("proprio"),
        grasp=GraspSpace(states[0], states[1], download.numbers, ABSOLUTE),
        action=tool_deltas(gripper.arm, gripper.name, horizon=download.horizon),
        frame_id=robot.base_frame,
        cameras=download.cameras,
        period=HALVES / server.rate_hz,
        vision=VisionConfig(download.image_size),
        expert=ExpertConfig(
            llm.hidden_size // download.width_scale,
            llm.num_attention_heads,
            llm.intermediate_size // download.mlp_scale,
        ),
        box_bins=download.numbers,
        history_s=HISTORY_S,
        flow_steps=FLOW_STEPS,
        prompt=PROMPT,
        dtype=dtype,
        released=ReleasedForm(vocabulary, (gripper.width_min, gripper.width_max), server.tool.position, fit),
    )


def _header(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the file's tensors by name. Raises ConfigError for a file that is no safetensors."""
    try:
        with safe_open(path, framework="pt") as file:
            return {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{path}: corrupt or cut short ({error}): download it again") from None


def _check_names(path: Path, found: dict[str, tuple[int, ...]], rules: list[Rule]) -> None:
    wanted = {name: shape for rule in rules for name, shape in rule.theirs.items()}
    missing = sorted(wanted.keys() - found.keys())
    unknown = sorted(name for name in found.keys() - wanted.keys() if not is_unread(name))
    if missing or unknown:
        problem = f"'{missing[0]}' is missing" if missing else f"'{unknown[0]}' is left over"
        raise ConfigError(
            f"{path}: weight {problem} ({len(missing)} missing, {len(unknown)} left over): "
            "give the weights that belong to its config.json"
        )
    for name, shape in wanted.items():
        if found[name] != shape:
            raise ConfigError(
                f"{path}: weight '{name}' is {_text(found[name])}, its config.json asks for {_text(shape)}"
            )


def _converted(path: Path, rules: list[Rule], dtype: torch.dtype) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = {}
    with safe_open(path, framework="pt") as file:
        for rule in rules:
            theirs = [file.get_tensor(name) for name in rule.theirs]
            for name, tensor in zip(rule.theirs, theirs, strict=True):
                if not tensor.isfinite().all():
                    raise ConfigError(f"{path}: weight '{name}' holds values that are not finite: download it again")
            for name, tensor in zip(rule.ours, rule.convert(theirs), strict=True):
                weights[name] = tensor.to(dtype).contiguous().clone()
    return weights


def _text(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a scalar"

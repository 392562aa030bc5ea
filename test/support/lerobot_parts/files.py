# SPDX-License-Identifier: Apache-2.0
"""The files of a LeRobot checkpoint as lerobot-train writes them, without lerobot and without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

CAMERAS, SIZE, NUMBERS = ("front", "side"), 224, 8  # as contract franka_grasp_lerobot has them
MODES = {"VISUAL": "MEAN_STD", "STATE": "MEAN_STD", "ACTION": "MEAN_STD"}


def features(cameras: tuple[str, ...] = CAMERAS, size: int = SIZE, state: int = NUMBERS) -> dict[str, Any]:
    """Return the input features of config.json."""
    seen = {f"observation.images.{name}": {"type": "VISUAL", "shape": [3, size, size]} for name in cameras}
    return seen | ({"observation.state": {"type": "STATE", "shape": [state]}} if state else {})


def write_checkpoint(
    folder: Path,
    inputs: dict[str, Any] | None = None,
    action: int = NUMBERS,
    renamed: dict[str, str] | None = None,
    leave_out: tuple[str, ...] = (),
    statistics: dict[str, np.ndarray] | None = None,
    **config: Any,
) -> Path:
    """Write config.json, processors, their statistics and a file of weights; return the folder.

    `leave_out`: statistics such as observation.state.std; `statistics`: others instead.
    """
    folder.mkdir(parents=True, exist_ok=True)
    inputs = features() if inputs is None else inputs
    outputs = {"action": {"type": "ACTION", "shape": [action]}}
    values = {"type": "act", "n_obs_steps": 1, "chunk_size": 16, "n_action_steps": 10, "input_features": inputs,
              "output_features": outputs, "normalization_mapping": MODES, "use_peft": False}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(values | config))
    known = {f"{key}.{name}": np.full((3, 1, 1) if len(one["shape"]) == 3 else one["shape"], number, np.float32)
             for key, one in (inputs | outputs).items() for name, number in (("mean", 0.0), ("std", 1.0))}  # fmt: skip
    known = {key: value for key, value in (known | (statistics or {})).items() if key not in leave_out}
    for name, kind, before in (
        ("policy_preprocessor", "normalizer_processor", [{"registry_name": "rename_observations_processor",
                                                          "config": {"rename_map": renamed or {}}}]),
        ("policy_postprocessor", "unnormalizer_processor", []),
    ):  # fmt: skip
        file = f"{name}_step_{len(before)}_{kind}.safetensors"
        step = {"registry_name": kind, "config": {"features": inputs | outputs, "norm_map": MODES}, "state_file": file}
        (folder / f"{name}.json").write_text(json.dumps({"name": name, "steps": [*before, step]}))
        save_file(known, folder / file)
    save_file({"weight": np.zeros(1, np.float32)}, folder / "model.safetensors")
    return folder

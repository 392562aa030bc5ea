# SPDX-License-Identifier: Apache-2.0
"""Run in LeRobot's environment: a tiny policy of random weights, saved by lerobot, and what its select_action does.

Usage: python making.py TYPE FOLDER SEEN.npz DONE.npy. SEEN holds observations as a dataset has them, by key,
(T, …) oldest first; DONE becomes the rows (H, D) that lerobot's own loop executes after the last one.
"""

from __future__ import annotations

import sys

import numpy as np
import torch
from lerobot.configs import FeatureType, PolicyFeature, PreTrainedConfig
from lerobot.policies.factory import get_policy_class, make_policy_config, make_pre_post_processors
from lerobot.policies.utils import prepare_observation_for_inference

SIZES = {
    "act": {"chunk_size": 16, "n_action_steps": 10, "dim_model": 32, "n_heads": 2, "dim_feedforward": 32,
            "n_encoder_layers": 1, "n_vae_encoder_layers": 1},
    "diffusion": {"horizon": 16, "n_action_steps": 8, "down_dims": (32, 64, 64), "num_inference_steps": 4},
}  # fmt: skip


def main(kind: str, folder: str, seen: str, done: str) -> None:
    torch.manual_seed(0)
    arrays = dict(np.load(seen))
    inputs, stats = {}, {}
    for key, array in arrays.items():
        picture = array.ndim == 4
        shape = (3, *array.shape[1:3]) if picture else array.shape[1:]
        inputs[key] = PolicyFeature(FeatureType.VISUAL if picture else FeatureType.STATE, shape)
    outputs = {"action": PolicyFeature(FeatureType.ACTION, (8,))}
    for key, feature in (inputs | outputs).items():
        shape = (3, 1, 1) if len(feature.shape) == 3 else feature.shape
        stats[key] = {name: torch.full(shape, value) for name, value in
                      (("mean", 0.1), ("std", 0.5), ("min", -1.0), ("max", 1.0))}  # fmt: skip
    config = make_policy_config(
        kind, device="cpu", input_features=inputs, output_features=outputs, pretrained_backbone_weights=None,
        **SIZES[kind],
    )  # fmt: skip
    policy = get_policy_class(kind)(config)
    before, after = make_pre_post_processors(config, dataset_stats=stats)
    for part in (policy, before, after):
        part.save_pretrained(folder)

    policy = get_policy_class(kind).from_pretrained(folder, config=PreTrainedConfig.from_pretrained(folder))
    policy.eval()
    rows = []
    with torch.inference_mode():
        for step in range(len(next(iter(arrays.values())))):
            one = {key: array[step].copy() for key, array in arrays.items()}
            batch = before(prepare_observation_for_inference(one, torch.device("cpu"), "pick it up"))
            rows.append(after(policy.select_action(batch)))
        while kind == "act" and len(rows) < config.n_action_steps:
            rows.append(after(policy.select_action(batch)))
    np.save(done, torch.cat(rows).numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])

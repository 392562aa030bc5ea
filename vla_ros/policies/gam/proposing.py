# SPDX-License-Identifier: Apache-2.0
"""From what is seen to scored candidates of several instances: the actor proposes, the critic scores, in one batch.

Shape legend: I instances, N candidates of all, C criteria.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from vla_ros.policies.gam.actions import Candidates, decode, encode
from vla_ros.policies.gam.candidate_poses import joined, matrix_of, moved
from vla_ros.policies.gam.conditioning import SceneInputs
from vla_ros.policies.gam.config import GamSizes
from vla_ros.policies.gam.criteria import Criterion
from vla_ros.policies.gam.network import GamNetwork
from vla_ros.policies.gam.observed_scene import SOURCE, ObservedScene, scene_arrays, scene_frame
from vla_ros.policies.gam.prompts import mode_prompt
from vla_ros.policies.gam.proposal import Proposal
from vla_ros.policies.gam.text_tokens import prompt_words
from vla_ros.policies.gam.tool_tokens import tool_numbers
from vla_ros.robots.tools.description import Tool


def propose(
    network: GamNetwork,
    scene: ObservedScene,
    instances: Sequence[int],
    tool: Tool,
    mode: str,
    criteria: Sequence[Criterion],
    candidates: int,
    seed: int = 0,
    pick: Candidates | None = None,
) -> Proposal:
    """Return `candidates` of each instance. Raises ConfigError for a tool with more elements than there is room for.

    `pick`, a single candidate in the base frame, is the one behind placements.
    """
    sizes = network.sizes
    inputs = scene_inputs(sizes, scene, instances, tool, mode, np.random.default_rng(seed), pick)
    generator = torch.Generator().manual_seed(seed)
    rows, scores = network.propose(inputs, criteria, candidates, generator)
    parts = []
    for one, own in zip(instances, rows.numpy(), strict=True):
        parts.append(moved(decode(own, sizes.scales, tool), scene_frame(scene, one, mode)))
    return Proposal(joined(parts), np.repeat(np.asarray(instances), candidates), scores.flatten(0, 1).numpy())


def scene_inputs(
    sizes: GamSizes,
    scene: ObservedScene,
    instances: Sequence[int],
    tool: Tool,
    mode: str,
    rng: np.random.Generator,
    pick: Candidates | None = None,
) -> SceneInputs:
    """Return what the network reads of each instance, as in training. Raises ConfigError for a placement without pick.

    Of the pick behind a placement its pose counts and which elements act, not the fingers' width and depth.
    """
    count, T_source_tool, picked = len(instances), None, None
    if pick is not None:
        nowhere = np.full(1, np.nan)
        behind = moved(replace(pick, widths=nowhere, depths=nowhere), np.linalg.inv(scene.T_base_totes[SOURCE]))
        T_source_tool = matrix_of(behind, 0)
        picked = torch.from_numpy(encode(behind, sizes.scales, sizes.elements)).expand(count, -1)
    arrays = [scene_arrays(scene, one, mode, sizes, rng, T_source_tool) for one in instances]
    words = prompt_words([mode_prompt(mode)]).expand(count, -1, -1)
    stacked = {name: torch.from_numpy(np.stack([getattr(one, name) for one in arrays])) for name in vars(arrays[0])}
    stacked = {name: value.float() if value.is_floating_point() else value for name, value in stacked.items()}
    return SceneInputs(words=words, tool=tool_numbers([tool] * count, sizes.elements), picked=picked, **stacked)

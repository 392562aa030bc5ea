# SPDX-License-Identifier: Apache-2.0
"""From what is seen to scored candidates of several instances: the actor proposes, the critic scores, in one batch.

Shape legend: I instances, N candidates of all, C criteria.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vla_ros.policies.gam.actions import Candidates, decode
from vla_ros.policies.gam.candidate_poses import joined, moved
from vla_ros.policies.gam.conditioning import SceneInputs
from vla_ros.policies.gam.criteria import Criterion
from vla_ros.policies.gam.network import GamNetwork
from vla_ros.policies.gam.observed_scene import ObservedScene, scene_arrays, scene_frame
from vla_ros.policies.gam.prompts import mode_prompt
from vla_ros.policies.gam.text_tokens import prompt_words
from vla_ros.policies.gam.tool_tokens import tool_numbers
from vla_ros.robots.tools.description import Tool


@dataclass(frozen=True, eq=False)
class Proposal:
    """Candidates in the base frame, with the instance that each means and its scores."""

    candidates: Candidates  # (N, …)
    instances: np.ndarray  # (N,)
    scores: np.ndarray  # (N, C)


def propose(
    network: GamNetwork,
    scene: ObservedScene,
    instances: Sequence[int],
    tool: Tool,
    mode: str,
    criteria: Sequence[Criterion],
    candidates: int,
    seed: int = 0,
) -> Proposal:
    """Return `candidates` of each instance. Raises ConfigError for a tool with more elements than there is room for."""
    sizes, rng = network.sizes, np.random.default_rng(seed)
    arrays = [scene_arrays(scene, one, mode, sizes, rng) for one in instances]
    count = len(arrays)
    words = prompt_words([mode_prompt(mode)]).expand(count, -1, -1)
    stacked = {name: torch.from_numpy(np.stack([getattr(one, name) for one in arrays])) for name in vars(arrays[0])}
    stacked = {name: value.float() if value.is_floating_point() else value for name, value in stacked.items()}
    inputs = SceneInputs(words=words, tool=tool_numbers([tool] * count, sizes.elements), **stacked)
    generator = torch.Generator().manual_seed(seed)
    rows, scores = network.propose(inputs, criteria, candidates, generator)
    parts = []
    for one, own in zip(instances, rows.numpy(), strict=True):
        parts.append(moved(decode(own, sizes.scales, tool), scene_frame(scene, one, mode)))
    return Proposal(joined(parts), np.repeat(np.asarray(instances), candidates), scores.flatten(0, 1).numpy())

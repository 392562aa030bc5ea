# SPDX-License-Identifier: Apache-2.0
"""From what is seen to scored candidates of several instances: the actor proposes, the critic scores, in one batch.

Shape legend: I instances, N candidates of all, C criteria.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from vla_ros.policies.gam.actions import Candidates, decided, decode, encode
from vla_ros.policies.gam.candidate_poses import joined, matrix_of, moved, rows_of
from vla_ros.policies.gam.conditioning import Conditioning, SceneInputs
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
    brought: Callable[[Candidates, Tool], Candidates] | None = None,
) -> Proposal:
    """Return `candidates` of each instance. Raises ConfigError for a tool with more elements than there is room for.

    `pick`, a single candidate in the base frame, is the one behind placements. `brought` moves candidates in the base
    frame, to the surface that is measured, before they are scored.
    """
    frames = [scene_frame(scene, one, mode) for one in instances]
    conditioning = _conditioning(network, scene, instances, tool, mode, seed, pick)
    rows = network.actor.sample(conditioning, candidates, torch.Generator().manual_seed(seed)).numpy()
    parts = [moved(decode(own, network.sizes.scales, tool), frame) for own, frame in zip(rows, frames, strict=True)]
    found = decided(joined(parts))  # as a robot would carry them out
    if brought is not None:
        found = brought(found, tool)
    scores = _scores(network, conditioning, found, frames, criteria)
    return Proposal(found, np.repeat(np.asarray(instances), candidates), scores)


def scored(
    network: GamNetwork,
    scene: ObservedScene,
    instances: Sequence[int],
    tool: Tool,
    mode: str,
    criteria: Sequence[Criterion],
    candidates: Candidates,
    seed: int = 0,
) -> np.ndarray:
    """Return the critic's scores (N, C) of candidates in the base frame that another has proposed.

    As many of each instance, in the order of these. Raises ConfigError as `propose` does.
    """
    frames = [scene_frame(scene, one, mode) for one in instances]
    conditioning = _conditioning(network, scene, instances, tool, mode, seed, None)
    return _scores(network, conditioning, candidates, frames, criteria)


@torch.no_grad()
def _conditioning(
    network: GamNetwork,
    scene: ObservedScene,
    instances: Sequence[int],
    tool: Tool,
    mode: str,
    seed: int,
    pick: Candidates | None,
) -> Conditioning:
    rng = np.random.default_rng(seed)
    return network.conditioning(scene_inputs(network.sizes, scene, instances, tool, mode, rng, pick))


@torch.no_grad()
def _scores(
    network: GamNetwork,
    conditioning: Conditioning,
    candidates: Candidates,
    frames: Sequence[np.ndarray],
    criteria: Sequence[Criterion],
) -> np.ndarray:
    """Return scores (N, C) of candidates in the base frame, as many for each of `frames`, T_base_scene (4, 4)."""
    sizes = network.sizes
    parts = [
        encode(moved(rows_of(candidates, rows), np.linalg.inv(frame)), sizes.scales, sizes.elements)
        for rows, frame in zip(np.split(np.arange(len(candidates.positions)), len(frames)), frames, strict=True)
    ]
    actions = torch.from_numpy(np.stack(parts))
    scores = network.critic.scores(actions, network.criteria_tokens(criteria), conditioning)
    return np.asarray(scores.flatten(0, 1).numpy())


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

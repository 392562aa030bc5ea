# SPDX-License-Identifier: Apache-2.0
"""Batches: objects of one mode, each encoded once, with candidates for the actor and for the critic.

Shape legend: B objects, b of them that the actor learns from, N candidates, A numbers of a candidate, Q criteria,
K elements of the largest tool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache

import numpy as np
import torch
from torch import Tensor

from vla_ros.policies.gam.actions import encode, loss_weights
from vla_ros.policies.gam.candidate_poses import matrix_of, moved, rows_of
from vla_ros.policies.gam.config import GamSizes
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.policies.gam.networks.conditioning import SceneInputs
from vla_ros.policies.gam.networks.text_tokens import prompt_words
from vla_ros.policies.gam.networks.tool_tokens import ToolNumbers, tool_numbers
from vla_ros.policies.gam.observed_scene import scene_arrays, scene_frame
from vla_ros.policies.gam.prompts import PLACE, PROMPTS, mode_prompt
from vla_ros.training.gam.config import GamTraining
from vla_ros.training.gam.dataset import ObjectTask
from vla_ros.training.gam.good_candidates import balanced_rows
from vla_ros.training.gam.varying import (
    ASIS,
    Drawn,
    draw_variation,
    varied_candidates,
    varied_scene,
    varied_tool,
)

Batch = dict[str, Tensor]


class BatchMaker:
    """Draw batches from tasks."""

    def __init__(self, tasks: Sequence[ObjectTask], config: GamTraining) -> None:
        self._config = config
        by_mode = {mode: [task for task in tasks if task.labelled.mode == mode] for mode in PROMPTS}
        self._all = {mode: found for mode, found in by_mode.items() if any(len(task.top) for task in found)}
        self._taught = {mode: [task for task in found if len(task.top)] for mode, found in self._all.items()}

    @property
    def modes(self) -> tuple[str, ...]:
        """Return the modes that are learned."""
        return tuple(self._all)

    def make(self, size: int, rng: np.random.Generator) -> Batch:
        """Draw a batch of `size` objects in one mode: those that the actor learns from first."""
        config = self._config
        mode = self.modes[rng.integers(len(self.modes))]
        taught = max(1, round(size * (1.0 - config.scored_only)))
        pools = [self._taught[mode]] * taught + [self._all[mode]] * (size - taught)
        tasks = [pool[rng.integers(len(pool))] for pool in pools]
        room = max(len(task.labelled.description.names) for task in tasks)
        parts = []
        for number, task in enumerate(tasks):
            drawn, interest = draw_variation(config.variation, rng), int(rng.choice(task.instances))
            part = scene_part(task, interest, config.sizes, room, rng, drawn)
            scored = task.rows[balanced_rows(task.labelled.scores[task.rows], config.critic_candidates, rng)]
            part["scored"] = candidate_rows(task, interest, scored, config.sizes, room, drawn)
            part["labels"] = task.labelled.scores[scored]
            if number < taught:
                learned = rng.choice(task.top, config.actor_candidates)
                part["actions"] = candidate_rows(task, interest, learned, config.sizes, room, drawn)
                part["weights"] = loss_weights(task.labelled.description, mode, room)[None]
            parts.append(part)
        return stacked(parts) | {"criteria": criteria_words(mode)}


def scene_part(
    task: ObjectTask, interest: int, sizes: GamSizes, room: int, rng: np.random.Generator, drawn: Drawn = ASIS
) -> dict[str, np.ndarray]:
    """Return what SceneInputs holds of a task, by name, when one of its instances is meant."""
    labelled, unit = task.labelled, sizes.scales.position
    T_source_tool = None if labelled.picked is None else matrix_of(labelled.picked, int(task.rows[0]))
    arrays = scene_arrays(task.scene.observed, interest, labelled.mode, sizes, rng, T_source_tool)
    arrays = varied_scene(arrays, drawn, labelled.mode == PLACE, unit, rng)
    tool = {name: value[0].numpy() for name, value in vars(tool_numbers([labelled.description], room)).items()}
    tool["cylinders"], tool["closing"] = varied_tool(tool["cylinders"], tool["closing"], drawn)
    part = {
        **vars(arrays),
        **{f"tool_{name}": value for name, value in tool.items()},
        "words": _mode_words(labelled.mode),
        "views_there": np.full(len(arrays.images), drawn.picture),
    }
    if labelled.picked is not None:
        pick = varied_candidates(rows_of(labelled.picked, task.rows[:1]), drawn)
        part["picked"] = encode(pick, sizes.scales, room)[0]
    return part


def candidate_rows(
    task: ObjectTask, interest: int, rows: np.ndarray, sizes: GamSizes, room: int, drawn: Drawn = ASIS
) -> np.ndarray:
    """Return candidates as the network reads them (N, A)."""
    T_scene_base = np.linalg.inv(scene_frame(task.scene.observed, interest, task.labelled.mode))
    candidates = moved(rows_of(task.labelled.candidates, rows), T_scene_base)
    return encode(varied_candidates(candidates, drawn), sizes.scales, room)


def stacked(parts: Sequence[Mapping[str, np.ndarray]]) -> Batch:
    """Return parts as one batch; of what only the first ones have, those."""
    return {
        name: torch.from_numpy(_single(np.stack([part[name] for part in parts if name in part]))) for name in parts[0]
    }


def inputs_of(batch: Batch) -> SceneInputs:
    """Return what the encoder reads of a batch."""
    tool = ToolNumbers(**{one.name: batch[f"tool_{one.name}"] for one in fields(ToolNumbers)})
    return SceneInputs(
        images=batch["images"],
        places=batch["places"],
        points=batch["points"],
        features=batch["features"],
        points_there=batch["points_there"],
        words=batch["words"],
        tool=tool,
        views_there=batch["views_there"],
        picked=batch.get("picked"),
    )


@cache
def criteria_words(mode: str) -> Tensor:
    """Return the embedded words (Q, T, S) of the criteria of a mode."""
    return prompt_words([criterion.prompt for criterion in criteria_of(mode)])


@cache
def _mode_words(mode: str) -> np.ndarray:
    return prompt_words([mode_prompt(mode)])[0].numpy()


def _single(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32) if values.dtype.kind == "f" else values

# SPDX-License-Identifier: Apache-2.0
"""How well actor and critic do on scenes that were held back: object by object, then over all.

Shape legend: N candidates, Q criteria.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from vla_ros.policies.gam.actions import Candidates, decode
from vla_ros.policies.gam.candidate_poses import moved, rows_of
from vla_ros.policies.gam.criteria import merits, ranking
from vla_ros.policies.gam.networks.network import GamNetwork
from vla_ros.policies.gam.observed_scene import scene_frame
from vla_ros.training.gam.batches import candidate_rows, criteria_words, inputs_of, scene_part, stacked
from vla_ros.training.gam.dataset import ObjectTask
from vla_ros.training.gam.score_quality import area_under_curve, calibration, is_binary, most_spearman, spearman

SAMPLED = 64  # candidates of an object
SCORED = 200  # labelled ones at most, drawn
NEAR, ASIDE = 0.010, np.deg2rad(15.0)  # [m], [rad] of the tool's z axis: as good as a labelled success
SUCCEEDED = 0.5
SEAL = "seal"


@dataclass(frozen=True)
class Judgement:
    """What was found: shares and successes by mode, scores and labels by criterion."""

    by_mode: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    by_criterion: dict[str, list[np.ndarray]] = field(default_factory=lambda: defaultdict(list))  # (2, N) each

    def pairs(self) -> dict[str, np.ndarray]:
        """Return scores and labels (2, N) of each criterion that was asked."""
        return {name: np.concatenate(parts, axis=1) for name, parts in self.by_criterion.items() if parts}

    def figures(self, prefix: str = "") -> dict[str, float]:
        """Return all figures by name; those that mean nothing here are left out."""
        found = {
            f"{mode}_{name}": float(np.mean(values))
            for mode, figures in self.by_mode.items()
            for name, values in figures.items()
        }
        for name, (scores, labels) in self.pairs().items():
            found[f"{name}_spearman"] = spearman(scores, labels)
            found[f"{name}_spearman_most"] = most_spearman(labels)
            found[f"{name}_auc"] = area_under_curve(scores, labels) if is_binary(labels) else float("nan")
            found[f"{name}_ece"] = calibration(scores, labels).error
        return {f"{prefix}{name}": value for name, value in found.items() if np.isfinite(value)}

    def summary(self) -> dict[str, float]:
        """Return few figures, over all modes and criteria."""
        found: dict[str, list[float]] = defaultdict(list)
        for figures in self.by_mode.values():
            for name in ("near", "near_random", "chosen_success", "random_success"):
                found[name] += figures.get(name, [])
        for scores, labels in self.pairs().values():
            found["spearman"].append(spearman(scores, labels))
            found["ece"].append(calibration(scores, labels).error)
        finite = {name: [value for value in values if np.isfinite(value)] for name, values in found.items()}
        return {name: float(np.mean(values)) for name, values in finite.items() if values}


def judge(network: GamNetwork, tasks: Sequence[ObjectTask]) -> Judgement:
    """Judge a network by tasks; the same candidates are drawn each time."""
    judgement = Judgement()
    for number, task in enumerate(tasks):
        _judge_task(network, task, number, judgement)
    return judgement


def some_of(tasks: Sequence[ObjectTask], most: int) -> list[ObjectTask]:
    """Return at most so many tasks, as many of each tool and mode, spread over scenes."""
    by_key: dict[tuple[str, str], list[ObjectTask]] = defaultdict(list)
    for task in tasks:
        by_key[task.key].append(task)
    each = max(1, most // max(1, len(by_key)))
    chosen = [found[:: max(1, -(-len(found) // each))] for _, found in sorted(by_key.items())]
    return [task for found in chosen for task in found][:most]


@torch.no_grad()
def _judge_task(network: GamNetwork, task: ObjectTask, number: int, judgement: Judgement) -> None:
    rng = np.random.default_rng((7, number))
    labelled, sizes = task.labelled, network.sizes
    room, interest = len(labelled.description.names), int(task.instances[0])
    conditioning = network.conditioning(inputs_of(stacked([scene_part(task, interest, sizes, room, rng)])))
    figures = judgement.by_mode[labelled.mode]
    successes = task.rows[labelled.success[task.rows] >= SUCCEEDED]
    if len(successes):
        random = torch.Generator().manual_seed(number)
        sampled = network.actor.sample(conditioning, SAMPLED, random)[0].numpy()
        good = rows_of(labelled.candidates, successes)
        T_base_scene = scene_frame(task.scene.observed, interest, labelled.mode)
        made = moved(decode(sampled, sizes.scales, labelled.description), T_base_scene)
        figures["near"].append(share_near(made, good))
        for name, pool in (("near_random", np.arange(len(labelled.success))), ("near_random_of_object", task.rows)):
            drawn = rng.choice(pool, SAMPLED)
            others = drawn[:, None] != successes  # a candidate is not near itself
            figures[name].append(share_near(rows_of(labelled.candidates, drawn), good, others))
    rows = np.sort(rng.permutation(task.rows)[:SCORED])
    criteria = network.encoder.text.sentences(criteria_words(labelled.mode))
    given = torch.from_numpy(candidate_rows(task, interest, rows, sizes, room))[None]
    scores = network.critic.scores(given, criteria, conditioning)[0].numpy().astype(np.float64)
    labels = labelled.scores[rows]
    for column, criterion in enumerate(labelled.asked):
        known = np.isfinite(labels[:, column])
        if known.any():
            judgement.by_criterion[criterion.name].append(np.stack([scores[known, column], labels[known, column]]))
    for name, value in first_choice(task, rows, scores).items():
        figures[name].append(value)


def share_near(candidates: Candidates, good: Candidates, others: np.ndarray | bool = True) -> float:
    """Return the share of candidates (N) that lie near one of the good ones (M), by place and by the tool's axis.

    `others` (N, M) bool: which of those count.
    """
    apart = np.linalg.norm(candidates.positions[:, None] - good.positions[None], axis=2)
    cosines = np.einsum("ni,mi->nm", candidates.rotations[:, :, 2], good.rotations[:, :, 2])
    return float(((apart < NEAR) & (cosines > np.cos(ASIDE)) & others).any(axis=1).mean())


def first_choice(task: ObjectTask, rows: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return the true success of the candidate that scores (N, Q) put first, beside others' of the same ones.

    `random`: the mean of all; `best`: the best there is; `seal_label`: the one whose true seal is best, which nobody
    knows who only looks. Empty where no success is known.
    """
    labelled = task.labelled
    known = np.isfinite(labelled.success[rows])
    if not known.any():
        return {}
    rows, scores = rows[known], scores[known]
    success, criteria = labelled.success[rows], labelled.asked
    order = ranking(scores.tolist(), criteria) or [int(np.argmax(merits(scores.tolist(), criteria)))]
    found = {
        "chosen_success": float(success[order[0]]),
        "random_success": float(success.mean()),
        "best_success": float(success.max()),
    }
    names = [criterion.name for criterion in criteria]
    if SEAL in names:
        seals = labelled.scores[rows, names.index(SEAL)]
        if np.isfinite(seals).any():
            found["seal_label_success"] = float(success[int(np.nanargmax(seals))])
    return found

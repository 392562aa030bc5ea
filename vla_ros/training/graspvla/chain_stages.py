# SPDX-License-Identifier: Apache-2.0
"""Stages in which a part of the chain learns: what each one draws, what it minimises, what it is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.training.backbone import perception
from vla_ros.training.backbone import validation as boxes_validation
from vla_ros.training.graspvla import grasp_examples, validation
from vla_ros.training.graspvla.motion import MotionSamples, flow_loss, motion_batch
from vla_ros.training.pictures.samples import Samples
from vla_ros.training.stages.mixture import MixturePart, draw
from vla_ros.training.stages.run import JUDGED, Run, judge_each, usable_rows
from vla_ros.training.stages.stage import Stage

ALONE = "view_"  # begins the name of a stage in which a part of a network learns alone
JUDGED_MOTION = 2000  # rows at most


def expert_stage(networks: SmallGraspVla, motion: MotionSamples, mixture: Sequence[MixturePart], run: Run) -> Stage:
    """Return the stage of the action expert."""
    groups = usable_rows("expert", mixture, lambda rows: np.ones(len(rows), dtype=bool))
    mean, spread = networks.mean.clone(), networks.spread.clone()
    size = run.share(run.stages["expert"].batch)

    def batch(step: int) -> object:
        rng = run.random(1, step)
        return motion_batch(motion, draw(groups, size, rng), rng)

    def judge(network: Any, held: np.ndarray) -> dict[str, float]:
        return validation.judge_actions(network, motion, held[:JUDGED_MOTION], mean.numpy(), spread.numpy())

    return run.stage(
        "expert",
        networks.expert,
        batch,
        lambda network, made, rng: flow_loss(network, made, mean, spread, rng),
        judge_each(groups, judge),
    )


def looking_stage(
    name: str,
    networks: SmallGraspVla,
    samples: Samples,
    mixture: Sequence[MixturePart],
    run: Run,
    alone: nn.Module | None = None,
) -> Stage:
    """Return a stage that looks at pictures: proposals, matching or grasp.

    `alone`: this part of the network learns and all else stays what it is; the stage is called ALONE… then.
    """
    asked = np.array([bool(texts) for texts in samples.texts])
    everything = np.ones(len(samples), dtype=bool)
    usable = {"proposals": everything, "matching": asked, "grasp": samples.graspable}[name]
    groups = usable_rows(name, mixture, lambda rows: usable[rows])
    called = name if alone is None else ALONE + name
    size = run.share(run.stages[called].batch)

    def rows(step: int) -> tuple[np.ndarray, np.random.Generator]:
        rng = run.random(2, step)
        return draw(groups, size, rng), rng

    made: dict[str, tuple[Any, Any, Any]] = {
        "proposals": (
            lambda step: perception.proposal_batch(samples, *rows(step)),
            perception.proposal_step,
            boxes_validation.judge_proposals,
        ),
        "matching": (lambda step: perception.match_batch(samples, *rows(step)), perception.match_step,
                     boxes_validation.judge_matching),
        "grasp": (lambda step: grasp_examples.grasp_batch(samples, *rows(step)), grasp_examples.grasp_step,
                  validation.judge_grasps),
    }  # fmt: skip
    batch, loss, judge = made[name]
    judged = judge_each(groups, lambda net, held: judge(net, samples, held[:: max(1, len(held) // JUDGED)]))
    network = getattr(networks, name)
    network.requires_grad_(alone is None)
    if alone is not None:
        alone.requires_grad_(True)
        loss = _with_rest_still(loss, alone)
    return run.stage(called, network, batch, loss, judged)


def _with_rest_still(loss: Any, alone: nn.Module) -> Any:
    """Keep the statistics of normalisation of all but `alone` as they are."""

    def losses(network: nn.Module, made: Any, rng: torch.Generator) -> dict[str, torch.Tensor]:
        network.eval()
        alone.train()
        return loss(network, made, rng)

    return losses

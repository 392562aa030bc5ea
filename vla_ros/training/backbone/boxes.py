# SPDX-License-Identifier: Apache-2.0
"""What pictures with boxes teach, whatever else is learned in the same step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vla_ros.training.backbone import validation
from vla_ros.training.backbone.perception import match_batch, match_step, proposal_batch, proposal_step
from vla_ros.training.pictures.samples import Samples
from vla_ros.training.stages.mixture import MixturePart, draw
from vla_ros.training.stages.parts import Part, judged
from vla_ros.training.stages.run import Run, usable_rows
from vla_ros.training.stages.stage import Losses
from vla_ros.training.stages.stage_config import JOINT, JointConfig


def boxes_part(samples: Samples, kinds: Sequence[MixturePart], config: JointConfig, run: Run) -> Part:
    """Return what frames of all kinds teach a network with `proposals` and `matching`: what there is, what is meant."""
    asked = np.array([bool(texts) for texts in samples.texts])
    groups = usable_rows(JOINT, kinds, lambda rows: asked[rows])

    def batch(rng: np.random.Generator) -> dict[str, Any]:
        rows = draw(groups, run.share(config.batch), rng)
        return {
            "proposed": proposal_batch(samples, rng.permutation(rows)[: run.share(config.proposed)], rng)
            if "proposals" in config.losses
            else {},
            "asked": match_batch(samples, rows, rng) if "matching" in config.losses else {},
        }

    def losses(network: Any, made: dict[str, Any], rng: torch.Generator) -> Losses:
        found: dict[str, Tensor] = {}
        if "proposals" in config.losses:
            found |= proposal_step(network.proposals, made["proposed"], rng)
        if "matching" in config.losses:
            found |= match_step(network.matching, made["asked"], rng)
        return found

    def judge(network: Any) -> dict[str, float]:
        figures: dict[str, float] = {}
        if "proposals" in config.losses:
            figures |= judged(groups, samples, network.proposals, validation.judge_proposals)
        if "matching" in config.losses:
            figures |= judged(groups, samples, network.matching, validation.judge_matching)
        return figures

    return Part(batch, losses, judge)

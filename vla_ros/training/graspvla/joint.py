# SPDX-License-Identifier: Apache-2.0
"""All networks of the chain at once: one network, one loss, pictures with boxes beside demonstrations in every batch.

GraspVLA, section 4: grounding data supervises boxes alone, demonstrations boxes, grasps and actions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.training.graspvla import validation
from vla_ros.training.graspvla.chain_stages import JUDGED, JUDGED_MOTION, Run, judge_each, usable_rows
from vla_ros.training.graspvla.grasp_examples import grasp_batch, grasp_step
from vla_ros.training.graspvla.mixture import MixturePart, Rows, draw
from vla_ros.training.graspvla.motion import MotionSamples, flow_loss, motion_batch
from vla_ros.training.graspvla.perception import match_batch, match_step, proposal_step
from vla_ros.training.graspvla.samples import Samples
from vla_ros.training.graspvla.stage import PeriodicEvaluation, Stage
from vla_ros.training.graspvla.stage_config import JOINT, JointConfig


@dataclass(frozen=True, eq=False)
class JointData:
    """What is learned from: frames that are looked at, of demonstrations the first `acted`, and the motion."""

    samples: Samples
    acted: int
    motion: MotionSamples


def joint_stage(
    networks: SmallGraspVla,
    data: JointData,
    share: float,
    config: JointConfig,
    run: Run,
    evaluation: PeriodicEvaluation | None = None,
) -> Stage:
    """Return the stage in which everything learns; `share` of the samples is kept for validation."""
    samples, motion = data.samples, data.motion
    looked = usable_rows(
        JOINT, _parts(data, share, config), lambda rows: np.array([bool(samples.texts[r]) for r in rows])
    )
    # Once the fingers are closed the chain remembers the grasp.
    grasps = (samples.columns["options"][:, :, 8].max(axis=1) > 0) & (samples.columns["closed"] == 0)
    grasped = usable_rows(JOINT, [MixturePart(data.acted, share)], lambda rows: grasps[rows])
    moved = usable_rows(JOINT, [MixturePart(len(motion.actions), share)], lambda rows: np.ones(len(rows), dtype=bool))
    mean, spread = networks.mean.clone(), networks.spread.clone()

    def batch(step: int) -> dict[str, Any]:
        rng = run.random(3, step)
        rows = draw(looked, run.share(config.batch), rng)
        return {
            "rows": rows,
            "matching": match_batch(samples, rows, rng),
            "grasp": grasp_batch(samples, draw(grasped, run.share(config.grasps), rng), rng),
            "actions": motion_batch(motion, draw(moved, run.share(config.actions), rng), rng),
        }

    def loss(network: Any, made: dict[str, Any], rng: torch.Generator) -> dict[str, Tensor]:
        device = made["actions"]["actions"].device.type
        with torch.autocast(device, enabled=False):  # a motion is more exact than half a number is
            flow = flow_loss(network.expert, made["actions"], mean, spread, rng)["flow"]
        return {
            **proposal_step(network.proposals, samples, made["rows"], rng),
            **match_step(network.matching, made["matching"], rng),
            **grasp_step(network.grasp, made["grasp"], rng),
            "flow": config.flow * flow,
        }

    def judge(network: Any) -> dict[str, float]:
        return (
            _judged(looked, network.proposals, samples, validation.judge_proposals)
            | _judged(looked, network.matching, samples, validation.judge_matching)
            | _judged(grasped, network.grasp, samples, validation.judge_grasps)
            | validation.judge_actions(
                network.expert, motion, moved[0].held[:JUDGED_MOTION], mean.numpy(), spread.numpy()
            )
        )

    return run.stage(JOINT, networks, batch, loss, judge, evaluation, config.rates)


def _parts(data: JointData, share: float, config: JointConfig) -> list[MixturePart]:
    """Return the two kinds of frames; one where all are of demonstrations."""
    grounding = len(data.samples) - data.acted
    if not grounding:
        return [MixturePart(data.acted, share)]
    return [
        MixturePart(data.acted, share, 1.0 - config.grounding),
        MixturePart(grounding, share, config.grounding, "grounding_"),
    ]


def _judged(groups: Sequence[Rows], network: Any, samples: Samples, judge: Any) -> dict[str, float]:
    return judge_each(groups, lambda net, held: judge(net, samples, held[:: max(1, len(held) // JUDGED)]))(network)

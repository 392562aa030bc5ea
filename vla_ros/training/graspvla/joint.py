# SPDX-License-Identifier: Apache-2.0
"""All networks of the chain at once: one network, one loss, pictures with boxes beside demonstrations in every batch.

GraspVLA, section 4: grounding data supervises boxes alone, demonstrations boxes, grasps and actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.training.backbone.boxes import boxes_part
from vla_ros.training.graspvla import validation
from vla_ros.training.graspvla.chain_stages import JUDGED_MOTION
from vla_ros.training.graspvla.grasp_examples import grasp_batch, grasp_step
from vla_ros.training.graspvla.motion import MotionSamples, flow_loss, motion_batch
from vla_ros.training.pictures.samples import NO_GRASP, Samples
from vla_ros.training.stages.mixture import MixturePart, draw
from vla_ros.training.stages.parts import Part, judged, stage_of
from vla_ros.training.stages.run import Run, usable_rows
from vla_ros.training.stages.stage import Losses, PeriodicEvaluation, Stage
from vla_ros.training.stages.stage_config import BOXES, JOINT, JointConfig


@dataclass(frozen=True, eq=False)
class JointData:
    """What is learned from: frames that are looked at, those of demonstrations first, and the motion."""

    samples: Samples
    motion: MotionSamples

    @property
    def acted(self) -> int:
        """Return how many frames are of demonstrations: those that hold a grasp."""
        return int((self.samples.grasp_rows != NO_GRASP).sum())


def joint_stage(
    networks: SmallGraspVla,
    data: JointData,
    share: float,
    config: JointConfig,
    run: Run,
    evaluation: PeriodicEvaluation | None = None,
) -> Stage:
    """Return the stage in which the networks of `config.losses` learn; `share` of the samples is kept to judge by."""
    parts: dict[str, Part] = {}
    if set(BOXES) & set(config.losses):
        episodes = data.samples.episodes
        kinds = [MixturePart(data.acted, share, 1.0 - config.grounding, episodes=episodes[: data.acted])]
        if len(data.samples) > data.acted:
            count = len(data.samples) - data.acted
            kinds.append(MixturePart(count, share, config.grounding, "grounding_", episodes[data.acted :]))
        parts["boxes"] = boxes_part(data.samples, kinds, config, run)
    if "grasp" in config.losses:
        parts["grasp"] = _grasps(data, share, config, run)
    if "expert" in config.losses:
        parts["actions"] = _actions(networks, data.motion, share, config, run)
    return stage_of(networks, parts, config, run, evaluation)


def _grasps(data: JointData, share: float, config: JointConfig, run: Run) -> Part:
    samples = data.samples
    known = samples.graspable
    kinds = [MixturePart(data.acted, share, episodes=samples.episodes[: data.acted])]
    groups = usable_rows(JOINT, kinds, lambda rows: known[rows])
    return Part(
        lambda rng: grasp_batch(samples, draw(groups, run.share(config.grasps), rng), rng),
        lambda network, made, rng: grasp_step(network.grasp, made, rng),
        lambda network: judged(groups, samples, network.grasp, validation.judge_grasps),
    )


def _actions(networks: SmallGraspVla, motion: MotionSamples, share: float, config: JointConfig, run: Run) -> Part:
    mean, spread = networks.mean.clone(), networks.spread.clone()
    kinds = [MixturePart(len(motion.actions), share, episodes=motion.episodes)]
    groups = usable_rows(JOINT, kinds, lambda rows: np.ones(len(rows), dtype=bool))

    def losses(network: Any, made: dict[str, Tensor], rng: torch.Generator) -> Losses:
        # A motion is more exact than half a number is.
        with torch.autocast(made["actions"].device.type, enabled=False):
            return {"flow": config.flow * flow_loss(network.expert, made, mean, spread, rng)["flow"]}

    def judge(network: Any) -> dict[str, float]:
        held = groups[0].held[:JUDGED_MOTION]
        return validation.judge_actions(network.expert, motion, held, mean.numpy(), spread.numpy())

    return Part(lambda rng: motion_batch(motion, draw(groups, run.share(config.actions), rng), rng), losses, judge)

# SPDX-License-Identifier: Apache-2.0
"""How good each step of the chain is on frames it has not learned from."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from vla_ros.policies.capabilities.flow_policy import integrate_flow
from vla_ros.policies.grasp_finding.grasp_network import CROP, GraspNetwork
from vla_ros.policies.grasp_finding.grasp_pose import from_bins, nearest_flip, to_rotation
from vla_ros.policies.grasp_finding.grasp_search import COARSE, FINE
from vla_ros.policies.graspvla.small.action_expert import ActionExpert
from vla_ros.training.graspvla import grasp_examples
from vla_ros.training.graspvla.motion import MotionSamples
from vla_ros.training.pictures.samples import Samples


@torch.inference_mode()
def judge_grasps(network: GraspNetwork, samples: Samples, rows: np.ndarray) -> dict[str, float]:
    """Return how far the best point of a grid, refined, is from the nearest grasp that is known [mm], [degrees]."""
    grasps = samples.grasps
    shift = grasps["crops"].shape[2] - CROP
    half = shift // 2
    crops = grasps["crops"][samples.grasp_rows[rows]][:, :, half : half + CROP, half : half + CROP]
    corner = np.full((1, 2), half)
    errors, turns, openings = [], [], []
    for i, row in enumerate(rows):
        own = samples.grasp_rows[row]
        middle = grasps["middles"][own]
        seen = network.encode(torch.from_numpy(np.ascontiguousarray(crops[i : i + 1])))
        tool = torch.from_numpy(samples.columns["tools"][row] - middle)[None].float()
        centre = np.zeros(3)
        for grid in (COARSE, FINE):
            around = centre + grid
            here = (middle + around)[None]
            places = np.stack(
                [grasp_examples.places(samples, rows[i : i + 1], v, here, corner, shift) for v in range(2)],
                axis=1,
            )
            points = torch.from_numpy(around)[None].float()
            known = network.query(seen, torch.from_numpy(places).float(), points, tool)
            best = int(network.judge(known)[0].argmax())
            centre = around[best]
        options = grasps["options"][own]
        options = options[options[:, 8] > 0]
        apart = np.linalg.norm(options[:, :3] - here[0, best], axis=1)
        errors.append(apart.min())
        angles, numbers = network.turn(known[:, best : best + 1])
        heading, tilt = from_bins(angles[0, 0].softmax(dim=0).numpy())
        R = to_rotation(heading, tilt, float(numbers[0, 0, 1]))
        near = options[apart < apart.min() + 0.01]
        turns.append(min(_angle(R, Rotation.from_quat(option[3:7]).as_matrix()) for option in near))
        openings.append(abs(float(numbers[0, 0, 0]) / 10 - near[0, 7]))
    return {
        "grasp_mm": 1000 * float(np.median(errors)),
        "grasp_mm_p90": 1000 * float(np.quantile(errors, 0.9)),
        "turn_deg": float(np.degrees(np.median(turns))),
        "turn_deg_p90": float(np.degrees(np.quantile(turns, 0.9))),
        "opening_mm": 1000 * float(np.median(openings)),
    }


def _angle(R: np.ndarray, other: np.ndarray) -> float:
    return float(Rotation.from_matrix(other.T @ nearest_flip(R, other)).magnitude())


@torch.inference_mode()
def judge_actions(
    expert: ActionExpert, samples: MotionSamples, rows: np.ndarray, mean: np.ndarray, spread: np.ndarray
) -> dict[str, float]:
    """Return the error of a sampled chunk's first action [mm] and how often its gripper does what it should."""
    tokens = expert.encode(torch.from_numpy(samples.tokens[rows, 0]))
    return judge_flow(expert, tokens, samples.actions[rows], mean, spread)


def judge_flow(
    expert: ActionExpert, tokens: Tensor, actions: np.ndarray, mean: np.ndarray, spread: np.ndarray
) -> dict[str, float]:
    """Return the same of chunks drawn given tokens (B, K, D), against actions (B, H, 7)."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(actions.shape).astype(np.float32)

    def velocity(x: np.ndarray, tau: float) -> np.ndarray:
        return expert(torch.from_numpy(x).float(), torch.full((len(x),), tau), tokens).numpy()

    found = integrate_flow(velocity, noise, 5) * spread + mean
    error = np.linalg.norm(found[:, 0, :3] - actions[:, 0, :3], axis=1)
    closes = (found[:, 0, 6] < 0.02) == (actions[:, 0, 6] < 0.02)
    return {
        "action_mm": 1000 * float(np.median(error)),
        "action_mm_p90": 1000 * float(np.quantile(error, 0.9)),
        "gripper_right": float(closes.mean()),
    }

# SPDX-License-Identifier: Apache-2.0
"""GAM's actor: a diffusion transformer that predicts the clean candidate, L = E ‖a_0 − f(a_t, t, C)‖² (section II-A).

Even blocks read spatial tokens, odd ones words and tool (alternate conditioning, as in RDT-1B, arXiv 2410.07864).
Candidates of a scene do not see each other.
Shape legend: B samples, N candidates, K elements, A = POSE + K numbers of a candidate.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from vla_ros.policies.flow.network import TIME_FEATURES, time_features
from vla_ros.policies.gam.actions import POSE
from vla_ros.policies.gam.config import GamSizes
from vla_ros.policies.gam.networks.candidate_tokens import CandidateTokens
from vla_ros.policies.gam.networks.conditioning import Conditioning
from vla_ros.policies.gam.networks.dpm_solver import solve
from vla_ros.policies.gam.networks.noise_schedule import NoiseSchedule
from vla_ros.policies.gam.networks.transformer_block import Pair, TransformerBlock, among, modulated_norm


class Actor(nn.Module):
    """f(a_t, t, C)."""

    def __init__(self, sizes: GamSizes) -> None:
        super().__init__()
        width = sizes.width
        self._sizes, self.schedule = sizes, NoiseSchedule(sizes.schedule, sizes.diffusion_steps)
        self.embed = CandidateTokens(sizes, below=False)
        self.time = nn.Sequential(nn.Linear(TIME_FEATURES, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.blocks = nn.ModuleList(
            TransformerBlock(width, sizes.heads, sizes.feedforward, timed=True) for _ in range(sizes.actor_blocks)
        )
        self.last = nn.Linear(width, 2 * width)
        self.pose, self.active = nn.Linear(width, POSE), nn.Linear(width, 1)
        for linear in (self.last, self.pose, self.active):  # with the blocks' gates: it begins at the mean, 0
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)

    def read(self, conditioning: Conditioning) -> list[Pair]:
        """Return what the blocks read: once for all steps."""
        return read_alternately(self.blocks, conditioning)

    def forward(self, noisy: Tensor, t: Tensor, conditioning: Conditioning, pairs: list[Pair] | None = None) -> Tensor:
        """Return clean candidates (B, N, A) of noisy ones at steps t (B, N) of diffusion, or (1, 1) for all alike.

        Numbers of elements that the tool has not are 0.
        """
        pairs = self.read(conditioning) if pairs is None else pairs
        when = time_features(t.flatten().float() / self.schedule.steps)
        when = self.time(when).unflatten(0, t.shape)[:, :, None]  # (B, N, 1, D)
        there = conditioning.elements_there
        sees = among(torch.cat([torch.ones_like(there[:, :1]), there], dim=1))
        tokens = self.embed(noisy, conditioning)
        for number, (block, pair) in enumerate(zip(self.blocks, pairs, strict=True)):
            tokens = block(tokens, when, sees, pair, read_there(number, conditioning))
        tokens = modulated_norm(tokens, self.last(when))
        active = self.active(tokens[:, :, 1:])[..., 0] * there[:, None]
        return torch.cat([self.pose(tokens[:, :, 0]), active], dim=2)

    def loss(
        self, actions: Tensor, weights: Tensor, conditioning: Conditioning, rng: torch.Generator | None = None
    ) -> Tensor:
        """Return the weighted mean squared error of clean candidates (B, N, A), each at a step drawn for it.

        `weights` (B, N, A), or (B, 1, A), says how much each number counts: 0 for what is not known.
        """
        weights = weights.expand_as(actions)
        actions = torch.where(weights > 0, actions, 0.0)
        # Drawn on the CPU: the same on every device.
        t = torch.randint(self.schedule.steps, actions.shape[:2], generator=rng)
        noise = torch.randn(actions.shape, generator=rng).to(actions)
        alpha, sigma = (
            torch.from_numpy(level).float()[t][..., None].to(actions)
            for level in (self.schedule.alpha, self.schedule.sigma)
        )
        noisy = alpha * actions + sigma * noise
        error = self(noisy, t.to(actions.device), conditioning) - actions
        return (error.square() * weights).sum() / weights.sum().clamp(min=1.0)

    @torch.no_grad()
    def sample(
        self,
        conditioning: Conditioning,
        candidates: int,
        rng: torch.Generator | None = None,
        steps: int | None = None,
    ) -> Tensor:
        """Return candidates (B, N, A), drawn by DPM-Solver++ in `steps` steps, the configuration's without it."""
        like = conditioning.elements
        shape = (len(like), candidates, POSE + like.shape[1])
        noise = torch.randn(shape, generator=rng).to(like)
        pairs = self.read(conditioning)
        times = self.schedule.sampling_times(steps or self._sizes.sampling_steps)
        alpha, sigma = np.append(self.schedule.alpha[times], 1.0), np.append(self.schedule.sigma[times], 0.0)

        def predict(x: Tensor, level: int) -> Tensor:
            return self(x, torch.full((1, 1), int(times[level]), device=x.device), conditioning, pairs)

        return solve(predict, noise, alpha, sigma)


def read_alternately(blocks: nn.ModuleList, conditioning: Conditioning) -> list[Pair]:
    """Return what each block reads: even ones the spatial tokens, odd ones those of the task."""
    return [
        block.read(conditioning.task if number % 2 else conditioning.spatial)  # type: ignore[operator]
        for number, block in enumerate(blocks)
    ]


def read_there(number: int, conditioning: Conditioning) -> Tensor:
    """Return which of the tokens that a block reads there are."""
    return conditioning.task_there if number % 2 else conditioning.spatial_there

# SPDX-License-Identifier: Apache-2.0
"""What the action expert learns from: the chain of every frame, slightly wrong, and the actions that followed.

Shape legend: F frames, H steps of a chunk, R variants of a frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor
from torch.nn import functional as F

from vla_ros.data.datasets.features import ACTION, ANCHOR, STATE
from vla_ros.data.datasets.metadata import EpisodeMetadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.actions.single_arm import STATE_TOOL, STATE_WIDTH
from vla_ros.policies.graspvla.small.acting import HISTORY_S
from vla_ros.policies.graspvla.small.action_expert import ActionExpert
from vla_ros.policies.graspvla.small.chain import TOKEN_SIZE, TOKENS, ChainState, GripperMemory, chain_numbers
from vla_ros.training.generation import annotations as notes

VARIANTS = 8  # R
STILL = 0.4  # share of variants in which the tool seems not to have moved: evaluation stops after each chunk


@dataclass(frozen=True)
class ChainNoise:
    """How wrong the steps of the chain are in training: about as wrong as the networks that find them."""

    target: float = 0.005  # [m]
    grasp: float = 0.002  # [m]
    turn: float = 0.03  # [rad]
    tool: float = 0.002  # [m]
    opening: float = 0.003  # [m]


@dataclass(frozen=True, eq=False)
class MotionSamples:
    """Tokens (F, R, TOKENS, TOKEN_SIZE), actions (F, H, 7) and which steps count (F, H)."""

    tokens: np.ndarray
    actions: np.ndarray
    counts: np.ndarray
    closed: np.ndarray  # (F,) the fingers are around the object
    rows: np.ndarray  # (F,) of the frame in its dataset
    episodes: np.ndarray  # (F,) the frame's in its dataset


def read_motion(
    root: Path,
    horizon: int,
    seed: int,
    noise: ChainNoise | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> MotionSamples:
    """Read every episode of a dataset."""
    noise, rng, reader = noise or ChainNoise(), np.random.default_rng(seed), LeRobotReader(root)
    before = round(HISTORY_S * reader.metadata.fps)
    parts: list[tuple[np.ndarray, ...]] = []
    for done, episode in enumerate(reader.metadata.episodes, 1):
        rows = slice(episode.start, episode.start + episode.length)
        columns = {name: reader.column(name)[rows] for name in _COLUMNS}
        parts.append(_episode(columns, horizon, before, noise, rng, episode))
        progress(done, len(reader.metadata.episodes))
    return MotionSamples(*(np.concatenate(column) for column in zip(*parts, strict=True)))


_COLUMNS = (
    STATE,
    ACTION,
    ANCHOR,
    notes.GRASP,
    notes.POSITIONS,
    notes.TARGET,
    notes.VALID,
    notes.CLOSED,
)


def _episode(
    columns: dict[str, np.ndarray],
    horizon: int,
    before: int,
    noise: ChainNoise,
    rng: np.random.Generator,
    episode: EpisodeMetadata,
) -> tuple[np.ndarray, ...]:
    states = chain_states(columns, before)
    length = len(states)
    tokens = np.empty((length, VARIANTS, TOKENS, TOKEN_SIZE), dtype=np.float32)
    actions = np.empty((length, horizon, 7), dtype=np.float32)
    counts = np.zeros((length, horizon), dtype=np.float32)
    valid = columns[notes.VALID].astype(bool)
    for k, state in enumerate(states):
        for variant in range(VARIANTS):
            tokens[k, variant] = chain_numbers(_shaken(state, noise, rng))
        after = np.minimum(np.arange(k, k + horizon), length - 1)
        actions[k] = columns[ACTION][after]
        counts[k] = np.cumprod(valid[after] & (np.arange(k, k + horizon) < length))
    keep = counts[:, 0] > 0
    rows = episode.start + np.flatnonzero(keep)
    of = np.full(len(rows), episode.index)
    return tokens[keep], actions[keep], counts[keep], columns[notes.CLOSED][keep], rows, of


def chain_states(columns: dict[str, np.ndarray], before: int) -> list[ChainState]:
    """Return the chain of every frame (F,); the second proprioceptive state lies `before` frames back."""
    memory, states = GripperMemory(), []
    numbers = columns[STATE].astype(float)
    for k, row in enumerate(numbers):
        T_ee = _pose(columns[ANCHOR][k].astype(float))
        if k > 0:
            memory.update(float(columns[ACTION][k - 1, 6]), T_ee)
        grasp = columns[notes.GRASP][k].astype(float)
        T_grasp = _pose(grasp)
        if memory.closing and memory.T_base_closed is not None:
            T_grasp = memory.T_base_closed
        older = numbers[max(k - before, 0)]
        states.append(
            ChainState(
                target=columns[notes.POSITIONS][k, int(columns[notes.TARGET][k])].astype(float),
                T_base_ee=T_ee,
                width=float(row[STATE_WIDTH]),
                moved=row[STATE_TOOL] - older[STATE_TOOL],
                width_moved=float(row[STATE_WIDTH] - older[STATE_WIDTH]),
                T_base_grasp=T_grasp,
                opening=float(grasp[7]),
                closing=memory.closing,
                since_closing=memory.since_closing,
                since_opening=memory.since_opening,
            )
        )
    return states


def _shaken(state: ChainState, noise: ChainNoise, rng: np.random.Generator) -> ChainState:
    T, T_ee = state.T_base_grasp.copy(), state.T_base_ee.copy()
    if not state.closing:
        T[:3, 3] += noise.grasp * rng.normal(size=3)
        T[:3, :3] = Rotation.from_rotvec(noise.turn * rng.normal(size=3)).as_matrix() @ T[:3, :3]
    still = rng.uniform() < STILL
    return ChainState(
        target=state.target + noise.target * rng.normal(size=3),
        T_base_ee=T_ee,
        width=max(0.0, state.width + 0.0003 * rng.normal()),
        moved=(0.1 if still else 1.0) * state.moved + 0.001 * rng.normal(size=3),
        width_moved=0.0 if still and rng.uniform() < 0.3 else state.width_moved,
        T_base_grasp=T,
        opening=state.opening + noise.opening * rng.normal(),
        closing=state.closing,
        since_closing=state.since_closing,
        since_opening=state.since_opening,
    )


def _pose(numbers: np.ndarray) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = Rotation.from_quat(numbers[3:7]).as_matrix(), numbers[:3]
    return T


def motion_batch(samples: MotionSamples, rows: np.ndarray, rng: np.random.Generator) -> dict[str, Tensor]:
    """Return tokens, actions and weights of one variant of these frames."""
    variant = rng.integers(0, samples.tokens.shape[1], size=len(rows))
    return {
        "tokens": torch.from_numpy(samples.tokens[rows, variant]),
        "actions": torch.from_numpy(samples.actions[rows]),
        "counts": torch.from_numpy(samples.counts[rows]),
    }


def flow_loss(
    expert: ActionExpert, batch: dict[str, Tensor], mean: Tensor, spread: Tensor, rng: torch.Generator, draws: int = 4
) -> dict[str, Tensor]:
    """Return the flow-matching loss of an expert that is conditioned on a chain."""
    return {"flow": flow_error(expert, expert.encode(batch["tokens"]), batch, mean, spread, rng, draws)}


def flow_error(
    expert: ActionExpert,
    tokens: Tensor,
    batch: dict[str, Tensor],
    mean: Tensor,
    spread: Tensor,
    rng: torch.Generator,
    draws: int,
) -> Tensor:
    """Return the flow-matching error given tokens (B, K, D); several τ are drawn for one encoding, as in GR-3."""
    device = batch["actions"].device
    clean = (batch["actions"] - mean.to(device)) / spread.to(device)
    count = len(clean)
    tau = (torch.rand(draws, count, generator=rng) ** 0.7 * 0.97).to(device)
    noise = torch.randn((draws, *clean.shape), generator=rng).to(device)
    x = (1.0 - tau[..., None, None]) * noise + tau[..., None, None] * clean
    found = expert.clean(x.flatten(0, 1), tau.flatten(), tokens.repeat(draws, 1, 1)).unflatten(0, (draws, count))
    error = F.smooth_l1_loss(found, clean.expand_as(found), reduction="none", beta=0.3).mean(dim=3)
    weight = batch["counts"].expand_as(error)
    return (error * weight).sum() / weight.sum().clamp(min=1.0)
